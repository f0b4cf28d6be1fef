from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.partitions.spans import Spans, ranges_to_indices

SETS = st.sets(st.integers(0, 60))


def spans(members) -> Spans:
    return Spans.from_indices(sorted(members))


@given(SETS, SETS)
def test_operators_agree_with_python_sets(left, right):
    a, b = spans(left), spans(right)
    assert set(a | b) == left | right
    assert set(a & b) == left & right
    assert set(a - b) == left - right
    assert set(a ^ b) == left ^ right
    assert a.isdisjoint(b) == left.isdisjoint(right)
    assert a.issubset(b) == left.issubset(right)
    assert (a == b) == (left == right)


@given(SETS, st.integers(0, 61), st.integers(0, 61))
def test_a_cut_is_the_intersection_with_a_range(members, start, stop):
    assert set(spans(members).within(start, stop)) == {index for index in members if start <= index < stop}


@given(SETS)
def test_members_come_back_sorted_however_they_are_asked_for(members):
    made = spans(members)
    assert list(made) == made.indices().tolist() == sorted(members)
    assert len(made) == len(members)
    assert bool(made) == bool(members)
    assert [index in made for index in range(61)] == [index in members for index in range(61)]
    assert Spans.from_mask(made.mask(61)) == made
    assert set(made.complement(61)) == set(range(61)) - members


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))))
def test_ranges_may_overlap_touch_be_empty_and_come_in_any_order(ranges):
    assert set(Spans.of(ranges)) == {index for start, stop in ranges for index in range(start, stop)}


@given(SETS)
def test_ranges_are_maximal(members):
    ranges = spans(members).ranges()
    assert all(before[1] < after[0] for before, after in pairwise(ranges))


@given(SETS, SETS)
def test_equal_sets_hash_alike(left, right):
    assert hash(spans(left) | spans(right)) == hash(spans(left | right))


@given(st.lists(st.integers(0, 60)))
def test_indices_may_repeat_and_come_in_any_order(members):
    assert set(Spans.from_indices(members)) == set(members)


def test_first_and_last_are_the_ends():
    made = Spans.of([(8, 9), (2, 5)])
    assert (made.first, made.last) == (2, 8)


def test_a_mask_may_be_shorter_than_the_members():
    assert Spans.of([(1, 3), (5, 9)]).mask(6).tolist() == [False, True, True, False, False, True]


def test_bounds_cannot_be_changed():
    assert not Spans.range(1, 3).bounds.flags.writeable


def test_a_text_shows_ranges():
    assert repr(Spans.of([(0, 3), (8, 9)])) == "Spans(0..2, 8)"


def test_ranges_are_laid_out_one_after_another():
    assert ranges_to_indices(np.array([5, 2, 9]), np.array([7, 2, 10])).tolist() == [5, 6, 9]
