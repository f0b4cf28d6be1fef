from __future__ import annotations

import pytest

from ipyassets import AssetIn, AssetKey, DailyPartitionsDefinition, StaticPartitionsDefinition, asset
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import InvalidDefinitionError, UnknownAssetError
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

DAYS = DailyPartitionsDefinition("2024-01-01")
BEFORE = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)


@asset
def a():
    return 1


@asset
def b(a):
    return a


@asset
def c(a, b):
    return a, b


def test_assets_come_after_what_they_read():
    assert [str(key) for key in AssetGraph.of([c, b, a]).assets] == ["a", "b", "c"]


def test_edges_lead_out_of_an_asset_to_those_that_read_it():
    graph = AssetGraph.of([a, b, c])
    assert [str(edge.down) for edge in graph.downstream(a.key)] == ["b", "c"]


def test_what_is_read_from_outside_has_no_edge():
    assert AssetGraph.of([b]).edges[b.key] == ()


def test_the_same_asset_twice_is_one_and_two_of_one_name_are_refused():
    assert len(AssetGraph.of([a, a])) == 1
    with pytest.raises(InvalidDefinitionError, match="two different assets are called a"):
        AssetGraph.of([a, asset(name="a")(lambda: 2)])


def test_a_circle_is_refused_and_shown():
    with pytest.raises(InvalidDefinitionError, match=r"in a circle: .*x.* -> .*y"):
        AssetGraph.of([asset(name="x")(lambda y: 1), asset(name="y")(lambda x: 1)])


def test_a_wrong_name_gets_the_nearest():
    with pytest.raises(UnknownAssetError, match="did you mean 'flights'"):
        AssetGraph.of([asset(name="flights")(lambda: 1)])[AssetKey("flight")]


def test_an_asset_may_read_earlier_partitions_of_itself_only():
    ins = {"s": AssetIn(partition_mapping=BEFORE)}
    edges = AssetGraph.of([asset(name="s", partitions_def=DAYS, ins=ins)(lambda s: 1)]).edges[AssetKey("s")]
    assert [edge.is_self for edge in edges] == [True]
    with pytest.raises(InvalidDefinitionError, match="s cannot read s"):
        AssetGraph.of([asset(name="s", partitions_def=DAYS)(lambda s: 1)])


def test_a_mapping_that_does_not_fit_is_refused_with_both_names():
    letters = asset(name="letters", partitions_def=StaticPartitionsDefinition(["x"]))(lambda: 1)
    days = asset(name="days", partitions_def=DAYS)(lambda letters: 1)
    with pytest.raises(InvalidDefinitionError, match="days cannot read letters"):
        AssetGraph.of([letters, days])


def test_whether_an_input_is_a_value_is_decided_by_the_mapping():
    up = asset(name="up", partitions_def=DAYS)(lambda: 1)
    same = asset(name="same", partitions_def=DAYS)(lambda up: 1)
    whole = asset(name="whole")(lambda up: 1)
    graph = AssetGraph.of([up, same, whole])
    assert [graph.edges[AssetKey(name)][0].gives_one for name in ("same", "whole")] == [True, False]


def test_a_function_that_is_no_asset_is_named_with_what_it_lacks():
    def plain():
        return 1

    with pytest.raises(InvalidDefinitionError, match="plain is not an asset: write @asset above it"):
        AssetGraph.of([plain])  # type: ignore[list-item]
    with pytest.raises(InvalidDefinitionError, match=r"'a' is not an asset$"):
        AssetGraph.of(["a"])  # type: ignore[list-item]
