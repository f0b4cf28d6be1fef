"""Which upstream partitions every downstream partition reads, as arrays that sums are quickly taken over.

The ranges that partition `d` reads are numbers `offsets[d]` to `offsets[d + 1]` of `starts` and `stops`, half-open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ipyassets.partitions.mapping import PartitionMapping
from ipyassets.partitions.product_space import SparseSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans, ranges_to_indices

Ints = NDArray[np.int64]
Versions = NDArray[np.uint64]


class DimensionDependency(Protocol):
    """One upstream dimension, the downstream dimension that reads it, and how."""

    down: str
    up: str
    mapping: PartitionMapping


@runtime_checkable
class DimensionsMapping(Protocol):
    """A mapping that maps dimension by dimension."""

    def dependencies(self, down: PartitionSpace, up: PartitionSpace) -> Sequence[DimensionDependency]:
        """Which dimension reads which; one that is read by none is read whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """The ranges of upstream partitions that each downstream partition reads."""

    offsets: Ints
    starts: Ints
    stops: Ints

    def totals(self, values: Versions) -> Versions:
        """For every downstream partition the sum, modulo 2**64, of `values` over what it reads."""
        before = np.zeros(len(values) + 1, np.uint64)
        np.cumsum(values, out=before[1:], dtype=np.uint64)
        each = before[self.stops] - before[self.starts]
        if len(each) == len(self.offsets) - 1 and self.is_single:
            return each
        running = np.zeros(len(each) + 1, np.uint64)
        np.cumsum(each, out=running[1:], dtype=np.uint64)
        return np.asarray(running[self.offsets[1:]] - running[self.offsets[:-1]], dtype=np.uint64)

    def any(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For every downstream partition whether `mask` is true of anything it reads."""
        return np.asarray(self.totals(mask.astype(np.uint64)) > 0)

    def first(self, mask: NDArray[np.bool_]) -> Ints:
        """For every downstream partition the first that it reads and `mask` is true of, -1 where there is none."""
        none = len(mask)
        following = np.full(none + 1, none)
        following[:-1] = np.minimum.accumulate(np.where(mask, np.arange(none), none)[::-1])[::-1]
        each = following[self.starts]
        each[each >= self.stops] = none
        found = np.full(len(self.offsets) - 1, none)
        np.minimum.at(found, self._owners, each)
        return np.where(found < none, found, -1)

    def only(self) -> Ints:
        """For every downstream partition the one that it reads, -1 where it reads none or several."""
        found = np.full(len(self.offsets) - 1, -1)
        one = (np.diff(self.offsets)[self._owners] == 1) & (self.stops - self.starts == 1)
        found[self._owners[one]] = self.starts[one]
        return found

    def closure(self, asked: NDArray[np.bool_], wanting: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of an asset that reads itself: what is asked for, and all of `wanting` that this reads, however far back."""
        if not self.is_backward:
            while (new := self.read_by(asked) & wanting & ~asked).any():
                asked = asked | new
            return asked
        # from the last backwards, with a count of the ranges that what was found so far reads here
        found, wanted, offsets = asked.tolist(), wanting.tolist(), self.offsets.tolist()
        starts, stops = self.starts.tolist(), self.stops.tolist()
        begin, end = [0] * (len(found) + 1), [0] * (len(found) + 1)
        covering = 0
        for index in range(len(found) - 1, -1, -1):
            covering += end[index + 1]
            if found[index] or (covering and wanted[index]):
                found[index] = True
                for each in range(offsets[index], offsets[index + 1]):
                    if starts[each] < stops[each]:
                        begin[starts[each]] += 1
                        end[stops[each]] += 1
            covering -= begin[index]
        return np.array(found, np.bool_)

    def read_by(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which upstream partitions those of `mask` read; of an asset that reads itself."""
        mine = mask[self._owners]
        return Spans.of(np.column_stack([self.starts, self.stops])[mine]).mask(len(mask))

    @property
    def is_single(self) -> bool:
        """Whether every downstream partition reads exactly one range, possibly an empty one."""
        return bool((np.diff(self.offsets) == 1).all())

    @property
    def is_backward(self) -> bool:
        """Whether every partition reads only such as come before it (of an asset that reads itself)."""
        return bool(((self.stops <= self._owners) | (self.starts >= self.stops)).all())

    def taken(self, rows: Ints) -> Reads:
        """What other downstream partitions read, each of which reads as the one at its place in `rows` does."""
        counts = np.diff(self.offsets)[rows]
        picked = ranges_to_indices(self.offsets[:-1][rows], self.offsets[1:][rows])
        return Reads(_offsets(counts), self.starts[picked], self.stops[picked])

    def times(self, inner: Reads, length: int) -> Reads:
        """The combinations of partitions read in outer dimensions with those read in one more, of some length."""
        whole = (inner.starts == 0) & (inner.stops == length)
        if inner.is_single and bool(whole.all()):
            return Reads(self.offsets, self.starts * length, self.stops * length)
        outer = ranges_to_indices(self.starts, self.stops)
        owners = np.repeat(self._owners, self.stops - self.starts)
        counts = np.diff(inner.offsets)[owners]
        picked = ranges_to_indices(inner.offsets[:-1][owners], inner.offsets[1:][owners])
        base = np.repeat(outer * length, counts)
        total = np.bincount(np.repeat(owners, counts), minlength=len(self.offsets) - 1)
        return Reads(_offsets(total), base + inner.starts[picked], base + inner.stops[picked])

    def of(self, index: int) -> list[tuple[int, int]]:
        """The half-open ranges that one downstream partition reads."""
        first, last = self.offsets[index], self.offsets[index + 1]
        return list(zip(self.starts[first:last].tolist(), self.stops[first:last].tolist(), strict=True))

    @property
    def _owners(self) -> Ints:
        """The downstream partition of each range."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def reads(mapping: PartitionMapping, down: PartitionSpace, up: PartitionSpace) -> Reads:
    """What each partition of `down` reads of `up`."""
    ranges = mapping.ranges(down, up)
    if ranges is not None:
        return Reads(np.arange(len(down) + 1, dtype=np.int64), ranges[:, 0], ranges[:, 1])
    if isinstance(mapping, DimensionsMapping) and not any(isinstance(each, SparseSpace) for each in (down, up)):
        return _of_dimensions(mapping, down, up)
    return _one_by_one(mapping, down, up)


def _of_dimensions(mapping: DimensionsMapping, down: PartitionSpace, up: PartitionSpace) -> Reads:
    """Every combination of what the dimensions read: built up from the outermost upstream dimension inwards."""
    places = dict(zip((name for name, _ in down.dimensions), _coordinates(down), strict=True))
    spaces = dict(down.dimensions)
    read_by = {each.up: each for each in mapping.dependencies(down, up)}
    owners = np.arange(len(down), dtype=np.int64)
    found = Reads(np.arange(len(down) + 1, dtype=np.int64), np.zeros_like(owners), np.ones_like(owners))
    for name, space in up.dimensions:
        if (pair := read_by.get(name)) is None:
            inner = Reads(np.arange(len(down) + 1), np.zeros_like(owners), np.full_like(owners, len(space)))
        else:
            inner = reads(pair.mapping, spaces[pair.down], space).taken(places[pair.down])
        found = found.times(inner, len(space))
    return found


def _coordinates(space: PartitionSpace) -> list[Ints]:
    """The index in each dimension of every partition, outermost dimension first."""
    lengths = [len(each.space) for each in space.dimensions]
    return [each.ravel().astype(np.int64) for each in np.indices(lengths)]


def _one_by_one(mapping: PartitionMapping, down: PartitionSpace, up: PartitionSpace) -> Reads:
    each = [mapping.upstream(Spans.range(index, index + 1), down, up).spans.bounds for index in range(len(down))]
    flat = np.concatenate([np.empty(0, np.int64), *each])
    return Reads(_offsets(np.array([len(bounds) // 2 for bounds in each], np.int64)), flat[::2], flat[1::2])


def _offsets(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


@dataclass(slots=True)
class ReadsBook:
    """The `Reads` worked out so far: they change only when a space grows or a cell is edited."""

    known: dict[tuple[PartitionMapping, str, str], Reads] = field(default_factory=dict)

    def of(self, mapping: PartitionMapping, down: PartitionSpace, up: PartitionSpace) -> Reads:
        """What each partition of `down` reads of `up`; worked out once."""
        place = (mapping, down.fingerprint, up.fingerprint)
        if (found := self.known.get(place)) is None:
            if len(self.known) > 256:  # noqa: PLR2004 - spaces that grew away are forgotten all at once
                self.known.clear()
            found = self.known[place] = reads(mapping, down, up)
        return found
