from __future__ import annotations

import pytest

from ipyassets import DynamicPartitionsDefinition, Instance, asset, materialize
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import InvalidPartitionKeyError
from ipyassets.events import State

NAMES = ["e", "d", "c", "b", "a"]


@asset(partitions_def=DynamicPartitionsDefinition(name="names"))
def greeting(context):
    return f"hello {context.partition_key}"


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path, durability="fast")
    yield instance
    instance.close()


def test_all_keys_are_replaced_and_values_of_those_that_stay_are_kept(instance):
    instance.add_dynamic_partitions("names", ["ann", "bob"])
    materialize([greeting], instance=instance, partition_keys="all")
    instance.set_dynamic_partitions("names", ["cy", "bob"])
    assert list(instance.get_dynamic_partitions("names")) == ["cy", "bob"]
    facts = instance.facts(AssetGraph.of([greeting]))
    assert facts.counts(greeting.key) == {State.FRESH: 1, State.MISSING: 1}
    assert instance.store.load(greeting, "bob") == "hello bob"


def test_keys_that_no_selection_could_hold_replace_nothing(instance):
    instance.add_dynamic_partitions("names", ["ann"])
    with pytest.raises(InvalidPartitionKeyError):
        instance.set_dynamic_partitions("names", ["fine", "a|b"])
    assert list(instance.get_dynamic_partitions("names")) == ["ann"]


@pytest.mark.parametrize("change", ["add", "set", "delete"])
def test_whoever_shows_partitions_is_told_of_every_change(instance, change):
    told: list[object] = []
    instance.subscribe(told.append)
    if change == "delete":
        instance.delete_dynamic_partition("names", "ann")
    else:
        getattr(instance, f"{change}_dynamic_partitions")("names", ["ann"])
    assert told == [frozenset()]


@pytest.mark.parametrize("ascending", [True, False])
def test_keys_are_listed_by_page_in_either_order(instance, ascending):
    instance.add_dynamic_partitions("names", NAMES)
    found, cursor, more = [], None, True
    while more:
        page = instance.get_paginated_dynamic_partitions("names", limit=2, ascending=ascending, cursor=cursor)
        assert len(page.results) <= 2
        found += page.results
        cursor, more = page.cursor, page.has_more
    assert found == (NAMES if ascending else NAMES[::-1])


def test_a_key_added_between_two_pages_is_on_a_later_one(instance):
    instance.add_dynamic_partitions("names", ["a", "b"])
    first = instance.get_paginated_dynamic_partitions("names", 2, ascending=True)
    instance.add_dynamic_partitions("names", ["c"])
    second = instance.get_paginated_dynamic_partitions("names", 2, ascending=True, cursor=first.cursor)
    assert list(second.results) == ["c"]


def test_an_instance_that_lends_its_keys_outlives_whoever_borrowed_them(instance):
    borrower = Instance.ephemeral(dynamic_keys=instance)
    instance.add_dynamic_partitions("cities", ["rome"])
    assert borrower.get_dynamic_partitions("cities") == ["rome"]
    borrower.close()
    assert instance.get_dynamic_partitions("cities") == ["rome"]
    assert instance.event_log.cursor() >= 0
