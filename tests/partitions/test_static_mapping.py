import pytest

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.static_mapping import SpecificPartitionsPartitionMapping, StaticPartitionMapping

DOWN, UP = SequenceSpace(["a", "b", "c"]), SequenceSpace(["c", "b", "x"])
ALL = Spans.range(0, 3)


def read(mapping, spans=ALL):
    found = mapping.upstream(spans, DOWN, UP)
    return list(UP.keys(found.spans)), list(found.missing)


def test_specific_keys_that_do_not_exist_are_missing():
    assert read(SpecificPartitionsPartitionMapping(["b", "y"])) == (["b"], ["y"])


@pytest.mark.parametrize("keys", ["ab", None, [1]])
def test_specific_keys_are_a_list_of_texts(keys):
    with pytest.raises(InvalidArgumentError):
        SpecificPartitionsPartitionMapping(keys)


def test_a_static_mapping_goes_from_upstream_to_downstream():
    mapping = StaticPartitionMapping({"c": "a", "b": ["a", "b"]})
    assert read(mapping, Spans.range(0, 1)) == (["c", "b"], [])
    assert read(mapping, Spans.range(2, 3)) == ([], [])
    assert mapping.downstream(Spans.range(1, 2), UP, DOWN) == Spans.range(0, 2)


@pytest.mark.parametrize("pairs", [{"nothing": "a"}, {"c": "nothing"}])
def test_a_static_mapping_of_unknown_keys_is_refused(pairs):
    with pytest.raises(InvalidMappingError, match="'nothing'"):
        StaticPartitionMapping(pairs).validate_partition_mapping(
            StaticPartitionsDefinition(["c", "b"]), StaticPartitionsDefinition(["a", "b"])
        )


@pytest.mark.parametrize("pairs", [["a"], None, {"a": ["b", 1]}])
def test_a_static_mapping_maps_texts(pairs):
    with pytest.raises(InvalidArgumentError):
        StaticPartitionMapping(pairs)
