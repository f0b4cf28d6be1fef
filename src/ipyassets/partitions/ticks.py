"""Ticks: the moments at which a cron schedule fires in a time zone, addressed by number without listing them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ipyassets.partitions.cron import Cron
from ipyassets.partitions.spans import Indices, Mask, Spans
from ipyassets.partitions.zones import LAST_YEAR, OffsetChanges, offset_changes, year_start

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class _WallClock:
    """The ticks of a schedule on a clock without a zone: every one of `times` on every one of `days`."""

    days: Indices
    times: Indices

    def __len__(self) -> int:
        return len(self.days) * len(self.times)

    def at(self, places: Indices) -> Indices:
        day, time = np.divmod(places, len(self.times))
        return self.days[day] * _DAY + self.times[time]

    def one(self, place: int) -> int:
        day, time = divmod(place, len(self.times))
        return int(self.days[day]) * _DAY + int(self.times[time])

    def before_one(self, wall: int) -> int:
        day, second = divmod(wall, _DAY)
        place = int(np.searchsorted(self.days, day))
        matches = place < len(self.days) and int(self.days[place]) == day
        return place * len(self.times) + (int(np.searchsorted(self.times, second)) if matches else 0)

    def before(self, walls: Indices) -> Indices:
        """How many ticks are earlier than each of `walls`."""
        day = walls // _DAY
        place = np.searchsorted(self.days, day)
        matches = self.days[np.minimum(place, len(self.days) - 1)] == day
        within = np.searchsorted(self.times, walls - day * _DAY)
        return np.asarray(place * len(self.times) + np.where(matches, within, 0), dtype=np.int64)


class _Pieces(NamedTuple):
    """The stretches between two changes of offset, as lists."""

    first: list[int]
    low: list[int]
    offset: list[int]
    shown: list[int]
    start: list[int]
    end: list[int]


class Ticks:
    """The ticks of one schedule in one zone over some years, numbered from 0 in the order of time.

    Between two changes of the zone's offset, ticks are those of the wall clock less the offset, so a tick is found
    from its number, and its number from a moment, by one search among the changes (two a year) and one division. What
    happens at a change is Dagster's rule: a schedule that runs every hour skips a time that does not exist and runs
    twice at one that exists twice; any other schedule runs once, at the end of the gap, or at the later of the two
    times.
    """

    def __init__(self, cron: Cron, wall: _WallClock, changes: OffsetChanges) -> None:
        self._cron, self._wall, self._changes = cron, wall, changes
        lows, highs, shown, moved = self._pieces()
        sizes = highs - lows
        kept = sizes > 0
        self._low, self._first = lows[kept], (np.cumsum(sizes) - sizes)[kept]
        self._offset, self._shown = self._offsets(shown[kept], moved[kept])
        self._size = int(sizes.sum())

    def __len__(self) -> int:
        return self._size

    def at(self, numbers: Indices) -> Indices:
        """When the given ticks are, in UTC epoch seconds."""
        piece = np.searchsorted(self._first, numbers, side="right") - 1
        return self._wall.at(numbers - self._first[piece] + self._low[piece]) - self._offset[piece]

    def wall_of(self, number: int) -> tuple[int, int]:
        """As `walls`, for one tick, with the offset then shown: a single question is asked of lists, not of arrays."""
        pieces = self._lists
        piece = bisect_right(pieces.first, number) - 1
        wall = self._wall.one(number - pieces.first[piece] + pieces.low[piece])
        shown = pieces.shown[piece]
        return wall - pieces.offset[piece] + shown, shown

    def number_of(self, instant: int) -> int:
        """As `before`, for one moment."""
        pieces = self._lists
        piece = bisect_left(pieces.start, instant) - 1
        if piece < 0:
            return 0
        number = self._wall.before_one(instant + pieces.offset[piece]) - pieces.low[piece] + pieces.first[piece]
        return min(max(number, pieces.first[piece]), pieces.end[piece])

    def walls(self, numbers: Indices) -> Indices:
        """What a clock on the wall shows at the given ticks, written as if it were UTC epoch seconds."""
        piece = np.searchsorted(self._first, numbers, side="right") - 1
        wall = self._wall.at(numbers - self._first[piece] + self._low[piece])
        return wall - self._offset[piece] + self._shown[piece]

    def before(self, instants: Indices) -> Indices:
        """How many ticks are earlier than each of `instants` (UTC epoch seconds)."""
        if not self._size:
            return np.zeros(np.shape(instants), dtype=np.int64)
        piece = np.searchsorted(self._piece_starts, instants) - 1
        inner = np.maximum(piece, 0)
        number = self._wall.before(instants + self._offset[inner]) - self._low[inner] + self._first[inner]
        return np.where(piece < 0, 0, np.clip(number, self._first[inner], self._ends[inner]))

    def second_time(self, numbers: Indices) -> Mask:
        """Whether the clock already showed the same time, before it was put back, at each of the given ticks."""
        return np.asarray(np.searchsorted(self._repeats.bounds, numbers, side="right") & 1 == 1)

    @cached_property
    def _repeats(self) -> Spans:
        """The ticks between a moment at which the clock is put back and the one at which it shows that time again."""
        back = self._changes.offsets[:-1] - self._changes.offsets[1:]
        put_back = self._changes.instants[back > 0]
        return Spans.of(np.column_stack([self.before(put_back), self.before(put_back + back[back > 0])]))

    def _offsets(self, shown: Indices, moved: Indices) -> tuple[Indices, Indices]:
        """For each piece, what to take off the wall clock for UTC, and what to add to UTC for the wall clock shown.

        A tick moved to the end of a gap shows the time there; in a gap of a whole day (Samoa had no 30 December 2011)
        it shows the time that never was, since the next day may have a tick of its own.
        """
        if not len(self._wall):
            return shown, shown
        is_moved, walls = moved != _NOT_MOVED, self._wall.at(self._low)
        offset = np.where(is_moved, walls - moved, shown)
        other_day = is_moved & (walls // _DAY != (moved + shown) // _DAY)
        return offset, np.where(other_day, offset, shown)

    @cached_property
    def _lists(self) -> _Pieces:
        arrays = (self._first, self._low, self._offset, self._shown, self._piece_starts, self._ends)
        return _Pieces(*(array.tolist() for array in arrays))

    @cached_property
    def _ends(self) -> Indices:
        return np.append(self._first[1:], self._size)

    @cached_property
    def _piece_starts(self) -> Indices:
        return self.at(self._first)

    def _pieces(self) -> tuple[Indices, Indices, Indices, Indices]:
        """Ranges of wall clock ticks that share an offset: lows, highs, the offset, and where a tick is moved to."""
        changes, wall = self._changes, self._wall
        size = len(wall)
        if not len(changes.instants) or not size:
            return np.array([0]), np.array([size]), changes.offsets[:1], np.array([_NOT_MOVED])
        old, new = changes.instants + changes.offsets[:-1], changes.instants + changes.offsets[1:]
        opens, closes = wall.before(new), wall.before(old)
        nowhere = np.full(len(opens) + 1, _NOT_MOVED)
        if self._cron.every_hour:
            return np.append(0, opens), np.append(closes, size), changes.offsets, nowhere
        stops = np.minimum(opens, closes)  # the later of two times: a fold's ticks all belong to the clock put back
        on_time = wall.at(np.minimum(opens, size - 1)) == new
        gaps = np.flatnonzero((closes < opens) & ~((opens < size) & on_time))  # no other tick where the gap ends
        lows = np.concatenate([np.append(0, opens), closes[gaps]])
        order = np.argsort(lows, kind="stable")
        return (
            lows[order],
            np.concatenate([np.append(stops, size), closes[gaps] + 1])[order],
            np.concatenate([changes.offsets, changes.offsets[gaps + 1]])[order],
            np.concatenate([nowhere, changes.instants[gaps]])[order],
        )


_NOT_MOVED = np.iinfo(np.int64).min


@lru_cache(maxsize=128)
def ticks(schedule: str, timezone: str, first_year: int, last_year: int) -> Ticks:
    """The ticks of a cron schedule in a zone from `first_year` up to, not including, `last_year`."""
    cron = Cron.parse(schedule)
    stop = year_start(last_year) // _DAY if last_year <= LAST_YEAR else year_start(LAST_YEAR) // _DAY + 365
    days = cron.matching_days(year_start(first_year) // _DAY, stop)
    return Ticks(cron, _WallClock(days, cron.times), offset_changes(timezone, first_year, last_year))
