"""Which asset reads which: a frozen graph of assets, with every mapping decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from ipyassets.assets.definition import AssetsDefinition, Upstream
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.written_mapping import as_written
from ipyassets.errors import InvalidDefinitionError, UnknownAssetError, nearest
from ipyassets.partitions.defaults import infer_partition_mapping
from ipyassets.partitions.mapping import PartitionMapping


@dataclass(frozen=True, slots=True)
class Edge:
    """One asset reading another: how partitions correspond, and the argument that takes the value, if one does."""

    down: AssetKey
    up: AssetKey
    mapping: PartitionMapping
    gives_one: bool
    upstream: Upstream

    @property
    def is_self(self) -> bool:
        """Whether an asset reads earlier partitions of itself."""
        return self.down == self.up

    @property
    def tolerates_gaps(self) -> bool:
        """Whether partitions that are not there are left out of the input (Dagster's metadata key says so)."""
        return bool(self.upstream.metadata.get("allow_missing_partitions"))

    def as_written(self) -> Edge:
        """The same edge, with its mapping as the code of that is now."""
        mapping = as_written(self.mapping)
        return self if mapping == self.mapping else replace(self, mapping=mapping)


@dataclass(frozen=True, slots=True, eq=False)
class AssetGraph:
    """Assets in an order in which each comes after what it reads, and the edges between them.

    An upstream that is not among the assets is external: it is neither run nor checked, only loaded if a value is
    stored.
    """

    assets: Mapping[AssetKey, AssetsDefinition]
    edges: Mapping[AssetKey, tuple[Edge, ...]]

    @classmethod
    def of(cls, assets: Iterable[AssetsDefinition]) -> AssetGraph:
        """The graph of some assets; InvalidDefinitionError for two with one key, a cycle, or a bad mapping."""
        if isinstance(assets, AssetsDefinition):  # type: ignore[unreachable]  # notebooks are not type-checked
            raise InvalidDefinitionError(f"assets are given in a list: [{assets.key}]")
        by_key: dict[AssetKey, AssetsDefinition] = {}
        for one in assets:
            if not isinstance(one, AssetsDefinition):
                hint = ": write @asset above it" if callable(one) else ""  # type: ignore[unreachable]  # as above
                raise InvalidDefinitionError(f"{getattr(one, '__qualname__', repr(one))} is not an asset{hint}")
            if by_key.setdefault(one.key, one) is not one:
                raise InvalidDefinitionError(f"two different assets are called {one.key}: rename one of them")
        edges = {key: tuple(_edges(one, by_key)) for key, one in by_key.items()}
        order = TopologicalSorter({key: [e.up for e in es if not e.is_self] for key, es in edges.items()})
        try:
            ordered = [key for key in order.static_order() if key in by_key]
        except CycleError as error:
            loop = " -> ".join(str(key) for key in error.args[1])
            raise InvalidDefinitionError(f"assets read one another in a circle: {loop}") from None
        return cls({key: by_key[key] for key in ordered}, edges)

    def __getitem__(self, key: AssetKey) -> AssetsDefinition:
        try:
            return self.assets[key]
        except KeyError:
            raise UnknownAssetError(
                f"{str(key)!r} is not an asset here{nearest(str(key), map(str, self.assets))}"
            ) from None

    def __contains__(self, key: object) -> bool:
        return key in self.assets

    def __iter__(self) -> Iterator[AssetsDefinition]:
        """Upstream before downstream."""
        return iter(self.assets.values())

    def __len__(self) -> int:
        return len(self.assets)

    def as_written(self) -> AssetGraph:
        """The same graph, in which each mapping that is a function is that of its code now."""
        edges = {key: tuple(edge.as_written() for edge in inward) for key, inward in self.edges.items()}
        return self if edges == self.edges else AssetGraph(self.assets, edges)

    def downstream(self, key: AssetKey) -> list[Edge]:
        """The edges that lead out of an asset."""
        return [edge for edges in self.edges.values() for edge in edges if edge.up == key]


def _edges(down: AssetsDefinition, assets: Mapping[AssetKey, AssetsDefinition]) -> Iterator[Edge]:
    for upstream in down.upstreams:
        if (up := assets.get(upstream.key)) is None:
            continue
        try:
            mapping = infer_partition_mapping(upstream.partition_mapping, down.partitions_def, up.partitions_def)
            mapping.validate_partition_mapping(up.partitions_def, down.partitions_def)
            if up is down:
                mapping.validate_self_dependency(down.partitions_def)
            gives_one = mapping.gives_one(down.partitions_def, up.partitions_def)
        except InvalidDefinitionError as error:
            raise InvalidDefinitionError(f"{down.key} cannot read {up.key}: {error}") from error
        yield Edge(down.key, up.key, as_written(mapping), gives_one, upstream)
