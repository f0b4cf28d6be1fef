"""UTC offsets of time zones as arrays, so that a million wall clock times are converted at once."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ipyassets.errors import InvalidArgumentError, nearest
from ipyassets.partitions.spans import Indices

_WEEK = 7 * 86_400
# The calendar of this module: pendulum and the standard library end here too.
FIRST_YEAR, LAST_YEAR = 1, 9999


class OffsetChanges(NamedTuple):
    """When a zone changes its offset: `instants` (UTC epoch seconds) part the `offsets` (seconds east of UTC)."""

    instants: Indices
    offsets: Indices

    def at(self, instants: Indices) -> Indices:
        """The offset in force at each of `instants` (UTC epoch seconds)."""
        return self.offsets[np.searchsorted(self.instants, instants, side="right")]

    def put_back(self, instant: int) -> bool:
        """Whether at a moment (UTC epoch seconds) the clock shows a time that it showed before it was put back."""
        place = int(np.searchsorted(self.instants, instant, side="right")) - 1
        if place < 0:
            return False
        return instant - int(self.instants[place]) < int(self.offsets[place]) - int(self.offsets[place + 1])

    def walls_of(self, instants: Indices) -> Indices:
        """What a clock on the wall shows at moments in UTC epoch seconds, as if UTC epoch seconds."""
        return np.asarray(instants + self.at(instants), dtype=np.int64)

    def instants_of(self, walls: Indices) -> Indices:
        """The UTC epoch seconds at which a clock on the wall shows `walls`.

        The earlier of two where it shows a time twice; where it never does, as if it had not been put forward yet.
        """
        turns = self.instants + np.maximum(self.offsets[:-1], self.offsets[1:])
        return np.asarray(walls - self.offsets[np.searchsorted(turns, walls, side="right")], dtype=np.int64)


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone of an IANA name; InvalidArgumentError with the closest name where there is none."""
    if not isinstance(name, str):
        raise InvalidArgumentError(f"timezone must be the name of a zone, like 'Europe/Berlin', not {name!r}")
    import pendulum  # as in `Cadence.moment`

    try:
        return pendulum.timezone("UTC" if name == "utc" else name)
    except (ValueError, LookupError, OSError):
        raise InvalidArgumentError(f"{name!r} is no known time zone{nearest(name, pendulum.timezones())}") from None


def year_start(year: int) -> int:
    """UTC epoch seconds of the first moment of `year` in UTC; any year outside 1 to 9999 is taken as the nearest."""
    return int(datetime(min(max(year, FIRST_YEAR), LAST_YEAR), 1, 1, tzinfo=UTC).timestamp())


@lru_cache(maxsize=256)
def offset_changes(name: str, first_year: int, last_year: int) -> OffsetChanges:
    """Every change of offset of a zone from `first_year` up to, not including, `last_year`."""
    found = [_changes_of_year(name, year) for year in range(first_year, last_year)]
    changes = [change for year in found for change in year[1]]
    return OffsetChanges(
        np.array([instant for instant, _ in changes], dtype=np.int64),
        np.array([found[0][0], *(offset for _, offset in changes)], dtype=np.int64),
    )


@lru_cache(maxsize=4096)
def _changes_of_year(name: str, year: int) -> tuple[int, list[tuple[int, int]]]:
    """The offset a year begins with, and its changes as (instant, new offset).

    zoneinfo tells an offset but not when it changes next, so a year is probed once a week (no zone has gone and come
    back within one) and a change is then found by bisection.
    """
    at, end = year_start(year), year_start(year + 1) if year < LAST_YEAR else year_start(year) + 365 * 86_400 - 1
    initial = offset = offset_at(name, at)
    changes = []
    while at < end:
        probe = min(at + _WEEK, end)
        if offset_at(name, probe) != offset:
            low, high = at, probe
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(name, middle) == offset else (low, middle)
            offset, probe = offset_at(name, high), high
            changes.append((high, offset))
        at = probe
    return initial, changes


def offset_at(name: str, instant: int) -> int:
    """Seconds east of UTC in a zone at `instant` (UTC epoch seconds)."""
    if name in {"UTC", "utc"}:
        return 0
    offset = datetime.fromtimestamp(instant, zone(name)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
