from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.plan import Plan
from ipyassets.engine.plan import plan as planned
from ipyassets.engine.progress import Progress
from ipyassets.engine.reasons import Cause, Reasons, reasons
from ipyassets.events import State
from ipyassets.instance import Instance
from ipyassets.jupyter import viewmodel
from ipyassets.jupyter.protocol import decode
from ipyassets.jupyter.viewmodel import Choice
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import AtWork, LiveRun

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


def because(facts, *runs):
    """Runs of (state, why, length) as a bar is told of them."""
    causes = [Cause(state, said) for state, said in dict.fromkeys((state, said) for state, said, _ in runs if said)]
    numbers = {(cause.state, cause.said): number for number, cause in enumerate(causes, 1)}
    lengths = [length for *_, length in runs]
    states = np.repeat(np.array([state for state, *_ in runs], np.uint8), lengths)
    codes = np.repeat(np.array([numbers.get((state, said), 0) for state, said, _ in runs], np.uint16), lengths)
    facts._states[delays.key] = states
    return Reasons(facts, delays.key, causes, codes)


def test_states_and_counts_are_those_of_the_contract(facts):
    told = ("states", "reasons", "counts")
    assert viewmodel.standing(reasons(facts, delays.key)) == contract("a new asset", *told)
    running = [(State.FRESH, "", 12), (State.RUNNING, "", 2), (State.QUEUED, "", 17), (State.MISSING, "", 334)]
    assert viewmodel.standing(because(facts, *running)) == contract("a run in progress", *told)


def test_a_state_with_its_reason_is_one_byte_of_the_contract_the_commonest_first(facts):
    edited, failed = "the code has changed", "the code has changed since"
    why = because(
        facts,
        (State.STALE, edited, 20),
        (State.STALE, "flights is stale", 12),
        (State.FAILED, failed, 2),
        (State.STALE, edited, 25),
        (State.MISSING, "", 306),
    )
    expected = contract("stale for two reasons, and failed with other code", "states", "reasons", "counts")
    assert viewmodel.standing(why) == expected


def test_of_more_reasons_than_bytes_the_rarest_are_told_by_their_state_alone(facts):
    rare = [(State.STALE, f"input {number} has changed", 1) for number in range(150)]
    told = viewmodel.standing(because(facts, *rare, (State.STALE, "the code has changed", 2)))
    assert len(told["reasons"]) == 118
    assert told["reasons"][0] == [State.STALE, "the code has changed"]
    values = decode(told["states"], 152)
    assert (values.tolist().count(State.STALE), values.max()) == (33, 127)


def test_a_million_partitions_with_any_reasons_are_a_byte_each_at_most(facts):
    chance = np.random.default_rng(1)
    causes = [Cause(State.STALE, f"input {number} is stale") for number in range(20)]
    codes = chance.integers(0, 21, 1_000_000).astype(np.uint16)
    states = np.where(codes, np.uint8(State.STALE), chance.integers(0, 10, len(codes)).astype(np.uint8))
    facts._states[delays.key] = states
    told = viewmodel.standing(Reasons(facts, delays.key, causes, codes))
    assert len(told["states"]) <= 1_000_001
    assert told["counts"]["stale"] > 900_000


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


def test_a_run_of_another_process_is_told_as_such():
    other = LiveRun("r", {delays.key: AtWork()}, done=12, total=31, failed=0, text="12 of 31, about 4 s left")
    ended = Progress(total=2, done=2, active=False)
    assert viewmodel.progress(ended, other) == contract("a run of another process, January selected", "run")


@asset(partitions_def=DAYS)
def fragile(context):
    if context.partition_key == "2013-01-02":
        raise ValueError("no")
    return 1


def details(instance, graph):
    facts = instance.facts(graph)
    return viewmodel.details(reasons(facts, fragile.key), facts.standing(fragile.key))["details"]


def test_of_what_is_being_worked_on_it_is_told_how_far_it_has_come(facts):
    space = facts.space(delays.key)
    so_far = {"2013-01-13": 0.4, "2013-01-14": 0.85, "2012-12-31": 0.1}
    assert viewmodel.fractions(so_far, space) == contract("a run in progress", "fractions")
    assert len(viewmodel.fractions(dict.fromkeys(space.keys(), 0.5), space)["fractions"]) == viewmodel.MOST_FRACTIONS


def test_what_was_made_says_when_how_long_and_how_big_without_being_asked():
    instance = Instance.ephemeral()
    graph = AssetGraph.of([fragile])
    instance.run(instance.plan(graph, {fragile.key: Spans.range(0, 3)}))
    told = details(instance, graph)
    assert told.keys() == {"0", "1", "2"}
    assert told["1"].startswith("20")
    assert len(told["0"].split(" \N{MIDDLE DOT} ")) == 3


def test_of_very_many_partitions_only_those_with_a_fault_say_something(monkeypatch):
    monkeypatch.setattr(viewmodel, "MOST_DETAILS", 2)
    instance = Instance.ephemeral()
    graph = AssetGraph.of([fragile])
    instance.run(instance.plan(graph, {fragile.key: Spans.range(0, 3)}))
    assert details(instance, graph).keys() == {"1"}
