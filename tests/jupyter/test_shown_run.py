from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.instance import Instance
from ipyassets.jupyter.shown_run import ShownRun
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import AtWork, LiveRun

LONG = 20.0
LETTERS = StaticPartitionsDefinition([*"abc"])
GATE = threading.Event()


@asset(partitions_def=LETTERS)
def letters():
    GATE.wait(LONG)


@asset(partitions_def=LETTERS)
def words(letters):
    return letters


GRAPH = AssetGraph.of([letters, words])


@pytest.fixture
def instance():
    GATE.clear()
    with_memory = Instance.ephemeral()
    yield with_memory
    GATE.set()
    with_memory.close()


def started(instance, definition, spans):
    return instance.start(instance.plan(GRAPH, {definition.key: spans}))


def test_there_is_nothing_to_show_before_the_first_run():
    shown = ShownRun(letters.key)
    assert shown.look([]) == ""
    assert shown.progress is None
    assert shown.is_over
    assert not shown.was_going


def test_a_run_is_shown_wherever_it_was_started_and_stays_when_it_is_over(instance):
    shown = ShownRun(letters.key)
    run = started(instance, words, Spans.range(0, 2))
    shown.look([run])
    going = [shown.was_going]
    GATE.set()
    run.wait(LONG)
    going.append(shown.was_going)
    shown.look([])
    going.append(shown.was_going)
    assert going == [True, True, False]
    assert shown.progress is not None
    assert shown.progress.done == 4


def test_of_several_runs_the_oldest_that_goes_on_is_shown(instance):
    shown = ShownRun(letters.key)
    first, second = (started(instance, letters, Spans.range(i, i + 1)) for i in range(2))
    shown.look([first, second])
    shown.cancel()
    assert first.cancelled
    assert not second.cancelled
    GATE.set()
    first.wait(LONG)
    second.wait(LONG)
    shown.look([first, second])
    assert shown.is_over


def elsewhere(definition, folder, text="1 of 3"):
    return LiveRun("0" * 32, {definition.key: AtWork()}, 1, 3, 0, text, folder)


def test_a_run_of_another_process_is_shown_while_none_of_this_one_goes_on(instance, tmp_path):
    shown, theirs = ShownRun(letters.key), elsewhere(letters, tmp_path)
    shown.look([], [elsewhere(words, tmp_path), theirs])
    assert shown.elsewhere == theirs
    assert shown.is_over
    run = started(instance, letters, Spans.range(0, 1))
    shown.show(run)
    assert shown.elsewhere is None
    shown.look([run], [theirs])
    assert shown.elsewhere is None
    GATE.set()
    run.wait(LONG)
    shown.look([run], [theirs])
    assert shown.elsewhere == theirs
    shown.look([], [])
    assert shown.elsewhere is None
    assert shown.progress is not None
    assert shown.progress.done == 1


def test_how_far_partitions_of_another_process_have_come_is_shown(instance, tmp_path):
    shown, theirs = ShownRun(letters.key), elsewhere(letters, tmp_path)
    assert shown.fractions == {}
    shown.look([], [replace(theirs, assets={letters.key: AtWork(("a",), (), {"a": 0.25})})])
    assert shown.fractions == {"a": 0.25}
    shown.look([], [])
    assert shown.fractions == {}


def test_cancel_goes_to_the_run_that_is_shown(instance, tmp_path):
    shown = ShownRun(letters.key)
    shown.look([], [elsewhere(letters, tmp_path)])
    shown.cancel()
    assert [path.name for path in tmp_path.iterdir()] == ["0" * 32 + ".cancel"]


def test_a_run_of_what_an_asset_reads_is_not_its_own(instance):
    shown = ShownRun(words.key)
    shown.look([started(instance, letters, Spans.range(0, 1))])
    assert shown.progress is None


def test_a_run_that_breaks_down_is_over_and_says_why_once(instance, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no space left on device")

    shown = ShownRun(letters.key)
    monkeypatch.setattr(instance.event_log, "append", refuse)
    run = started(instance, letters, Spans.range(0, 1))
    shown.look([run])
    GATE.set()
    run.wait(LONG)
    assert shown.look([]) == "the run broke down: OSError: no space left on device"
    assert not shown.was_going
    assert shown.look([]) == ""
