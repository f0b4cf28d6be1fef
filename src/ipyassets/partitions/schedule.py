"""The schedule of a time window definition: its text, and the offsets from which Dagster's arguments make one."""

from __future__ import annotations

import re
from enum import Enum

from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError
from ipyassets.partitions.arguments import whole_number
from ipyassets.partitions.cron import Cron

_SHAPES = {
    r"\d+ \* \* \* \*": "HOURLY",
    r"\d+ \d+ \* \* \*": "DAILY",
    r"\d+ \d+ \* \* \d+": "WEEKLY",
    r"\d+ \d+ \d+ \* \*": "MONTHLY",
}


class ScheduleType(Enum):
    """How often the windows of a definition begin; the later members are the longer."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"

    def __lt__(self, other: ScheduleType) -> bool:
        order = list(ScheduleType)
        return order.index(self) < order.index(other)


def schedule_of(kind: ScheduleType, minute: int, hour: int, day: int | None) -> str:
    """The cron schedule of windows that begin at `minute`, `hour` and `day` (of the week from Sunday 0, or month)."""
    if kind is ScheduleType.HOURLY:
        text = f"{minute} * * * *"
    elif kind is ScheduleType.DAILY:
        text = f"{minute} {hour} * * *"
    elif kind is ScheduleType.WEEKLY:
        text = f"{minute} {hour} * * {0 if day is None else day}"
    else:
        text = f"{minute} {hour} {1 if day is None else day} * *"
    for name, value in (("minute", minute), ("hour", hour), ("day", day)):
        if value is not None or name != "day":
            whole_number(f"{name}_offset", value)
    Cron.parse(text)
    return text


class Scheduled:
    """What a cron schedule says of the definition that has it."""

    cron_schedule: str

    @property
    def schedule_type(self) -> ScheduleType | None:
        """Hourly, daily, weekly or monthly; None for any other schedule."""
        for shape, kind in _SHAPES.items():
            if re.fullmatch(shape, self.cron_schedule):
                return ScheduleType(kind)
        return None

    @property
    def minute_offset(self) -> int:
        """Minutes past the hour at which windows begin; InvalidDefinitionError where that is not one."""
        return self._field(0, "minute")

    @property
    def hour_offset(self) -> int:
        """Hours past midnight at which windows begin; InvalidDefinitionError where that is not one."""
        return self._field(1, "hour")

    @property
    def day_offset(self) -> int:
        """The day on which windows begin: of the week, Sunday 0, or of the month; InvalidDefinitionError for others."""
        kind = self.schedule_type
        if kind not in {ScheduleType.WEEKLY, ScheduleType.MONTHLY}:
            raise InvalidDefinitionError(f"{self.cron_schedule!r} is neither weekly nor monthly: it has no day offset")
        return self._field(4 if kind is ScheduleType.WEEKLY else 2, "day")

    def get_cron_schedule(
        self,
        minute_of_hour: int | None = None,
        hour_of_day: int | None = None,
        day_of_week: int | None = None,
        day_of_month: int | None = None,
    ) -> str:
        """The schedule, or the same at another minute, hour or day; InvalidDefinitionError where it has none."""
        given = {"hour": hour_of_day, "day_of_week": day_of_week, "day_of_month": day_of_month}
        if minute_of_hour is None and all(value is None for value in given.values()):
            return self.cron_schedule
        kind = self.schedule_type
        if kind is None:
            raise InvalidDefinitionError(f"{self.cron_schedule!r} is not hourly, daily, weekly or monthly")
        refused = {ScheduleType.HOURLY: ["hour"], ScheduleType.DAILY: ["day_of_week", "day_of_month"]}.get(kind, [])
        for name in refused:
            if given[name] is not None:
                raise InvalidArgumentError(f"{kind.name.lower()} partitions take no {name}, such as {given[name]!r}")
        day = None
        if kind in {ScheduleType.WEEKLY, ScheduleType.MONTHLY}:
            wanted = day_of_week if kind is ScheduleType.WEEKLY else day_of_month
            day = self.day_offset if wanted is None else wanted
        hour = 0 if kind is ScheduleType.HOURLY else self.hour_offset if hour_of_day is None else hour_of_day
        return schedule_of(kind, self.minute_offset if minute_of_hour is None else minute_of_hour, hour, day)

    def _field(self, place: int, name: str) -> int:
        fields = self.cron_schedule.split()
        if len(fields) != 5 or not all(re.fullmatch(r"\d+|\*", each) for each in fields) or fields[place] == "*":  # noqa: PLR2004 - cron
            raise InvalidDefinitionError(f"schedule {self.cron_schedule!r} has no single {name} offset")
        return int(fields[place])
