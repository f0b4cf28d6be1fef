"""Which partitions may start: set algebra over what is pending and what is outstanding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.partitions import PartitionSpace, Spans

Partitions = Mapping[AssetKey, Spans]

NOTHING = Spans.empty()


def ready(
    graph: AssetGraph, spaces: Mapping[AssetKey, PartitionSpace], pending: Partitions, outstanding: Partitions
) -> dict[AssetKey, Spans]:
    """The pending partitions that read nothing outstanding: nothing that is pending, running or failed."""
    found = {}
    for key, waiting in pending.items():
        for edge in graph.edges[key]:
            if not waiting:
                break
            if held := outstanding.get(edge.up, NOTHING):
                waiting -= edge.mapping.downstream(held, spaces[edge.up], spaces[key])  # noqa: PLW2901
        if waiting:
            found[key] = waiting
    return found


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
