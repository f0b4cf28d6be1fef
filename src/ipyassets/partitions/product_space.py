"""The space of several dimensions: every combination of their keys, or those that a filter keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from ipyassets.errors import SpaceMismatchError
from ipyassets.partitions.keys import SEPARATOR, MultiPartitionKey, TimeWindow
from ipyassets.partitions.space import Dimension, PartitionSpace, fingerprint_of
from ipyassets.partitions.spans import Indices, Spans


class ProductSpace(PartitionSpace):
    """All combinations of the keys of some dimensions, in the order of the dimensions' names, the first one outermost.

    The index of a combination is row-major over the indices in the dimensions. Nothing is listed to make one.
    """

    def __init__(self, dimensions: Mapping[str, PartitionSpace]) -> None:
        self._dimensions = tuple(Dimension(name, dimensions[name]) for name in sorted(dimensions))
        self._lengths = tuple(len(each.space) for each in self._dimensions)
        strides = [1]
        for length in reversed(self._lengths[1:]):
            strides.append(strides[-1] * length)
        self._strides = tuple(reversed(strides))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The axes, outermost first."""
        return self._dimensions

    @property
    def shape(self) -> tuple[int, ...]:
        """How many keys each dimension has, outermost first."""
        return self._lengths

    @property
    def strides(self) -> tuple[int, ...]:
        """By how much the index grows with the index in each dimension."""
        return self._strides

    def __len__(self) -> int:
        return int(np.prod(self._lengths, dtype=object))

    def key(self, index: int) -> MultiPartitionKey:
        """The key at `index`; IndexError outside."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        place, keys = index % len(self), {}
        for (name, space), stride in zip(self._dimensions, self._strides, strict=True):
            step, place = divmod(place, stride)
            keys[name] = space.key(step)
        return MultiPartitionKey(keys)

    def index_of(self, key: str) -> int:
        """The index of a key, joined text or MultiPartitionKey, or -1 where it is none."""
        parts = self._parts(key)
        found = 0
        for part, (_, space), stride in zip(parts, self._dimensions, self._strides, strict=False):
            place = space.index_of(part)
            if place < 0:
                return -1
            found += place * stride
        return found if len(parts) == len(self._dimensions) else -1

    def keys(self, spans: Spans | None = None) -> Sequence[MultiPartitionKey]:
        """The keys of `spans`, or all of them, in order."""
        names = tuple(each.name for each in self._dimensions)
        if spans is not None and not spans:
            return []
        columns = []
        for (_, space), coordinates in zip(self._dimensions, self.coordinates(spans), strict=True):
            used, inverse = np.unique(coordinates, return_inverse=True)
            table = np.array(space.keys(Spans.from_indices(used)), dtype=object)
            columns.append(table[inverse].tolist())
        return [MultiPartitionKey.of(names, parts) for parts in zip(*columns, strict=True)]

    def indices(self, keys: Sequence[str]) -> Indices:
        """The index of each of `keys`, -1 where it is none."""
        found = np.zeros(len(keys), dtype=np.int64)
        rows = [self._parts(key) for key in keys]
        known = np.fromiter((len(row) == len(self._dimensions) for row in rows), dtype=np.bool_, count=len(rows))
        nothing = ("",) * len(self._dimensions)
        columns = zip(*(row if fits else nothing for row, fits in zip(rows, known, strict=True)), strict=True)
        for column, (_, space), stride in zip(columns, self._dimensions, self._strides, strict=False):
            names = list(dict.fromkeys(column))
            place = dict(zip(names, space.indices(names).tolist(), strict=True))
            places = np.fromiter((place[name] for name in column), dtype=np.int64, count=len(column))
            known &= places >= 0
            found += places * stride
        return np.where(known, found, -1)

    def between(self, start: str | None, end: str | None) -> Spans:
        """The box between two corners, both included; UnknownPartitionError where one is no key."""
        corners = zip(self._corner(start), self._corner(end), self._dimensions, strict=True)
        return self.box([each.space.between(first, last) for first, last, each in corners])

    def window(self, index: int) -> TimeWindow | None:
        """The time that the partition at `index` covers, if exactly one of the dimensions is of time."""
        windows = [
            space.window(int(coordinate))
            for (_, space), coordinate in zip(self._dimensions, np.unravel_index(index, self._lengths), strict=True)
        ]
        timed = [window for window in windows if window is not None]
        return timed[0] if len(timed) == 1 else None

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the names and of the fingerprints of the dimensions."""
        described = [(each.name, each.space.fingerprint) for each in self._dimensions]
        return fingerprint_of("product", *(part for pair in described for part in pair))

    def coordinates(self, spans: Spans | None = None) -> tuple[Indices, ...]:
        """For every member of `spans`, or all, its index in each dimension."""
        flat = np.arange(len(self), dtype=np.int64) if spans is None else spans.indices()
        return tuple(flat // stride % length for stride, length in zip(self._strides, self._lengths, strict=True))

    def box(self, sides: Sequence[Spans]) -> Spans:
        """The combinations of some keys of each dimension."""
        found = Spans.range(0, 1)
        for side, length in zip(sides, self._lengths, strict=True):
            found = _crossed(found, side, length)
        return found

    def along(self, name: str, side: Spans) -> Spans:
        """The combinations whose key in the dimension `name` is in `side`."""
        sides = [Spans.range(0, length) for length in self._lengths]
        sides[self.axis(name)] = side
        return self.box(sides)

    def projected(self, name: str, spans: Spans) -> Spans:
        """The keys of the dimension `name` that occur in `spans`."""
        axis = self.axis(name)
        stride, length = self._strides[axis], self._lengths[axis]
        return _wrapped(_scaled_down(spans, stride), length)

    def axis(self, name: str) -> int:
        """The place of the dimension `name` among the dimensions; SpaceMismatchError where there is none."""
        names = [each.name for each in self._dimensions]
        if name not in names:
            raise SpaceMismatchError(f"there is no dimension {name!r} among {names}")
        return names.index(name)

    def _corner(self, key: str | None) -> Sequence[str | None]:
        """The key in each dimension, or no bound in any; UnknownPartitionError where it is no key."""
        if key is None:
            return [None] * len(self._dimensions)
        self.index(key)  # raises
        return self._parts(key)

    def _parts(self, key: str) -> Sequence[str]:
        """The key in each dimension; of another length, or empty, where the key names other dimensions than these."""
        if isinstance(key, MultiPartitionKey) and list(key.keys_by_dimension) != [
            each.name for each in self._dimensions
        ]:
            return ()
        return key.split(SEPARATOR)


def _crossed(outer: Spans, inner: Spans, length: int) -> Spans:
    """Every `o * length + i` of an `o` in `outer` and an `i` in `inner`."""
    if inner.ranges() == [(0, length)]:
        return Spans(outer.bounds * length)
    return Spans.of(np.add.outer(outer.indices() * length, inner.bounds))


def _scaled_down(spans: Spans, stride: int) -> Spans:
    """Every `i // stride` of an `i` in `spans`."""
    return Spans.of(np.column_stack([spans.bounds[::2] // stride, (spans.bounds[1::2] - 1) // stride + 1]))


def _wrapped(spans: Spans, length: int) -> Spans:
    """Every `i % length` of an `i` in `spans`."""
    starts, sizes = spans.bounds[::2] % max(length, 1), spans.bounds[1::2] - spans.bounds[::2]
    if (sizes >= length).any():
        return Spans.range(0, length)
    stops = starts + sizes
    within = np.column_stack([starts, np.minimum(stops, length)])
    beyond = np.column_stack([np.zeros_like(stops), stops - length])
    return Spans.of(np.concatenate([within, beyond]))


class SparseSpace(PartitionSpace):
    """Those combinations of a product that exist, numbered in the order of the product.

    `members` are the flat indices of the product that exist, ascending. It is drawn as one bar, not as a grid.
    """

    def __init__(self, product: ProductSpace, members: Indices) -> None:
        self.product = product
        self.members = members

    def __len__(self) -> int:
        return len(self.members)

    def key(self, index: int) -> MultiPartitionKey:
        """The key at `index`; IndexError outside."""
        return self.product.key(int(self.members[index]))

    def index_of(self, key: str) -> int:
        """The index of a key, or -1 where it is none or does not exist."""
        return int(self.from_product(np.array([self.product.index_of(key)]))[0])

    def keys(self, spans: Spans | None = None) -> Sequence[MultiPartitionKey]:
        """The keys of `spans`, or all of them, in order."""
        return self.product.keys(self.to_product(Spans.range(0, len(self)) if spans is None else spans))

    def indices(self, keys: Sequence[str]) -> Indices:
        """The index of each of `keys`, -1 where it is none or does not exist."""
        return self.from_product(self.product.indices(keys))

    def between(self, start: str | None, end: str | None) -> Spans:
        """Of the box between two corners, what exists."""
        return self.within(self.product.between(start, end))

    def window(self, index: int) -> TimeWindow | None:
        """The time that the partition at `index` covers, if exactly one of the dimensions is of time."""
        return self.product.window(int(self.members[index]))

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the product and of which members exist."""
        return fingerprint_of("sparse", self.product.fingerprint, Spans.from_indices(self.members).bounds.tolist())

    def to_product(self, spans: Spans) -> Spans:
        """The same combinations, by their flat index in the product."""
        return Spans.from_indices(self.members[spans.indices()])

    def from_product(self, flat: Indices) -> Indices:
        """The index here of combinations given by their flat index in the product, -1 for those that do not exist."""
        place = np.searchsorted(self.members, flat)
        found = self.members[np.minimum(place, len(self.members) - 1)] == flat if len(self.members) else False
        return np.where(found, place, -1)

    def along(self, name: str, side: Spans) -> Spans:
        """The combinations that exist whose key in the dimension `name` is in `side`."""
        return self.within(self.product.along(name, side))

    def within(self, flat: Spans) -> Spans:
        """The combinations that exist among some given by their flat index in the product."""
        return Spans.from_mask(flat.mask(len(self.product))[self.members])
