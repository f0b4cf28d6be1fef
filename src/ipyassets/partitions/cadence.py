"""Cadences: windows of time between the ticks of a schedule, less those excluded, without a beginning or an end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from ipyassets.partitions.cron import Cron
from ipyassets.partitions.spans import Indices, Mask
from ipyassets.partitions.ticks import Ticks, ticks
from ipyassets.partitions.zones import FIRST_YEAR, LAST_YEAR, OffsetChanges, offset_changes, zone

_YEAR = 365.2425 * 86_400


@dataclass(frozen=True, slots=True)
class Cadence:
    """A cron schedule in a zone, and what is left out of it: cron schedules, or moments in UTC epoch seconds."""

    schedule: str
    timezone: str
    exclusions: tuple[str | int, ...] = ()

    @property
    def every_hour(self) -> bool:
        """Whether it ticks in every hour of a day, so that a key must tell two equal wall clock times apart."""
        return Cron.parse(self.schedule).every_hour

    @property
    def canonical(self) -> tuple[object, ...]:
        """What tells cadences apart, whatever the text of their schedules."""
        cron = Cron.parse(self.schedule)
        days = (sorted(cron.days), sorted(cron.months), sorted(cron.weekdays), sorted(cron.nth_weekdays))
        return (cron.minutes, cron.hours, *days, self.timezone, *sorted(map(str, self.exclusions)))

    def timestamp(self, moment: datetime) -> float:
        """UTC epoch seconds of a moment; a naive one is on the wall clock of the zone, the earlier of two."""
        return (
            moment.timestamp() if moment.tzinfo is not None else moment.replace(tzinfo=zone(self.timezone)).timestamp()
        )

    def instant(self, wall: int) -> int:
        """UTC epoch seconds at which the wall clock shows `wall`, the earlier of two."""
        return math.floor(self.timestamp(datetime(1970, 1, 1) + timedelta(seconds=wall)))  # noqa: DTZ001 - on the wall

    def moment(self, instant: int) -> datetime:
        """A moment given in UTC epoch seconds, in the zone."""
        import pendulum  # a tenth of what importing takes, and only dates need it

        return pendulum.from_timestamp(instant, zone(self.timezone))  # type: ignore[arg-type]

    def windows(self, first: int, last: int, enough: Callable[[Windows], bool]) -> Windows:
        """Windows from before `first` to after `last` (UTC epoch seconds), over so many years that `enough` is content.

        The calendar ends with the years 1 and 9999: what lies beyond is not there.
        """
        first_year, last_year = int(1970 + first / _YEAR), int(1970 + last / _YEAR)
        reach = 2
        while True:
            # whole steps of the calendar, so that neighbouring questions share one table
            low = max((first_year - reach) // reach * reach, FIRST_YEAR)
            high = min((last_year + reach) // reach * reach + reach, LAST_YEAR + 1)
            found = windows(self, low, high)
            if (low == FIRST_YEAR and high > LAST_YEAR) or enough(found):
                return found
            reach *= 4


class Windows:
    """The windows of a cadence over some years, numbered from 0 in the order of time.

    Window `n` lasts from its tick to the next tick of the schedule, whether or not a window starts there: a Friday
    before an excluded Saturday ends on Saturday.
    """

    def __init__(self, ticks_: Ticks, kept: Indices | None, changes: OffsetChanges) -> None:
        self._ticks, self._kept, self.changes = ticks_, kept, changes
        self._size = max(len(ticks_) - 1, 0) if kept is None else len(kept)

    def __len__(self) -> int:
        return self._size

    def starts(self, numbers: Indices) -> Indices:
        """When the given windows start, in UTC epoch seconds."""
        return self._ticks.at(self._tick(numbers))

    def ends(self, numbers: Indices) -> Indices:
        """When the given windows end, in UTC epoch seconds."""
        return self._ticks.at(self._tick(numbers) + 1)

    def walls(self, numbers: Indices) -> Indices:
        """What a clock on the wall shows when the given windows start, as if UTC epoch seconds."""
        return self._ticks.walls(self._tick(numbers))

    def second_time(self, numbers: Indices) -> Mask:
        """Whether the clock already showed the same time, before it was put back, when the given windows start."""
        return self._ticks.second_time(self._tick(numbers))

    def starting_before(self, instants: Indices) -> Indices:
        """How many windows start earlier than each of `instants` (UTC epoch seconds)."""
        before = self._ticks.before(instants)
        return np.minimum(before, self._size) if self._kept is None else np.searchsorted(self._kept, before)

    def ended_by(self, instants: Indices) -> Indices:
        """How many windows end no later than each of `instants` (UTC epoch seconds)."""
        ended = self._ticks.before(np.asarray(instants) + 1) - 1
        return np.clip(ended, 0, self._size) if self._kept is None else np.searchsorted(self._kept, ended)

    def number_of(self, instant: int) -> int:
        """As `starting_before`, for one moment."""
        before = self._ticks.number_of(instant)
        return min(before, self._size) if self._kept is None else int(np.searchsorted(self._kept, before))

    def wall_of(self, number: int) -> tuple[int, int]:
        """What a clock on the wall shows when a window starts, as if UTC epoch seconds; and its offset from UTC."""
        return self._ticks.wall_of(number if self._kept is None else int(self._kept[number]))

    def reaches(self, instant: int) -> bool:
        """Whether the window that contains a moment (UTC epoch seconds) is known, excluded or not."""
        return int(self._ticks.before(np.array([instant]))[0]) < len(self._ticks)

    def covers(self, instant: int) -> bool:
        """Whether some windows before and after a moment (UTC epoch seconds) are known."""
        return 0 < int(self._ticks.before(np.array([instant]))[0]) < len(self._ticks) - 1

    def _tick(self, numbers: Indices) -> Indices:
        return np.asarray(numbers) if self._kept is None else self._kept[numbers]


@lru_cache(maxsize=128)
def windows(cadence: Cadence, first_year: int, last_year: int) -> Windows:
    """The windows of a cadence from `first_year` up to, not including, `last_year`."""
    base = ticks(cadence.schedule, cadence.timezone, first_year, last_year)
    changes = offset_changes(cadence.timezone, first_year, last_year)
    if not cadence.exclusions:
        return Windows(base, None, changes)
    starts = base.at(np.arange(max(len(base) - 1, 0), dtype=np.int64))
    excluded = np.isin(starts, [each for each in cadence.exclusions if isinstance(each, int)])
    for each in cadence.exclusions:
        if isinstance(each, str):
            schedule = ticks(each, cadence.timezone, first_year, last_year)
            excluded |= schedule.before(starts + 1) > schedule.before(starts)
    return Windows(base, np.flatnonzero(~excluded), changes)
