"""Which partitions may start: set algebra over what is pending and what is outstanding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

Partitions = Mapping[AssetKey, Spans]

NOTHING = Spans.empty()


class Ready:
    """The pending partitions that may start: those that read nothing outstanding, be it pending, running or failed.

    It is worked out anew only for assets of which something has changed, or of what they read: a chain of assets has as
    many turns as links, and all links would be gone through in each.
    """

    def __init__(self, graph: AssetGraph, spaces: Mapping[AssetKey, PartitionSpace]) -> None:
        self._graph, self._spaces = graph, spaces
        self._known: dict[AssetKey, tuple[tuple[Spans, ...], Spans]] = {}  # what it was worked out from, and the result

    def of(self, pending: Partitions, outstanding: Partitions) -> dict[AssetKey, Spans]:
        """What may start now, by asset."""
        found = {}
        for key, waiting in pending.items():
            held = [outstanding.get(edge.up, NOTHING) for edge in self._graph.edges[key]]
            known = self._known.get(key)
            if known is None or known[0] != (waiting, *held):
                known = self._known[key] = (waiting, *held), self._able(key, waiting, held)
            if known[1]:
                found[key] = known[1]
        return found

    def _able(self, key: AssetKey, waiting: Spans, held: Iterable[Spans]) -> Spans:
        for edge, spans in zip(self._graph.edges[key], held, strict=True):
            if waiting and spans:
                waiting -= edge.mapping.downstream(spans, self._spaces[edge.up], self._spaces[key])
        return waiting


def behind(
    graph: AssetGraph, spaces: Mapping[AssetKey, PartitionSpace], pending: Partitions, key: AssetKey, lost: Spans
) -> dict[AssetKey, Spans]:
    """The pending partitions that need the lost ones of an asset, however far behind them."""
    found: dict[AssetKey, Spans] = {}
    front = {key: lost}
    while front:
        up, gone = front.popitem()
        for edge in graph.downstream(up):
            reached = edge.mapping.downstream(gone, spaces[up], spaces[edge.down]) & pending.get(edge.down, NOTHING)
            if new := reached - found.get(edge.down, NOTHING):
                found[edge.down] = found.get(edge.down, NOTHING) | new
                front[edge.down] = front.get(edge.down, NOTHING) | new
    return found


def union(parts: Iterable[Spans]) -> Spans:
    """All of several sets."""
    bounds = [each.bounds for each in parts]
    return Spans.of(np.concatenate(bounds).reshape(-1, 2)) if bounds else NOTHING


def first(spans: Spans, count: int) -> Spans:
    """The first so many of a set."""
    if len(spans) <= count:
        return spans
    return spans & Spans.range(0, int(spans.indices()[count])) if count > 0 else NOTHING
