import datetime as dt
import enum

import pytest

from ipyassets.errors import (
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidPartitionKeyError,
    UnknownPartitionError,
)
from ipyassets.partitions.as_of import AsOf, partition_loading_context
from ipyassets.partitions.definitions import (
    DynamicPartitionsDefinition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
    ValuesPartitionsDefinition,
)
from ipyassets.partitions.keys import PartitionKeyRange
from ipyassets.partitions.space import PartitionSpace, SequenceSpace

NOON = dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC)
LETTERS = StaticPartitionsDefinition(["d", "b", "a", "c"])


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Squares(PartitionsDefinition):
    """A kind of the user's own, with a space of its own."""

    def space(self, as_of):
        return SquareSpace()


class SquareSpace(PartitionSpace):
    fingerprint = "squares up to a million"

    def __len__(self):
        return 1000

    def key(self, index):
        return str(index**2)

    def index_of(self, key):
        root = round(int(key) ** 0.5) if key.isdecimal() else -1
        return root if root >= 0 and key == str(root**2) and root < len(self) else -1


def test_static_keys_keep_their_order():
    assert list(LETTERS.get_partition_keys()) == ["d", "b", "a", "c"]
    assert (LETTERS.get_first_partition_key(), LETTERS.get_last_partition_key()) == ("d", "c")
    assert LETTERS.get_next_partition_key("b") == "a"
    assert LETTERS.get_next_partition_key("c") is None
    assert LETTERS.get_num_partitions() == 4


def test_a_range_goes_by_order_and_includes_both_ends():
    assert list(LETTERS.get_partition_keys_in_range(PartitionKeyRange("d", "a"))) == ["d", "b", "a"]


def test_a_reversed_range_holds_nothing():
    assert list(LETTERS.get_partition_keys_in_range(PartitionKeyRange("a", "d"))) == []


def test_an_end_that_is_no_key_is_refused():
    with pytest.raises(UnknownPartitionError, match="keys run from 'd' to 'c'"):
        LETTERS.get_partition_keys_in_range(PartitionKeyRange("a", "x"))


@pytest.mark.parametrize("keys", ["abc", None, 5, {"a": 1}])
def test_static_keys_are_a_list(keys):
    with pytest.raises(InvalidArgumentError, match="list of texts"):
        StaticPartitionsDefinition(keys)


@pytest.mark.parametrize("key", ["a...b", "a\nb", "\t", 1, None])
def test_a_key_that_no_selection_could_hold_is_refused(key):
    with pytest.raises(InvalidPartitionKeyError):
        StaticPartitionsDefinition(["ok", key])


def test_a_key_occurs_once():
    with pytest.raises(InvalidDefinitionError, match=r"\['a'\] occur more than once"):
        StaticPartitionsDefinition(["a", "b", "a"])


def test_definitions_with_the_same_keys_are_equal():
    assert StaticPartitionsDefinition(["a", "b"]) == StaticPartitionsDefinition(("a", "b"))
    assert StaticPartitionsDefinition(["a", "b"]) != StaticPartitionsDefinition(["b", "a"])


def test_dynamic_keys_are_those_of_the_store():
    fruits = DynamicPartitionsDefinition(name="fruits")
    moment = AsOf(NOON, {"fruits": ["pear", "apple"]})
    assert list(fruits.space(moment).keys()) == ["pear", "apple"]


def test_dynamic_partitions_of_one_name_are_equal():
    assert DynamicPartitionsDefinition(name="a") == DynamicPartitionsDefinition(name="a")
    assert DynamicPartitionsDefinition(name="a") != DynamicPartitionsDefinition(name="b")


def test_dynamic_keys_may_come_from_a_function_of_the_time():
    years = DynamicPartitionsDefinition(lambda now: (str(year) for year in range(2020, now.year + 1)))
    assert list(years.get_partition_keys(NOON)) == ["2020", "2021", "2022", "2023", "2024"]


@pytest.mark.parametrize("name", ["", ["x"], 5])
def test_the_name_of_dynamic_partitions_is_a_text(name):
    with pytest.raises(InvalidArgumentError):
        DynamicPartitionsDefinition(name=name)


def test_dynamic_partitions_need_a_name():
    with pytest.raises(InvalidDefinitionError, match="need a name"):
        DynamicPartitionsDefinition()


def test_numbers_are_in_the_order_of_numbers():
    numbers = ValuesPartitionsDefinition([10, 9, 100])
    assert list(numbers.get_partition_keys()) == ["9", "10", "100"]
    assert numbers.value_for_partition_key("100") == 100


def test_dates_and_enum_members_have_keys():
    dates = ValuesPartitionsDefinition([dt.date(2024, 2, 1), dt.date(2024, 1, 1)])
    assert list(dates.get_partition_keys()) == ["2024-01-01", "2024-02-01"]
    colors = ValuesPartitionsDefinition(Color)
    assert list(colors.get_partition_keys()) == ["RED", "BLUE"]
    assert colors.value_for_partition_key("BLUE") is Color.BLUE


def test_values_with_one_text_are_refused():
    with pytest.raises(InvalidDefinitionError):
        ValuesPartitionsDefinition([1, "1"])


def test_a_kind_of_ones_own_has_everything_from_its_space():
    squares = Squares()
    assert squares.has_partition_key("144")
    assert not squares.has_partition_key("145")
    assert list(squares.get_partition_keys_in_range(PartitionKeyRange("100", "144"))) == ["100", "121", "144"]
    assert squares.space(AsOf(NOON)).indices(["4", "5"]).tolist() == [2, -1]


def test_a_subset_of_keys_leaves_out_what_does_not_exist():
    assert list(LETTERS.subset_with_partition_keys(["c", "x", "d"])) == ["d", "c"]


def test_pages_go_through_all_keys_from_either_end():
    with partition_loading_context(NOON) as moment:
        first = LETTERS.get_paginated_partition_keys(moment, 3, ascending=True)
        second = LETTERS.get_paginated_partition_keys(moment, 3, ascending=True, cursor=first.cursor)
        down = LETTERS.get_paginated_partition_keys(moment, 3, ascending=False)
    assert (first.results, first.has_more) == (["d", "b", "a"], True)
    assert (second.results, second.has_more) == (["c"], False)
    assert down.results == ["c", "a", "b"]


def test_spaces_with_the_same_keys_are_equal():
    assert SequenceSpace(["a", "b"]) == SequenceSpace(("a", "b"))
    assert SequenceSpace(["a", "b"]) != SequenceSpace(["ab"])
