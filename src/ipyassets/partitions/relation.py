"""Pairs of downstream and upstream partitions, for what cannot be said by arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np

from ipyassets.partitions.calendar_space import CalendarSpace
from ipyassets.partitions.product_space import ProductSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Indices, Spans, ranges_to_indices

Rule = TypeVar("Rule")


class Relation:
    """Which targets (upstream indices) belong to which rows (downstream indices)."""

    def __init__(self, rows: Indices, targets: Indices) -> None:
        order = np.argsort(rows, kind="stable")
        self._rows, self._targets = rows[order], targets[order]

    def targets_of(self, rows: Spans) -> Spans:
        """The targets of any of some rows."""
        bounds = np.searchsorted(self._rows, rows.bounds)
        return Spans.from_indices(self._targets[ranges_to_indices(bounds[::2], bounds[1::2])])

    def rows_of(self, targets: Spans) -> Spans:
        """The rows that have any of some targets."""
        hit = np.searchsorted(targets.bounds, self._targets, side="right") & 1 == 1
        return Spans.from_indices(self._rows[hit])


@lru_cache(maxsize=64)
def relation_of(
    rule: Rule,
    down: PartitionSpace,
    up: PartitionSpace,
    build: Callable[[Rule, PartitionSpace, PartitionSpace], Relation],
) -> Relation:
    """The relation of a rule between two spaces, built once."""
    return build(rule, down, up)


@lru_cache(maxsize=64)
def matching(source: PartitionSpace, target: PartitionSpace) -> Indices:
    """For every key of `source`, the index in `target` of the same key, -1 where it has none."""
    if isinstance(source, CalendarSpace) and isinstance(target, CalendarSpace) and len(source) and len(target):
        shift = target.shift_from(source)
        if shift is not None:
            moved = np.arange(len(source), dtype=np.int64) + shift
            return np.where((moved >= 0) & (moved < len(target)), moved, -1)
    if isinstance(source, ProductSpace) and isinstance(target, ProductSpace) and len(source.shape) == len(target.shape):
        found, known = np.zeros(len(source), dtype=np.int64), np.ones(len(source), dtype=np.bool_)
        axes = zip(source.coordinates(), source.dimensions, target.dimensions, target.strides, strict=True)
        for places, here, there, stride in axes:
            place = matching(here.space, there.space)[places]
            known &= place >= 0
            found += place * stride
        return np.where(known, found, -1)
    return target.indices(source.keys())
