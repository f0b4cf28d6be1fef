import pytest

from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError
from ipyassets.partitions.calendar_definitions import (
    DailyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from ipyassets.partitions.schedule import ScheduleType
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition

DAYS = DailyPartitionsDefinition("2024-01-01", hour_offset=6, minute_offset=30)
QUARTERS = TimeWindowPartitionsDefinition(start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 1 */3 *")


def test_offsets_are_read_from_the_schedule():
    assert (DAYS.schedule_type, DAYS.minute_offset, DAYS.hour_offset) == (ScheduleType.DAILY, 30, 6)
    assert WeeklyPartitionsDefinition("2024-01-01", day_offset=3).day_offset == 3
    assert MonthlyPartitionsDefinition("2024-01-01", day_offset=15).day_offset == 15


def test_a_schedule_of_another_shape_has_no_type():
    assert QUARTERS.schedule_type is None


def test_a_daily_schedule_has_no_day():
    with pytest.raises(InvalidDefinitionError, match="no day offset"):
        _ = DAYS.day_offset


def test_a_job_may_run_at_another_hour_than_the_windows_begin():
    assert DAYS.get_cron_schedule(hour_of_day=9) == "30 9 * * *"
    assert DAYS.get_cron_schedule() == "30 6 * * *"


def test_a_daily_schedule_takes_no_day_of_the_week():
    with pytest.raises(InvalidArgumentError, match="day_of_week"):
        DAYS.get_cron_schedule(day_of_week=1)


def test_the_hour_of_any_other_schedule_cannot_be_changed():
    with pytest.raises(InvalidDefinitionError):
        QUARTERS.get_cron_schedule(hour_of_day=1)


def test_longer_cadences_are_greater():
    assert ScheduleType.HOURLY < ScheduleType.DAILY < ScheduleType.MONTHLY
