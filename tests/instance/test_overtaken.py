from __future__ import annotations

import time

import pytest

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.neighbours import FOLLOW_SECONDS
from ipyassets.events import State
from ipyassets.instance.upkeep import upkeep

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
    derived_now = here.facts(AssetGraph.of([source_, derived])).states(derived.key).tolist()
    assert derived_now == [State.STALE, State.FRESH, State.FRESH]


def test_an_input_that_is_wiped_during_a_run_is_a_gap_for_those_that_read_it_later(two):
    here, there = two

    @ia.asset(partitions_def=LETTERS, code_version="1")
    def source(context):
        return context.partition_key

    source_ = source
    every = ia.AssetIn(partition_mapping=ia.AllPartitionMapping(), metadata={"allow_missing_partitions": True})

    @ia.asset(partitions_def=LETTERS, code_version="1", ins={"source": every})
    def derived(context, source):
        if context.partition_key == "a":
            upkeep(there, AssetGraph.of([source_])).wipe(source_.key, ["c"])
            time.sleep(FOLLOW_SECONDS)
        return list(source)

    ia.materialize([source], instance=here, partition_keys="all")
    result = ia.materialize(
        [source, derived], selection=[derived], instance=here, partition_keys="all", upstream="none"
    )
    assert result.success
    assert [here.store.load(derived, key) for key in "abc"] == [["a", "b", "c"], ["a", "b"], ["a", "b"]]
    records = [here.event_log.last(derived.key, key)[1] for key in "abc"]
    assert [use.count for record in records for use in record.inputs] == [3, 2, 2]
    derived_now = here.facts(AssetGraph.of([source_, derived])).states(derived.key).tolist()
    assert derived_now == [State.STALE, State.FRESH, State.FRESH]
