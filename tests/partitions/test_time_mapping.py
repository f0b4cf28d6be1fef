import datetime as dt

import numpy as np
import pytest

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

NOW = AsOf(dt.datetime(2024, 3, 31, 12, tzinfo=dt.UTC))
DAYS = DailyPartitionsDefinition("2024-01-01")
WEEKS = WeeklyPartitionsDefinition("2024-01-01")
MONTHS = MonthlyPartitionsDefinition("2024-01-01")
HOURS = HourlyPartitionsDefinition("2024-01-01-00:00")


def read(mapping, key, down, up):
    here, there = down.space(NOW), up.space(NOW)
    index = here.index(key)
    found = mapping.upstream(Spans.range(index, index + 1), here, there)
    return list(there.keys(found.spans)), list(found.missing)


@pytest.mark.parametrize(("day", "hours"), [("2023-03-12", 23), ("2023-11-05", 25), ("2023-11-06", 24)])
def test_a_day_reads_its_hours(day, hours):
    days = DailyPartitionsDefinition("2023-01-01", timezone="America/New_York")
    each = HourlyPartitionsDefinition("2023-01-01-00:00", timezone="America/New_York")
    keys, missing = read(TimeWindowPartitionMapping(), day, days, each)
    assert len(keys) == hours
    assert all(key.startswith(day) for key in keys)
    assert not missing


def test_a_week_reads_its_days_and_a_day_its_week():
    assert read(TimeWindowPartitionMapping(), "2024-01-07", WEEKS, DAYS)[0] == [
        f"2024-01-{day:02}" for day in range(7, 14)
    ]
    assert read(TimeWindowPartitionMapping(), "2024-01-10", DAYS, WEEKS) == (["2024-01-07"], [])


def test_a_month_reads_weeks_that_overlap_it_in_part():
    assert read(TimeWindowPartitionMapping(), "2024-02-01", MONTHS, WEEKS)[0] == [
        "2024-01-28",
        "2024-02-04",
        "2024-02-11",
        "2024-02-18",
        "2024-02-25",
    ]


def test_a_window_before_the_first_upstream_is_missing():
    assert read(TimeWindowPartitionMapping(), "2024-01-03", DAYS, WEEKS) == ([], ["2023-12-31"])


def test_what_is_missing_is_silent_if_allowed():
    mapping = TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    assert read(mapping, "2024-01-03", DAYS, WEEKS) == ([], [])


def test_the_day_before_is_read_and_nothing_by_the_first():
    assert read(TimeWindowPartitionMapping(-1, -1), "2024-01-05", DAYS, DAYS) == (["2024-01-04"], [])
    assert read(TimeWindowPartitionMapping(-1, -1), "2024-01-01", DAYS, DAYS) == ([], [])


def test_a_trailing_range_ends_at_what_exists():
    assert read(TimeWindowPartitionMapping(-6), "2024-01-03", DAYS, DAYS) == (
        ["2024-01-01", "2024-01-02", "2024-01-03"],
        [],
    )


def test_a_range_ahead_ends_at_what_exists():
    assert read(TimeWindowPartitionMapping(0, 1), "2024-03-30", DAYS, DAYS) == (["2024-03-30"], [])


def test_offsets_count_downstream_windows_unless_told_otherwise():
    assert len(read(TimeWindowPartitionMapping(-1, -1), "2024-03-01", MONTHS_TO_MARCH, DAYS)[0]) == 29
    upstream = TimeWindowPartitionMapping(-1, -1, offset_unit="upstream")
    keys, _ = read(upstream, "2024-02-01", MONTHS, DAYS)
    assert (keys[0], keys[-1]) == ("2024-01-31", "2024-02-28")


MONTHS_TO_MARCH = MonthlyPartitionsDefinition("2024-01-01", end_offset=1)


def test_a_start_moved_past_the_end_reads_nothing():
    assert read(TimeWindowPartitionMapping(1, 0), "2024-01-05", DAYS, DAYS) == ([], [])


def test_an_excluded_window_is_neither_read_nor_missing():
    workdays = DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 6,0"])
    assert read(TimeWindowPartitionMapping(), "2024-01-06", DAYS, workdays) == ([], [])


def test_an_hour_of_an_excluded_day_reads_nothing():
    workdays = DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 6,0"])
    assert read(TimeWindowPartitionMapping(), "2024-01-06-12:00", HOURS, workdays) == ([], [])


def test_zones_must_agree():
    tokyo = DailyPartitionsDefinition("2024-01-01", timezone="Asia/Tokyo")
    with pytest.raises(InvalidMappingError, match="zones must agree"):
        TimeWindowPartitionMapping().validate_partition_mapping(tokyo, DAYS)
    with pytest.raises(InvalidMappingError, match="zones must agree"):
        read(TimeWindowPartitionMapping(), "2024-01-05", DAYS, tokyo)


def test_both_sides_are_of_time():
    with pytest.raises(InvalidMappingError, match="windows of time upstream"):
        TimeWindowPartitionMapping().validate_partition_mapping(StaticPartitionsDefinition(["a"]), DAYS)


@pytest.mark.parametrize("arguments", [{"start_offset": 1.5}, {"end_offset": None}, {"offset_unit": "days"}])
def test_arguments_of_the_wrong_kind_are_refused(arguments):
    with pytest.raises(InvalidArgumentError):
        TimeWindowPartitionMapping(**arguments)


@pytest.mark.parametrize(
    ("mapping", "down", "up", "one"),
    [
        (TimeWindowPartitionMapping(), DAYS, DAYS, True),
        (TimeWindowPartitionMapping(-1, -1), DAYS, DAYS, True),
        (TimeWindowPartitionMapping(-1, 0), DAYS, DAYS, False),
        (TimeWindowPartitionMapping(), HOURS, DAYS, True),
        (TimeWindowPartitionMapping(), DAYS, WEEKS, True),
        (TimeWindowPartitionMapping(), DAYS, HOURS, False),
        (TimeWindowPartitionMapping(), WEEKS, MONTHS, False),
        (TimeWindowPartitionMapping(-1, -1), DAYS, HOURS, False),
    ],
)
def test_one_value_is_read_where_windows_lie_within_windows(mapping, down, up, one):
    assert mapping.gives_one(down, up) is one


ZONE = "America/New_York"
UPSTREAM = [
    DailyPartitionsDefinition("2024-01-05", end_date="2024-03-20", timezone=ZONE),
    WeeklyPartitionsDefinition("2023-12-01", timezone=ZONE),
    MonthlyPartitionsDefinition("2024-02-01", timezone=ZONE),
    DailyPartitionsDefinition("2024-01-05", timezone=ZONE, exclusions=["0 0 * * 6"]),
]
MAPPINGS = [
    TimeWindowPartitionMapping(start, end, offset_unit=unit)
    for start, end in [(0, 0), (-30, -2), (-1, 0), (0, 1), (5, 40), (-30, 40)]
    for unit in ("downstream", "upstream")
]


@pytest.mark.parametrize("coarse", UPSTREAM, ids=repr)
@pytest.mark.parametrize("mapping", MAPPINGS, ids=repr)
def test_many_scattered_windows_read_what_each_of_them_reads(mapping, coarse):
    fine = HourlyPartitionsDefinition("2024-01-01-00:00", timezone=ZONE).space(NOW)
    days = coarse.space(NOW)
    scattered = Spans.from_indices(np.arange(0, len(fine), 3))
    assert len(scattered) > 2 * len(days)
    one_by_one = [mapping.upstream(Spans.range(index, index + 1), fine, days) for index in scattered]
    found = mapping.upstream(scattered, fine, days)
    assert found.spans == Spans.from_indices([index for each in one_by_one for index in each.spans])
    assert set(found.missing) == {key for each in one_by_one for key in each.missing}
    readers = mapping.downstream(scattered, fine, days)
    members = [mapping.downstream(Spans.range(index, index + 1), fine, days) for index in scattered]
    assert readers == Spans.from_indices([index for each in members for index in each])
