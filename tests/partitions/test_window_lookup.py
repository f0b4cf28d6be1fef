# ruff: noqa: DTZ001 - naive datetimes are on the wall clock of a definition
import datetime as dt

import pytest

from ipyassets.errors import UnknownPartitionError
from ipyassets.partitions.as_of import partition_loading_context
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition, WeeklyPartitionsDefinition
from ipyassets.partitions.keys import PartitionKeyRange, TimeWindow

DAYS = DailyPartitionsDefinition("2024-01-01")
NOON = dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC)


def utc(day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, 1, day, hour, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon():
    with partition_loading_context(NOON):
        yield


def test_the_window_of_a_key_need_not_exist_yet():
    assert DAYS.time_window_for_partition_key("2024-02-01").end == dt.datetime(2024, 2, 2, tzinfo=dt.UTC)


def test_a_text_between_two_starts_means_the_next_window():
    weeks = WeeklyPartitionsDefinition("2024-01-01")
    assert weeks.start_time_for_partition_key("2024-01-10") == utc(14)


def test_a_text_that_says_no_moment_has_no_window():
    with pytest.raises(UnknownPartitionError):
        DAYS.time_window_for_partition_key("nonsense")


def test_first_and_last_windows_are_those_that_exist():
    assert DAYS.get_first_partition_window() == TimeWindow(utc(1), utc(2))
    assert DAYS.get_last_partition_window() == TimeWindow(utc(4), utc(5))


def test_there_is_no_first_window_before_any_exists():
    assert DailyPartitionsDefinition("2024-02-01").get_first_partition_window() is None


@pytest.mark.parametrize(("moment", "start"), [(utc(2), utc(2)), (utc(2, 1), utc(3))])
def test_the_next_window_starts_at_a_moment_or_after_it(moment, start):
    found = DAYS.get_next_partition_window(moment)
    assert found is not None
    assert found.start == start


def test_bounds_end_the_search_for_the_next_window():
    assert DAYS.get_next_partition_window(utc(6)) is None
    assert DAYS.get_next_partition_window(utc(6), respect_bounds=False) == TimeWindow(utc(6), utc(7))


def test_the_previous_window_ends_at_a_moment_or_before_it():
    assert DAYS.get_prev_partition_window(utc(3)) == TimeWindow(utc(2), utc(3))
    assert DAYS.get_prev_partition_window(utc(1)) is None
    assert DAYS.get_prev_partition_window(utc(1), respect_bounds=False) is not None


def test_a_moment_belongs_to_the_window_that_starts_with_it_or_ends_with_it():
    assert DAYS.get_partition_key_for_timestamp(utc(3).timestamp()) == "2024-01-03"
    assert DAYS.get_partition_key_for_timestamp(utc(3).timestamp(), end_closed=True) == "2024-01-02"


def test_keys_of_a_time_are_of_the_windows_that_start_in_it():
    assert list(DAYS.get_partition_keys_in_time_window(TimeWindow(utc(2, 1), utc(5)))) == ["2024-01-03", "2024-01-04"]


def test_a_time_has_a_range_of_keys():
    found = DAYS.get_partition_key_range_for_time_window(TimeWindow(utc(2), utc(4)))
    assert found == PartitionKeyRange("2024-01-02", "2024-01-03")


@pytest.mark.parametrize("given", ["2024-01-02", dt.date(2024, 1, 2), dt.datetime(2024, 1, 2)])
def test_a_key_may_be_given_as_a_date(given):
    assert DAYS.get_partition_key(given) == "2024-01-02"


def test_a_key_that_does_not_exist_is_refused():
    with pytest.raises(UnknownPartitionError, match="keys run from '2024-01-01' to '2024-01-04'"):
        DAYS.get_partition_key(dt.date(2024, 1, 5))
