"""`%assets` and `%assets --disk`."""

from __future__ import annotations

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.instance import Instance
from ipyassets.jupyter.asset_table import asset_table, disk_table
from ipyassets.jupyter.namespace import Namespace
from ipyassets.partitions.definitions import StaticPartitionsDefinition


@asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def letters():
    return 1


@asset
def total(letters):
    return 1


@pytest.fixture
def instance():
    instance = Instance.ephemeral()
    yield instance
    instance.close()


def test_each_asset_has_a_row_with_what_it_reads_and_its_states(instance):
    graph = AssetGraph.of([total, letters])
    table = asset_table(instance.facts(graph), Namespace({"t": total, "letters": letters}))
    assert table.reset_index().to_dict("split")["data"] == [
        ["letters", "letters", "", 2, "a", "b", 2],
        ["total", "t", "letters", 1, "", "", 1],
    ]
    assert table.columns.tolist() == ["variable", "reads", "partitions", "first", "last", "missing"]


def test_without_assets_the_table_is_empty(instance):
    assert asset_table(instance.facts(AssetGraph.of([])), Namespace({})).empty


def test_without_stored_values_the_table_of_the_disk_is_empty():
    assert disk_table([]).empty
