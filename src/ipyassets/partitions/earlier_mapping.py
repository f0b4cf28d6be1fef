"""A mapping to all partitions that are earlier, or to the latest of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ipyassets.partitions.calendar_space import CalendarSpace
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.mapping import Mapped, PartitionMapping
from ipyassets.partitions.relation import matching
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Indices, Spans


@dataclass(frozen=True, slots=True)
class EarlierPartitionsMapping(PartitionMapping):
    """Each partition reads every upstream partition that is earlier; with `nearest_only`, the latest of those.

    Between windows of time, those that end by the start of the window; else, those before the one with the same key.

        >>> dep = AssetDep("snapshots", partition_mapping=EarlierPartitionsMapping(nearest_only=True))
    """

    nearest_only: bool = False

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """The earlier ones."""
        counts = _earlier(down, up)[spans.indices()]
        if not len(counts):
            return Mapped(Spans.empty())
        return Mapped(
            Spans.from_indices(np.unique(counts[counts > 0]) - 1)
            if self.nearest_only
            else Spans.range(0, int(counts.max()))
        )

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """The later ones."""
        counts = _earlier(down, up)
        if not spans:
            return Spans.empty()
        if self.nearest_only:
            return Spans.from_mask((np.searchsorted(spans.bounds, counts - 1, side="right") & 1 == 1) & (counts > 0))
        return Spans.from_mask(counts > spans.first)

    def ranges(self, down: PartitionSpace, up: PartitionSpace) -> Indices:
        """The earlier ones."""
        counts = _earlier(down, up)
        return np.column_stack([np.maximum(counts - 1, 0) if self.nearest_only else np.zeros_like(counts), counts])

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Whether only the nearest is read."""
        return up is None or self.nearest_only

    def points_backward(self, definition: PartitionsDefinition) -> bool:  # noqa: ARG002 - earlier in any order
        """Always."""
        return True


@lru_cache(maxsize=64)
def _earlier(down: PartitionSpace, up: PartitionSpace) -> Indices:
    """For every downstream partition, how many of the upstream partitions are earlier."""
    if isinstance(down, CalendarSpace) and isinstance(up, CalendarSpace):
        there = up.covering(down)
        return np.clip(there.calendar.windows.ended_by(down.starts()) - there.first, 0, len(there))
    return np.maximum(matching(down, up), 0)
