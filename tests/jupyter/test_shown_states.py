from __future__ import annotations

from dataclasses import replace

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.instance import Instance
from ipyassets.jupyter.shown_states import ShownStates
from ipyassets.partitions.definitions import DynamicPartitionsDefinition
from ipyassets.partitions.spans import Spans

CITIES = DynamicPartitionsDefinition(name="cities")
ALL = Spans.range(0, 3)


@asset(partitions_def=CITIES, code_version="1")
def weather(context):
    return context.partition_key


@asset(partitions_def=CITIES, code_version="1")
def climate(weather):
    return weather


GRAPH = AssetGraph.of([weather, climate])
EDITED = AssetGraph.of([replace(weather, code_version="2"), climate])


@pytest.fixture
def instance(tmp_path):
    made = Instance(tmp_path, durability="fast")
    made.add_dynamic_partitions("cities", ["Lima", "Oslo", "Rome"])
    made.run(made.plan(GRAPH, {climate.key: ALL}))
    yield made
    made.close()


def test_states_are_told_with_their_reasons_and_a_few_words_on_each_partition(instance):
    shown = ShownStates(climate.key).look(instance.facts(EDITED), is_changing=False)
    assert shown["counts"] == {"stale": 3}
    assert shown["reasons"] == [[5, "weather is stale"]]
    assert shown["details"]["1"].startswith("weather Oslo is stale \N{MIDDLE DOT} 20")


def test_of_the_same_facts_nothing_is_worked_out_again(instance):
    states, facts = ShownStates(climate.key), instance.facts(GRAPH)
    first = states.look(facts, is_changing=False)
    again = states.look(facts, is_changing=False)
    assert all(again[name] is first[name] for name in ("states", "details"))


def test_while_states_change_words_are_kept_that_are_still_true_of_state_and_reason(instance):
    states = ShownStates(climate.key)
    before = states.look(instance.facts(EDITED), is_changing=False)["details"]
    instance.run(instance.plan(EDITED, {weather.key: Spans.range(0, 1)}))
    fresh = states.look(instance.facts(EDITED), is_changing=True)
    assert fresh["counts"] == {"fresh": 1, "stale": 2}
    assert fresh["details"] == {index: before[index] for index in ("1", "2")}
    instance.delete_dynamic_partition("cities", "Rome")
    assert states.look(instance.facts(EDITED), is_changing=True)["details"].keys() == {"0", "1"}


def test_a_reason_that_has_become_another_takes_the_words_with_it(instance):
    states = ShownStates(climate.key)
    states.look(instance.facts(EDITED), is_changing=False)
    other = AssetGraph.of([replace(weather, code_version="2", compute=lambda context: "another"), climate])
    instance.run(instance.plan(other, {weather.key: Spans.range(0, 1)}))
    changing = states.look(instance.facts(other), is_changing=True)
    assert changing["counts"] == {"stale": 3}
    assert changing["details"].keys() == {"1", "2"}
    over = states.look(instance.facts(other), is_changing=False)
    assert over["details"]["0"].startswith("weather Lima has changed")
