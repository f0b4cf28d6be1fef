from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.errors import SpaceMismatchError, UnknownPartitionError
from ipyassets.partitions.keys import MultiPartitionKey
from ipyassets.partitions.product_space import ProductSpace, SparseSpace
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

SIDES = {"b": SequenceSpace(["x", "y"]), "a": SequenceSpace(["p", "q", "r"]), "c": SequenceSpace(["1", "2"])}
SPACE = ProductSpace(SIDES)
KEYS = ["|".join(parts) for parts in product("pqr", "xy", "12")]


def test_keys_go_by_the_names_of_dimensions_the_first_varying_slowest():
    assert list(SPACE.keys()) == KEYS
    assert [SPACE.key(index) for index in range(len(SPACE))] == KEYS
    assert [dimension.name for dimension in SPACE.dimensions] == ["a", "b", "c"]


def test_every_key_leads_to_its_index():
    assert SPACE.indices([*KEYS, "p|x", "p|x|3", "nothing"]).tolist() == [*range(12), -1, -1, -1]
    assert [SPACE.index(key) for key in KEYS] == list(range(12))


def test_a_key_of_other_dimensions_is_unknown_even_if_its_text_fits():
    assert MultiPartitionKey({"a": "p", "b": "x", "c": "1"}) in SPACE
    assert MultiPartitionKey({"k": "p", "l": "x", "m": "1"}) not in SPACE


@given(st.sets(st.integers(0, 11)))
def test_some_keys_are_those_of_all(members):
    assert list(SPACE.keys(Spans.from_indices(sorted(members)))) == [KEYS[index] for index in sorted(members)]


@given(st.sets(st.integers(0, 2)), st.sets(st.integers(0, 1)), st.sets(st.integers(0, 1)))
def test_a_box_is_the_product_of_its_sides(first, second, third):
    box = SPACE.box([Spans.from_indices(sorted(side)) for side in (first, second, third)])
    assert set(SPACE.keys(box)) == {
        "|".join(parts)
        for parts in product(["pqr"[i] for i in first], ["xy"[i] for i in second], ["12"[i] for i in third])
    }


@given(st.sets(st.integers(0, 11)))
def test_a_projection_is_what_occurs_in_a_dimension(members):
    spans = Spans.from_indices(sorted(members))
    for place, name in enumerate("abc"):
        expected = {SIDES[name].index(KEYS[index].split("|")[place]) for index in members}
        assert set(SPACE.projected(name, spans)) == expected


def test_a_range_is_the_box_between_two_corners():
    assert list(SPACE.keys(SPACE.between("p|x|1", "q|x|2"))) == ["p|x|1", "p|x|2", "q|x|1", "q|x|2"]
    assert not SPACE.between("p|y|1", "q|x|2")
    assert list(SPACE.keys(SPACE.between("q|y|1", None))) == ["q|y|1", "q|y|2", "r|y|1", "r|y|2"]
    assert list(SPACE.keys(SPACE.between(None, "p|y|1"))) == ["p|x|1", "p|y|1"]
    assert list(SPACE.between(None, None)) == list(range(len(SPACE)))


def test_a_corner_that_is_no_key_is_refused():
    with pytest.raises(UnknownPartitionError):
        SPACE.between("p|x|1", "q|x|9")


def test_an_unknown_dimension_is_refused():
    with pytest.raises(SpaceMismatchError, match="no dimension 'd'"):
        SPACE.along("d", Spans.range(0, 1))


def test_a_dimension_without_keys_leaves_nothing():
    empty = ProductSpace({"a": SIDES["a"], "b": SequenceSpace([])})
    assert len(empty) == 0
    assert list(empty.keys()) == []
    assert empty.indices(["p|x"]).tolist() == [-1]


def test_equal_dimensions_make_equal_spaces():
    assert ProductSpace(dict(reversed(SIDES.items()))) == SPACE
    assert ProductSpace({"a": SIDES["a"], "b": SIDES["b"]}) != SPACE


def test_five_dimensions_are_as_good_as_two():
    space = ProductSpace(dict.fromkeys("vwxyz", SIDES["c"]))
    assert len(space) == 32
    assert space.indices(space.keys()).tolist() == list(range(32))


EVEN = SparseSpace(SPACE, np.arange(0, 12, 2))


def test_a_sparse_space_has_the_members_only():
    assert list(EVEN.keys()) == KEYS[::2]
    assert EVEN.indices(KEYS[:4]).tolist() == [0, -1, 1, -1]
    assert [EVEN.index_of(EVEN.key(index)) for index in range(6)] == list(range(6))


def test_a_sparse_range_is_what_exists_of_the_box():
    assert list(EVEN.keys(EVEN.between("p|x|1", "q|y|1"))) == ["p|x|1", "p|y|1", "q|x|1", "q|y|1"]
    assert list(EVEN.keys(EVEN.between("q|y|1", None))) == ["q|y|1", "r|y|1"]
    assert list(EVEN.keys(EVEN.along("a", Spans.range(1, 2)))) == ["q|x|1", "q|y|1"]


def test_spans_go_to_the_product_and_back():
    spans = Spans.of([(0, 2), (4, 5)])
    assert EVEN.within(EVEN.to_product(spans)) == spans
