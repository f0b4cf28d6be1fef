"""What makes a value stale, besides its code: seen from runs of an instance in memory."""

from __future__ import annotations

import pytest

from ipyassets import AssetIn, Instance, StaticPartitionsDefinition, asset, materialize
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.reasons import reasons
from ipyassets.events import State

LETTERS = StaticPartitionsDefinition(["a", "b"])


@pytest.fixture
def instance():
    made = Instance.ephemeral()
    yield made
    made.close()


def constant(name, value, **more):
    return asset(name=name, code_version="1", **more)(lambda: value)


def told(instance, assets, name):
    """The state of every partition of an asset, with the reason."""
    [key] = [each.key for each in assets if str(each.key) == name]
    facts = instance.facts(AssetGraph.of(assets))
    why = reasons(facts, key)
    return [(str(State(int(state))), why.words(index)) for index, state in enumerate(facts.states(key))]


ONE, TWO = constant("one", 1), constant("two", 2)


def reading(*names, deps=()):
    ins = {f"x{number}": AssetIn(name) for number, name in enumerate(names)}
    return asset(name="sum", code_version="1", ins=ins, deps=deps)(lambda **values: sum(values.values()))


def test_an_input_that_was_switched_makes_stale(instance):
    materialize([ONE, TWO, reading("one")], instance=instance)
    assert told(instance, [ONE, TWO, reading("one")], "sum") == [("fresh", "")]
    assert told(instance, [ONE, TWO, reading("two")], "sum") == [("stale", "one is no input any more")]
    materialize([ONE, TWO, reading("two")], instance=instance)
    assert told(instance, [ONE, TWO, reading("two")], "sum") == [("fresh", "")]


@pytest.mark.parametrize("more", [reading("one", "two"), reading("one", deps=[TWO])], ids=["input", "dep"])
def test_an_input_that_was_added_makes_stale(instance, more):
    materialize([ONE, TWO, reading("one")], instance=instance)
    assert told(instance, [ONE, TWO, more], "sum") == [("stale", "two is a new input")]


def test_facts_that_follow_others_see_an_input_that_comes_from_outside_the_graph(instance):
    materialize([ONE, TWO, reading("one")], instance=instance)
    assert told(instance, [ONE, reading("one")], "sum") == [("fresh", "")]
    assert told(instance, [ONE, reading("one", "two")], "sum") == [("stale", "two is a new input")]


@pytest.mark.parametrize("definition", [None, LETTERS], ids=["whole", "letters"])
def test_an_input_that_was_read_from_outside_the_graph_is_followed_inside_it(instance, definition):
    keys = None if definition is None else "all"
    down = asset(name="down", partitions_def=definition, code_version="1")(lambda source: source)
    old, new = (constant("source", value, partitions_def=definition) for value in (1, 5))
    materialize([old], instance=instance, partition_keys=keys)
    materialize([down], instance=instance, partition_keys=keys)
    assert {state for state, _ in told(instance, [old, down], "down")} == {"fresh"}
    materialize([new], instance=instance, partition_keys=keys)
    assert set(told(instance, [new, down], "down")) == {("stale", "source has changed")}


def test_a_whole_input_from_outside_the_graph_is_followed_by_every_partition(instance):
    down = asset(name="down", partitions_def=LETTERS, code_version="1")(lambda one: one)
    materialize([ONE], instance=instance)
    materialize([down], instance=instance, partition_keys="all")
    assert told(instance, [ONE, down], "down") == [("fresh", "")] * 2
    materialize([constant("one", 5)], instance=instance)
    assert told(instance, [ONE, down], "down") == [("stale", "one has changed")] * 2


def test_a_dependency_from_outside_the_graph_that_was_not_there_is_followed_once_it_is(instance):
    down = asset(name="down", code_version="1", deps=["one"])(lambda: 1)
    materialize([down], instance=instance)
    assert told(instance, [ONE, down], "down") == [("fresh", "")]
    materialize([ONE], instance=instance)
    assert told(instance, [ONE, down], "down") == [("stale", "one has changed")]
