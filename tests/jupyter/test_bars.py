from __future__ import annotations

import time

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import InvalidDefinitionError
from ipyassets.instance import Instance
from ipyassets.jupyter.bars import Bars, call_line, unless_same
from ipyassets.partitions import Spans, StaticPartitionsDefinition

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


def test_a_loop_of_runs_is_saved_once_it_is_over(bars, instance):
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


def test_closing_leaves_the_picture_says_why_and_lets_nothing_be_done(bars, instance):
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


def test_the_call_names_every_asset_that_it_may_have_to_fill():
    call = call_line(GRAPH, words.key, "a, b")
    assert call == "materialize([letters, words], selection='words', partition_keys='a, b')"
    assert call_line(AssetGraph.of([letters]), letters.key, "") == "materialize([letters])"
