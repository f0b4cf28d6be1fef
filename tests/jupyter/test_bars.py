from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.definition import AssetIn
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import InvalidDefinitionError
from ipyassets.events import State
from ipyassets.instance import Instance
from ipyassets.jupyter.bars import Bars, call_line, unless_same
from ipyassets.jupyter.protocol import Intent
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.function_mapping import FunctionPartitionMapping
from ipyassets.partitions.spans import Spans

LONG = 20.0
LETTERS = StaticPartitionsDefinition([*"abc"])


@asset(partitions_def=LETTERS)
def letters(context):
    return context.partition_key


@asset(partitions_def=LETTERS)
def words(letters):
    return letters


@asset(name="letters", partitions_def=LETTERS)
def other_letters():
    return "other"


GRAPH = AssetGraph.of([letters, words])


class View:
    """A page that keeps what it is shown."""

    def __init__(self):
        self.shown, self.saved = [], []

    def show(self, traits):
        self.shown.append(dict(traits))

    def save(self, picture):
        self.saved.append(picture.counts)

    @property
    def now(self):
        return self.shown[-1]


@pytest.fixture
def instance():
    with_memory = Instance.ephemeral()
    yield with_memory
    with_memory.close()


@pytest.fixture
def bars(instance):
    made = Bars(instance, GRAPH)
    yield made
    made.close("the end")


@pytest.fixture
def no_calm(monkeypatch):
    """No second goes by between two lines of a test, however slow the machine."""
    monkeypatch.setattr("ipyassets.jupyter.bridge.LINGER", LONG)


def opened(bars, definition):
    view = View()
    bar = bars.open(definition, GRAPH)
    bars.follow(bar, view)
    assert bars.settle(LONG)
    return bar, view


def test_every_bar_follows_whatever_runs_on_the_instance(bars, instance):
    (_, first), (_, second) = opened(bars, letters), opened(bars, words)
    instance.run(instance.plan(GRAPH, {words.key: Spans.range(0, 2)}))
    assert bars.settle(LONG)
    assert first.now["counts"] == second.now["counts"] == {"fresh": 2, "missing": 1}
    assert first.now["run"]["text"].startswith("4 materialized")


def test_what_is_saved_is_brought_up_to_date_only_when_nothing_runs(bars, instance):
    _, view = opened(bars, words)
    run = instance.start(instance.plan(GRAPH, {words.key: Spans.range(0, 3)}))
    run.wait(LONG)
    while instance.active:
        run.wait(0.01)
    bars.refresh(GRAPH)
    assert bars.settle(LONG)
    assert view.saved[-1] == {6: 3}
    assert all(counts.keys() <= {6, 9} for counts in view.saved)


def test_what_a_cell_shows_comes_before_what_is_saved(no_calm, bars, instance):
    instance.run(instance.plan(GRAPH, {words.key: Spans.range(0, 2)}))
    _, view = opened(bars, words)
    before, edited = len(view.saved), AssetGraph.of([other_letters, words])
    bars.turn_to(edited)
    assert bars.settle(LONG)
    assert (view.now["counts"], len(view.saved)) == ({"stale": 2, "missing": 1}, before)
    bars.refresh(edited)
    assert bars.settle(LONG)
    assert view.saved[before:] == [{5: 2, 9: 1}]


def test_a_loop_of_runs_is_saved_once_it_is_over(no_calm, bars, instance):
    _, view = opened(bars, letters)
    for index in range(3):
        instance.run(instance.plan(GRAPH, {letters.key: Spans.range(index, index + 1)}))
        assert bars.settle(LONG)
    bars.refresh(GRAPH)
    assert bars.settle(LONG)
    assert view.saved[-1] == {6: 3}
    assert len(view.saved) <= 3


def test_what_a_loop_leaves_unsaved_is_saved_after_a_calm_second(bars, instance):
    _, view = opened(bars, letters)
    for index in range(2):
        instance.run(instance.plan(GRAPH, {letters.key: Spans.range(index, index + 1)}))
        assert bars.settle(LONG)
    end = time.monotonic() + LONG
    while view.saved[-1] != {6: 2, 9: 1} and time.monotonic() < end:
        time.sleep(0.01)
    assert view.saved[-1] == {6: 2, 9: 1}


def test_a_bar_that_was_dropped_is_left_as_it_is(bars, instance):
    bar, view = opened(bars, letters)
    bars.drop(bar)
    instance.run(instance.plan(GRAPH, {letters.key: Spans.range(0, 2)}))
    assert bars.settle(LONG)
    assert view.now["counts"] == {"missing": 3}


def test_bars_show_the_graph_that_they_were_last_given(bars, instance):
    instance.run(instance.plan(GRAPH, {words.key: Spans.range(0, 2)}))
    _, view = opened(bars, words)
    bars.refresh(AssetGraph.of([other_letters, words]))
    assert bars.settle(LONG)
    assert view.now["counts"] == {"stale": 2, "missing": 1}


def test_an_error_about_all_assets_is_said_on_every_bar(bars):
    views = [opened(bars, each)[1] for each in (letters, words)]
    bars.complain_everywhere("two of a kind")
    assert bars.settle(LONG)
    assert [view.now["notice"]["text"] for view in views] == ["two of a kind"] * 2


def test_facts_that_cannot_be_had_are_said_on_every_bar(bars, instance, monkeypatch):
    _, view = opened(bars, letters)

    def refuse(_graph):
        raise InvalidDefinitionError("a definition that means nothing")

    monkeypatch.setattr(instance, "facts", refuse)
    bars.refresh(GRAPH)
    assert bars.settle(LONG)
    assert view.now["notice"]["text"] == "a definition that means nothing"


def test_closing_leaves_the_picture_says_why_and_lets_nothing_be_done(bars, instance, monkeypatch):
    monkeypatch.setattr("ipyassets.jupyter.bars.CLOSING", LONG)
    _, view = opened(bars, letters)
    bars.close("the shop is closed")
    assert view.now["notice"]["text"] == "the shop is closed"
    assert view.now["counts"] == {"missing": 3}
    assert not view.now["plan"]["enabled"]
    instance.run(instance.plan(GRAPH, {letters.key: Spans.range(0, 2)}))
    assert bars.settle(LONG)
    assert view.now["counts"] == {"missing": 3}


def test_facts_are_kept_with_what_was_worked_out_from_them_while_nothing_changes(instance):
    before = instance.facts(GRAPH)
    assert unless_same(before, instance.facts(GRAPH)) is before
    assert unless_same(None, before) is before
    instance.run(instance.plan(GRAPH, {letters.key: Spans.range(0, 1)}))
    now = instance.facts(GRAPH)
    assert unless_same(before, now) is now
    edited = instance.facts(AssetGraph.of([other_letters, words]))
    assert unless_same(now, edited) is edited


def test_what_another_process_has_made_appears_on_the_bars(tmp_path):
    here, there = Instance(tmp_path), Instance(tmp_path)
    bars = Bars(here, GRAPH)
    _, view = opened(bars, letters)
    there.run(there.plan(GRAPH, {letters.key: Spans.range(0, 2)}))
    until = time.monotonic() + LONG
    while view.now["counts"] != {"fresh": 2, "missing": 1}:
        assert time.monotonic() < until
        time.sleep(0.01)
    bars.close("the end")
    here.close()
    there.close()


@pytest.fixture
def two(tmp_path):
    """Two instances on one root, as two kernels have, and bars on the first."""
    here, there = Instance(tmp_path), Instance(tmp_path)
    made = Bars(here, GRAPH)
    yield here, there, made
    made.close("the end")
    here.close()
    there.close()


def until(holds):
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_another_process_is_making_is_on_the_bars_and_can_be_cancelled_there(two):
    _, there, bars = two
    gate = threading.Event()
    slow = asset(name="letters", partitions_def=LETTERS)(lambda: gate.wait(LONG))
    graph = AssetGraph.of([slow])
    bars.refresh(graph)
    bar, view = opened(bars, slow)
    run = there.start(there.plan(graph, {slow.key: Spans.range(0, 3)}))
    until(lambda: view.now["counts"] == {"running": 1, "queued": 2})
    assert view.now["run"]["text"] == "another process: 0 of 3"
    assert view.now["run"]["elsewhere"]
    bars.receive(bar, Intent("select", view.now["fingerprint"], (Spans.range(2, 3), 1)))
    until(lambda: view.now["plan"]["enabled"])
    bars.receive(bar, Intent("cancel", view.now["fingerprint"]))
    until(lambda: run.cancelled)
    gate.set()
    until(lambda: not view.now["run"]["active"])
    assert view.now["counts"] == {"fresh": 1, "cancelled": 2}


def test_what_is_saved_after_a_cell_does_not_wait_for_another_process(two):
    here, there, bars = two
    gate = threading.Event()
    slow = asset(name="letters", partitions_def=LETTERS)(lambda: gate.wait(LONG))
    graph = AssetGraph.of([slow, words])
    bars.refresh(graph)
    _, view = opened(bars, slow)
    run = there.start(there.plan(graph, {slow.key: Spans.range(0, 3)}))
    until(lambda: here.facts(graph).counts(slow.key) == {State.RUNNING: 1, State.QUEUED: 2})
    bars.refresh(graph)
    assert bars.settle(LONG)
    assert view.saved[-1] == {State.RUNNING: 1, State.QUEUED: 2}
    gate.set()
    assert run.wait(LONG).success
    until(lambda: view.saved[-1] == {State.FRESH: 3})


def test_the_call_names_every_asset_that_it_may_have_to_fill():
    call = call_line(GRAPH, words.key, "a, b")
    assert call == "materialize([letters, words], selection='words', partition_keys='a, b')"
    assert call_line(AssetGraph.of([letters]), letters.key, "") == "materialize([letters])"


def test_a_bar_whose_states_cannot_be_worked_out_says_so_once_and_leaves_the_others_alone(instance):
    is_broken: list[bool] = []

    def same(key):
        if is_broken:
            raise LookupError("no such table")
        return key

    @asset(partitions_def=LETTERS, ins={"letters": AssetIn(partition_mapping=FunctionPartitionMapping(same))})
    def looked_up(letters):
        return letters

    graph = AssetGraph.of([letters, looked_up])
    bars = Bars(instance, graph)
    views = [View(), View()]
    for definition, view in zip((letters, looked_up), views, strict=True):
        bars.follow(bars.open(definition, graph), view)
    assert bars.settle(LONG)
    is_broken.append(True)
    edited = AssetGraph.of([letters, replace(looked_up, upstreams=renewed(looked_up, same))])
    for _ in range(2):
        bars.refresh(edited)
        instance.run(instance.plan(AssetGraph.of([letters]), {letters.key: Spans.range(0, 3)}))
        assert bars.settle(LONG)
    assert views[0].now["counts"] == {"fresh": 3}
    assert views[1].now["notice"]["text"] == "LookupError: no such table"
    assert views[1].now["notice"]["serial"] == 1
    bars.close("the end")


def renewed(definition, function):
    """The same inputs, through a function that nobody has asked yet."""
    mapping = FunctionPartitionMapping(partial(function))
    return tuple(replace(each, partition_mapping=mapping) for each in definition.upstreams)


def test_a_log_that_cannot_be_read_is_said_on_the_bars_and_not_logged_every_second(tmp_path, caplog):
    instance = Instance(tmp_path)
    instance.run(instance.plan(GRAPH, {letters.key: Spans.range(0, 1)}))
    bars = Bars(instance, GRAPH)
    _, view = opened(bars, letters)
    log = tmp_path / "events.sqlite"
    for file in tmp_path.glob("events.sqlite*"):
        file.unlink()
    log.write_bytes(b"no database" * 1000)
    end = time.monotonic() + LONG
    while "not an event log" not in view.now["notice"].get("text", "") and time.monotonic() < end:
        time.sleep(0.05)
    assert "not an event log" in view.now["notice"]["text"]
    assert caplog.records == []
    log.unlink()
    while view.now["counts"] != {"missing": 3} and time.monotonic() < end:
        time.sleep(0.05)
    assert view.now["counts"] == {"missing": 3}
    bars.close("the end")
    instance.close()
