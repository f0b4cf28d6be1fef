"""What a cron schedule matches, as tables of days and of times of day. cronsim reads the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from cronsim import CronSim, CronSimError

from ipyassets.errors import InvalidDefinitionError
from ipyassets.partitions.spans import Indices, Mask

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LARGEST = (59, 23, 31, 12, 7)
_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_LAST_WEEKDAY = re.compile(r"\bL([0-7])")
_WRAPPED = re.compile(r"(\d+)-(\d+)")
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule of five fields, read. Two texts that match the same moments are equal.

    `days`, `weekdays` hold plain numbers; a negative day counts from the end of the month; `nth_weekdays` holds
    (weekday, n) pairs, n from 1, or -1 for the last one of a month. Sunday is 0. A day matches if either the day of the
    month or the day of the week does where both are restricted, as in every cron.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read a cron schedule; InvalidDefinitionError names what is wrong with it."""
        return _parse(text)

    @property
    def every_hour(self) -> bool:
        """Whether it runs in every hour of a day: then an hour that happens twice counts twice."""
        return len(self.hours) == _LARGEST[1] + 1

    @property
    def times(self) -> Indices:
        """The times of day it matches, in seconds after midnight, ascending."""
        times = np.add.outer(np.array(self.hours) * _HOUR, np.array(self.minutes) * _MINUTE)
        return np.asarray(times.ravel(), dtype=np.int64)

    def matching_days(self, first: int, stop: int) -> Indices:
        """The days it matches from `first` up to, not including, `stop`, both as days since 1970-01-01."""
        days = np.arange(first, stop, dtype=np.int64)
        any_day, any_weekday = self._any_day, self._any_weekday
        if any_day and any_weekday and len(self.months) == 12:  # noqa: PLR2004 - months of a year
            return days
        dates = days.astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        day = (dates - months).astype(np.int64) + 1
        month = months.astype(np.int64) % 12 + 1
        ends = (months + np.timedelta64(1, "M")).astype("datetime64[D]")
        length = (ends - months.astype("datetime64[D]")).astype(np.int64)
        by_day, by_weekday = self._by_day(day, length), self._by_weekday((days + 4) % 7, day, length)
        matches = by_day | by_weekday if not any_day and not any_weekday else by_day & by_weekday
        return days[matches & np.isin(month, list(self.months))]

    @property
    def _any_day(self) -> bool:
        return len(self.days) == _LARGEST[2]

    @property
    def _any_weekday(self) -> bool:
        return len(self.weekdays) == 7  # noqa: PLR2004 - days of a week

    def _by_day(self, day: npt.NDArray[np.int64], length: npt.NDArray[np.int64]) -> Mask:
        return np.isin(day, list(self.days)) | np.isin(day - length - 1, list(self.days))

    def _by_weekday(self, weekday: Indices, day: Indices, length: Indices) -> Mask:
        matches = np.isin(weekday, list(self.weekdays))
        for wanted, nth in self.nth_weekdays:
            in_week = day > length - 7 if nth < 0 else (day - 1) // 7 == nth - 1
            matches |= (weekday == wanted) & in_week
        return matches


@lru_cache(maxsize=512)
def _parse(text: str) -> Cron:
    if not isinstance(text, str):
        raise InvalidDefinitionError(f"a cron schedule is a text of five fields, like '0 6 * * 1-5', not {text!r}")
    fields = _ALIASES.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise InvalidDefinitionError(f"cron schedule {text!r} must have the five fields {', '.join(_FIELDS)}")
    for field, largest, name in zip(fields, _LARGEST, _FIELDS, strict=True):
        for step in re.findall(r"/(\d+)", field):
            if int(step) > largest:
                raise InvalidDefinitionError(
                    f"cron schedule {text!r} steps by {step} in its {name}, which ends at {largest}"
                )
    minute, hour, day, month, weekday = ("*" if field == "?" else field.upper() for field in fields)
    spelled = [_unwrapped(minute, 59), _unwrapped(hour, 23), day, month, _LAST_WEEKDAY.sub(r"\1L", weekday)]
    try:
        read = CronSim(" ".join(spelled), datetime.min)  # noqa: DTZ901
    except CronSimError as error:
        reason = str(error).lower()
        raise InvalidDefinitionError(f"cron schedule {text!r} is invalid: {reason} among its five fields") from None
    return Cron(
        minutes=tuple(sorted(read.minutes)),
        hours=tuple(sorted(read.hours)),
        days=frozenset(-1 if day == CronSim.LAST else day for day in read.days),
        months=frozenset(read.months),
        weekdays=frozenset(day % 7 for day in read.weekdays if isinstance(day, int)),
        nth_weekdays=frozenset(
            (day[0] % 7, -1 if day[1] == CronSim.LAST else day[1]) for day in read.weekdays if isinstance(day, tuple)
        ),
    )


def _unwrapped(field: str, largest: int) -> str:
    """`22-2` as `22-23,0-2`: a range over midnight, or over the full hour, which cronsim does not read."""

    def expanded(found: re.Match[str]) -> str:
        first, last = int(found[1]), int(found[2])
        return found[0] if first <= last else f"{first}-{largest},0-{last}"

    return _WRAPPED.sub(expanded, field) if "/" not in field else field
