import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.partitions.relation import Relation, matching
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)
SOME = st.sets(st.integers(0, 9))


@given(PAIRS, SOME)
def test_a_relation_is_read_from_both_sides(pairs, chosen):
    rows, targets = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    relation = Relation(rows, targets)
    spans = Spans.from_indices(sorted(chosen))
    assert set(relation.targets_of(spans)) == {target for row, target in pairs if row in chosen}
    assert set(relation.rows_of(spans)) == {row for row, target in pairs if target in chosen}


def test_matching_keys_have_an_index_and_others_none():
    assert matching(SequenceSpace("abc"), SequenceSpace("ca")).tolist() == [1, -1, 0]
