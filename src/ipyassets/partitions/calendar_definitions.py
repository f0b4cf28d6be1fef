"""The definitions of one cadence each: hours, days, weeks, months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ipyassets.partitions.schedule import ScheduleType, schedule_of
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """An hour each, from `minute_offset` minutes past it; keys like `2024-01-31-23:00`, on the clock of `timezone`.

        >>> night = {"start_date": "2024-11-03-00:00", "end_date": "2024-11-03-03:00"}
        >>> hours = HourlyPartitionsDefinition(**night, timezone="America/New_York")
        >>> hours.get_partition_keys()  # the clocks go back at two
        ['2024-11-03-00:00', '2024-11-03-01:00', '2024-11-03-01:00-0500', '2024-11-03-02:00']

    All arguments, what is raised and the rules where clocks change: see `TimeWindowPartitionsDefinition`.
    """

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        super().__init__(
            start=start_date,
            end=end_date,
            cron_schedule=schedule_of(ScheduleType.HOURLY, minute_offset, 0, None),
            timezone=timezone,
            fmt="%Y-%m-%d-%H:%M" if fmt is None else fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        )


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A day each, from `hour_offset` hours and `minute_offset` minutes past midnight; keys like `2024-01-31`.

        >>> days = DailyPartitionsDefinition(start_date="2024-01-01", end_date="2025-01-01", timezone="Europe/Berlin")
        >>> days.get_num_partitions(), days.get_last_partition_key()
        (366, '2024-12-31')
        >>> days.time_window_for_partition_key("2024-03-31").duration  # the clocks went forward
        datetime.timedelta(seconds=82800)

    All arguments, what is raised and the rules where clocks change: see `TimeWindowPartitionsDefinition`.
    """

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        super().__init__(
            start=start_date,
            end=end_date,
            cron_schedule=schedule_of(ScheduleType.DAILY, minute_offset, hour_offset, None),
            timezone=timezone,
            fmt="%Y-%m-%d" if fmt is None else fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        )


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A week each, from the weekday `day_offset` on (0 is Sunday, 6 Saturday); keys like `2024-01-28`.

    It starts `hour_offset` hours and `minute_offset` minutes past midnight of that day.

        >>> weeks = WeeklyPartitionsDefinition(start_date="2024-01-01", end_date="2024-02-01", day_offset=1)
        >>> weeks.get_partition_keys()  # Mondays, of weeks that end by the first of February
        ['2024-01-01', '2024-01-08', '2024-01-15', '2024-01-22']

    All arguments, what is raised and the rules where clocks change: see `TimeWindowPartitionsDefinition`.
    """

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        super().__init__(
            start=start_date,
            end=end_date,
            cron_schedule=schedule_of(ScheduleType.WEEKLY, minute_offset, hour_offset, day_offset),
            timezone=timezone,
            fmt="%Y-%m-%d" if fmt is None else fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        )


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A month each, from its day `day_offset` (1 to 31) on; keys like `2024-01-01`.

    It starts `hour_offset` hours and `minute_offset` minutes past midnight of that day. A month without that day starts
    no window: the one before goes on.

        >>> months = MonthlyPartitionsDefinition(start_date="2024-01-01", end_date="2025-01-01", day_offset=31)
        >>> months.get_partition_keys()[:3]
        ['2024-01-31', '2024-03-31', '2024-05-31']

    All arguments, what is raised and the rules where clocks change: see `TimeWindowPartitionsDefinition`.
    """

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        super().__init__(
            start=start_date,
            end=end_date,
            cron_schedule=schedule_of(ScheduleType.MONTHLY, minute_offset, hour_offset, day_offset),
            timezone=timezone,
            fmt="%Y-%m-%d" if fmt is None else fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        )
