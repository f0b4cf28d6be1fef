from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.plan import Plan
from ipyassets.engine.plan import plan as planned
from ipyassets.engine.progress import Progress
from ipyassets.events import Artifact, Attempt, Event, Failure, State
from ipyassets.instance import Instance
from ipyassets.jupyter import viewmodel
from ipyassets.jupyter.viewmodel import Choice
from ipyassets.partitions import DailyPartitionsDefinition, MultiPartitionsDefinition, Spans, StaticPartitionsDefinition

CONTRACT = {
    case["name"]: case["traits"]
    for case in json.loads((Path(__file__).parent.parent / "contract" / "down.json").read_text())["cases"]
}
DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01", timezone="America/New_York")
ORIGINS = StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
JANUARY = Spans.range(0, 31)


@asset(partitions_def=DAYS)
def flights():
    return 1


@asset(partitions_def=DAYS)
def delays(flights):
    return flights


@asset(
    partitions_def=MultiPartitionsDefinition({"day": DAYS, "origin": StaticPartitionsDefinition(["EWR", "JFK", "LGA"])})
)
def delays_by_origin():
    return 1


@asset
def calendar():
    return 1


@pytest.fixture
def facts():
    return Instance.ephemeral().facts(AssetGraph.of([flights, delays, delays_by_origin, calendar]))


def contract(name, *traits):
    """Some traits of a case, as Python holds them."""
    found = {trait: CONTRACT[name][trait] for trait in traits}
    return {trait: bytes.fromhex(value["hex"]) if value_is_bytes(value) else value for trait, value in found.items()}


def value_is_bytes(value):
    return isinstance(value, dict) and value.keys() == {"hex"}


def framed(definition, facts):
    """A frame without its fingerprint, which is the library's own affair."""
    frame = viewmodel.frame(definition, facts.space(definition.key))
    assert frame.pop("fingerprint") == facts.space(definition.key).fingerprint
    return frame


@pytest.mark.parametrize(
    ("definition", "case"),
    [(delays, "a new asset"), (delays_by_origin, "day x origin"), (calendar, "an asset without partitions")],
    ids=str,
)
def test_the_frame_is_that_of_the_contract(facts, definition, case):
    assert framed(definition, facts) == contract(case, "title", "dimensions")


def test_states_and_counts_are_those_of_the_contract(facts):
    assert viewmodel.standing(facts.states(delays.key)) == contract("a new asset", "states", "counts")
    states = np.full(365, State.MISSING, np.uint8)
    states[:12], states[12:14], states[14:31] = State.FRESH, State.RUNNING, State.QUEUED
    assert viewmodel.standing(states) == contract("a run in progress", "states", "counts")


def test_a_selection_is_that_of_the_contract():
    chosen = Choice(JANUARY, "[2013-01-01...2013-01-31]", serial=7)
    expected = contract("January selected, answering select 7", "selection", "selection_text", "selection_serial")
    assert viewmodel.choice(chosen, 365) == expected
    assert viewmodel.choice(Choice(), 365) == contract("a new asset", "selection", "selection_text", "selection_serial")


def test_a_plan_says_what_is_missing_and_what_comes_first(facts):
    plan = planned(facts, {delays.key: JANUARY})
    line = viewmodel.plan_line(plan, code="%materialize delays [2013-01-01...2013-01-31]")
    # nothing was ever made, so that no time is expected
    assert line["plan"] == CONTRACT["January selected, answering select 7"]["plan"] | {"eta": ""}


def test_no_selection_means_no_plan_and_an_error_stands_in_its_place():
    assert viewmodel.plan_line(None) == contract("a new asset", "plan")
    error = CONTRACT["a text that does not parse"]["plan"]["error"]
    assert viewmodel.plan_line(None, error=error) == contract("a text that does not parse", "plan")


def test_an_asset_without_partitions_is_planned_by_its_state(facts):
    line = viewmodel.plan_line(
        planned(facts, {calendar.key: Spans.range(0, 1)}), code="%materialize calendar", whole=True
    )
    assert line["plan"] == CONTRACT["an asset without partitions"]["plan"] | {"text": "missing"}


def test_the_button_rests_while_a_run_goes_on(facts):
    line = viewmodel.plan_line(planned(facts, {flights.key: JANUARY}), enabled=False)
    assert not line["plan"]["enabled"]
    assert line["plan"]["button"] == "Materialize 31"


def test_what_cannot_run_is_said_beside_the_plan(facts):
    held = {flights.key: {"it reads a of raw, which does not exist": Spans.range(0, 2)}}
    plan = Plan(facts, {flights.key: Spans.range(0, 2)}, {}, held)
    line = viewmodel.plan_line(plan)["plan"]
    assert line["upstream"] == "2 cannot run: it reads a of raw, which does not exist"
    assert not line["enabled"]


def test_a_large_selection_has_its_thousands_apart(facts):
    plan = planned(facts, {delays_by_origin.key: Spans.range(0, 1095)})
    assert viewmodel.plan_line(plan)["plan"]["text"] == "1,095 partitions: 1,095 missing"


def test_progress_is_that_of_the_contract():
    assert viewmodel.progress(None) == contract("a new asset", "run")
    going = Progress(total=31, done=12, seconds=2.5, seconds_left=4.0)
    assert viewmodel.progress(going)["run"] | {"text": ""} == CONTRACT["a run in progress"]["run"] | {"text": ""}
    assert viewmodel.progress(going)["run"]["text"].startswith("12 of 31, about 4")


WHEN = datetime(2013, 2, 3, 10, 11, 12, tzinfo=UTC).timestamp()


MADE = Event(
    attempt=Attempt.MATERIALIZED,
    asset_key=AssetKey("delays"),
    partition_key="2013-02-03",
    run_id="r",
    timestamp=WHEN,
    seconds=0.2,
    artifact=Artifact("delays/2013-02-03", 12_000, "ab" * 16),
)


def test_the_detail_of_a_failure_has_its_traceback_its_prints_and_the_value_that_was_kept():
    failure = Failure("ZeroDivisionError", "division by zero", "Cell In[4], line 3, in delays(...)")
    last = replace(MADE, attempt=Attempt.FAILED, failure=failure, output="read 842 rows\n", timestamp=WHEN + 60)
    detail = viewmodel.detail(index=33, key="2013-02-03", state=State.FAILED, why="failed", last=last, made=MADE)[
        "detail"
    ]
    assert detail.keys() == CONTRACT["a failure with its detail"]["detail"].keys()
    assert detail["reason"] == "ZeroDivisionError: division by zero"
    assert (detail["traceback"], detail["output"]) == (failure.traceback, "read 842 rows\n")
    rows = dict(detail["rows"])
    assert rows["when"] == viewmodel.moment(WHEN + 60)
    assert rows["took"] == "0.2 s"
    assert rows["kept"] == f"value of {viewmodel.moment(WHEN)}, 12 kB"


def test_the_detail_of_a_value_has_its_size_and_its_metadata():
    made = replace(MADE, metadata={"rows": 842, "path": "x" * 999})
    detail = viewmodel.detail(index=0, key="k", state=State.STALE, why="stale: code", last=made, made=made)["detail"]
    rows = dict(detail["rows"])
    assert (rows["size"], rows["rows"]) == ("12 kB", "842")
    assert len(rows["path"]) < 300
    assert detail["reason"] == "stale: code"


def test_the_detail_of_what_was_never_tried_is_its_state():
    detail = viewmodel.detail(index=0, key="k", state=State.MISSING, why="", last=None, made=None)["detail"]
    assert (detail["state"], detail["rows"], detail["traceback"], detail["output"]) == ("missing", [], "", "")


@asset(partitions_def=DAYS)
def fragile(context):
    if context.partition_key == "2013-01-02":
        raise ValueError("no")
    return 1


def test_what_was_made_says_when_how_long_and_how_big_without_being_asked():
    instance = Instance.ephemeral()
    graph = AssetGraph.of([fragile])
    instance.run(instance.plan(graph, {fragile.key: Spans.range(0, 3)}))
    told = viewmodel.details(instance.facts(graph), fragile.key)["details"]
    assert told.keys() == {"0", "1", "2"}
    assert told["1"].startswith("the last attempt failed \N{MIDDLE DOT} 20")
    assert len(told["0"].split(" \N{MIDDLE DOT} ")) == 3


def test_of_very_many_partitions_only_those_with_a_fault_say_something(monkeypatch):
    monkeypatch.setattr(viewmodel, "MOST_DETAILS", 2)
    instance = Instance.ephemeral()
    graph = AssetGraph.of([fragile])
    instance.run(instance.plan(graph, {fragile.key: Spans.range(0, 3)}))
    assert viewmodel.details(instance.facts(graph), fragile.key)["details"].keys() == {"1"}
