"""How far bodies in other processes have come, as their run, its bar, and other kernels see it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ipyassets import (
    BackfillPolicy,
    Instance,
    StaticPartitionsDefinition,
    asset,
    materialize,
    materialize_in_background,
)
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.manner import Manner
from ipyassets.events import State
from ipyassets.partitions.spans import Spans

LONG = 60.0
LETTERS = StaticPartitionsDefinition(["a", "b"])


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


@pytest.fixture
def instance(root):
    instance = Instance(root)
    yield instance
    instance.close()


def until(holds, seconds=LONG):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def waiting(folder, policy=None):
    """An asset whose bodies say 0.25, then 0.5 when they may, and end when they may."""

    @asset(partitions_def=LETTERS, backfill_policy=policy)
    def slow(context):
        context.progress(0.1)
        context.progress(0.25)
        (folder / f"at {context.partition_keys[0]}").touch()
        for sign, fraction in (("on", 0.5), ("end", 1.0)):
            until(lambda sign=sign: (folder / sign).exists())
            context.progress(fraction)
        return dict.fromkeys(context.partition_keys) if policy else None

    return slow


def in_processes(slow, instance):
    return materialize_in_background(
        [slow], instance=instance, partition_keys="all", executor="processes", max_workers=2
    )


def left(root):
    return sorted(path.name for path in (root / "runs").iterdir())


def test_what_a_body_in_another_process_says_last_is_seen_soon_and_while_it_runs(instance, root, tmp_path):
    slow = waiting(tmp_path)
    run = in_processes(slow, instance)
    until(lambda: (tmp_path / "at a").exists() and (tmp_path / "at b").exists())
    said = time.monotonic()
    until(lambda: run.fractions(slow.key) == {"a": 0.25, "b": 0.25})
    assert time.monotonic() - said < 5  # half a second, where nothing else keeps the machine
    _, activity = run.activity(slow.key)
    assert activity.running == Spans.range(0, 2)
    (tmp_path / "on").touch()
    until(lambda: run.fractions(slow.key) == {"a": 0.5, "b": 0.5})
    (tmp_path / "end").touch()
    assert run.wait(LONG).success
    assert run.fractions(slow.key) == {}
    until(lambda: left(root) == ["live.lock"])


def test_subscribers_hear_of_it(instance, tmp_path):
    slow = waiting(tmp_path)
    run = in_processes(slow, instance)
    until(lambda: run.fractions(slow.key) == {"a": 0.25, "b": 0.25})
    heard: list[frozenset[AssetKey]] = []
    instance.subscribe(heard.append)
    (tmp_path / "on").touch()
    until(lambda: {slow.key} in heard)
    (tmp_path / "end").touch()
    assert run.wait(LONG).success


def test_what_one_body_makes_together_has_come_equally_far(instance, tmp_path):
    slow = waiting(tmp_path, BackfillPolicy.single_run())
    run = in_processes(slow, instance)
    until(lambda: run.fractions(slow.key) == {"a": 0.25, "b": 0.25})
    (tmp_path / "on").touch()
    until(lambda: run.fractions(slow.key) == {"a": 0.5, "b": 0.5})
    (tmp_path / "end").touch()
    assert run.wait(LONG).success


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_another_kernel_is_told_how_far_partitions_have_come(instance, root, tmp_path, executor):
    slow = waiting(tmp_path)
    run = materialize_in_background([slow], instance=instance, partition_keys="all", executor=executor, max_workers=2)
    kernel = Instance(root)
    heard: list[frozenset[AssetKey]] = []
    kernel.subscribe(heard.append)
    for fraction, sign in ((0.25, "on"), (0.5, "end")):
        until(
            lambda fraction=fraction: (
                [dict(each.assets[slow.key].fractions) for each in kernel.elsewhere] == [{"a": fraction, "b": fraction}]
            )
        )
        until(lambda: {slow.key} in heard)
        heard.clear()
        (tmp_path / sign).touch()
    run.wait(LONG)
    kernel.close()


def test_a_worker_that_is_killed_leaves_nothing_behind(instance, root):
    @asset(partitions_def=LETTERS)
    def dying(context):
        context.progress(0.25)
        os.kill(os.getpid(), signal.SIGKILL)

    result = materialize(
        [dying],
        instance=instance,
        partition_keys=["a"],
        executor="processes",
        max_workers=1,
        raise_on_error=False,
    )
    assert result.progress.failed == 1
    until(lambda: left(root) == ["live.lock"])


def test_a_cancelled_run_leaves_nothing_behind(instance, root, tmp_path):
    slow = waiting(tmp_path)
    run = in_processes(slow, instance)
    until(lambda: run.fractions(slow.key))
    run.cancel()
    assert run.wait(LONG).progress.cancelled == 2
    until(lambda: left(root) == ["live.lock"])


def test_a_body_that_cannot_report_goes_on(instance, root):
    @asset(partitions_def=LETTERS)
    def remote(context):
        for folder in (root / "runs").glob("*.progress"):
            shutil.rmtree(folder, ignore_errors=True)
        for percent in range(100):
            context.progress(percent / 100)
        return [path.name for path in (root / "runs").iterdir() if path.is_dir()]

    materialize([remote], instance=instance, partition_keys="all", executor="processes", max_workers=2)
    assert [instance.store.load(remote, key) for key in "ab"] == [[], []]


def test_a_run_that_stays_in_this_process_makes_no_folder(instance, root, tmp_path):
    slow = waiting(tmp_path)
    run = materialize_in_background([slow], instance=instance, partition_keys="all", max_workers=2)
    until(lambda: run.fractions(slow.key) == {"a": 0.25, "b": 0.25})
    assert not list(root.glob("runs/*.progress"))
    for sign in ("on", "end"):
        (tmp_path / sign).touch()
    run.wait(LONG)
    assert Manner().stays_here
    assert Manner(executor=ThreadPoolExecutor(1)).stays_here


def test_a_run_that_nothing_can_be_written_for_is_not_heard_and_goes_on(instance, root):
    root.mkdir()
    (root / "runs").touch()  # no folder can be made of it

    @asset(partitions_def=LETTERS)
    def quick(context):
        context.progress(0.25)

    materialize([quick], instance=instance, partition_keys="all", executor="processes", max_workers=2)
    assert instance.facts(instance.store.graphs[quick.key]).counts(quick.key) == {State.FRESH: 2}
