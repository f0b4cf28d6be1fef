"""Which of several reasons is told; that every partition is told its own is a law of tests/engine/test_model.py."""

from __future__ import annotations

import pytest

from ipyassets import DailyPartitionsDefinition, Instance, WeeklyPartitionsDefinition, asset, materialize
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.reason_column import reasons

DAYS = DailyPartitionsDefinition("2024-01-07", end_date="2024-01-14")
WEEKS = WeeklyPartitionsDefinition("2024-01-07", end_date="2024-01-14")
WEEK = AssetKey("week")


def chain(failing: dict[str, str], version: str = "1") -> AssetGraph:
    """Days that are read by days that are read by a week; which asset fails on which day."""

    @asset(partitions_def=DAYS, code_version=version)
    def raw(context):
        if failing.get(context.partition_key) == "raw":
            raise ValueError
        return 1

    @asset(partitions_def=DAYS, code_version="1")
    def clean(context, raw):
        if failing.get(context.partition_key) == "clean":
            raise ValueError
        return raw

    @asset(partitions_def=WEEKS, code_version="1")
    def week(clean):
        return sum(clean.values())

    return AssetGraph.of([raw, clean, week])


def told(instance: Instance, graph: AssetGraph) -> list[str]:
    return list(reasons(instance.facts(graph), WEEK, {}))


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path, durability="fast")
    yield instance
    instance.close()


def made(instance: Instance, failing: dict[str, str]) -> None:
    graph = chain(failing)
    materialize(list(graph), selection=["week"], partition_keys="all", instance=instance, raise_on_error=False)


def test_an_input_that_failed_is_told_before_one_that_is_blocked(instance):
    failing = {"2024-01-08": "raw", "2024-01-10": "clean"}
    made(instance, failing)
    assert told(instance, chain(failing)) == ["clean 2024-01-10 failed"]


def test_an_input_that_is_damaged_is_told_before_one_that_is_stale(instance):
    made(instance, {})
    (instance.root / "storage" / "clean" / "2024-01-12").unlink()
    assert told(instance, chain({}, version="2")) == ["clean 2024-01-12 is damaged"]


def test_of_several_inputs_that_are_stale_the_first_is_told(instance):
    made(instance, {})
    assert told(instance, chain({}, version="2")) == ["clean 2024-01-07 is stale"]
