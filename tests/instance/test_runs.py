from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref

import pytest

from ipyassets import (
    BackfillPolicy,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    FilesystemIOManager,
    Instance,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    materialize,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.run import Run
from ipyassets.errors import InvalidInvocationError, NoInstanceError
from ipyassets.events import State
from ipyassets.partitions.spans import Spans
from ipyassets.storage import placing

LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])
ALL = Spans.range(0, 4)


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path / "root", durability="fast")
    yield instance
    instance.close()


class Gate:
    """Lets bodies pass one at a time."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.passes = threading.Semaphore(0)

    def wait(self):
        self.entered.release()
        assert self.passes.acquire(timeout=20)

    def until_entered(self):
        assert self.entered.acquire(timeout=20)


def gated(gate, name="gated"):
    @asset(name=name, partitions_def=LETTERS)
    def body(context):
        gate.wait()
        return context.partition_key

    return body


def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def counts(instance, graph, made):
    return {str(state): count for state, count in instance.facts(graph).counts(made.key).items()}


def test_a_started_run_goes_on_by_itself_and_its_states_can_be_seen(instance):
    gate = Gate()
    made = gated(gate)
    graph = AssetGraph.of([made])
    run = instance.start(instance.plan(graph, {made.key: ALL}))
    gate.until_entered()
    assert counts(instance, graph, made) == {"running": 1, "queued": 3}
    gate.passes.release(4)
    assert run.wait(20).success
    assert counts(instance, graph, made) == {"fresh": 4}


def test_a_run_that_waits_for_another_counts_as_queued_and_starts_after_it(instance):
    first, second = Gate(), Gate()
    one, two = gated(first, "one"), gated(second, "two")
    graph = AssetGraph.of([one, two])
    runs = [instance.start(instance.plan(graph, {made.key: ALL})) for made in (one, two)]
    first.until_entered()
    assert counts(instance, graph, two) == {"queued": 4}
    second.passes.release(4)
    assert not runs[1].done
    first.passes.release(4)
    assert all(run.wait(20).success for run in runs)


def test_a_run_finds_what_an_earlier_one_has_stored(instance):
    calls = []

    @asset
    def source():
        calls.append(1)
        return len(calls)

    @asset
    def reader(source):
        return source

    graph = AssetGraph.of([source, reader])
    gate = Gate()
    blocker = gated(gate)
    instance.start(instance.plan(AssetGraph.of([blocker]), {blocker.key: Spans.range(0, 1)}))
    both = [instance.start(instance.plan(graph, {key: Spans.range(0, 1)})) for key in (source.key, reader.key)]
    gate.passes.release()
    assert [run.wait(20).progress.materialized for run in both] == [1, 1]
    assert counts(instance, graph, reader) == {"fresh": 1}


def test_cancel_lets_the_running_body_end_and_starts_no_other(instance):
    gate = Gate()
    made = gated(gate)
    graph = AssetGraph.of([made])
    run = instance.start(instance.plan(graph, {made.key: ALL}))
    gate.until_entered()
    run.cancel()
    gate.passes.release(4)
    result = run.wait(20)
    assert (result.progress.materialized, result.progress.cancelled) == (1, 3)
    assert counts(instance, graph, made) == {"fresh": 1, "cancelled": 3}


def test_what_a_cancelled_run_left_out_is_among_the_missing_that_can_be_asked_for(instance):
    gate = Gate()
    made = gated(gate)
    graph = AssetGraph.of([made])
    run = instance.start(instance.plan(graph, {made.key: Spans.range(0, 3)}))
    gate.until_entered()
    run.cancel()
    gate.passes.release(3)
    run.wait(20)
    assert instance.facts(graph).named(made.key)["missing"] == Spans.range(1, 4)


def test_a_body_can_see_that_its_run_is_cancelled(instance):
    entered = threading.Event()

    @asset
    def patient(context):
        entered.set()
        deadline = time.monotonic() + 20
        while not context.cancelled and time.monotonic() < deadline:
            time.sleep(0.005)
        return context.cancelled

    graph = AssetGraph.of([patient])
    run = instance.start(instance.plan(graph, {patient.key: Spans.range(0, 1)}))
    assert entered.wait(20)
    run.cancel()
    run.wait(20)
    assert instance.store.load(patient, None) is True


def test_progress_of_a_body_is_told_while_it_runs(instance):
    gate = Gate()

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def slow(context):
        context.progress(0.254)
        gate.wait()

    graph = AssetGraph.of([slow])
    run = instance.start(instance.plan(graph, {slow.key: Spans.range(0, 2)}))
    gate.until_entered()
    assert run.fractions(slow.key) == {"a": 0.25}
    gate.passes.release()
    gate.until_entered()
    assert run.fractions(slow.key) == {"b": 0.25}
    gate.passes.release()
    run.wait(20)
    assert run.fractions(slow.key) == {}


def test_progress_of_a_body_that_makes_several_partitions_is_that_of_each(instance):
    gate = Gate()

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]), backfill_policy=BackfillPolicy.single_run())
    def slow(context):
        context.progress(0.5)
        gate.wait()
        return dict.fromkeys(context.partition_keys)

    graph = AssetGraph.of([slow])
    run = instance.start(instance.plan(graph, {slow.key: Spans.range(0, 2)}))
    gate.until_entered()
    assert run.fractions(slow.key) == {"a": 0.5, "b": 0.5}
    gate.passes.release()
    run.wait(20)


def test_progress_that_is_no_news_is_not_told_again(instance):
    heard: list[frozenset[AssetKey]] = []

    @asset
    def slow(context):
        end = instance.subscribe(heard.append)
        for _ in range(1000):
            context.progress(0.5)
        end()

    graph = AssetGraph.of([slow])
    instance.run(instance.plan(graph, {slow.key: Spans.range(0, 1)}))
    assert heard == [frozenset([slow.key])]


def test_subscribers_hear_of_the_assets_that_may_have_changed_and_of_those_behind_them(instance):
    @asset
    def source():
        return 1

    @asset
    def reader(source):
        return source

    heard: list[frozenset[AssetKey]] = []
    end = instance.subscribe(heard.append)
    graph = AssetGraph.of([source, reader])
    instance.run(instance.plan(graph, {source.key: Spans.range(0, 1)}))
    assert {source.key, reader.key} in heard
    end()
    heard.clear()
    instance.run(instance.plan(graph, {source.key: Spans.range(0, 1)}))
    assert heard == []


def test_a_run_keeps_the_graph_it_started_with(instance):
    gate = Gate()

    @asset(partitions_def=LETTERS)
    def source():
        gate.wait()
        return "old"

    @asset(partitions_def=LETTERS)
    def reader(source):
        return source + "!"

    graph = AssetGraph.of([source, reader])
    run = instance.start(instance.plan(graph, {reader.key: Spans.range(0, 1)}))
    gate.until_entered()
    edited = AssetGraph.of([asset(name="source", partitions_def=LETTERS)(lambda: "new"), reader])
    gate.passes.release()
    assert run.wait(20).success
    assert instance.store.load(reader, "a") == "old!"
    assert instance.facts(edited).counts(reader.key)[State.STALE] == 1


def test_two_runs_never_make_the_same_partition_at_the_same_time(instance):
    inside, met = [], []

    @asset(partitions_def=LETTERS)
    def shared(context):
        met.append(context.partition_key in inside)
        inside.append(context.partition_key)
        time.sleep(0.02)
        inside.remove(context.partition_key)
        return 1

    graph = AssetGraph.of([shared])
    run = instance.start(instance.plan(graph, {shared.key: ALL}))
    instance.run(instance.plan(graph, {shared.key: ALL}))
    assert run.wait(20).success
    assert len(met) >= len(LETTERS.get_partition_keys())
    assert not any(met)


def test_what_another_run_has_made_meanwhile_is_not_made_again_for_those_that_read_it(instance):
    gate, calls = Gate(), []

    @asset
    def source():
        calls.append(1)
        gate.wait()
        return len(calls)

    @asset
    def reader(source):
        return source

    graph = AssetGraph.of([source, reader])
    run = instance.start(instance.plan(graph, {source.key: Spans.range(0, 1)}))
    gate.until_entered()
    plan = instance.plan(graph, {reader.key: Spans.range(0, 1)})
    assert plan.pulled
    threading.Timer(0.3, gate.passes.release).start()
    result = instance.run(plan)
    assert run.wait(20).success
    assert result.progress.materialized == 1
    assert len(calls) == 1
    assert counts(instance, graph, reader) == {"fresh": 1}


def test_an_error_of_the_store_ends_the_run_and_is_kept(instance):
    @asset
    def one():
        return 1

    graph = AssetGraph.of([one])
    plan = instance.plan(graph, {one.key: Spans.range(0, 1)})

    def full(_events, **_):
        raise OSError("disk full")

    instance.event_log.append = full
    with pytest.raises(OSError, match="disk full"):
        instance.run(plan)
    run = instance.start(plan)
    run.wait(20)
    assert isinstance(run.error, OSError)
    del instance.event_log.append
    assert counts(instance, graph, one) == {"missing": 1}


def test_an_interrupt_in_a_started_run_ends_that_run_alone(instance):
    @asset
    def stopping():
        raise KeyboardInterrupt

    @asset
    def one():
        return 1

    graph = AssetGraph.of([stopping, one])
    runs = [instance.start(instance.plan(graph, {key: Spans.range(0, 1)})) for key in (stopping.key, one.key)]
    assert runs[1].wait(20).success
    assert isinstance(runs[0].error, KeyboardInterrupt)
    assert counts(instance, graph, stopping) == {"cancelled": 1}


DYING = """
import os, sys, threading, time
from ipyassets import Instance, StaticPartitionsDefinition, asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.partitions.spans import Spans

@asset(partitions_def=StaticPartitionsDefinition(["a", "b", "c", "d"]))
def gated(context):
    if context.partition_key == "c":
        os.write(1, b"at c" + os.linesep.encode())
        time.sleep(60)
    return context.partition_key

instance = Instance(sys.argv[1])
graph = AssetGraph.of([gated])
instance.start(instance.plan(graph, {gated.key: Spans.range(0, 4)})).wait()
"""


def test_a_run_that_dies_with_its_process_leaves_nothing_running(tmp_path):
    instance = Instance(tmp_path)
    made = asset(name="gated", partitions_def=LETTERS, code_version="1")(lambda: "again")
    with subprocess.Popen([sys.executable, "-c", DYING, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at c\n"
        until(lambda: set(instance.event_log.records(made.key).keys) == {"a", "b"})
        process.kill()
    states = instance.facts(AssetGraph.of([made])).counts(made.key)
    assert states == {State.STALE: 2, State.MISSING: 2}
    assert materialize([made], partition_keys="all", instance=instance).success
    instance.close()


def test_an_interrupt_of_a_run_of_very_many_does_not_wait_until_each_is_marked(instance):
    many = StaticPartitionsDefinition([str(number) for number in range(20_000)])

    @asset(partitions_def=many)
    def interrupted(context):
        if context.partition_key == "3":
            raise KeyboardInterrupt
        return 1

    with pytest.raises(KeyboardInterrupt):
        materialize([interrupted], partition_keys="all", instance=instance)
    found = counts(instance, AssetGraph.of([interrupted]), interrupted)
    assert found["fresh"] == 3
    assert 1000 < found["cancelled"] < 10_000
    assert found["missing"] == 20_000 - 3 - found["cancelled"]


def interrupt(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_what_waits_for_an_interrupted_partition_is_cancelled_with_it(instance, monkeypatch):
    # however slow the machine, b comes before what reads a
    monkeypatch.setattr("ipyassets.engine.frontier.REFILL_SECONDS", 60)

    @asset(partitions_def=LETTERS)
    def source(context):
        if context.partition_key == "b":
            interrupt()
        return 1

    @asset(partitions_def=LETTERS)
    def reader(source):
        return source

    with pytest.raises(KeyboardInterrupt):
        materialize([source, reader], partition_keys="all", instance=instance)
    graph = AssetGraph.of([source, reader])
    assert counts(instance, graph, source) == {"fresh": 1, "cancelled": 3}
    assert counts(instance, graph, reader) == {"cancelled": 4}


def test_an_interrupt_that_a_body_keeps_to_itself_stores_nothing_and_ends_the_run(instance):
    @asset(partitions_def=LETTERS)
    def keeping(context):
        if context.partition_key == "b":
            with contextlib.suppress(BaseException):
                interrupt()
        return 1

    with pytest.raises(KeyboardInterrupt):
        materialize([keeping], partition_keys="all", instance=instance)
    assert counts(instance, AssetGraph.of([keeping]), keeping) == {"fresh": 1, "cancelled": 3}


def test_an_interrupt_that_makes_a_body_fail_ends_the_run_though_it_could_be_tried_again(instance):
    @asset(retry_policy=RetryPolicy(max_retries=3))
    def failing():
        try:
            interrupt()
        finally:
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        materialize([failing], instance=instance)
    assert counts(instance, AssetGraph.of([failing]), failing) == {"cancelled": 1}


def test_an_interrupt_before_a_run_begins_leaves_none_that_goes_on(instance):
    @asset
    def one():
        return 1

    with pytest.raises(KeyboardInterrupt):
        materialize([one], instance=instance, watch=interrupt)
    assert instance.active == []
    assert counts(instance, AssetGraph.of([one]), one) == {"cancelled": 1}


def test_an_interrupt_while_a_retry_is_waited_for_ends_the_run(instance):
    runs: list[Run] = []

    def end() -> None:
        runs[0].cancel()

    too_late = threading.Timer(10, end)

    @asset(retry_policy=RetryPolicy(max_retries=1, delay=600))
    def failing():
        threading.Timer(0.1, interrupt).start()
        too_late.start()
        raise ValueError

    with pytest.raises(KeyboardInterrupt):
        materialize([failing], instance=instance, watch=runs.append)
    too_late.cancel()
    assert counts(instance, AssetGraph.of([failing]), failing) == {"cancelled": 1}


def test_an_interrupt_while_a_part_of_a_batch_waits_to_be_tried_again_keeps_the_rest(instance):
    @asset(
        partitions_def=LETTERS,
        backfill_policy=BackfillPolicy.single_run(),
        retry_policy=RetryPolicy(max_retries=1, delay=600),
    )
    def batch(context):
        return dict.fromkeys(context.partition_keys, 1) | {"b": ValueError()}

    def interrupt_once_the_rest_is_recorded():
        until(lambda: len(instance.event_log.records(batch.key).keys) == 3)
        interrupt()

    def watch(_run):
        threading.Thread(target=interrupt_once_the_rest_is_recorded).start()

    with pytest.raises(KeyboardInterrupt):
        materialize([batch], partition_keys="all", instance=instance, watch=watch)
    assert counts(instance, AssetGraph.of([batch]), batch) == {"fresh": 3, "cancelled": 1}


def test_a_run_within_a_body_can_be_interrupted_and_records_what_it_has_made(instance):
    @asset(partitions_def=LETTERS)
    def inner(context):
        if context.partition_key == "c":
            interrupt()
        return 1

    @asset
    def outer():
        materialize([inner], partition_keys="all", instance=instance)

    with pytest.raises(KeyboardInterrupt):
        materialize([outer], instance=instance)
    assert counts(instance, AssetGraph.of([inner]), inner) == {"fresh": 2, "cancelled": 2}
    assert counts(instance, AssetGraph.of([outer]), outer) == {"cancelled": 1}


@pytest.mark.parametrize("is_beside_a_loop", [False, True])
def test_an_async_body_that_is_interrupted_cleans_up_behind_itself(instance, is_beside_a_loop):
    cleaned = []

    @asset
    async def waiting():
        try:
            threading.Timer(0.1, interrupt).start()
            await asyncio.sleep(20)
        finally:
            cleaned.append(1)

    def run():
        materialize([waiting], instance=instance)

    async def kernel():
        run()

    with contextlib.closing(asyncio.new_event_loop()) as loop, pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(kernel()) if is_beside_a_loop else run()
    assert cleaned == [1]
    assert counts(instance, AssetGraph.of([waiting]), waiting) == {"cancelled": 1}


def test_the_waiting_for_a_started_run_can_be_interrupted_and_the_run_goes_on(instance):
    gate = Gate()
    made = gated(gate)
    graph = AssetGraph.of([made])
    run = instance.start(instance.plan(graph, {made.key: ALL}))
    gate.until_entered()

    def wait():
        threading.Timer(0.1, interrupt).start()
        run.wait()

    with pytest.raises(KeyboardInterrupt):
        wait()
    gate.passes.release(4)
    assert run.wait(20).success


def test_an_interrupt_is_traced_to_the_line_of_the_body_and_not_through_the_library(instance):
    @asset
    def interrupted():
        interrupt()

    with pytest.raises(KeyboardInterrupt) as caught:
        materialize([interrupted], instance=instance)
    names = [entry.name for entry in caught.traceback]
    assert names[1:3] == ["materialize", "interrupted"]


def test_an_interrupted_run_says_what_it_left(instance):
    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05"))
    def interrupted(context):
        if context.partition_key == "2024-01-03":
            raise KeyboardInterrupt
        return 1

    with pytest.raises(KeyboardInterrupt):
        materialize([interrupted], partition_keys="all", instance=instance)
    assert counts(instance, AssetGraph.of([interrupted]), interrupted) == {"fresh": 2, "cancelled": 2}


@pytest.mark.parametrize("now", [["b", "c", "d"], ["z", "a", "b", "c", "d"], ["d", "c"], ["a"]])
def test_a_run_that_waited_makes_the_keys_it_was_asked_for_wherever_they_are_now(instance, now):
    gate, keys = Gate(), DynamicPartitionsDefinition(name="letters")
    instance.add_dynamic_partitions("letters", ["a", "b", "c", "d"])

    @asset
    def blocker():
        gate.wait()

    @asset(partitions_def=keys)
    def letters(context):
        return context.partition_key

    graph = AssetGraph.of([blocker, letters])
    instance.start(instance.plan(graph, {blocker.key: Spans.range(0, 1)}))
    gate.until_entered()
    run = instance.start(instance.plan(graph, {letters.key: Spans.range(2, 3)}))
    instance.set_dynamic_partitions("letters", now)
    gate.passes.release()
    assert run.wait(20).success
    assert list(instance.event_log.records(letters.key).keys) == (["c"] if "c" in now else [])


def test_a_body_that_ends_because_its_run_is_cancelled_has_not_failed(instance):
    begun = threading.Event()

    @asset(partitions_def=LETTERS)
    def patient(context):
        begun.set()
        while True:
            context.raise_if_cancelled()
            time.sleep(0.01)

    graph = AssetGraph.of([patient])
    run = instance.start(instance.plan(graph, {patient.key: ALL}))
    assert begun.wait(20)
    run.cancel()
    result = run.wait(20)
    assert result is not None
    assert result.progress.cancelled == 4
    assert counts(instance, graph, patient) == {"cancelled": 4}


def test_a_cancelled_run_hides_neither_a_failure_nor_what_was_printed(instance):
    is_failing = [True]

    @asset(partitions_def=LETTERS)
    def fragile(context):
        print("here")
        if is_failing[0] and context.partition_key in {"a", "b"}:
            raise ValueError("no")
        return 1

    graph = AssetGraph.of([fragile])
    instance.run(instance.plan(graph, {fragile.key: ALL}))
    before = counts(instance, graph, fragile)
    run = instance.run(instance.plan(graph, {fragile.key: ALL}), watch=lambda run: run.cancel())
    assert run.progress.cancelled == 4
    assert counts(instance, graph, fragile) == before == {"failed": 2, "fresh": 2}
    assert {event.output for event in instance.event_log.attempts(fragile.key, list("abcd")).values()} == {"here\n"}


def test_a_queued_run_that_was_cancelled_has_nothing_queued_any_more(instance):
    gate = Gate()

    @asset
    def blocker():
        gate.wait()

    @asset(partitions_def=LETTERS)
    def other():
        return 1

    graph = AssetGraph.of([blocker, other])
    first = instance.start(instance.plan(graph, {blocker.key: Spans.range(0, 1)}))
    gate.until_entered()
    second = instance.start(instance.plan(graph, {other.key: ALL}))
    assert counts(instance, graph, other) == {"queued": 4}
    second.cancel()
    assert counts(instance, graph, other) == {"missing": 4}
    gate.passes.release()
    assert first.wait(20) is not None


def test_a_value_that_cannot_be_put_in_place_is_recorded_and_read_and_put_there_by_the_next_run(
    tmp_path, instance, monkeypatch, caplog
):
    @asset(partitions_def=LETTERS)
    def letter(context):
        return context.partition_key

    @asset(partitions_def=LETTERS)
    def doubled(letter):
        return letter * 2

    def full(source, target, *others):
        if target.endswith(("letter/a", "letter/b")):
            raise PermissionError(f"no room for {target}")
        placing.put(source, target, *others)

    monkeypatch.setattr("ipyassets.storage.value_files.put", full)
    with caplog.at_level("WARNING", "ipyassets"):
        assert materialize([letter, doubled], instance=instance, partition_keys="all").success
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        f"letter {key!r} is recorded, but not put in place yet" for key in "ab"
    ]
    folder = tmp_path / "root" / "storage" / "letter"
    assert sorted(each.name for each in folder.iterdir()) == ["c", "d"]
    assert [instance.store.load(doubled, key) for key in "abcd"] == ["aa", "bb", "cc", "dd"]
    graph = AssetGraph.of([letter, doubled])
    assert counts(instance, graph, letter) == {"fresh": 4}
    monkeypatch.undo()
    materialize([letter], instance=instance, partition_keys=["d"])
    assert sorted(each.name for each in folder.iterdir()) == ["a", "b", "c", "d"]


class Refusing(FilesystemIOManager):
    """Raises after it has stored a value."""

    def handle_output(self, context, obj):
        super().handle_output(context, obj)
        raise ValueError("too few rows")


def test_nothing_is_left_aside_of_a_value_that_its_io_manager_refuses_in_the_end(tmp_path, instance):
    made = asset(name="made", partitions_def=LETTERS, io_manager_def=Refusing())(lambda context: context.partition_key)
    result = materialize([made], instance=instance, partition_keys="all", raise_on_error=False)
    assert [trouble.reason for trouble in result.troubles] == ["ValueError: too few rows"] * 4
    assert list((tmp_path / "root" / "storage" / ".staging").iterdir()) == []


def test_a_recorded_value_that_is_aside_yet_outlasts_an_equal_one_that_is_refused(tmp_path, instance, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("ipyassets.storage.value_files.put", lambda *_: None)
        materialize([asset(name="made")(lambda: 1)], instance=instance)
    with monkeypatch.context() as patched:
        patched.setattr("ipyassets.instance.runs.finish_all", lambda *_: None)  # as while another run holds its claim
        made = asset(name="made", io_manager_def=Refusing())(lambda: 1)
        assert not materialize([made], instance=instance, raise_on_error=False).success
    assert len(list((tmp_path / "root" / "storage" / ".staging").iterdir())) == 1
    assert instance.store.load(made, None) == 1


def test_only_the_first_of_many_failures_holds_what_its_body_had_in_hand(instance):
    held: weakref.WeakSet[object] = weakref.WeakSet()

    class Large:
        pass

    @asset(partitions_def=LETTERS)
    def failing():
        large = Large()
        held.add(large)
        raise ValueError(f"no {type(large).__name__}")

    plan = instance.plan(AssetGraph.of([failing]), {failing.key: ALL})
    result = instance.run(plan)
    gc.collect()
    assert len(held) == 1
    assert len(result.troubles) == 4


def test_a_body_that_reads_a_stored_partition_finds_it_where_its_own_is_kept(instance):
    @asset(partitions_def=LETTERS)
    def base(context):
        return context.partition_key

    @asset(partitions_def=LETTERS, deps=[base])
    def indexed(context):
        return base[context.partition_key] + "!"

    materialize([base, indexed], partition_keys="all", instance=instance, max_workers=2)
    assert instance.store.load(indexed, "a") == "a!"
    with pytest.raises(NoInstanceError, match="take what it reads as arguments"):
        materialize([indexed], partition_keys="all", instance=instance, executor="processes", max_workers=1)


CACHE: dict[str, int] = {}


def put(store, key):
    store[key] = len(key)


def test_what_a_run_changes_of_what_its_code_reaches_makes_nothing_stale(instance):
    seen = []

    @asset(partitions_def=LETTERS)
    def caching(context):
        put(CACHE, context.partition_key)
        seen.append(counts(instance, AssetGraph.of([caching]), caching).get("stale"))

    for _ in range(2):
        materialize([caching], partition_keys="all", instance=instance)
        assert counts(instance, AssetGraph.of([caching]), caching) == {"fresh": 4}
    assert set(seen) == {None}
    assert set(CACHE) == set("abcd")


def test_what_one_asset_changes_makes_no_other_stale_that_reaches_it(instance):
    @asset(code_version="1")
    def filling():
        put(CACHE, "a new key")

    @asset
    def reading():
        return len(CACHE)

    graph = AssetGraph.of([filling, reading])
    materialize([reading], instance=instance)
    instance.run(instance.plan(graph, {filling.key: Spans.range(0, 1)}))
    assert counts(instance, graph, reading) == {"fresh": 1}


def test_the_first_failure_of_a_batch_keeps_the_lines_of_the_body(instance):
    @asset(partitions_def=LETTERS, backfill_policy=BackfillPolicy.single_run())
    def at_once():
        raise RuntimeError("all of them")

    result = materialize([at_once], partition_keys="all", instance=instance, raise_on_error=False)
    first, *others = result.troubles
    assert first.error is not None
    assert [frame.name for frame in traceback.extract_tb(first.error.__traceback__)][-1] == "at_once"
    assert [each.error for each in others] == [None] * 3


def test_a_watch_that_fails_ends_the_run(instance):
    @asset(partitions_def=LETTERS)
    def letters():
        return 1

    def watch(_run):
        raise ZeroDivisionError

    graph = AssetGraph.of([letters])
    with pytest.raises(ZeroDivisionError):
        instance.run(instance.plan(graph, {letters.key: ALL}), watch=watch)
    assert instance.active == []
    assert counts(instance, graph, letters) == {"missing": 4}


def test_whoever_hears_of_changes_and_fails_leaves_the_run_and_the_others_alone(instance, caplog):
    @asset
    def one():
        return 1

    def fail(_keys):
        raise ZeroDivisionError

    heard: list[frozenset[AssetKey]] = []
    instance.subscribe(fail)
    instance.subscribe(heard.append)
    assert materialize([one], instance=instance).success
    assert heard
    assert "ZeroDivisionError" in caplog.text


def test_a_run_that_broke_down_is_not_active(instance):
    @asset
    def one():
        return 1

    def full(_events, **_):
        raise OSError("disk full")

    graph = AssetGraph.of([one])
    instance.event_log.append = full
    run = instance.start(instance.plan(graph, {one.key: Spans.range(0, 1)}))
    assert run.wait(20) is None
    assert not run.progress.active
    assert isinstance(run.error, OSError)


def test_a_body_that_makes_itself_is_refused(instance):
    @asset(partitions_def=LETTERS)
    def itself(context):
        return materialize([itself], partition_key=context.partition_key, instance=instance)

    with pytest.raises(InvalidInvocationError, match="makes itself"):
        materialize([itself], partition_key="a", instance=instance)


def test_a_body_may_make_another_partition_of_its_asset(instance):
    @asset(partitions_def=LETTERS)
    def letters(context):
        if context.partition_key == "a":
            materialize([letters], partition_key="b", instance=instance)
        return 1

    assert materialize([letters], partition_key="a", instance=instance).success
    assert counts(instance, AssetGraph.of([letters]), letters) == {"fresh": 2, "missing": 2}
