"""Sets of combinations cut into boxes: what is true of each dimension by itself is then true of the whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ipyassets.partitions.product_space import ProductSpace
from ipyassets.partitions.spans import Spans

Box = tuple[Spans, ...]


def boxes(space: ProductSpace, spans: Spans) -> Iterator[Box]:
    """Cut a set of combinations into disjoint boxes, each a set of keys for every dimension; few, if in a pattern."""
    if not spans:
        return
    sides = tuple(space.projected(each.name, spans) for each in space.dimensions)
    if int(np.prod([len(side) for side in sides], dtype=object)) == len(spans):
        yield sides
        return
    axis = next(place for place, stride in enumerate(space.strides) if len(sides[place]) > 1)
    stride = space.strides[axis]
    outer = [Spans.range(side.first, side.first + 1) for side in sides[:axis]]
    base = sum(side.first * step for side, step in zip(sides[:axis], space.strides[:axis], strict=True))
    alike: dict[Spans, list[int]] = {}
    for place in sides[axis]:
        low = base + place * stride
        rest = Spans((spans & Spans.range(low, low + stride)).bounds - low)
        alike.setdefault(rest, []).append(place)
    inner = ProductSpace(dict(space.dimensions[axis + 1 :]))
    for rest, places in alike.items():
        for box in boxes(inner, rest):
            yield (*outer, Spans.from_indices(places), *box)
