"""Dagster's questions about the windows of a definition, also before its start and after now."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime

import numpy as np

from ipyassets.errors import InvalidArgumentError, UnknownPartitionError
from ipyassets.partitions.as_of import AsOf, as_of
from ipyassets.partitions.cadence import Cadence, Windows
from ipyassets.partitions.calendar_space import Calendar, CalendarSpace, calendar_of
from ipyassets.partitions.key_format import KeyFormat
from ipyassets.partitions.keys import PartitionKeyRange, TimeWindow
from ipyassets.partitions.spans import Indices


class WindowLookup:
    """Windows, keys and moments of a definition with a cadence."""

    cadence: Cadence
    fmt: str

    def space(self, as_of: AsOf) -> CalendarSpace:
        """The windows that exist at one moment."""
        raise NotImplementedError

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """The window of a key, whether or not it exists yet.

        The text is read as a moment, and means the first window that starts then or later (Dagster's rule): ask
        `has_partition_key` whether it is a key. UnknownPartitionError for a text that says no moment.
        """
        return self._from_moment(partition_key)[1]

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """When the window of a key starts."""
        return self.time_window_for_partition_key(partition_key).start

    def end_time_for_partition_key(self, partition_key: str) -> datetime:
        """When the window of a key ends."""
        return self.time_window_for_partition_key(partition_key).end

    def get_first_partition_window(self) -> TimeWindow | None:
        """The first window that exists, or None."""
        space = self.space(as_of())
        return space.window(0) if len(space) else None

    def get_last_partition_window(self) -> TimeWindow | None:
        """The last window that exists, or None."""
        space = self.space(as_of())
        return space.window(-1) if len(space) else None

    def get_next_partition_window(
        self,
        end_dt: datetime,
        respect_bounds: bool = True,  # noqa: FBT001, FBT002 - Dagster's signature
    ) -> TimeWindow | None:
        """The first window that starts at `end_dt` or later; with bounds, none after the last one."""
        instant = math.ceil(self._timestamp(end_dt))
        calendar = self._calendar(instant, lambda windows: _count(windows.starting_before, instant) < len(windows))
        number = _count(calendar.windows.starting_before, instant)
        if number >= len(calendar.windows):
            return None
        if respect_bounds:
            last = self.get_last_partition_window()
            if last is None or int(calendar.windows.starts(np.array([number]))[0]) >= last.end.timestamp():
                return None
        return calendar.window(number)

    def get_prev_partition_window(
        self,
        start_dt: datetime,
        respect_bounds: bool = True,  # noqa: FBT001, FBT002 - Dagster's signature
    ) -> TimeWindow | None:
        """The last window that ends at `start_dt` or earlier; with bounds, none before the first one."""
        instant = math.floor(self._timestamp(start_dt))
        calendar = self._calendar(instant, lambda windows: _count(windows.ended_by, instant) > 0)
        number = _count(calendar.windows.ended_by, instant) - 1
        if number < 0:
            return None
        if respect_bounds:
            first = self.get_first_partition_window()
            if first is None or int(calendar.windows.starts(np.array([number]))[0]) < first.start.timestamp():
                return None
        return calendar.window(number)

    def get_partition_key_for_timestamp(
        self,
        timestamp: float,
        end_closed: bool = False,  # noqa: FBT001, FBT002 - Dagster's signature
    ) -> str:
        """The key of the last window that starts by `timestamp` (UTC epoch seconds), or before it if `end_closed`.

        It need not exist yet. UnknownPartitionError where there is none before the end of the calendar.
        """
        instant = math.ceil(timestamp) if end_closed else math.floor(timestamp) + 1
        calendar = self._calendar(instant, lambda windows: _count(windows.starting_before, instant) > 0)
        number = _count(calendar.windows.starting_before, instant) - 1
        if number < 0:
            raise UnknownPartitionError(f"no window of {self!r} starts before {timestamp}")
        return calendar.keys(np.array([number]))[0]

    def get_partition_keys_in_time_window(self, time_window: TimeWindow) -> Sequence[str]:
        """The keys of the windows that start within a time, whether they exist yet or not."""
        first, stop = math.ceil(self._timestamp(time_window.start)), math.ceil(self._timestamp(time_window.end))
        calendar = self._calendar(first, lambda windows: _count(windows.starting_before, stop) < len(windows), stop)
        bounds = calendar.windows.starting_before(np.array([first, stop]))
        return calendar.keys(np.arange(bounds[0], bounds[1], dtype=np.int64))

    def get_partition_key_range_for_time_window(self, time_window: TimeWindow) -> PartitionKeyRange:
        """The keys from the window that contains the start of a time to the last one that ends by its end."""
        last = self.get_prev_partition_window(time_window.end)
        if last is None:
            raise UnknownPartitionError(f"no partition of {self!r} ends by {time_window.end}")
        start = self.get_partition_key_for_timestamp(self._timestamp(time_window.start))
        return PartitionKeyRange(start, self.get_partition_key_for_timestamp(last.start.timestamp()))

    def get_partition_key(self, key: str | date) -> str:
        """The key of a date, of a datetime on the wall clock, or a text; UnknownPartitionError where it is none."""
        if not isinstance(key, (str, date)):
            raise InvalidArgumentError(f"a key is a text, a date or a datetime, not {key!r}")
        text = key if isinstance(key, str) else key.strftime(self.fmt)
        space = self.space(as_of())
        return space.key(space.index(text))

    def _from_moment(self, text: str) -> tuple[str, TimeWindow]:
        """The key and the window of the first window at or after the moment that a text says."""
        try:
            wall, offset = KeyFormat(self.fmt).parse(text)
        except ValueError:
            raise self.space(as_of()).unknown(text) from None
        instant = self.cadence.instant(wall) if offset is None else wall - offset
        calendar = self._calendar(instant, lambda windows: _count(windows.starting_before, instant) < len(windows))
        exact = calendar.number_of(text)
        number = _count(calendar.windows.starting_before, instant) if exact < 0 else exact
        if number >= len(calendar.windows):
            raise UnknownPartitionError(f"no window of {self!r} starts at or after {text!r}")
        return calendar.keys(np.array([number]))[0], calendar.window(number)

    def _calendar(self, around: int, enough: Callable[[Windows], bool], until: int | None = None) -> Calendar:
        windows = self.cadence.windows(around, around if until is None else until, enough)
        return calendar_of(self.cadence, windows, self.fmt)

    def _timestamp(self, moment: datetime) -> float:
        """UTC epoch seconds of a moment; a naive one is on the wall clock of the definition."""
        return self.cadence.timestamp(moment)


def _count(question: Callable[[Indices], Indices], instant: int) -> int:
    return int(question(np.array([instant]))[0])
