from __future__ import annotations

import pytest

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.events import State
from ipyassets.partitions import Spans

LETTERS = ia.StaticPartitionsDefinition(["a", "b", "c"])


@pytest.fixture
def two(tmp_path):
    """Two instances on one root, as two kernels have."""
    both = ia.Instance(tmp_path / "root"), ia.Instance(tmp_path / "root")
    yield both
    for instance in both:
        instance.close()


def test_an_input_that_another_run_makes_again_meanwhile_is_read_as_it_is_now(two):
    here, there = two
    maker = ["here"]

    @ia.asset(partitions_def=LETTERS, code_version="1")
    def source(context):
        return context.partition_key, maker[0]

    source_ = source  # the argument of that name is its value

    @ia.asset(partitions_def=LETTERS, code_version="1")
    def derived(context, source):
        if maker[0] == "here":
            maker[0] = "there"
            ia.materialize([source_], instance=there, partition_keys="all")
        return source

    result = ia.materialize([source, derived], instance=here, partition_keys="all")
    assert result.success
    assert [here.store.load(derived, key) for key in "abc"] == [("a", "here"), ("b", "there"), ("c", "there")]
    facts = here.facts(AssetGraph.of([source, derived]))
    assert facts.spans(derived.key, State.STALE) == Spans.range(0, 1)  # what was made before stays as it was
    assert facts.spans(derived.key, State.FRESH) == Spans.range(1, 3)
