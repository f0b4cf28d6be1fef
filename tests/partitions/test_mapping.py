import datetime as dt

import pytest

from ipyassets.errors import InvalidMappingError
from ipyassets.partitions.as_of import AsOf, partition_loading_context
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.mapping import AllPartitionMapping, IdentityPartitionMapping, LastPartitionMapping
from ipyassets.partitions.space import SequenceSpace, WholeSpace
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.static_mapping import SpecificPartitionsPartitionMapping, StaticPartitionMapping
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

NOON = AsOf(dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC))
DOWN, UP = SequenceSpace(["a", "b", "c"]), SequenceSpace(["c", "b", "x"])
ALL = Spans.range(0, 3)


def read(mapping, spans=ALL, down=DOWN, up=UP):
    found = mapping.upstream(spans, down, up)
    return list(up.keys(found.spans)), list(found.missing)


def test_identity_reads_the_same_keys_and_misses_the_others():
    assert read(IdentityPartitionMapping()) == (["c", "b"], ["a"])


def test_identity_between_windows_of_one_cadence_goes_by_their_starts():
    early = DailyPartitionsDefinition("2023-12-30").space(NOON)
    late = DailyPartitionsDefinition("2024-01-03").space(NOON)
    assert read(IdentityPartitionMapping(), Spans.range(3, 6), early, late) == (
        ["2024-01-03", "2024-01-04"],
        ["2024-01-02"],
    )


def test_identity_makes_no_sense_without_partitions():
    with pytest.raises(InvalidMappingError):
        IdentityPartitionMapping().upstream(Spans.range(0, 1), WholeSpace(), UP)


def test_identity_is_between_definitions_of_one_kind():
    with pytest.raises(InvalidMappingError, match="give a partition_mapping"):
        IdentityPartitionMapping().validate_partition_mapping(
            DailyPartitionsDefinition("2024-01-01"), StaticPartitionsDefinition(["a"])
        )


def test_all_reads_all_also_for_an_asset_without_partitions():
    assert read(AllPartitionMapping(), Spans.range(0, 1), WholeSpace()) == (["c", "b", "x"], [])


@pytest.mark.parametrize(("count", "keys"), [(1, ["x"]), (2, ["b", "x"]), (9, ["c", "b", "x"])])
def test_the_last_ones_are_the_newest(count, keys):
    assert read(LastPartitionMapping(count)) == (keys, [])


def test_the_last_of_none_is_none():
    assert read(LastPartitionMapping(), up=SequenceSpace([])) == ([], [])


def test_only_the_last_reaches_downstream():
    assert LastPartitionMapping().downstream(Spans.range(2, 3), UP, DOWN) == ALL
    assert not LastPartitionMapping().downstream(Spans.range(0, 2), UP, DOWN)


@pytest.mark.parametrize(
    ("mapping", "one"),
    [
        (IdentityPartitionMapping(), True),
        (AllPartitionMapping(), False),
        (LastPartitionMapping(), True),
        (LastPartitionMapping(2), False),
        (SpecificPartitionsPartitionMapping(["a"]), True),
        (SpecificPartitionsPartitionMapping(["a", "b"]), False),
        (StaticPartitionMapping({"a": ["x", "y"]}), True),
        (StaticPartitionMapping({"a": "x", "b": "x"}), False),
    ],
)
def test_whether_an_input_is_one_value_depends_on_the_mapping_alone(mapping, one):
    letters = StaticPartitionsDefinition(["a", "b"])
    assert mapping.gives_one(letters, letters) is one


def test_an_upstream_without_partitions_is_one_value():
    assert AllPartitionMapping().gives_one(StaticPartitionsDefinition(["a"]), None)


def test_an_asset_may_depend_on_itself_only_backward():
    days = DailyPartitionsDefinition("2024-01-01")
    TimeWindowPartitionMapping(-1, -1).validate_self_dependency(days)
    for mapping in (IdentityPartitionMapping(), TimeWindowPartitionMapping(-1, 0), AllPartitionMapping()):
        with pytest.raises(InvalidMappingError, match="earlier partitions"):
            mapping.validate_self_dependency(days)
    with pytest.raises(InvalidMappingError):
        TimeWindowPartitionMapping(-1, -1).validate_self_dependency(None)


def test_dagsters_names_lead_to_the_same_answers():
    days = DailyPartitionsDefinition("2024-01-01")
    with partition_loading_context(NOON.now):
        third = days.subset_with_partition_keys(["2024-01-03"])
        read_of = TimeWindowPartitionMapping(-1, 0).get_upstream_mapped_partitions_result_for_partitions(
            third, days, days
        )
        readers = TimeWindowPartitionMapping(-1, 0).get_downstream_partitions_for_partitions(third, days, days)
        whole = LastPartitionMapping().get_upstream_mapped_partitions_result_for_partitions(None, None, days)
    assert list(read_of.partitions_subset) == ["2024-01-02", "2024-01-03"]
    assert list(read_of.required_but_nonexistent_partition_keys) == []
    assert list(readers) == ["2024-01-03", "2024-01-04"]
    assert list(whole.partitions_subset) == ["2024-01-04"]


def test_an_empty_subset_reads_nothing_also_under_dagsters_names():
    days = DailyPartitionsDefinition("2024-01-01")
    with partition_loading_context(NOON.now):
        found = TimeWindowPartitionMapping().get_upstream_mapped_partitions_result_for_partitions(
            days.empty_subset(), days, days
        )
    assert list(found.partitions_subset) == []
