import pytest

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.function_mapping import FunctionPartitionMapping
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

NUMBERS = SequenceSpace([str(number) for number in range(10)])
ALL = Spans.range(0, 10)


def half(key: str) -> str:
    return str(int(key) // 2)


def halves(key):
    return half(key)


def neighbours(key):
    return (str(int(key) + step) for step in (-1, 1))


def nothing(key):
    return None


def test_a_function_from_key_to_key_is_a_mapping():
    mapping = FunctionPartitionMapping(halves)
    assert list(mapping.upstream(Spans.range(6, 10), NUMBERS, NUMBERS).spans) == [3, 4]
    assert list(mapping.downstream(Spans.range(3, 4), NUMBERS, NUMBERS)) == [6, 7]


def test_several_keys_may_be_returned_and_those_that_do_not_exist_are_missing():
    found = FunctionPartitionMapping(neighbours).upstream(Spans.range(0, 1), NUMBERS, NUMBERS)
    assert (list(found.spans), found.missing) == ([1], ("-1",))


def test_none_reads_nothing():
    assert not FunctionPartitionMapping(nothing).upstream(ALL, NUMBERS, NUMBERS).spans


def test_the_function_is_asked_once_for_each_key():
    asked = []

    def same(key):
        asked.append(key)
        return key

    mapping = FunctionPartitionMapping(same)
    for _ in range(3):
        mapping.upstream(ALL, NUMBERS, NUMBERS)
        mapping.downstream(ALL, NUMBERS, NUMBERS)
    assert asked == list(NUMBERS.keys())


def test_an_annotation_tells_that_one_value_is_read():
    letters = StaticPartitionsDefinition(["a"])
    assert FunctionPartitionMapping(half).gives_one(letters, letters)
    assert not FunctionPartitionMapping(halves).gives_one(letters, letters)


def test_keys_are_texts():
    with pytest.raises(InvalidMappingError, match="must return keys"):
        FunctionPartitionMapping(lambda key: [int(key)]).upstream(ALL, NUMBERS, NUMBERS)  # type: ignore[list-item]


def test_a_mapping_is_callable():
    with pytest.raises(InvalidArgumentError):
        FunctionPartitionMapping("a")  # type: ignore[arg-type]
