import datetime as dt

import pytest

from ipyassets.errors import (
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidPartitionKeyError,
    UnknownPartitionError,
)
from ipyassets.partitions.as_of import AsOf, partition_loading_context
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.definitions import (
    DynamicPartitionsDefinition,
    StaticPartitionsDefinition,
    ValuesPartitionsDefinition,
)
from ipyassets.partitions.keys import PartitionKeyRange
from ipyassets.partitions.multi import MultiPartitionsDefinition

NOON = AsOf(dt.datetime(2024, 1, 3, 12, tzinfo=dt.UTC), {"shops": ["s1"]})
DAYS = DailyPartitionsDefinition("2024-01-01")
COLORS = StaticPartitionsDefinition(["red", "blue"])
BOTH = MultiPartitionsDefinition({"date": DAYS, "color": COLORS})


@pytest.fixture(autouse=True)
def noon():
    with partition_loading_context(NOON.now):
        yield


def test_keys_are_every_combination():
    assert list(BOTH.get_partition_keys()) == ["red|2024-01-01", "red|2024-01-02", "blue|2024-01-01", "blue|2024-01-02"]


def test_the_parts_of_a_key_are_at_hand():
    assert BOTH.get_partition_key_from_str("red|2024-01-01").keys_by_dimension == {"color": "red", "date": "2024-01-01"}


def test_a_key_with_too_many_parts_is_refused():
    with pytest.raises(InvalidPartitionKeyError, match=r"\['color', 'date'\]"):
        BOTH.get_partition_key_from_str("a|b|c")


def test_keys_with_one_value_in_a_dimension_are_the_others_combined():
    found = BOTH.get_multipartition_keys_with_dimension_value("date", "2024-01-02")
    assert list(found) == ["red|2024-01-02", "blue|2024-01-02"]


def test_an_unknown_dimension_is_refused_with_the_nearest():
    with pytest.raises(InvalidArgumentError, match="did you mean 'color'"):
        BOTH.get_partitions_def_for_dimension("colour")


def test_the_dimension_of_time_gives_the_window():
    assert BOTH.time_window_dimension.name == BOTH.primary_dimension.name == "date"
    assert BOTH.secondary_dimension.name == "color"
    assert BOTH.time_window_for_partition_key("red|2024-01-02").start == dt.datetime(2024, 1, 2, tzinfo=dt.UTC)


def test_a_key_that_does_not_exist_has_no_window():
    with pytest.raises(UnknownPartitionError):
        BOTH.time_window_for_partition_key("pink|2024-01-02")


def test_two_dimensions_of_time_have_no_window_in_common():
    with pytest.raises(InvalidDefinitionError, match="2 dimensions of time"):
        _ = MultiPartitionsDefinition({"a": DAYS, "b": DAYS}).time_window_dimension


def test_a_range_is_a_box():
    found = BOTH.get_partition_keys_in_range(PartitionKeyRange("red|2024-01-02", "blue|2024-01-02"))
    assert list(found) == ["red|2024-01-02", "blue|2024-01-02"]


def test_any_number_of_dimensions_will_do():
    many = MultiPartitionsDefinition({name: StaticPartitionsDefinition(["0", "1", "2"]) for name in "abcde"})
    assert many.get_num_partitions() == 3**5
    assert many.has_partition_key("0|1|2|1|0")


def test_a_filter_leaves_combinations_out():
    def in_order(key):
        return key.keys_by_dimension["first"] <= key.keys_by_dimension["last"]

    spans = MultiPartitionsDefinition({"first": DAYS, "last": DAYS}, where=in_order)
    assert list(spans.get_partition_keys()) == [
        "2024-01-01|2024-01-01",
        "2024-01-01|2024-01-02",
        "2024-01-02|2024-01-02",
    ]
    assert not spans.has_partition_key("2024-01-02|2024-01-01")


def test_a_dimension_may_be_dynamic():
    shops = MultiPartitionsDefinition({"shop": DynamicPartitionsDefinition(name="shops"), "color": COLORS})
    assert list(shops.space(NOON).keys()) == ["red|s1", "blue|s1"]


def test_a_run_is_tagged_by_every_dimension():
    assert BOTH.get_tags_for_partition_key("red|2024-01-02") == {
        "dagster/partition": "red|2024-01-02",
        "dagster/partition/color": "red",
        "dagster/partition/date": "2024-01-02",
    }


def test_the_order_in_which_dimensions_are_given_does_not_matter():
    assert MultiPartitionsDefinition({"color": COLORS, "date": DAYS}) == BOTH


@pytest.mark.parametrize(
    "dimensions",
    [{}, {"a": DAYS}, {"a": DAYS, "b": BOTH}, {"a": DAYS, "b": StaticPartitionsDefinition(["x|y"])}],
)
def test_what_makes_no_product_is_refused(dimensions):
    with pytest.raises(InvalidDefinitionError):
        MultiPartitionsDefinition(dimensions)


@pytest.mark.parametrize("dimensions", [[DAYS, COLORS], {"a": DAYS, "": COLORS}, {"a": DAYS, "b": ["x"]}])
def test_dimensions_are_names_and_definitions(dimensions):
    with pytest.raises(InvalidArgumentError):
        MultiPartitionsDefinition(dimensions)


def test_values_with_a_sign_of_selections_are_no_dimension():
    with pytest.raises(InvalidDefinitionError, match=r"'x\|y' of dimension 'a'"):
        MultiPartitionsDefinition({"a": ValuesPartitionsDefinition(["x|y"]), "date": DAYS})


def test_a_filter_is_a_function():
    with pytest.raises(InvalidArgumentError, match="where must be a function"):
        MultiPartitionsDefinition({"date": DAYS, "color": COLORS}, where="red")  # type: ignore[arg-type]
