"""Mappings between windows of time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.cadence import Windows
from ipyassets.partitions.calendar_space import CalendarSpace
from ipyassets.partitions.cron import Cron
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.mapping import Mapped, PartitionMapping
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Indices, Spans
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition


@dataclass(frozen=True, slots=True)
class TimeWindowPartitionMapping(PartitionMapping):
    """Each window reads the upstream windows that overlap it, or that overlap it once shifted.

    `start_offset` and `end_offset` move the start and the end of the downstream window by so many downstream windows
    (upstream windows with `offset_unit="upstream"`), but never beyond the windows that exist upstream. With both at -1
    a window reads the one before it, with `start_offset=-6` the last seven; a start moved past the end reads nothing.
    Upstream windows that would be needed but do not exist are reported as missing, unless
    `allow_nonexistent_upstream_partitions`. Both sides must have the same time zone. Without offsets it is the default
    between windows of time. (Dagster's rules; `offset_unit` is not Dagster's.)

        >>> day_before = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
        >>> dep = AssetDep("events", partition_mapping=day_before)
    """

    start_offset: int = 0
    end_offset: int = 0
    allow_nonexistent_upstream_partitions: bool = False
    offset_unit: Literal["downstream", "upstream"] = "downstream"

    def __post_init__(self) -> None:
        for name in ("start_offset", "end_offset"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise InvalidArgumentError(f"{name} must be a whole number of windows, not {value!r}")
        if not isinstance(self.allow_nonexistent_upstream_partitions, bool):
            raise InvalidArgumentError("allow_nonexistent_upstream_partitions must be True or False")
        if self.offset_unit not in {"downstream", "upstream"}:
            raise InvalidArgumentError(f"offset_unit must be 'downstream' or 'upstream', not {self.offset_unit!r}")

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """The windows of `up` that overlap the shifted windows of `down`."""
        here, there = _both(down, up)
        if not spans or not self._any:
            return Mapped(Spans.empty())
        is_ragged = _is_ragged(spans, there)
        asked = self._near_the_ends(spans, here, there) if is_ragged else spans
        reached = self._reached(_ends_of_runs(asked, here) + here.first, here, there)
        missing = () if self.allow_nonexistent_upstream_partitions else _outside(reached, there)
        if is_ragged:
            numbers = np.arange(len(there), dtype=np.int64) + there.first
            return Mapped(_meeting(self._readers(np.column_stack([numbers, numbers]), here, there), spans), missing)
        return Mapped(Spans.of(np.clip(reached, 0, len(there))), missing)

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """The windows of `down` that overlap a window of `up` once shifted."""
        here, there = _both(down, up)
        if not spans or not self._any:
            return Spans.empty()
        if _is_ragged(spans, here):
            return _meeting(self.ranges(down, up), spans)
        return Spans.of(self._readers(_ends_of_runs(spans, there) + there.first, here, there))

    def lacking(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Spans:
        """The windows that, once shifted, reach beyond the windows of `up`."""
        here, there = _both(down, up)
        if not spans or not self._any or self.allow_nonexistent_upstream_partitions:
            return Spans.empty()
        members = spans.indices()
        first, stop = self._reached(np.column_stack([members, members]) + here.first, here, there).T
        return Spans.from_indices(members[(first < stop) & ((first < 0) | (stop > len(there)))])

    def ranges(self, down: PartitionSpace, up: PartitionSpace) -> Indices:
        """The windows that overlap each window once shifted."""
        here, there = _both(down, up)
        if not self._any or not len(here):
            return np.zeros((len(here), 2), dtype=np.int64)
        numbers = np.arange(len(here), dtype=np.int64) + here.first
        return np.clip(self._reached(np.column_stack([numbers, numbers]), here, there), 0, len(there))

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:
        """Whether the offsets are equal, and the cadences too or each window lies within one upstream window."""
        if not isinstance(down, TimeWindowPartitionsDefinition) or not isinstance(up, TimeWindowPartitionsDefinition):
            return False
        if self.start_offset != self.end_offset or down.timezone != up.timezone:
            return False
        same = down.cadence.canonical == up.cadence.canonical
        return same or (
            self.start_offset == 0 and _lies_within(Cron.parse(down.cron_schedule), Cron.parse(up.cron_schedule))
        )

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition | None,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise InvalidMappingError where a side is not of time windows, or the zones differ."""
        zones = []
        for side, definition in (("upstream", upstream_partitions_def), ("downstream", downstream_partitions_def)):
            if not isinstance(definition, TimeWindowPartitionsDefinition):
                raise InvalidMappingError(
                    f"TimeWindowPartitionMapping needs windows of time {side}, not {definition!r}"
                )
            zones.append(definition.timezone)
        if zones[0] != zones[1]:
            raise InvalidMappingError(f"time zones must agree: {zones[0]!r} upstream, {zones[1]!r} downstream")

    def points_backward(self, definition: PartitionsDefinition) -> bool:
        """Whether the range ends before the window itself."""
        return isinstance(definition, TimeWindowPartitionsDefinition) and self.end_offset < 0 and self._any

    def _reached(self, numbers: Indices, here: CalendarSpace, there: CalendarSpace) -> Indices:
        """The windows of `there` that runs of windows read; an empty range where a shifted run has no length."""
        starts, ends = self._shifted(here.calendar.windows, there, numbers)
        windows = there.calendar.windows
        reached = np.column_stack([windows.ended_by(starts), windows.starting_before(ends)]) - there.first
        reached[starts >= ends, 1] = reached[starts >= ends, 0]
        return reached

    def _readers(self, numbers: Indices, here: CalendarSpace, there: CalendarSpace) -> Indices:
        """The windows of `here` that read any of each run of windows of `there`."""
        windows = there.calendar.windows
        first, stop = (
            self._unshifted(here.calendar.windows, windows.starts(numbers[:, 0]), windows.ends(numbers[:, 1]))
            if self._unit_is_down
            else self._read_by(here, there, numbers)
        )
        return np.clip(np.column_stack([first, stop]) - here.first, 0, len(here))

    def _near_the_ends(self, spans: Spans, here: CalendarSpace, there: CalendarSpace) -> Spans:
        """Those of some windows that reach beyond the windows that exist upstream, found by halving."""

        def reach(number: int) -> tuple[int, int]:
            first, stop = self._reached(np.array([[number, number]]) + here.first, here, there)[0].tolist()
            return first, stop

        every = range(len(here))
        before = bisect_left(every, 0, key=lambda number: reach(number)[0])
        after = bisect_right(every, len(there), key=lambda number: reach(number)[1])
        return spans.within(0, before) | spans.within(after, len(here))

    @property
    def _any(self) -> bool:
        return self.start_offset <= self.end_offset

    @property
    def _unit_is_down(self) -> bool:
        return self.offset_unit == "downstream"

    def _shifted(self, windows: Windows, there: CalendarSpace, numbers: Indices) -> tuple[Indices, Indices]:
        """The times read by runs of downstream windows, from the first number of each row to the second."""
        first, last = numbers[:, 0], numbers[:, 1]
        if self._unit_is_down:
            starts = _start_moved(windows, first, self.start_offset)
            ends = _end_moved(windows, last, self.end_offset)
        else:
            up = there.calendar.windows
            starts = _start_moved(up, up.ended_by(windows.starts(first)), self.start_offset)
            ends = _end_moved(up, up.starting_before(windows.ends(last)) - 1, self.end_offset)
        if len(there):
            lowest, highest = (
                int(there.starts(Spans.range(0, 1))[0]),
                int(there.ends(Spans.range(len(there) - 1, len(there)))[0]),
            )
            starts = _kept_within(starts, self.start_offset, lowest, highest)
            ends = _kept_within(ends, self.end_offset, lowest, highest)
        return starts, ends

    def _unshifted(self, windows: Windows, starts: Indices, ends: Indices) -> tuple[Indices, Indices]:
        """The numbers of the downstream windows that, shifted, overlap a time: each is solved for the number."""
        back, ahead = self.start_offset, self.end_offset
        first = windows.ended_by(starts) - ahead if ahead >= 0 else windows.starting_before(starts + 1) - ahead - 1
        stop = windows.starting_before(ends) - back if back <= 0 else windows.ended_by(ends - 1) - back + 1
        return first, stop

    def _read_by(self, here: CalendarSpace, there: CalendarSpace, numbers: Indices) -> tuple[Indices, Indices]:
        """As `_unshifted`, for offsets in upstream windows: the upstream numbers are shifted back instead."""
        up, windows = there.calendar.windows, here.calendar.windows
        highest = len(up) - 1
        starts = up.starts(np.clip(numbers[:, 0] - self.end_offset, 0, highest))
        ends = up.ends(np.clip(numbers[:, 1] - self.start_offset, 0, highest))
        return windows.ended_by(starts), windows.starting_before(ends)


def _both(down: PartitionSpace, up: PartitionSpace) -> tuple[CalendarSpace, CalendarSpace]:
    if not isinstance(down, CalendarSpace) or not isinstance(up, CalendarSpace):
        raise InvalidMappingError(
            f"TimeWindowPartitionMapping needs windows of time on both sides: {down!r} reads {up!r}"
        )
    if down.timezone != up.timezone:
        raise InvalidMappingError(f"time zones must agree: {up.timezone!r} upstream, {down.timezone!r} downstream")
    return down.covering(up), up.covering(down)


def _is_ragged(spans: Spans, other: CalendarSpace) -> bool:
    """Whether there are so many runs that it is quicker to ask every window of the other side which it meets."""
    return len(spans.bounds) > 4 * len(other)


def _meeting(ranges: Indices, spans: Spans) -> Spans:
    """Which of the half-open ranges have a member of some spans."""
    low = np.searchsorted(spans.bounds, ranges[:, 0], side="right")
    high = np.searchsorted(spans.bounds, ranges[:, 1], side="left")
    return Spans.from_mask((ranges[:, 0] < ranges[:, 1]) & ((low & 1 == 1) | (high > low)))


def _outside(reached: Indices, space: CalendarSpace) -> tuple[str, ...]:
    """The keys of windows that are reached and do not exist."""
    found = Spans.of(reached + space.first) - Spans.range(space.first, space.first + len(space))
    return tuple(space.calendar.keys(found.indices()))


def _ends_of_runs(spans: Spans, space: CalendarSpace) -> Indices:
    """First and last index of each run of windows without a gap of time; of each window where some are excluded."""
    if space.calendar.cadence.exclusions:
        members = spans.indices()
        return np.column_stack([members, members])
    return np.asarray(spans.bounds.reshape(-1, 2) - np.array([0, 1]), dtype=np.int64)


def _start_moved(windows: Windows, numbers: Indices, offset: int) -> Indices:
    """Starts moved by windows; a start moved ahead is the end of a window, which others may follow late."""
    highest = len(windows) - 1
    if offset <= 0:
        return windows.starts(np.clip(numbers + offset, 0, highest))
    return windows.ends(np.clip(numbers + offset - 1, 0, highest))


def _end_moved(windows: Windows, numbers: Indices, offset: int) -> Indices:
    highest = len(windows) - 1
    if offset >= 0:
        return windows.ends(np.clip(numbers + offset, 0, highest))
    return windows.starts(np.clip(numbers + offset + 1, 0, highest))


def _kept_within(instants: Indices, offset: int, lowest: int, highest: int) -> Indices:
    """What is moved is not moved beyond the windows that exist; what is not moved stays where it is."""
    if not offset:
        return instants
    return np.asarray(np.maximum(instants, lowest) if offset < 0 else np.minimum(instants, highest), dtype=np.int64)


def _lies_within(finer: Cron, coarser: Cron) -> bool:
    """Whether every tick of the coarser schedule is one of the finer too, also where the clocks change."""
    days = finer.days >= coarser.days and finer.months >= coarser.months and finer.weekdays >= coarser.weekdays
    times = set(finer.hours) >= set(coarser.hours) and set(finer.minutes) >= set(coarser.minutes)
    plain = not finer.nth_weekdays and not coarser.nth_weekdays and len(finer.days) == 31 and len(finer.weekdays) == 7  # noqa: PLR2004
    return days and times and plain and (not finer.every_hour or 0 in finer.minutes)
