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
    # slices along the shortest side: those that are alike make one box
    axis = min((place for place, side in enumerate(sides) if len(side) > 1), key=lambda place: len(sides[place]))
    alike: dict[Spans, list[int]] = {}
    for place, rest in _slices(space, spans, axis):
        alike.setdefault(rest, []).append(place)
    others = ProductSpace(dict(each for place, each in enumerate(space.dimensions) if place != axis))
    for rest, places in alike.items():
        for box in boxes(others, rest):
            yield (*box[:axis], Spans.from_indices(places), *box[axis:])


def _slices(space: ProductSpace, spans: Spans, axis: int) -> Iterator[tuple[int, Spans]]:
    """For each index that occurs in the dimension `axis`, the combinations of the other dimensions."""
    stride, length = space.strides[axis], space.shape[axis]
    if axis == 0:
        for place in space.projected(space.dimensions[0].name, spans):
            low = place * stride
            yield place, Spans(spans.within(low, low + stride).bounds - low)
        return
    members = spans.indices()
    outer, within = np.divmod(members, stride * length)
    places, inner = np.divmod(within, stride)
    order = np.argsort(places, kind="stable")
    rest = (outer * stride + inner)[order]
    found, starts = np.unique(places[order], return_index=True)
    for place, indices in zip(found.tolist(), np.split(rest, starts[1:]), strict=True):
        yield place, Spans.from_indices(indices)
