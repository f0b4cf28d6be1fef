"""Definitions whose partitions are windows of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from functools import lru_cache

import numpy as np

from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError
from ipyassets.partitions.arguments import name_of, whole_number
from ipyassets.partitions.as_of import AsOf, as_of
from ipyassets.partitions.cadence import Cadence, Windows
from ipyassets.partitions.calendar_space import Calendar, CalendarSpace, calendar_of
from ipyassets.partitions.cron import Cron
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.key_format import KeyFormat
from ipyassets.partitions.schedule import Scheduled, ScheduleType, schedule_of
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Indices
from ipyassets.partitions.window_lookup import WindowLookup
from ipyassets.partitions.zones import zone


class TimeWindowPartitionsDefinition(Scheduled, WindowLookup, PartitionsDefinition):
    """Windows of time between the ticks of a cron schedule, each known by its start written with `fmt`.

    The first window starts at the first tick at or after `start`. A window exists once it has ended, or `end_offset`
    windows earlier (later, if negative), and if it ends by `end`. Ticks are on the wall clock of `timezone` (an IANA
    name, UTC unless given). Where the clocks change, a schedule that runs every hour skips an hour that does not
    exist, and has one that happens twice twice, the second with its UTC offset appended to the key; any other schedule
    moves a time that does not exist to the end of the gap, and takes the later of two. So a day has 23 or 25 hours
    then. (Dagster's rules.)

    `start` and `end` are texts in `fmt`, or datetimes: naive ones are on the wall clock of `timezone`, aware ones are
    moments. `exclusions` are cron schedules and datetimes: a window whose start is among them does not exist, and those
    around it are no longer for it. A `schedule_type` (hourly, daily, weekly or monthly) with `minute_offset`,
    `hour_offset` and `day_offset` says the same as a `cron_schedule`.

        >>> quarters = TimeWindowPartitionsDefinition("2025-01", "%Y-%m", end="2026-01", cron_schedule="0 0 1 */3 *")
        >>> quarters.get_partition_keys()
        ['2025-01', '2025-04', '2025-07', '2025-10']

    InvalidDefinitionError for a schedule that cannot be read, InvalidArgumentError for other arguments of the wrong
    kind.
    """

    def __init__(
        self,
        start: datetime | str,
        fmt: str,
        end: datetime | str | None = None,
        schedule_type: ScheduleType | str | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
        minute_offset: int | None = None,
        hour_offset: int | None = None,
        day_offset: int | None = None,
        cron_schedule: str | None = None,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        name_of("fmt", fmt)
        whole_number("end_offset", end_offset)
        if cron_schedule is None:
            if schedule_type is None:
                raise InvalidDefinitionError("give either a cron_schedule or a schedule_type")
            cron_schedule = schedule_of(_kind_of(schedule_type), minute_offset or 0, hour_offset or 0, day_offset)
        elif schedule_type is not None or minute_offset or hour_offset or day_offset:
            raise InvalidDefinitionError(
                f"cron schedule {cron_schedule!r} already says what schedule_type and offsets say"
            )
        Cron.parse(cron_schedule)
        self.timezone = "UTC" if timezone is None else timezone
        zone(self.timezone)
        self.cron_schedule, self.fmt, self.end_offset = cron_schedule, fmt, end_offset
        base = Cadence(cron_schedule, self.timezone)
        self.exclusions = _exclusions(exclusions)
        self.cadence = Cadence(
            cron_schedule,
            self.timezone,
            tuple(
                math.floor(base.timestamp(each)) if isinstance(each, datetime) else each
                for each in self.exclusions or ()
            ),
        )
        self._start = _instant("start", start, base, fmt)
        self._end = None if end is None else _instant("end", end, base, fmt)

    @property
    def start(self) -> datetime:
        """The moment from which on windows start, in the zone of the definition."""
        return self.cadence.moment(self._start)

    @property
    def end(self) -> datetime | None:
        """The moment by which windows end, in the zone of the definition, or None."""
        return None if self._end is None else self.cadence.moment(self._end)

    def space(self, as_of: AsOf) -> CalendarSpace:
        """The windows that exist at one moment; InvalidDefinitionError where `fmt` gives two of them one key."""
        now = math.floor(self.cadence.timestamp(as_of.now))
        windows = self.cadence.windows(
            min(self._start, now),
            max(self._start, now),
            lambda windows: _reaches(windows, now, self._end, self.end_offset),
        )
        limits = [now] if self._end is None else [now, self._end]
        first = int(windows.starting_before(np.array([self._start]))[0])
        ended = windows.ended_by(np.array(limits)).tolist()
        stop = min([max(ended[0] + self.end_offset, 0), *ended[1:], len(windows)])
        return _space(calendar_of(self.cadence, windows, self.fmt), first, max(stop - first, 0))

    def get_next_partition_key(self, partition_key: str) -> str | None:
        """The key of the window after the first one at or after the moment a text in `fmt` says; None past the last.

        UnknownPartitionError for a text that says no moment.
        """
        space = self.space(as_of())
        if not len(space):
            return None
        try:
            instant = space.calendar.instant_of(partition_key)
        except ValueError:
            raise space.unknown(partition_key) from None
        after = int(space.calendar.windows.starting_before(np.array([instant]))[0]) + 1 - space.first
        return space.key(max(after, 0)) if after < len(space) else None

    def validate_partition_definition(self) -> None:
        """Raise InvalidDefinitionError where `fmt` is too coarse to tell a window from the next."""
        calendar = self._calendar(self._start, lambda windows: len(windows) > 1)
        first = int(calendar.windows.starting_before(np.array([self._start]))[0])
        if len(set(calendar.keys(np.arange(first, min(first + 2, len(calendar.windows)))))) == 1:
            raise InvalidDefinitionError(
                f"{self.fmt!r} writes two windows of {self.cron_schedule!r} alike: give a finer fmt"
            )

    def _places(self, space: PartitionSpace, keys: Sequence[str]) -> Indices:
        """A text in `fmt` is read as a moment, as by `time_window_for_partition_key`: Dagster's rule."""
        places = space.indices(keys)
        if isinstance(space, CalendarSpace):
            for place in np.flatnonzero(places < 0).tolist():
                places[place] = space.index_of(self._from_moment(keys[place])[0])
        return places

    def __eq__(self, other: object) -> bool:
        return (
            self._described == other._described if isinstance(other, TimeWindowPartitionsDefinition) else NotImplemented
        )

    def __hash__(self) -> int:
        return hash(self._described)

    @property
    def _described(self) -> tuple[object, ...]:
        return (self.cadence, self._start, self._end, self.fmt, self.end_offset)

    def __repr__(self) -> str:
        parts = [f"{self.cron_schedule!r}", f"start={self.start.isoformat()}"]
        parts += [f"end={self.end.isoformat()}"] if self.end is not None else []
        parts += [f"timezone={self.timezone!r}", f"fmt={self.fmt!r}"]
        parts += [f"end_offset={self.end_offset}"] if self.end_offset else []
        parts += [f"exclusions={list(self.exclusions)!r}"] if self.exclusions else []
        return f"{type(self).__name__}({', '.join(parts)})"


def _kind_of(given: object) -> ScheduleType:
    try:
        return ScheduleType(given)
    except ValueError:
        names = [each.value for each in ScheduleType]
        raise InvalidArgumentError(f"schedule_type {given!r} is not one of {names}") from None


def _exclusions(given: object) -> tuple[str | datetime, ...] | None:
    if given is None:
        return None
    if isinstance(given, (str, bytes)) or not isinstance(given, (Sequence, AbstractSet)):
        raise InvalidArgumentError(f"exclusions must be a list of cron schedules and datetimes, not {given!r}")
    for each in given:
        if isinstance(each, str):
            Cron.parse(each)
        elif not isinstance(each, datetime):
            raise InvalidArgumentError(f"an exclusion is a cron schedule or a datetime, not {each!r}")
    return tuple(given) or None


def _instant(name: str, given: object, cadence: Cadence, fmt: str) -> int:
    """A start or an end in UTC epoch seconds, rounded up to a whole one."""
    if isinstance(given, datetime):
        return math.ceil(cadence.timestamp(given))
    if not isinstance(given, str):
        hint = f"; did you mean datetime({given:%Y, %-m, %-d})?" if isinstance(given, date) else ""
        raise InvalidArgumentError(f"{name} must be a text in the format {fmt!r} or a datetime, not {given!r}{hint}")
    try:
        wall, offset = KeyFormat(fmt).parse(given)
    except ValueError:
        raise InvalidArgumentError(f"{name} {given!r} is not in the format {fmt!r}") from None
    return cadence.instant(wall) if offset is None else wall - offset


def _reaches(windows: Windows, now: int, end: int | None, end_offset: int) -> bool:
    """Whether the last window that exists is among these."""
    if end is not None and int(windows.ended_by(np.array([end]))[0]) < len(windows) and windows.reaches(end):
        return True
    return windows.reaches(now) and int(windows.ended_by(np.array([now]))[0]) + end_offset <= len(windows)


@lru_cache(maxsize=256)
def _space(calendar: Calendar, first: int, size: int) -> CalendarSpace:
    space = CalendarSpace(calendar, first, size)
    _ = space.listed  # two windows with one key are refused before anybody asks for one
    return space
