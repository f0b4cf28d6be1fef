from hypothesis import given
from hypothesis import strategies as st

from ipyassets.partitions.boxes import boxes
from ipyassets.partitions.product_space import ProductSpace
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

SPACE = ProductSpace({"a": SequenceSpace("pqr"), "b": SequenceSpace("wxyz"), "c": SequenceSpace("12")})


@given(st.sets(st.integers(0, 23)))
def test_boxes_are_disjoint_and_together_the_set(members):
    found = [index for box in boxes(SPACE, Spans.from_indices(sorted(members))) for index in SPACE.box(box)]
    assert sorted(found) == sorted(members)


@given(st.sets(st.integers(0, 2)), st.sets(st.integers(0, 3)), st.sets(st.integers(0, 1)))
def test_a_box_stays_one(first, second, third):
    sides = tuple(Spans.from_indices(sorted(side)) for side in (first, second, third))
    assert list(boxes(SPACE, SPACE.box(sides))) == ([sides] if all(sides) else [])
