"""The definitions of one cadence each: hours, days, weeks, months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ipyassets.partitions.schedule import ScheduleType, schedule_of
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """An hour each, from `minute_offset` past the hour; keys like `2024-01-31-23:00`.

    HourlyPartitionsDefinition(start_date="2024-01-01-00:00", timezone="America/New_York")
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
    """A day each, from `hour_offset` and `minute_offset` past midnight; keys like `2024-01-31`.

    DailyPartitionsDefinition(start_date="2024-01-01", end_date="2025-01-01", timezone="Europe/Berlin")
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
    """A week each, from `day_offset` (0 is Sunday), `hour_offset` and `minute_offset` on; keys like `2024-01-28`."""

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
    """A month each, from `day_offset` (1 to 31), `hour_offset` and `minute_offset` on; keys like `2024-01-01`.

    A month without that day starts no window: the one before goes on.
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
