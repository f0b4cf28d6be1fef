from __future__ import annotations

from dataclasses import dataclass

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.ready import Ready
from ipyassets.partitions.as_of import as_of
from ipyassets.partitions.spans import Spans

LINKS = 30
LETTERS = ia.StaticPartitionsDefinition(["a", "b", "c"])
asked: list[Spans] = []


@dataclass(frozen=True)
class Counted(ia.IdentityPartitionMapping):
    def downstream(self, spans, up, down):
        asked.append(spans)
        return super().downstream(spans, up, down)


def chain():
    links: list[ia.AssetsDefinition] = []
    for number in range(LINKS):

        @ia.asset(
            name=f"link_{number}",
            partitions_def=LETTERS,
            deps=[ia.AssetDep(link, partition_mapping=Counted()) for link in links[-1:]],
        )
        def link():
            return 1

        links.append(link)
    return AssetGraph.of(links)


def test_what_may_start_is_worked_out_anew_only_where_something_has_changed():
    graph = chain()
    able = Ready(graph, {asset.key: asset.space(as_of()) for asset in graph})
    waiting = {asset.key: Spans.range(0, 3) for asset in graph}
    asked.clear()
    for key in list(waiting):
        assert able.of(waiting, waiting) == {key: Spans.range(0, 3)}
        waiting[key] = Spans.empty()
    assert able.of(waiting, waiting) == {}
    assert len(asked) == LINKS - 1


def test_partitions_that_wait_again_may_start_again():
    graph = chain()
    first, second, *_ = graph.assets
    able = Ready(graph, {asset.key: asset.space(as_of()) for asset in graph})
    both = {first: Spans.range(0, 3), second: Spans.range(0, 3)}
    assert able.of(both, both) == {first: Spans.range(0, 3)}
    some = {first: Spans.range(2, 3), second: Spans.range(0, 3)}
    assert able.of(some, some) == {first: Spans.range(2, 3), second: Spans.range(0, 2)}
    assert able.of(both, both) == {first: Spans.range(0, 3)}
