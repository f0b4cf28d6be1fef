from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ipyassets import (
    AssetIn,
    BackfillPolicy,
    DailyPartitionsDefinition,
    FilesystemIOManager,
    HourlyPartitionsDefinition,
    Instance,
    MonthlyPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    materialize,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.run import Run
from ipyassets.errors import InvalidInvocationError, InvalidResultError
from ipyassets.events import State
from ipyassets.instance.executors import manner_of
from ipyassets.partitions.spans import Spans

ZONE = "America/New_York"
# The clocks go forward on the 10th: that day has 23 hours.
HOURS = HourlyPartitionsDefinition("2024-03-07-00:00", end_date="2024-03-14-00:00", timezone=ZONE)
DAYS = DailyPartitionsDefinition("2024-03-07", end_date="2024-03-14", timezone=ZONE)
MONTHS = MonthlyPartitionsDefinition("2024-03-01", end_date="2024-04-01", timezone=ZONE)
WEEK_OF_MONTH = TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])


@asset(partitions_def=HOURS)
def hourly(context):
    return context.partition_time_window.start.hour


@asset(partitions_def=DAYS)
def daily(hourly):
    return len(hourly), sum(hourly.values())


@asset(partitions_def=MONTHS, ins={"daily": AssetIn(partition_mapping=WEEK_OF_MONTH)})
def monthly(daily):
    return daily


ASSETS = [hourly, daily, monthly]


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path / "root", durability="fast")
    yield instance
    instance.close()


@pytest.fixture(params=["calling thread", "threads", "processes", "a ProcessPoolExecutor", "dask"])
def executor(request):
    if request.param == "a ProcessPoolExecutor":
        import multiprocessing

        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    elif request.param == "dask":
        from distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield client.get_executor()
    else:
        yield None if request.param == "calling thread" else request.param


def test_a_month_fills_exactly_what_is_missing_in_order_wherever_it_runs(instance, executor):
    materialize([hourly], partition_keys="[2024-03-08-00:00...2024-03-09-11:00]", instance=instance)
    before = {path.name: path.stat().st_mtime_ns for path in (instance.root / "storage" / "hourly").iterdir()}
    workers = None if executor is None else 2
    result = materialize(
        ASSETS,
        selection="monthly",
        partition_key="2024-03-01",
        instance=instance,
        executor=executor,
        max_workers=workers,
    )
    assert result.progress.materialized == 7 * 24 - 1 - len(before) + 7 + 1
    with (instance.root / "storage" / "monthly" / "2024-03-01").open("rb") as file:
        value = pickle.load(file)
    assert value == {day: (23, 274) if day == "2024-03-10" else (24, 276) for day in DAYS.get_partition_keys()}
    after = {path.name: path.stat().st_mtime_ns for path in (instance.root / "storage" / "hourly").iterdir()}
    assert {name: after[name] for name in before} == before
    facts = instance.facts(AssetGraph.of(ASSETS))
    assert all(str(state) == "fresh" for each in ASSETS for state in facts.counts(each.key))


def test_processes_sign_with_the_key_of_the_environment_as_it_is_now(tmp_path, monkeypatch):
    @asset(partitions_def=LETTERS)
    def letters(context):
        return context.partition_key

    for key in ("one", "another"):
        monkeypatch.setenv("IPYASSETS_KEY", key)
        instance = Instance(tmp_path / key)
        materialize([letters], partition_keys="all", instance=instance, executor="processes", max_workers=2)
        assert instance.store.load(letters, "d") == "d"
        instance.close()


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_output_and_tracebacks_with_source_lines_come_back(instance, executor):
    @asset(partitions_def=LETTERS)
    def talking(context):
        print("hello from", context.partition_key)
        raise KeyError(context.partition_key)  # this very line

    with pytest.raises(KeyError, match="a") as caught:
        materialize([talking], partition_keys=["a"], instance=instance, executor=executor, max_workers=1)
    event = instance.event_log.history(talking.key, "a")[0]
    assert event.output == "hello from a\n"
    assert event.failure is not None
    assert "raise KeyError(context.partition_key)  # this very line" in event.failure.traceback
    assert "ipyassets/engine" not in event.failure.traceback
    assert any("while materializing talking a" in note for note in caught.value.__notes__)


def test_bodies_run_in_other_processes_and_their_data_stays_there(instance):
    @asset(partitions_def=LETTERS)
    def where():
        import os

        return os.getpid()

    materialize([where], partition_keys="all", instance=instance, executor="processes", max_workers=2)
    assert os.getpid() not in {instance.store.load(where, key) for key in "abcd"}


def test_a_body_is_pickled_once_a_run(instance):
    class Counted:
        pickled = 0

        def __call__(self):
            return 1

        def __reduce__(self):
            Counted.pickled += 1
            return int, ()

    counted = Counted()

    @asset(partitions_def=StaticPartitionsDefinition([str(number) for number in range(30)]))
    def tooled(context):
        return (int(context.partition_key), counted is not None)

    result = materialize([tooled], partition_keys="all", instance=instance, executor="processes", max_workers=2)
    assert Counted.pickled == 1
    assert 100 < result.function_bytes[tooled.key] < 10_000


def test_what_cannot_be_sent_to_a_process_is_told(instance):
    lock = threading.Lock()

    @asset
    def locked():
        return lock.locked()

    with pytest.raises(InvalidResultError, match="locked cannot be sent to another process"):
        materialize([locked], instance=instance, executor="processes", max_workers=1)


def test_values_in_memory_are_refused_in_another_process():
    instance = Instance.ephemeral()

    @asset
    def kept():
        return 1

    with pytest.raises(InvalidInvocationError, match="another process does not share"):
        materialize([kept], instance=instance, executor="processes", max_workers=1)
    assert materialize([kept], instance=instance, max_workers=1).asset_value("kept") == 1
    instance.close()


def test_cancel_ends_processes_in_the_midst_of_a_body(instance, tmp_path):
    @asset(partitions_def=LETTERS)
    def endless(context):
        import time
        from pathlib import Path

        Path(context.run_tags["folder"], context.partition_key).touch()
        time.sleep(600)

    graph = AssetGraph.of([endless])
    manner = replace(manner_of("processes", 2, "continue"), tags={"folder": str(tmp_path)})
    run = instance.start(instance.plan(graph, {endless.key: Spans.range(0, 4)}), manner)
    deadline = time.monotonic() + 60
    while not (tmp_path / "a").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    run.cancel()
    result = run.wait(60)
    assert result is not None
    assert result.progress.cancelled == 4
    assert instance.facts(graph).counts(endless.key) == {State.CANCELLED: 4}


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def interrupt_once(event: threading.Event) -> None:
    assert event.wait(20)
    interrupt()


def staged(instance: Instance) -> list[Path]:
    return list((instance.root / "storage" / ".staging").glob("*"))


def test_nothing_is_stored_of_a_body_that_nobody_waits_for_any_more(instance):
    begun, late = threading.Event(), threading.Event()

    @asset
    def slow():
        begun.set()
        interrupt()
        assert late.wait(20)
        return 1

    class Direct(FilesystemIOManager):
        """Stores in place at once, as an I/O manager of the user's may."""

        def stage(self, context, obj):
            self.handle_output(context, obj)

        def handle_output(self, context, obj):
            super().stage(context, obj)
            self.publish(context.asset_key, context.stored)

    direct = slow.with_io_manager(Direct())
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            materialize([direct], instance=instance, executor=pool)
        late.set()
    assert begun.is_set()
    assert not (instance.root / "storage" / "slow").exists()
    assert instance.facts(AssetGraph.of([direct])).counts(direct.key) == {State.CANCELLED: 1}


def test_what_was_being_stored_when_a_run_was_given_up_is_dropped(instance):
    storing, late = threading.Event(), threading.Event()

    class Slow:
        def __reduce__(self):
            storing.set()
            assert late.wait(20)
            return int, ()

    @asset
    def slow():
        return Slow()

    with ThreadPoolExecutor(1) as pool:
        threading.Thread(target=interrupt_once, args=(storing,)).start()
        with pytest.raises(KeyboardInterrupt):
            materialize([slow], instance=instance, executor=pool)
        late.set()
    assert storing.is_set()
    assert staged(instance) == []
    assert instance.facts(AssetGraph.of([slow])).counts(slow.key) == {State.CANCELLED: 1}


class Interrupting:
    """Whoever pickles it is interrupted."""

    def __reduce__(self):
        interrupt()
        return int, ()


def test_an_interrupt_while_a_large_value_is_stored_does_not_wait_for_the_whole_of_it(instance):
    @asset
    def large():
        return Interrupting(), b"x" * 1_000_000

    with pytest.raises(KeyboardInterrupt):
        materialize([large], instance=instance)
    assert staged(instance) == []
    assert instance.facts(AssetGraph.of([large])).counts(large.key) == {State.CANCELLED: 1}


def test_what_several_partitions_made_at_once_have_stored_before_an_interrupt_is_dropped(instance):
    @asset(partitions_def=LETTERS, backfill_policy=BackfillPolicy.single_run())
    def together(context):
        return {key: Interrupting() if key == "b" else key for key in context.partition_keys}

    with pytest.raises(KeyboardInterrupt):
        materialize([together], partition_keys="all", instance=instance)
    assert staged(instance) == []
    assert instance.facts(AssetGraph.of([together])).counts(together.key) == {State.CANCELLED: 4}


def test_a_body_that_fails_because_of_the_interrupt_has_not_failed(instance):
    @asset
    def calling(context):
        interrupt()
        deadline = time.monotonic() + 20
        while not context.cancelled and time.monotonic() < deadline:
            time.sleep(0.001)
        raise OSError("the program that was called died of SIGINT")

    with pytest.raises(KeyboardInterrupt):
        materialize([calling], instance=instance, max_workers=1)
    assert instance.facts(AssetGraph.of([calling])).counts(calling.key) == {State.CANCELLED: 1}


def test_what_ends_within_a_moment_of_an_interrupt_is_kept(instance, monkeypatch):
    monkeypatch.setattr("ipyassets.engine.dispatch.DRAIN_SECONDS", 20)  # a moment, on however slow a machine

    @asset
    def prompt(context):
        interrupt()
        deadline = time.monotonic() + 20
        while not context.cancelled and time.monotonic() < deadline:
            time.sleep(0.001)
        return "kept"

    with pytest.raises(KeyboardInterrupt):
        materialize([prompt], instance=instance, max_workers=1)
    assert instance.store.load(prompt, None) == "kept"


def test_no_more_of_an_asset_run_at_a_time_than_it_allows(instance):
    running, most = [], []
    meeting = threading.Barrier(2)

    @asset(partitions_def=LETTERS, max_concurrent=2)
    def narrow():
        running.append(1)
        most.append(len(running))
        meeting.wait(20)
        time.sleep(0.02)
        running.pop()

    materialize([narrow], partition_keys="all", instance=instance, max_workers=4)
    assert max(most) == 2


def test_threads_run_at_the_same_time(instance):
    meeting = threading.Barrier(4)

    @asset(partitions_def=LETTERS)
    def together():
        meeting.wait(10)

    assert materialize([together], partition_keys="all", instance=instance, max_workers=4).success


def test_an_executor_that_was_given_is_not_shut_down(instance):
    with ThreadPoolExecutor(2) as pool:
        materialize([hourly], partition_key="2024-03-08-00:00", instance=instance, executor=pool)
        assert pool.submit(int).result() == 0


def test_prints_of_bodies_in_several_threads_do_not_mix(instance, capsys):
    @asset(partitions_def=LETTERS)
    def talking(context):
        for _ in range(5):
            print(context.partition_key, end="")
            time.sleep(0.002)

    materialize([talking], partition_keys="all", instance=instance, max_workers=4)
    assert [instance.event_log.history(talking.key, key)[0].output for key in "abcd"] == [key * 5 for key in "abcd"]
    assert capsys.readouterr().out == ""


@asset(partitions_def=LETTERS)
def deadly(context):
    if context.partition_key == "b":
        os._exit(3)
    return context.partition_key


def test_a_worker_that_dies_costs_only_the_partition_that_it_died_of(instance):
    result = materialize(
        [deadly], partition_keys="all", instance=instance, executor="processes", max_workers=2, raise_on_error=False
    )
    assert [(each.partition_key, each.reason.partition(":")[0]) for each in result.troubles] == [
        ("b", "TerminatedWorkerError")
    ]
    assert result.progress.materialized == 3


def test_of_an_executor_that_breaks_down_every_partition_is_accounted_for(instance):
    with ProcessPoolExecutor(1) as pool:
        result = materialize(
            [deadly], partition_keys="all", instance=instance, executor=pool, max_workers=1, raise_on_error=False
        )
    assert result.progress.done == 4
    assert State.MISSING not in instance.facts(AssetGraph.of([deadly])).counts(deadly.key)


def test_cancelling_one_run_leaves_the_workers_to_another(instance, tmp_path):
    @asset(partitions_def=LETTERS)
    def slow(context):
        import time
        from pathlib import Path

        Path(context.run_tags["folder"], context.partition_key).touch()
        time.sleep(1)
        return context.partition_key

    def started(of: Instance, name: str) -> Run:
        folder = tmp_path / name
        folder.mkdir()
        graph = AssetGraph.of([slow])
        manner = replace(manner_of("processes", 2, "continue"), tags={"folder": str(folder)})
        return of.start(of.plan(graph, {slow.key: Spans.range(0, 4)}), manner)

    other = Instance(tmp_path / "other", durability="fast")
    stays, goes = started(instance, "stays"), started(other, "goes")
    deadline = time.monotonic() + 60
    while not (tmp_path / "goes" / "a").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    goes.cancel()
    result = stays.wait(60)
    other.close()
    assert result is not None
    assert result.progress.materialized == 4


SCRIPT = """
import sys
from ipyassets import Instance, StaticPartitionsDefinition, asset, materialize

class Count:
    def __init__(self, number):
        self.number = number

@asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def counted():
    return Count(3)

if __name__ == "__main__":
    instance = Instance(sys.argv[1])
    materialize([counted], partition_keys="all", instance=instance, executor="processes", max_workers=1)
    print(instance.store.load(counted, "a").number)
"""


def test_a_value_whose_class_is_of_the_script_can_be_made_in_another_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script, tmp_path / "root"], capture_output=True, text=True, check=False)
    assert done.stdout == "3\n", done.stderr
