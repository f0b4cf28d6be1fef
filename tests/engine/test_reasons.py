from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ipyassets import DailyPartitionsDefinition, Instance, WeeklyPartitionsDefinition, asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.reasons import reasons
from ipyassets.errors import DamagedPartitionError
from ipyassets.partitions.spans import Spans

DAYS = DailyPartitionsDefinition("2024-01-07", end_date="2024-01-21")
WEEKS = WeeklyPartitionsDefinition("2024-01-07", end_date="2024-01-21")


@asset(partitions_def=DAYS, code_version="1")
def flights(context):
    return context.partition_key


@asset(partitions_def=DAYS, code_version="1")
def delays(flights):
    return flights


@asset(partitions_def=WEEKS, code_version="1")
def weekly(delays):
    return sorted(delays)


GRAPH = AssetGraph.of([flights, delays, weekly])
EVERY_DAY = Spans.range(0, 14)


@pytest.fixture
def instance(tmp_path):
    made = Instance(tmp_path, durability="fast")
    made.run(made.plan(GRAPH, {weekly.key: Spans.range(0, 2)}))
    yield made
    made.close()


def told(instance, definition, graph=GRAPH):
    """What is said of every partition, in general and in particular."""
    facts = instance.facts(graph)
    why = reasons(facts, definition.key)
    texts = why.texts(np.arange(len(facts.space(definition.key))))
    return [(why.words(index), text) for index, text in enumerate(texts)]


def edited(definition, **changes):
    return AssetGraph.of([replace(each, **changes) if each is definition else each for each in GRAPH])


def test_of_what_is_fresh_or_missing_the_state_says_it_all(instance):
    assert told(instance, weekly) == [("", "")] * 2
    assert told(Instance.ephemeral(), weekly) == [("", "")] * 2


def test_an_edit_is_the_reason_of_its_own_asset_and_its_staleness_that_of_the_next(instance):
    graph = edited(flights, code_version="2")
    assert set(told(instance, flights, graph)) == {("the code has changed", "the code has changed")}
    assert told(instance, delays, graph)[1] == ("flights is stale", "flights 2024-01-08 is stale")
    assert told(instance, weekly, graph)[1] == ("delays is stale", "delays 2024-01-14 is stale")  # of seven, the first


def test_an_input_that_is_another_now_is_named_where_it_is_the_only_one(instance):
    graph = edited(flights, code_version="2", compute=lambda context: "another")
    instance.run(instance.plan(graph, {flights.key: Spans.range(0, 1)}))
    assert told(instance, delays, graph)[0] == ("flights has changed", "flights 2024-01-07 has changed")
    instance.run(instance.plan(graph, {delays.key: Spans.range(0, 1)}))
    assert told(instance, weekly, graph)[0] == ("delays has changed", "delays has changed")


def test_an_input_that_was_made_again_with_the_same_content_is_no_reason(instance):
    instance.run(instance.plan(GRAPH, {flights.key: EVERY_DAY}))
    assert set(told(instance, delays)) == {("", "")}


def test_a_failure_says_what_is_kept_and_whether_the_code_is_another_since(instance):
    def fail(context):
        raise ValueError(context.partition_key)

    graph = edited(flights, code_version="2", compute=fail)
    instance.run(instance.plan(graph, {flights.key: Spans.range(0, 1)}))
    kept = "the previous value is kept"
    assert told(instance, flights, graph)[0] == (kept, kept)
    assert told(instance, flights)[0][0] == f"{kept}; the code has changed since"
    assert instance.describe(graph, flights.key, "2024-01-07").reason == (
        "ValueError: 2024-01-07; the previous value is kept"
    )


def test_of_a_failure_of_todays_code_the_state_says_it_all_but_the_error():
    def fail(context):
        raise ValueError(context.partition_key)

    empty, graph = Instance.ephemeral(), edited(flights, compute=fail)
    empty.run(empty.plan(graph, {flights.key: Spans.range(0, 1)}))
    assert told(empty, flights, graph)[0] == ("", "")
    assert empty.describe(graph, flights.key, "2024-01-07").reason == "ValueError: 2024-01-07"
    empty.close()


def test_what_reads_a_failure_is_blocked_by_it_and_blocks_in_turn():
    def fail(context):
        if context.partition_key == "2024-01-08":
            raise ValueError("no")
        return 1

    instance, graph = Instance.ephemeral(), edited(flights, compute=fail)
    instance.run(instance.plan(graph, {weekly.key: Spans.range(0, 2)}))
    assert told(instance, delays, graph)[1] == ("flights failed", "flights 2024-01-08 failed")
    assert told(instance, weekly, graph)[0] == ("delays is blocked", "delays 2024-01-08 is blocked")
    instance.close()


def test_an_input_that_failed_is_told_before_one_that_is_blocked():
    def fail(context):
        if context.partition_key == "2024-01-08":
            raise ValueError("no")
        return 1

    def fail_too(context, flights):
        if context.partition_key == "2024-01-10":
            raise ValueError("no")
        return flights

    failing = replace(flights, compute=fail), replace(delays, compute=fail_too, takes_context=True)
    graph = AssetGraph.of([*failing, weekly])
    empty = Instance.ephemeral()
    empty.run(empty.plan(graph, {weekly.key: Spans.range(0, 1)}))
    assert told(empty, weekly, graph)[0] == ("delays failed", "delays 2024-01-10 failed")
    empty.close()


def test_an_input_that_is_damaged_is_told_before_one_that_is_stale(instance):
    (instance.root / "storage" / "delays" / "2024-01-12").unlink()
    graph = edited(flights, code_version="2")
    assert told(instance, weekly, graph)[0] == ("delays is damaged", "delays 2024-01-12 is damaged")


def test_what_is_damaged_says_how_and_what_was_made_from_it_says_so(instance):
    files = instance.root / "storage" / "flights"
    (files / "2024-01-09").unlink()
    (files / "2024-01-10").write_bytes(b"somebody else's")
    with pytest.raises(DamagedPartitionError):
        instance.store.load(flights, "2024-01-10")
    said = [general for general, _ in told(instance, flights)]
    assert said[1:5] == ["", "its file is gone", "its file is not what was stored", ""]
    assert told(instance, delays)[2] == ("flights is damaged", "flights 2024-01-09 is damaged")


def test_of_several_inputs_a_damaged_one_is_told_before_a_stale_one_and_else_the_first(instance):
    graph = edited(flights, code_version="2")
    (instance.root / "storage" / "delays" / "2024-01-12").unlink()
    assert told(instance, weekly, graph)[0][1] == "delays 2024-01-12 is damaged"
    assert told(instance, weekly, graph)[1][1] == "delays 2024-01-14 is stale"
