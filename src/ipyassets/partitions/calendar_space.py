"""The space of a time window definition: consecutive windows of a cadence, by arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ipyassets.errors import InvalidDefinitionError
from ipyassets.partitions.cadence import Cadence, Windows
from ipyassets.partitions.key_format import KeyFormat
from ipyassets.partitions.keys import TimeWindow
from ipyassets.partitions.space import PartitionSpace, fingerprint_of
from ipyassets.partitions.spans import Indices, Mask, Spans

_AROUND = 50


class WallRuns(NamedTuple):
    """Times on the wall as progressions (first, step, count), in seconds as if UTC; and labels of their own."""

    runs: list[tuple[int, int, int]]
    exceptions: dict[int, str]


class Calendar:
    """The windows of a cadence over some years, with the keys that name them: a start written with `fmt`."""

    def __init__(self, cadence: Cadence, windows: Windows, fmt: str) -> None:
        self.cadence, self.windows, self.fmt = cadence, windows, fmt
        self._format = KeyFormat(fmt)

    def keys(self, numbers: Indices) -> list[str]:
        """The keys of windows given by their numbers."""
        walls = self.windows.walls(numbers)

        def offsets(places: Indices) -> Indices:
            return np.asarray(walls[places] - self.windows.starts(numbers[places]), dtype=np.int64)

        return self._format.render(walls, offsets, self.second_time(numbers))

    def key(self, number: int) -> str:
        """The key of one window."""
        wall, offset = self.windows.wall_of(number)
        second = self.cadence.every_hour and self.windows.changes.put_back(wall - offset)
        return self._format.render_one(wall, offset, second=second)

    def second_time(self, numbers: Indices) -> Mask | None:
        """Which windows share their wall clock time with an earlier one; None where none can."""
        return self.windows.second_time(numbers) if self.cadence.every_hour else None

    def instant_of(self, key: str) -> int:
        """The moment that a key says, in UTC epoch seconds, whether a window starts there or not; else ValueError."""
        wall, offset = self._format.parse(key)
        return self.cadence.instant(wall) if offset is None else wall - offset

    def number_of(self, key: str) -> int:
        """The number of the window with this key, or -1."""
        try:
            number = self.windows.number_of(self.instant_of(key))
        except (ValueError, OverflowError):
            return -1
        near = range(number, min(number + 2, len(self.windows)))  # a day that never was ends where the next begins
        return next((each for each in near if self.key(each) == key), -1)

    def numbers_of(self, keys: Sequence[str]) -> Indices:
        """The number of the window with each of `keys`, or -1."""
        if not len(self.windows):
            return np.full(len(keys), -1, dtype=np.int64)
        parsed = self._format.parse_many(keys)
        found = self.windows.starting_before(self.windows.changes.instants_of(parsed.walls))
        found = np.minimum(found, len(self.windows) - 1)
        known = parsed.show(self.windows.walls(found))
        if (second := self.second_time(found)) is not None:
            known &= ~second
        doubtful = np.flatnonzero(parsed.fits & ~known)
        likely = self.keys(found[doubtful])
        known[doubtful] = [key == keys[place] for place, key in zip(doubtful.tolist(), likely, strict=True)]
        for place in np.flatnonzero(~known).tolist():
            found[place] = self.number_of(keys[place])
        return found

    def window(self, number: int) -> TimeWindow:
        """The window of a number, in the zone of the cadence."""
        at = np.array([number])
        bounds = (int(self.windows.starts(at)[0]), int(self.windows.ends(at)[0]))
        return TimeWindow(self.cadence.moment(bounds[0]), self.cadence.moment(bounds[1]))


@lru_cache(maxsize=256)
def calendar_of(cadence: Cadence, windows: Windows, fmt: str) -> Calendar:
    """The same arguments give the same calendar."""
    return Calendar(cadence, windows, fmt)


class CalendarSpace(PartitionSpace):
    """`size` windows of a calendar from the `first` one on.

    Starts and ends are in UTC epoch seconds. Nothing is listed: a window is found from its index, and an index from a
    key or a moment, by arithmetic and one search among the clock changes of the zone.
    """

    def __init__(self, calendar: Calendar, first: int, size: int) -> None:
        self.calendar, self.first, self._size = calendar, first, size

    @property
    def is_timed(self) -> bool:
        """Always."""
        return True

    @property
    def fmt(self) -> str:
        """How a key is written, in the terms of `strftime`."""
        return self.calendar.fmt

    @property
    def timezone(self) -> str:
        """The zone whose wall clock bounds the windows."""
        return self.calendar.cadence.timezone

    def __len__(self) -> int:
        return self._size

    def key(self, index: int) -> str:
        """The key at `index`: the start of its window; IndexError outside."""
        return self.calendar.key(self._number(index))

    def index_of(self, key: str) -> int:
        """The index of `key`, or -1 where it is none."""
        if self.listed is not None:
            return self.listed.get(key, -1)
        index = self.calendar.number_of(key) - self.first
        return index if 0 <= index < self._size else -1

    def keys(self, spans: Spans | None = None) -> Sequence[str]:
        """The keys of `spans`, or all of them, in order."""
        return self.calendar.keys(self._numbers(spans))

    def indices(self, keys: Sequence[str]) -> Indices:
        """The index of each of `keys`, -1 where it is none."""
        if self.listed is not None:
            return super().indices(keys)
        if len(keys) == self._size and list(keys) == self.keys():  # as a rule a log knows all, in order
            return np.arange(self._size, dtype=np.int64)
        found = self.calendar.numbers_of(keys) - self.first
        return np.where((found >= 0) & (found < self._size), found, -1)

    def window(self, index: int) -> TimeWindow:
        """The window at `index`, in the zone of the space."""
        return self.calendar.window(self._number(index))

    def starts(self, spans: Spans | None = None) -> Indices:
        """When the windows of `spans`, or all, start, in UTC epoch seconds."""
        return self.calendar.windows.starts(self._numbers(spans))

    def ends(self, spans: Spans | None = None) -> Indices:
        """When the windows of `spans`, or all, end, in UTC epoch seconds."""
        return self.calendar.windows.ends(self._numbers(spans))

    @cached_property
    def listed(self) -> dict[str, int] | None:
        """The index of every key, where a key does not say the moment its window starts, as in `%d`; else None.

        InvalidDefinitionError where two windows have one key.
        """
        samples = np.unique(np.clip([0, 1, 2, self._size - 1], 0, max(self._size - 1, 0))) + self.first
        if not self._size or (self.calendar.numbers_of(self.calendar.keys(samples)) == samples).all():
            return None
        keys = self.keys()
        places = {key: place for place, key in enumerate(keys)}
        if len(places) < len(keys):
            twice = next(key for place, key in enumerate(keys) if places[key] != place)
            raise InvalidDefinitionError(f"{self.fmt!r} names several windows {twice!r}: give a finer fmt")
        return places

    @cached_property
    def fingerprint(self) -> str:
        """A digest of schedule, zone, exclusions, format, first window and length: nothing is listed."""
        first = int(self.starts(Spans.range(0, 1))[0]) if self._size else 0
        return fingerprint_of("calendar", self.calendar.cadence.canonical, self.fmt, first, self._size)

    def similar(self, key: str) -> Sequence[str]:
        """The keys around the place at which a wrong key would be in the order of texts."""
        place = bisect_left(range(self._size), key, key=self.key)
        return self.keys(Spans.range(max(place - _AROUND, 0), min(place + _AROUND, self._size)))

    def wall_runs(self) -> WallRuns:
        """The starts as progressions on the wall clock, and the keys that its plain formatting would get wrong."""
        numbers = self._numbers(None)
        second = self.calendar.second_time(numbers)
        places = np.empty(0, dtype=np.int64) if second is None else np.flatnonzero(second)
        labels = self.calendar.keys(numbers[places])
        return WallRuns(
            _progressions(self.calendar.windows.walls(numbers)), dict(zip(places.tolist(), labels, strict=True))
        )

    def end_wall_runs(self) -> WallRuns:
        """The ends as progressions on the wall clock."""
        return WallRuns(_progressions(self.calendar.windows.changes.walls_of(self.ends())), {})

    def covering(self, other: CalendarSpace) -> CalendarSpace:
        """The same space, with a calendar that reaches some windows beyond both ends of another one."""
        if not len(other):
            return self
        low, high = int(other.starts(Spans.range(0, 1))[0]), int(other.ends(Spans.range(len(other) - 1, len(other)))[0])
        return self._over(low, high)

    def _over(self, low: int, high: int) -> CalendarSpace:
        """The same space, with a calendar that reaches some windows beyond two moments (UTC epoch seconds)."""
        windows = self.calendar.windows
        if windows.covers(low) and windows.covers(high):
            return self
        bounds = (windows.starts(np.array([min(self.first, len(windows) - 1)])), low, high)
        at = int(bounds[0][0])
        wider = self.calendar.cadence.windows(
            min(at, low), max(at, high), lambda found: found.covers(low) and found.covers(high)
        )
        first = int(wider.starting_before(bounds[0])[0])
        return CalendarSpace(calendar_of(self.calendar.cadence, wider, self.fmt), first, self._size)

    def shift_from(self, other: CalendarSpace) -> int | None:
        """What to add to an index of `other` for the same window here; None where the two differ in windows or keys."""
        if (self.calendar.cadence.canonical, self.fmt) != (other.calendar.cadence.canonical, other.fmt):
            return None
        here = self.covering(other)
        start = other.starts(Spans.range(0, 1))
        return int(here.calendar.windows.starting_before(start)[0]) - here.first

    def _number(self, index: int) -> int:
        if not -self._size <= index < self._size:
            raise IndexError(f"there are {self._size} partitions, and none at {index}")
        return index % self._size + self.first

    def _numbers(self, spans: Spans | None) -> Indices:
        if spans is None:
            return np.arange(self.first, self.first + self._size, dtype=np.int64)
        return spans.indices() + self.first


def _progressions(walls: Indices) -> list[tuple[int, int, int]]:
    """Cut times into runs of one step each."""
    steps = np.diff(walls)
    runs, at = [], 0
    for end in [*(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(steps)]:
        if end > at:
            runs.append((int(walls[at]), int(steps[at]), end - at + 1))
            at = end + 1
    if at < len(walls):
        runs.append((int(walls[at]), 0, 1))
    return runs
