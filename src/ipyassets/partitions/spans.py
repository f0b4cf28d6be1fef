"""Spans: an immutable set of integers held as ranges, the currency of every question about partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SHOWN = 6
_NONE: Indices = np.empty(0, dtype=np.int64)


class Spans:
    """A set of non-negative integers, kept as sorted half-open ranges that neither overlap nor touch.

    `bounds` is the flat int64 array `[start, stop, start, stop, ...]`, so that every set operation costs as much as
    there are ranges, whatever their lengths. Spans are values: no operation changes one; equal sets are equal and hash
    alike.

        >>> Spans.of([(0, 3), (2, 5), (8, 9)]).ranges()
        [(0, 5), (8, 9)]
    """

    __slots__ = ("_bounds",)

    def __init__(self, bounds: Indices) -> None:
        """`bounds` strictly increasing and of even length; use `of`, `range`, `from_indices`, `from_mask` otherwise."""
        self._bounds = bounds
        self._bounds.flags.writeable = False

    @classmethod
    def empty(cls) -> Spans:
        """The empty set."""
        return cls(_NONE)

    @classmethod
    def range(cls, start: int, stop: int) -> Spans:
        """The integers from `start` up to, not including, `stop`; empty where `stop <= start`."""
        return cls(np.array([start, stop], dtype=np.int64)) if start < stop else cls(_NONE)

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]] | Indices) -> Spans:
        """The union of half-open `ranges`, in any order, overlapping or empty."""
        pairs = np.asarray(ranges if isinstance(ranges, np.ndarray) else list(ranges), dtype=np.int64).reshape(-1, 2)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        if not len(pairs):
            return cls(_NONE)
        if (pairs[:-1, 0] > pairs[1:, 0]).any():
            pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        starts, reached = pairs[:, 0], np.maximum.accumulate(pairs[:, 1])
        opens = np.concatenate([[True], starts[1:] > reached[:-1]])
        closes = np.concatenate([opens[1:], [True]])
        return cls(_interleaved(starts[opens], reached[closes]))

    @classmethod
    def from_indices(cls, indices: Indices | Iterable[int]) -> Spans:
        """The set of `indices`, in any order, repeats allowed."""
        values = np.asarray(indices if isinstance(indices, np.ndarray) else list(indices), dtype=np.int64)
        if not len(values):
            return cls(_NONE)
        steps = np.diff(values)
        if (steps <= 0).any():
            values = _distinct(values)
            steps = np.diff(values)
        breaks = np.flatnonzero(steps != 1)
        starts = values[np.concatenate([[0], breaks + 1])]
        stops = values[np.concatenate([breaks, [len(values) - 1]])] + 1
        return cls(_interleaved(starts, stops))

    @classmethod
    def from_mask(cls, mask: Mask) -> Spans:
        """The positions at which `mask` is true."""
        return cls(np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0)).astype(np.int64))

    @property
    def bounds(self) -> Indices:
        """Starts and stops of the ranges, alternating; a read-only int64 array."""
        return self._bounds

    @property
    def first(self) -> int:
        """The smallest member; IndexError where there is none."""
        return int(self._bounds[0])

    @property
    def last(self) -> int:
        """The largest member; IndexError where there is none."""
        return int(self._bounds[-1]) - 1

    def ranges(self) -> list[tuple[int, int]]:
        """The maximal half-open ranges, ascending."""
        flat = self._bounds.tolist()
        return list(zip(flat[::2], flat[1::2], strict=True))

    def indices(self) -> Indices:
        """Every member, ascending, as an int64 array."""
        return ranges_to_indices(self._bounds[::2], self._bounds[1::2])

    def mask(self, length: int) -> Mask:
        """A boolean array of `length`, true at the members; members from `length` on are left out."""
        edges = np.zeros(length + 1, dtype=np.int8)
        np.add.at(edges, np.minimum(self._bounds[::2], length), 1)
        np.add.at(edges, np.minimum(self._bounds[1::2], length), -1)
        return np.cumsum(edges[:-1], dtype=np.int8).astype(np.bool_)

    def complement(self, length: int) -> Spans:
        """The integers from 0 up to `length` that are not members."""
        return Spans.range(0, length) - self

    def within(self, start: int, stop: int) -> Spans:
        """The members from `start` up to, not including, `stop`; quick however many ranges there are."""
        if start >= stop or not self:
            return Spans(_NONE)
        low, high = np.searchsorted(self._bounds, [start, stop], side="right")
        head = [start] if low & 1 else []
        tail = [stop] if high & 1 else []
        cut = np.concatenate([head, self._bounds[low:high], tail]).astype(np.int64)
        return Spans(cut[:-2] if len(cut) > 1 and cut[-1] == cut[-2] else cut)

    def isdisjoint(self, other: Spans) -> bool:
        """Whether no integer is in both."""
        return not (self & other)

    def issubset(self, other: Spans) -> bool:
        """Whether every member is also one of `other`."""
        return not (self - other)

    def __len__(self) -> int:
        return int((self._bounds[1::2] - self._bounds[::2]).sum())

    def __bool__(self) -> bool:
        return len(self._bounds) > 0

    def __contains__(self, index: object) -> bool:
        return isinstance(index, (int, np.integer)) and bool(np.searchsorted(self._bounds, index, side="right") & 1)

    def __iter__(self) -> Iterator[int]:
        for start, stop in self.ranges():
            yield from range(start, stop)

    def __eq__(self, other: object) -> bool:
        return np.array_equal(self._bounds, other._bounds) if isinstance(other, Spans) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._bounds.tobytes())

    def __or__(self, other: Spans) -> Spans:
        return _combine(self, other, np.logical_or) if self and other else (self or other)

    def __and__(self, other: Spans) -> Spans:
        few, many = (self, other) if len(self._bounds) <= len(other._bounds) else (other, self)
        if len(few._bounds) == 2:  # noqa: PLR2004 - one range
            return many.within(few.first, few.last + 1)
        return _combine(self, other, np.logical_and) if self and other else Spans(_NONE)

    def __sub__(self, other: Spans) -> Spans:
        return _combine(self, other, np.greater) if self and other else self

    def __xor__(self, other: Spans) -> Spans:
        return _combine(self, other, np.not_equal) if self and other else (self or other)

    def __repr__(self) -> str:
        ranges = self.ranges()
        shown = [f"{start}..{stop - 1}" if stop - start > 1 else f"{start}" for start, stop in ranges[:_SHOWN]]
        return f"Spans({', '.join(shown)}{', ...' if len(ranges) > _SHOWN else ''})"


def ranges_to_indices(starts: Indices, stops: Indices) -> Indices:
    """Concatenate `arange(start, stop)` of every pair, without a Python loop; empty pairs are allowed."""
    sizes = np.maximum(stops - starts, 0)
    total = int(sizes.sum())
    before = np.cumsum(sizes) - sizes
    return np.asarray(np.arange(total, dtype=np.int64) + np.repeat(starts - before, sizes), dtype=np.int64)


def _distinct(values: Indices) -> Indices:
    """The different values, ascending; at least one. `np.unique` hashes, which takes a hundred times as long here."""
    ascending = np.sort(values, kind="stable")
    first: Mask = np.concatenate([[True], ascending[1:] != ascending[:-1]])
    return np.asarray(ascending[first], dtype=np.int64)


def _interleaved(starts: Indices, stops: Indices) -> Indices:
    return np.column_stack([starts, stops]).ravel()


def _combine(left: Spans, right: Spans, keep: Callable[[Mask, Mask], Mask]) -> Spans:
    """Walk along the boundaries of both sides in order, and keep those at which the answer of `keep` changes."""
    points = np.concatenate([left.bounds, right.bounds])
    order = np.argsort(points, kind="stable")  # two sorted runs: merged in one pass
    points = points[order]
    of_left = order < len(left.bounds)
    in_left = (np.cumsum(of_left) & 1).astype(np.bool_)
    in_right = (np.cumsum(~of_left) & 1).astype(np.bool_)
    settled = np.append(points[1:] != points[:-1], True)  # where both sides have a boundary, after the second
    kept = keep(in_left, in_right)[settled]
    return Spans(points[settled][np.flatnonzero(np.diff(kept.astype(np.int8), prepend=0))])
