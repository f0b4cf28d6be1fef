import pytest

from ipyassets.errors import InvalidArgumentError
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition, HourlyPartitionsDefinition
from ipyassets.partitions.defaults import infer_partition_mapping
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.function_mapping import FunctionPartitionMapping
from ipyassets.partitions.mapping import AllPartitionMapping, IdentityPartitionMapping, LastPartitionMapping
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.multi_mapping import MultiToSingleDimensionPartitionMapping
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

DAYS = DailyPartitionsDefinition("2024-01-01")
HOURS = HourlyPartitionsDefinition("2024-01-01-00:00")
COLORS = StaticPartitionsDefinition(["red"])
BOTH = MultiPartitionsDefinition({"date": DAYS, "color": COLORS})


@pytest.mark.parametrize(
    ("down", "up", "expected"),
    [
        (None, DAYS, AllPartitionMapping()),
        (DAYS, None, AllPartitionMapping()),
        (None, None, AllPartitionMapping()),
        (DAYS, HOURS, TimeWindowPartitionMapping()),
        (COLORS, COLORS, IdentityPartitionMapping()),
        (COLORS, DAYS, IdentityPartitionMapping()),
        (BOTH, BOTH, IdentityPartitionMapping()),
        (BOTH, DAYS, MultiToSingleDimensionPartitionMapping("date")),
        (COLORS, BOTH, MultiToSingleDimensionPartitionMapping("color")),
        (BOTH, HOURS, MultiToSingleDimensionPartitionMapping("date")),
        (BOTH, StaticPartitionsDefinition(["x"]), IdentityPartitionMapping()),
    ],
)
def test_the_default_follows_from_the_two_definitions(down, up, expected):
    assert infer_partition_mapping(None, down, up) == expected


def test_what_is_given_applies():
    assert infer_partition_mapping(LastPartitionMapping(), DAYS, DAYS) == LastPartitionMapping()


def test_a_plain_function_is_a_mapping():
    assert infer_partition_mapping(str.upper, COLORS, COLORS) == FunctionPartitionMapping(str.upper)


@pytest.mark.parametrize("given", [LastPartitionMapping, "last"])
def test_what_is_no_mapping_is_refused(given):
    with pytest.raises(InvalidArgumentError, match="PartitionMapping or a function"):
        infer_partition_mapping(given, DAYS, DAYS)
