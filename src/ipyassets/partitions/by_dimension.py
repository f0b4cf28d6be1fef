"""Mappings that go dimension by dimension, where a side has several."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from ipyassets.partitions.boxes import boxes
from ipyassets.partitions.keys import MultiPartitionKey
from ipyassets.partitions.mapping import Mapped, PartitionMapping
from ipyassets.partitions.product_space import ProductSpace, SparseSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans


class DimensionDependency(NamedTuple):
    """One dimension that reads another; "" is the only dimension of a side without names."""

    down: str
    up: str
    mapping: PartitionMapping


class ByDimensionMapping(PartitionMapping):
    """One mapping for each of some pairs of dimensions; a dimension in no pair reads, or is read by, all."""

    __slots__ = ()

    @abstractmethod
    def dependencies(self, down: PartitionSpace, up: PartitionSpace) -> Sequence[DimensionDependency]:
        """Which dimension reads which, between two spaces."""

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """Every combination of what the dimensions read."""
        here, there = product_of(down), product_of(up)
        pairs = [(here.axis(each.down), there.axis(each.up), each.mapping) for each in self.dependencies(down, up)]
        found: list[Spans] = []
        missing: list[str] = []
        for box in boxes(here, _flat(down, spans)):
            sides = {
                b: mapping.upstream(box[a], here.dimensions[a].space, there.dimensions[b].space)
                for a, b, mapping in pairs
            }
            found.append(
                there.box(
                    [
                        sides[axis].spans if axis in sides else _all(each.space)
                        for axis, each in enumerate(there.dimensions)
                    ]
                )
            )
            if any(side.missing for side in sides.values()):
                missing += _missing(there, sides)
        return Mapped(_existing(up, _union(found)), tuple(dict.fromkeys(missing)))

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """Every combination of what reads the dimensions."""
        here, there = product_of(down), product_of(up)
        pairs = [(here.axis(each.down), there.axis(each.up), each.mapping) for each in self.dependencies(down, up)]
        found = []
        for box in boxes(there, _flat(up, spans)):
            sides = {
                a: mapping.downstream(box[b], there.dimensions[b].space, here.dimensions[a].space)
                for a, b, mapping in pairs
            }
            found.append(here.box([sides.get(axis, _all(each.space)) for axis, each in enumerate(here.dimensions)]))
        return _existing(down, _union(found))

    def lacking(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Spans:
        """Those of which a dimension calls for what does not exist, while the others read something."""
        here, there = product_of(down), product_of(up)
        mine, theirs = dict(here.dimensions), dict(there.dimensions)
        found, asking = Spans.empty(), _flat(down, spans)
        for side, read, mapping in self.dependencies(down, up):
            space, other = mine[side], theirs.pop(read)
            lost = mapping.lacking(_all(space), space, other)
            found |= here.along(side, lost)
            asking &= here.along(side, lost | mapping.downstream(_all(other), other, space))
        return _existing(down, found & asking) if all(map(len, theirs.values())) else Spans.empty()


def _missing(there: ProductSpace, sides: Mapping[int, Mapped]) -> Iterator[str]:
    """The combinations called for of which a part does not exist."""
    known, wanted = [], []
    for axis, (_, space) in enumerate(there.dimensions):
        spans, missing = sides.get(axis, Mapped(_all(space)))
        known.append(set(space.keys(spans)))
        wanted.append([*space.keys(spans), *missing])
    if len(wanted) == 1:
        yield from sides[0].missing
        return
    names = tuple(each.name for each in there.dimensions)
    for parts in product(*wanted):
        if any(part not in each for part, each in zip(parts, known, strict=True)):
            yield MultiPartitionKey.of(names, parts)


def product_of(space: PartitionSpace) -> ProductSpace:
    """A space as one of dimensions: a plain one has a single dimension "", a sparse one is in a whole one."""
    if isinstance(space, SparseSpace):
        return space.product
    return space if isinstance(space, ProductSpace) else ProductSpace({"": space})


def _flat(space: PartitionSpace, spans: Spans) -> Spans:
    return space.to_product(spans) if isinstance(space, SparseSpace) else spans


def _existing(space: PartitionSpace, flat: Spans) -> Spans:
    return space.within(flat) if isinstance(space, SparseSpace) else flat


def _all(space: PartitionSpace) -> Spans:
    return Spans.range(0, len(space))


def _union(found: Sequence[Spans]) -> Spans:
    return Spans.of(np.concatenate([each.bounds for each in found]).reshape(-1, 2)) if found else Spans.empty()
