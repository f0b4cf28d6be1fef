"""Makes the steps of a run: which inputs a partition reads, and which versions of them it will have been made from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ipyassets.assets.config import Config
from ipyassets.assets.context import Link
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.direct import covered
from ipyassets.assets.graph import Edge
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.body import Body, Source
from ipyassets.engine.facts import Facts
from ipyassets.engine.standing import Mask, Versions, mixed
from ipyassets.engine.step import InputRead, Step, spanning
from ipyassets.events import Artifact, Attempt, Event, InputUse
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is given: where values go, what the log knows of them, and what was asked for along with it."""

    io_manager: Callable[[AssetsDefinition | None], IOManager]
    artifacts: Callable[[AssetKey, Sequence[str]], Mapping[str, Artifact]]
    standing: Callable[[AssetKey, str], Event | None]
    run_id: str
    link: Link = field(default_factory=Link)
    tags: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, object] = field(default_factory=dict)
    configs: Mapping[AssetKey, Config] = field(default_factory=dict)


@dataclass(slots=True)
class _Versions:
    """Of an upstream asset: which partitions have a value, and their scrambled data versions, else zero."""

    made: Mask
    weights: Versions
    skipped: Mask


class Workshop:
    """Makes the steps of one run, and learns from every event of it what later steps read."""

    def __init__(self, facts: Facts, means: Means) -> None:
        self._facts = facts
        self._means = means
        self._bodies: dict[AssetKey, Body] = {}
        self._versions: dict[AssetKey, _Versions] = {}
        self._artifacts: dict[AssetKey, dict[str, Artifact]] = {}
        graph = facts.graph
        self._read = {edge.up for edges in graph.edges.values() for edge in edges}

    def step(self, key: AssetKey, indices: Sequence[int]) -> Step:
        """The step that makes some partitions of an asset."""
        asset, space = self._facts.graph[key], self._facts.spaces[key]
        keys = tuple(space.key(index) for index in indices)
        return Step(
            body=self.body(key),
            run_id=self._means.run_id,
            keys=None if asset.partitions_def is None else keys,
            windows=tuple(space.window(index) for index in indices),
            is_gapless=_is_gapless(space, keys, indices),
            inputs=tuple(self._inputs(asset, indices)),
            uses={at: self.uses(key, index) for at, index in zip(keys, indices, strict=True)},
            config=self._means.configs.get(key),
            tags=self._means.tags,
            link=self._means.link,
        )

    def skipped_for(self, key: AssetKey, index: int) -> str:
        """Why a partition has nothing to be made from: its one input was skipped; else ""."""
        for edge in self._facts.graph.edges[key]:
            if edge.upstream.argument is None or not edge.gives_one or edge.is_self:
                continue
            versions = self._of(edge.up)
            for start, stop in self._facts.reads(edge).of(index):
                if stop > start and versions.skipped[start] and not versions.made[start]:
                    return f"{edge.up.naming(self._facts.spaces[edge.up].key(start))} was skipped"
        return ""

    def learn(self, event: Event, index: int) -> None:
        """Take note of how a partition ended, for those that read it."""
        key = event.asset_key
        if key not in self._read:
            return
        versions = self._of(key)
        versions.skipped[index] = event.attempt is Attempt.SKIPPED
        if event.attempt is Attempt.MATERIALIZED:
            versions.made[index] = True
            versions.weights[index] = mixed(np.array([event.data_version], np.uint64))[0]
            known = self._artifacts.setdefault(key, {})
            if event.artifact is not None:
                known[event.partition_key] = event.artifact
            else:
                known.pop(event.partition_key, None)
        elif event.attempt is Attempt.WIPED:
            versions.made[index], versions.weights[index] = False, 0
            self._artifacts.get(key, {}).pop(event.partition_key, None)

    def look_up(self, key: AssetKey, partition_key: str) -> None:
        """Forget what is known of a stored value, and look it up anew."""
        index = self._facts.spaces[key].index_of(partition_key) if key in self._facts.spaces else -1
        if index >= 0 and (standing := self._means.standing(key, partition_key)) is not None:
            self.learn(standing, index)

    @property
    def sent(self) -> dict[AssetKey, int]:
        """The bytes of each function that was pickled for another process."""
        return {key: body.size for key, body in self._bodies.items() if body.size}

    def body(self, key: AssetKey) -> Body:
        """An asset's function with all that it needs; made once a run."""
        if (body := self._bodies.get(key)) is None:
            body = self._bodies[key] = self._made(key)
        return body

    def _made(self, key: AssetKey) -> Body:
        graph = self._facts.graph
        asset = graph[key]
        sources = {}
        edges = {edge.up: edge for edge in graph.edges[key]}
        for upstream in asset.upstreams:
            if upstream.argument is None:
                continue
            edge = edges.get(upstream.key)
            up = graph.assets.get(upstream.key)
            sources[upstream.argument] = Source(
                io_manager=self._means.io_manager(up),
                definition=None if up is None else up.partitions_def,
                gives_one=(edge is None or edge.gives_one)
                and not (asset.is_batched and (up is None or up.partitions_def is not None)),
                metadata=upstream.metadata,
                upstream_metadata={} if up is None else up.metadata,
            )
        return Body(
            asset=asset,
            code_version=self._facts.code_versions[key],
            io_manager=self._means.io_manager(asset),
            sources=sources,
            resources={**asset.resource_defs, **self._means.resources},
            identity=f"{self._means.run_id}/{key.to_string()}",
        )

    def _of(self, key: AssetKey) -> _Versions:
        if (found := self._versions.get(key)) is None:
            standing = self._facts.standing(key)
            weights = np.where(standing.made, mixed(standing.data), np.uint64(0))
            skipped = standing.attempt == Attempt.SKIPPED
            found = self._versions[key] = _Versions(standing.made.copy(), weights, skipped)
        return found

    def uses(self, key: AssetKey, index: int) -> tuple[InputUse, ...]:
        """What a partition is made from: of every asset that it reads, whether that is among those known or not."""
        graph = self._facts.graph
        outside = [each.key for each in graph[key].upstreams if each.key not in graph]
        return (
            *(self._use(edge, index) for edge in graph.edges[key]),
            *(self._use_outside(up, key, index) for up in outside),
        )

    def _use(self, edge: Edge, index: int) -> InputUse:
        versions, count, total = self._of(edge.up), 0, 0
        for start, stop in self._facts.reads(edge).of(index):
            count += int(versions.made[start:stop].sum())
            total += int(versions.weights[start:stop].sum(dtype=np.uint64))
        return InputUse(edge.up, count, total % 2**64)

    def _use_outside(self, up: AssetKey, key: AssetKey, index: int) -> InputUse:
        if (event := self._outside(up, key, index)) is None:
            return InputUse(up, 0, 0)
        return InputUse(up, 1, int(mixed(np.array([event.data_version], np.uint64))[0]))

    def _outside(self, up: AssetKey, key: AssetKey, index: int) -> Event | None:
        """What stands for an asset that is not among those known: its value with the same key, else its only one."""
        return self._means.standing(up, self._facts.spaces[key].key(index)) or self._means.standing(up, "")

    def _inputs(self, asset: AssetsDefinition, indices: Sequence[int]) -> Iterator[InputRead]:
        edges = {edge.up: edge for edge in self._facts.graph.edges[asset.key]}
        for upstream in asset.upstreams:
            if upstream.argument is None:
                continue
            edge = edges.get(upstream.key)
            if edge is None:
                yield self._external(upstream.argument, upstream.key, asset, indices)
            else:
                yield self._input(upstream.argument, edge, indices)

    def _input(self, argument: str, edge: Edge, indices: Sequence[int]) -> InputRead:
        reads, space, versions = self._facts.reads(edge), self._facts.spaces[edge.up], self._of(edge.up)
        ranges = list(itertools.chain.from_iterable(reads.of(index) for index in indices))
        members = Spans.of(ranges).indices()
        gone = versions.skipped[members] & ~versions.made[members]
        if edge.tolerates_gaps:
            gone |= ~versions.made[members]
        if gone.any():
            members = members[~gone]
        places = members.tolist()
        keys = tuple(space.key(place) for place in places)
        partitioned = self._facts.graph[edge.up].partitions_def is not None
        stored = self._stored(edge.up, keys)
        if not partitioned:
            return InputRead(argument, edge.up, None, None, stored)
        gapless = _is_gapless(space, keys, members)
        window = covered(space, places) if gapless else spanning([space.window(place) for place in places])
        return InputRead(argument, edge.up, keys, window, stored, gapless)

    def _external(self, argument: str, key: AssetKey, asset: AssetsDefinition, indices: Sequence[int]) -> InputRead:
        """An upstream asset that is not among those known."""
        keys = tuple(self._facts.spaces[asset.key].key(index) for index in indices)
        events = [self._outside(key, asset.key, index) for index in indices]
        partitioned = asset.partitions_def is not None and not (events[0] and events[0].partition_key == "")
        found = {event.partition_key: event.artifact for event in events if event and event.artifact}
        return InputRead(argument, key, keys if partitioned else None, None, found)

    def _stored(self, key: AssetKey, keys: Sequence[str]) -> Mapping[str, Artifact]:
        known = self._artifacts.setdefault(key, {})
        if lacking := [each for each in keys if each not in known]:
            found = self._means.artifacts(key, lacking)
            return {**{each: known[each] for each in keys if each in known}, **found}
        return {each: known[each] for each in keys}


def _is_gapless(space: PartitionSpace, keys: Sequence[str], indices: Iterable[int]) -> bool:
    """Whether partitions are all from the first to the last; in several dimensions, all of a box."""
    if len(keys) < 2:  # noqa: PLR2004 - one alone has no gaps
        return True
    return space.between(keys[0], keys[-1]) == Spans.from_indices(indices)
