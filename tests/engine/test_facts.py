"""What makes a value stale, besides its code: seen from runs of an instance in memory."""

from __future__ import annotations

import pytest

from ipyassets import (
    AssetIn,
    DimensionPartitionMapping,
    FunctionPartitionMapping,
    IdentityPartitionMapping,
    Instance,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    Skip,
    StaticPartitionsDefinition,
    asset,
    materialize,
    use_instance,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.reasons import reasons
from ipyassets.events import State
from ipyassets.partitions.spans import Spans

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
    assert set(told(instance, [old, down], "down")) == {("fresh", "")}
    assert set(told(instance, [down], "down")) == {("fresh", "source is not defined here: edits of it are not seen")}
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


KEPT = ("fresh", "skipped since; the previous value is kept")


def skipping(name, version):
    return asset(name=name, code_version=version, partitions_def=LETTERS)(
        lambda context: Skip("a holiday") if context.partition_key == "a" else "new"
    )


def test_a_skip_over_a_value_lets_it_stand_for_the_code_that_skipped(instance):
    down = asset(name="down", code_version="1", partitions_def=LETTERS)(lambda days: days)
    materialize([constant("days", "old", partitions_def=LETTERS), down], instance=instance, partition_keys="all")
    days = skipping("days", "2")
    materialize([days, down], instance=instance, partition_keys="all")
    assert told(instance, [days, down], "days") == [KEPT, ("fresh", "")]
    assert told(instance, [days, down], "down") == [("fresh", "")] * 2
    assert instance.store.load(days, "a") == "old"
    assert told(instance, [skipping("days", "3")], "days")[0] == ("stale", "the code has changed")


def test_a_skip_over_a_value_lets_it_stand_for_the_inputs_that_it_was_skipped_with(instance):
    days = asset(name="days", code_version="1", partitions_def=LETTERS)(lambda one: one if one == 1 else Skip())
    materialize([ONE, days], instance=instance, partition_keys="all")
    materialize([constant("one", 5)], instance=instance)
    assert told(instance, [ONE, days], "days")[0] == ("stale", "one has changed")
    materialize([days], instance=instance, partition_keys="all")
    assert told(instance, [ONE, days], "days") == [KEPT] * 2
    materialize([constant("one", 6)], instance=instance)
    assert told(instance, [ONE, days], "days")[0] == ("stale", "one has changed")


def test_what_is_skipped_because_its_input_was_keeps_a_value_that_stands(instance):
    days, down = skipping("days", "1"), asset(name="down", code_version="1", partitions_def=LETTERS)(lambda days: days)
    materialize([constant("days", "old", partitions_def=LETTERS), down], instance=instance, partition_keys="all")
    with use_instance(instance):
        days.wipe("a")
    materialize([days, down], instance=instance, partition_keys="all")
    assert told(instance, [days, down], "days")[0] == ("skipped", "")
    assert told(instance, [days, down], "down")[0] == KEPT


def test_what_a_skip_settled_is_so_for_whoever_reads_the_log_anew(tmp_path):
    old, days = constant("days", "old", partitions_def=LETTERS), skipping("days", "2")
    for each in (old, days):
        one = Instance(tmp_path, durability="fast")
        materialize([each], instance=one, partition_keys="all")
        one.close()
    later = Instance(tmp_path)
    assert told(later, [days], "days")[0] == KEPT
    later.close()


def test_a_failure_that_kept_its_value_is_not_tried_again_by_whoever_wants_what_is_behind_it(instance):
    tries = []

    def fail():
        tries.append(1)
        raise ValueError

    broken = asset(name="one", code_version="2")(fail)
    down = asset(name="down", code_version="1")(lambda one: one)
    materialize([ONE, down], instance=instance)
    materialize([broken], instance=instance, raise_on_error=False)
    for _ in range(2):
        result = materialize(
            [broken, down], selection="down", upstream="stale", instance=instance, raise_on_error=False
        )
        [trouble] = result.troubles
        assert trouble.reason == "one failed before: ask for it to have it tried again"
    assert len(tries) == 1
    materialize([broken, down], selection="down", instance=instance)  # the value that was kept will do


def test_a_failure_whose_value_is_still_fresh_holds_nothing_up(instance):
    fails: list[int] = []

    def body():
        if fails:
            raise ValueError
        return 1

    flaky = asset(name="one", code_version="1")(body)
    down = asset(name="down", code_version="1")(lambda one: one)
    materialize([flaky, down], instance=instance)
    fails.append(1)
    materialize([flaky], instance=instance, raise_on_error=False)
    materialize([flaky, down], selection="down", upstream="stale", instance=instance)


TABLE = {"a": "a", "b": "b"}


def by_table(key):
    return [TABLE[key]]


TWICE = MultiPartitionsDefinition({"one": LETTERS, "two": LETTERS})
NESTED = MultiPartitionMapping(
    {
        "one": DimensionPartitionMapping("one", FunctionPartitionMapping(by_table)),
        "two": DimensionPartitionMapping("two", IdentityPartitionMapping()),
    }
)


@pytest.mark.parametrize(("definition", "mapping"), [(LETTERS, by_table), (TWICE, NESTED)], ids=["plain", "nested"])
def test_a_mapping_that_is_a_function_is_asked_anew_once_what_it_reads_has_changed(
    instance, monkeypatch, definition, mapping
):
    up = asset(name="up", code_version="1", partitions_def=definition)(lambda context: str(context.partition_key))
    ins = {"up": AssetIn(partition_mapping=mapping)}
    down = asset(name="down", code_version="1", partitions_def=definition, ins=ins)(lambda up: sorted(up.values()))
    first = definition.get_partition_keys()[0]
    graph = AssetGraph.of([up, down])
    facts = instance.facts(graph)
    assert facts.graph is graph
    instance.run(instance.plan(graph, {down.key: Spans.range(0, len(facts.space(down.key)))}))
    assert {state for state, _ in told(instance, [up, down], "down")} == {"fresh"}
    monkeypatch.setitem(TABLE, "a", "b")
    assert instance.facts(graph).states(down.key)[0] == State.STALE
    instance.run(instance.plan(graph, {down.key: Spans.range(0, 1)}))
    assert instance.facts(graph).states(down.key)[0] == State.FRESH
    assert instance.store.load(down, first) == [first.replace("a", "b", 1)]
