"""Which upstream partitions every downstream partition reads, as arrays that sums are quickly taken over.

The ranges that partition `d` reads are numbers `offsets[d]` to `offsets[d + 1]` of `starts` and `stops`, half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ipyassets.partitions import PartitionMapping, PartitionSpace, Spans

Ints = NDArray[np.int64]
Versions = NDArray[np.uint64]


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

    @property
    def is_single(self) -> bool:
        """Whether every downstream partition reads exactly one range, possibly an empty one."""
        return bool((np.diff(self.offsets) == 1).all())

    @property
    def is_backward(self) -> bool:
        """Whether every partition reads only such as come before it (of an asset that reads itself)."""
        owners = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        return bool(((self.stops <= owners) | (self.starts >= self.stops)).all())

    def of(self, index: int) -> list[tuple[int, int]]:
        """The half-open ranges that one downstream partition reads."""
        first, last = self.offsets[index], self.offsets[index + 1]
        return list(zip(self.starts[first:last].tolist(), self.stops[first:last].tolist(), strict=True))


def reads(mapping: PartitionMapping, down: PartitionSpace, up: PartitionSpace) -> Reads:
    """What each partition of `down` reads of `up`."""
    each = [mapping.upstream(Spans.range(index, index + 1), down, up).spans.bounds for index in range(len(down))]
    offsets = np.zeros(len(each) + 1, np.int64)
    np.cumsum([len(bounds) // 2 for bounds in each], out=offsets[1:])
    flat = np.concatenate([np.empty(0, np.int64), *each])
    return Reads(offsets, flat[::2], flat[1::2])


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
