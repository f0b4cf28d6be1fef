from __future__ import annotations

import threading

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.events import State
from ipyassets.instance import Instance
from ipyassets.jupyter.bar import Bar, Host
from ipyassets.jupyter.protocol import Intent, decode_selection
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.definitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import AtWork, LiveRun

LONG = 20.0
DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01", timezone="America/New_York")
CITIES = DynamicPartitionsDefinition(name="cities")
JANUARY = Spans.range(0, 31)


@asset(partitions_def=DAYS)
def flights(context):
    return context.partition_key


@asset(partitions_def=DAYS)
def delays(flights):
    return flights


@asset(partitions_def=StaticPartitionsDefinition(["a", "b", "c"]))
def fragile(context):
    print("working on", context.partition_key)
    if context.partition_key == "b":
        raise ValueError("b is bad")
    return context.partition_key


@asset(partitions_def=CITIES)
def weather():
    return 1


@asset
def total():
    return 1


GRAPH = AssetGraph.of([flights, delays, fragile, weather, total])


@pytest.fixture
def instance():
    with_memory = Instance.ephemeral()
    yield with_memory
    with_memory.close()


def bar_of(definition, instance, graph=GRAPH):
    host = Host(lambda key, text: f"%materialize {key} {text}".rstrip())
    return Bar(definition, instance, instance.facts(graph), host)


def ask(bar, kind, *arguments):
    bar.receive(Intent(kind, bar.drawing.fingerprint, arguments))


def finish(bar, instance, graph):
    for run in instance.active:
        run.wait(LONG)
    bar.watch(())
    bar.follow(instance.facts(graph))


def run_to_its_end(bar, instance, spans):
    ask(bar, "materialize", spans)
    finish(bar, instance, GRAPH)


def selected(bar):
    text = bar.traits["selection"]
    return decode_selection(text, bar.drawing.length) if text else Spans.empty()


def test_a_new_bar_has_every_trait_that_the_browser_reads(instance):
    bar = bar_of(delays, instance)
    assert set(bar.traits) == {
        *("title", "fingerprint", "dimensions", "states", "reasons", "counts", "details", "selection"),
        *("selection_text", "selection_serial", "plan", "run", "fractions", "detail", "notice"),
    }
    assert bar.traits["counts"] == {"missing": 365}


def test_a_bar_shows_how_far_partitions_of_another_kernel_have_come(instance):
    bar = bar_of(fragile, instance)
    work = AtWork(("b", "gone"), (), {"b": 0.25, "gone": 0.5})
    bar.watch((), [LiveRun("0" * 32, {fragile.key: work}, 0, 3, 0, "0 of 3")])
    bar.follow(instance.facts(GRAPH))
    assert bar.traits["fractions"] == {"1": 0.25}
    bar.watch(())
    bar.follow(instance.facts(GRAPH))
    assert bar.traits["fractions"] == {}


def test_a_selection_is_worded_planned_and_echoed_with_its_serial(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select", JANUARY, 7)
    assert selected(bar) == JANUARY
    assert bar.traits["selection_text"] == "[2013-01-01...2013-01-31]"
    assert bar.traits["selection_serial"] == 7
    assert bar.traits["plan"]["text"] == "31 partitions: 31 missing"
    assert bar.traits["plan"]["upstream"] == "with 31 upstream"
    assert bar.traits["plan"]["code"] == "%materialize delays [2013-01-01...2013-01-31]"


def test_a_text_selects_and_stays_as_it_was_written(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select_text", " missing & 2013-02-* ", 8)
    assert len(selected(bar)) == 28
    assert bar.traits["selection_text"] == "missing & 2013-02-*"
    assert bar.traits["selection_serial"] == 8


def test_a_text_that_cannot_be_read_selects_nothing_and_says_why(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select", JANUARY, 7)
    ask(bar, "select_text", "[2013-01-01...", 8)
    assert not selected(bar)
    assert bar.traits["selection_text"] == "[2013-01-01..."
    assert bar.traits["plan"]["error"]
    assert not bar.traits["plan"]["enabled"]
    assert bar.traits["selection_serial"] == 8


def test_no_text_selects_nothing_without_an_error(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select", JANUARY, 7)
    ask(bar, "select_text", "  ", 8)
    assert not selected(bar)
    assert bar.traits["plan"]["error"] == ""


def test_materializing_fills_what_is_missing_upstream_and_tells_how_it_went(instance):
    bar = bar_of(delays, instance)
    run_to_its_end(bar, instance, JANUARY)
    assert bar.traits["counts"] == {"fresh": 31, "missing": 334}
    assert (bar.traits["run"]["active"], bar.traits["run"]["done"], bar.traits["run"]["failed"]) == (False, 62, 0)
    assert "62 materialized" in bar.traits["run"]["text"]
    assert instance.facts(GRAPH).counts(flights.key)[State.FRESH] == 31


def test_the_selection_stays_through_a_run_and_is_planned_anew(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select", JANUARY, 7)
    run_to_its_end(bar, instance, JANUARY)
    assert selected(bar) == JANUARY
    assert bar.traits["plan"]["text"] == "31 partitions: 31 fresh"
    assert bar.traits["plan"]["enabled"]


def test_a_text_whose_meaning_has_changed_gives_way_to_keys(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select_text", "missing & 2013-01-*", 1)
    run_to_its_end(bar, instance, JANUARY)
    assert selected(bar) == JANUARY
    assert bar.traits["selection_text"] == "[2013-01-01...2013-01-31]"


def test_an_asset_without_partitions_needs_no_selection(instance):
    bar = bar_of(total, instance)
    assert bar.traits["plan"]["text"] == "missing"
    assert bar.traits["plan"]["code"] == "%materialize total"
    run_to_its_end(bar, instance, Spans.range(0, 1))
    assert bar.traits["counts"] == {"fresh": 1}


def test_a_failure_can_be_read_from_the_bar_with_its_prints(instance):
    bar = bar_of(fragile, instance)
    run_to_its_end(bar, instance, Spans.range(0, 3))
    assert bar.traits["counts"] == {"failed": 1, "fresh": 2}
    ask(bar, "describe", 1)
    detail = bar.traits["detail"]
    assert (detail["index"], detail["key"], detail["state"]) == (1, "b", "failed")
    assert detail["reason"] == "ValueError: b is bad"
    assert 'raise ValueError("b is bad")' in detail["traceback"]
    assert detail["output"] == [{"text": "working on b\n"}]
    ask(bar, "close_detail")
    assert bar.traits["detail"] == {}


def test_an_open_detail_follows_its_partition(instance):
    bar = bar_of(fragile, instance)
    ask(bar, "describe", 0)
    assert bar.traits["detail"]["state"] == "missing"
    run_to_its_end(bar, instance, Spans.range(0, 1))
    assert bar.traits["detail"]["state"] == "fresh"
    assert dict(bar.traits["detail"]["rows"])["took"]


def test_a_message_about_another_space_is_refused_with_a_notice(instance):
    bar = bar_of(delays, instance)
    bar.receive(Intent("select", "old", (JANUARY, 3)))
    assert not selected(bar)
    assert bar.traits["notice"]["level"] == "error"
    assert "have changed" in bar.traits["notice"]["text"]


def test_two_notices_alike_differ_in_their_number(instance):
    bar = bar_of(delays, instance)
    bar.complain("no")
    first = bar.traits["notice"]
    bar.complain("no")
    assert bar.traits["notice"] != first


def test_a_new_dynamic_key_makes_a_new_space_and_keeps_the_selection_by_its_keys(instance):
    instance.add_dynamic_partitions("cities", ["Oslo", "Rome", "Lima"])
    bar = bar_of(weather, instance)
    before = bar.traits["fingerprint"]
    ask(bar, "select", Spans.of([(0, 1), (2, 3)]), 1)
    ask(bar, "describe", 0)
    instance.delete_dynamic_partition("cities", "Oslo")
    instance.add_dynamic_partitions("cities", ["Cairo"])
    bar.follow(instance.facts(GRAPH))
    assert bar.traits["fingerprint"] != before
    assert bar.traits["dimensions"][0]["labels"] == {"list": ["Rome", "Lima", "Cairo"]}
    assert bar.traits["selection_text"] == "Lima"
    assert bar.traits["detail"] == {}


def test_the_bar_follows_the_definition_that_its_key_is_bound_to(instance):
    bar = bar_of(delays, instance)
    ask(bar, "select", JANUARY, 1)

    @asset(name="delays", partitions_def=DailyPartitionsDefinition("2013-01-20", end_date="2013-03-01"))
    def narrower():
        return 1

    bar.follow(instance.facts(AssetGraph.of([narrower])))
    assert bar.drawing.length == 40
    assert bar.traits["selection_text"] == "[2013-01-20...2013-01-31]"
    assert bar.traits["plan"]["upstream"] == ""


def test_a_forgotten_asset_stays_to_be_read_says_so_once_and_refuses_to_run(instance):
    bar = bar_of(delays, instance)
    run_to_its_end(bar, instance, JANUARY)
    ask(bar, "select", JANUARY, 1)
    without = instance.facts(AssetGraph.of([flights]))
    bar.follow(without)
    bar.follow(without)
    assert bar.traits["counts"] == {"fresh": 31, "missing": 334}
    assert "not defined any more" in bar.traits["notice"]["text"]
    assert bar.traits["notice"]["serial"] == 1
    assert not bar.traits["plan"]["enabled"]
    ask(bar, "materialize", JANUARY)
    assert not bar.traits["run"]["active"]
    assert bar.traits["notice"]["level"] == "error"
    bar.follow(instance.facts(GRAPH))
    assert bar.traits["notice"] == {}
    assert bar.traits["plan"]["enabled"]


def test_cancelling_leaves_what_is_done_and_frees_the_button(instance):
    started, go = threading.Event(), threading.Event()

    @asset(partitions_def=StaticPartitionsDefinition([*"abcdef"]))
    def slow(context):
        if context.partition_key == "c":
            started.set()
            go.wait(LONG)
        return context.partition_key

    graph = AssetGraph.of([slow])
    bar = bar_of(slow, instance, graph)
    ask(bar, "materialize", Spans.range(0, 6))
    assert started.wait(LONG)
    ask(bar, "materialize", Spans.range(0, 6))
    assert "going on" in bar.traits["notice"]["text"]
    ask(bar, "cancel")
    go.set()
    finish(bar, instance, graph)
    assert not bar.traits["run"]["active"]
    assert bar.traits["counts"]["fresh"] in (2, 3)
    assert bar.traits["counts"]["cancelled"] in (3, 4)
    ask(bar, "select_text", "all", 1)
    assert bar.traits["plan"]["enabled"]


def test_a_bar_is_not_held_up_by_a_run_of_what_it_reads(instance):
    bar = bar_of(delays, instance)
    run = instance.start(instance.plan(GRAPH, {flights.key: JANUARY}))
    run.wait(LONG)
    bar.watch([run])
    bar.follow(instance.facts(GRAPH))
    assert bar.traits["run"]["text"] == ""


def test_a_run_that_breaks_down_is_over_and_says_why(instance, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no space left on device")

    bar = bar_of(flights, instance)
    monkeypatch.setattr(instance.event_log, "append", refuse)
    ask(bar, "materialize", JANUARY)
    finish(bar, instance, GRAPH)
    assert not bar.traits["run"]["active"]
    assert bar.traits["notice"]["text"] == "the run broke down: OSError: no space left on device"


def test_materializing_nothing_is_answered_too(instance):
    bar = bar_of(delays, instance)
    ask(bar, "materialize", Spans.empty())
    assert "nothing to run" in bar.traits["notice"]["text"]


def test_a_bar_without_keys_can_be_shown(instance):
    bar = bar_of(weather, instance)
    assert bar.traits["counts"] == {}
    assert bar.picture.heading == "no partitions yet"


def test_a_selection_of_very_many_ranges_is_planned_without_being_put_into_words(instance):
    @asset(partitions_def=StaticPartitionsDefinition([f"k{i}" for i in range(4000)]))
    def scattered():
        return 1

    bar = bar_of(scattered, instance, AssetGraph.of([scattered]))
    ask(bar, "select", Spans.from_indices(range(0, 4000, 2)), 4)
    assert bar.traits["selection_text"] == bar.traits["plan"]["code"] == ""
    assert bar.traits["plan"]["button"] == "Materialize 2,000"
    assert bar.traits["plan"]["enabled"]


def test_what_is_said_of_a_partition_goes_when_a_run_changes_its_state(instance):
    go = threading.Event()

    @asset(partitions_def=StaticPartitionsDefinition([*"abc"]))
    def gated():
        go.wait(LONG)

    graph = AssetGraph.of([gated])
    bar = bar_of(gated, instance, graph)
    go.set()
    ask(bar, "materialize", Spans.range(0, 2))
    finish(bar, instance, graph)
    assert bar.traits["details"].keys() == {"0", "1"}
    go.clear()
    ask(bar, "materialize", Spans.range(1, 2))
    bar.follow(instance.facts(graph))
    assert bar.traits["details"].keys() == {"0"}
    go.set()
    finish(bar, instance, graph)
    assert bar.traits["details"].keys() == {"0", "1"}
