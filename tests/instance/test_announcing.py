from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets import Instance, MultiPartitionsDefinition, StaticPartitionsDefinition, asset, materialize
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Activity
from ipyassets.events import State
from ipyassets.instance import announcing
from ipyassets.instance.announcing import MOST, at_work, heard
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import LiveRun

LONG = 30.0
A = AssetKey("a")
LETTERS = StaticPartitionsDefinition([*"abcdef"])

# --------------------------------------------------------------------------------------------- in words and back again


def told(space, activity):
    return LiveRun("0", {A: at_work(space, activity)}, 0, 0, 0, "")


parts = st.sets(st.integers(0, 39)).map(Spans.from_indices)


@given(parts, parts)
def test_what_is_told_is_heard_in_the_same_space(running, queued):
    space = SequenceSpace([str(number) for number in range(40)])
    activity = Activity(running, queued - running)
    assert heard(told(space, activity), A, space) == activity


@given(parts, parts, st.sets(st.integers(0, 39), min_size=1))
def test_where_keys_are_lacking_the_same_ones_are_running_and_none_are_made_up(running, queued, left):
    here, there = (SequenceSpace([str(number) for number in numbers]) for numbers in (range(40), sorted(left)))
    found = heard(told(here, Activity(running, queued)), A, there)
    assert set(there.keys(found.running)) == set(here.keys(running)) & set(there.keys())
    assert set(there.keys(found.queued)) <= set(here.keys(queued))


def test_what_grows_between_the_ends_of_a_range_is_taken_for_a_part_of_it():
    before, after = (SequenceSpace([*letters]) for letters in ("ace", "abcdef"))
    found = heard(told(before, Activity(queued=Spans.range(0, 3))), A, after)
    assert after.keys(found.queued) == [*"abcde"]


def test_of_very_many_partitions_a_part_is_told():
    space = SequenceSpace([str(number) for number in range(10 * MOST)])
    scattered = Spans.of((start, start + 1) for start in range(0, 10 * MOST, 2))
    assert len(at_work(space, Activity(queued=scattered)).queued) == MOST
    batch = heard(told(space, Activity(running=Spans.range(0, 10 * MOST))), A, space)
    assert batch.running | batch.queued == Spans.range(0, 10 * MOST)
    assert len(batch.running) == MOST


def test_how_far_partitions_have_come_is_told_of_those_that_are_told_of_as_running():
    space = SequenceSpace([str(number) for number in range(2 * MOST)])
    fractions = {"0": 0.25, str(MOST): 0.5, "gone": 0.75}
    assert at_work(space, Activity(Spans.range(0, 2 * MOST)), fractions).fractions == {"0": 0.25}


def test_an_asset_that_a_run_does_not_make_is_idle():
    space = SequenceSpace(["x"])
    assert heard(told(space, Activity()), AssetKey("b"), space) == Activity()


# -------------------------------------------------------------------------------------------- two instances on one root


@pytest.fixture
def two(tmp_path):
    """Two instances on one root, as two kernels have."""
    both = Instance(tmp_path), Instance(tmp_path)
    yield both
    for instance in both:
        instance.close()


class Stop:
    """A body of many partitions that stops at one, until it is let go."""

    def __init__(self, key, definition=LETTERS):
        self.at, self.go_on = threading.Event(), threading.Event()

        @asset(partitions_def=definition)
        def stopping(context):
            if context.partition_key == key:
                self.at.set()
                assert self.go_on.wait(LONG)

        self.asset = stopping
        self.graph = AssetGraph.of([stopping])

    def start(self, instance):
        everything = Spans.range(0, len(instance.facts(self.graph).space(self.asset.key)))
        run = instance.start(instance.plan(self.graph, {self.asset.key: everything}))
        assert self.at.wait(LONG)
        return run

    def counts(self, instance):
        return {str(state): count for state, count in instance.facts(self.graph).counts(self.asset.key).items()}


def until(holds):
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_another_instance_is_making_is_running_and_queued_here(two):
    here, there = two
    stop = Stop("b")
    run = stop.start(there)
    until(lambda: stop.counts(here) == {"running": 1, "queued": 4, "fresh": 1})
    until(lambda: [other.done for other in here.elsewhere] == [1])
    (other,) = here.elsewhere
    assert (other.run_id, other.total, other.text.partition(",")[0]) == (run.run_id, 6, "1 of 6")
    assert there.elsewhere == ()
    stop.go_on.set()
    assert run.wait(LONG).success
    until(lambda: not here.elsewhere)
    assert stop.counts(here) == {"fresh": 6}


def test_a_run_behind_another_is_told_of_too(two):
    here, there = two
    first, second = Stop("a"), asset(name="second", partitions_def=LETTERS)(lambda: 1)
    run = first.start(there)
    graph = AssetGraph.of([second])
    behind = there.start(there.plan(graph, {second.key: Spans.range(0, 6)}))
    assert behind.progress.text == "0 of 6, waits for an earlier run"
    until(lambda: here.facts(graph).counts(second.key) == {State.QUEUED: 6})
    assert {other.text for other in here.elsewhere} >= {"0 of 6, waits for an earlier run"}
    first.go_on.set()
    assert run.wait(LONG).success
    assert behind.wait(LONG).success
    assert behind.progress.waits_for == ""


def test_the_first_of_several_runs_waits_for_nobody(two):
    here, _ = two
    stop = Stop("a")
    run = stop.start(here)
    assert run.progress.waits_for == ""
    stop.go_on.set()
    assert run.wait(LONG).success


def test_subscribers_hear_what_begins_and_ends_elsewhere(two):
    here, there = two
    heard_of: list[frozenset[AssetKey]] = []
    here.subscribe(heard_of.append)
    stop = Stop("a")
    run = stop.start(there)
    until(lambda: heard_of)
    until(lambda: stop.counts(here).get("running") == 1)
    before = len(heard_of)
    stop.go_on.set()
    assert run.wait(LONG).success
    until(lambda: len(heard_of) > before and not here.elsewhere and stop.counts(here) == {"fresh": 6})
    assert set(heard_of) == {frozenset([stop.asset.key])}


def test_a_run_is_cancelled_from_elsewhere(two):
    here, there = two
    stop = Stop("b")
    run = stop.start(there)
    until(lambda: here.elsewhere)
    here.elsewhere[0].cancel()
    until(lambda: run.cancelled)
    stop.go_on.set()
    assert run.wait(LONG).progress.cancelled == 4
    until(lambda: stop.counts(here) == {"fresh": 2, "cancelled": 4})


def test_a_run_waits_for_the_one_that_makes_the_same_and_says_so(two):
    here, there = two
    stop = Stop("a", StaticPartitionsDefinition(["a"]))
    run = stop.start(there)
    waiting = here.start(here.plan(stop.graph, {stop.asset.key: Spans.range(0, 1)}))
    until(lambda: waiting.progress.text == "0 of 1, waits for another run")
    stop.go_on.set()
    assert run.wait(LONG).success
    assert waiting.wait(LONG).success
    assert waiting.progress.text.startswith("1 materialized in")


def test_several_dimensions_are_told_by_their_keys(two):
    here, there = two
    grid = MultiPartitionsDefinition({"day": StaticPartitionsDefinition(["1", "2"]), "city": LETTERS})
    stop = Stop("b|1", grid)
    run = stop.start(there)
    until(lambda: stop.counts(here) == {"running": 1, "queued": 9, "fresh": 2})
    stop.go_on.set()
    assert run.wait(LONG).success


def test_a_short_run_and_one_in_memory_write_no_notice(two, tmp_path, monkeypatch):
    here, _ = two
    short = asset(partitions_def=LETTERS)(lambda: 1)
    with monkeypatch.context() as patched:
        patched.setattr(announcing, "FIRST_SECONDS", LONG)  # short it is, however slow the machine
        materialize([short], partition_keys="all", instance=here)
    memory, stop = Instance.ephemeral(), Stop("a")
    run = stop.start(memory)
    time.sleep(0.6)
    stop.go_on.set()
    assert run.wait(LONG).success
    assert memory.elsewhere == ()
    memory.close()
    assert not (tmp_path / "runs").exists()


# -------------------------------------------------------------------------------------------------------- two processes


HOLDING = r"""
import os, sys, time
from ipyassets import Instance, StaticPartitionsDefinition, asset, materialize

@asset(name="stopping", partitions_def=StaticPartitionsDefinition([*"abcdef"]), code_version="1")
def stopping(context):
    if context.partition_key == "b":
        os.write(1, b"at b\n")
        while not context.cancelled:
            time.sleep(0.01)

materialize([stopping], partition_keys="all", instance=Instance(sys.argv[1]))
"""


@pytest.fixture
def holding(tmp_path):
    """Another process that is making the second of six partitions, until its run is cancelled."""
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at b\n"
        yield process
        process.kill()


def test_a_run_of_a_killed_process_leaves_nothing_running_and_the_rest_can_be_made(two, holding):
    here, _ = two
    made = asset(name="stopping", partitions_def=LETTERS, code_version="1")(lambda: "here")
    graph = AssetGraph.of([made])
    until(lambda: here.facts(graph).counts(made.key) == {State.RUNNING: 1, State.QUEUED: 4, State.FRESH: 1})
    holding.send_signal(signal.SIGKILL)
    holding.wait()
    assert here.facts(graph).counts(made.key) == {State.FRESH: 1, State.MISSING: 5}
    assert here.elsewhere == ()
    assert materialize([made], partition_keys="missing", instance=here).progress.materialized == 5


def test_a_run_of_another_process_is_cancelled_between_two_partitions(two, holding):
    here, _ = two
    made = asset(name="stopping", partitions_def=LETTERS, code_version="1")(lambda: "here")
    until(lambda: here.elsewhere)
    here.elsewhere[0].cancel()
    holding.wait(LONG)
    counts = here.facts(AssetGraph.of([made])).counts(made.key)
    assert counts == {State.FRESH: 2, State.CANCELLED: 4}
