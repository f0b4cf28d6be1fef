"""`Definitions`: the assets of a script or a module under one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ipyassets.assets.definition import AssetsDefinition, CoercibleToAssetKey
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.instance.composition import Instance
from ipyassets.instance.current import bind_graph, current_instance


class Definitions:
    """Assets that belong together, and the resources that they are given (Dagster's Definitions).

    What is asked of one of these assets, such as its `status()`, takes account of the others while this object is
    there. Raises InvalidDefinitionError at once for two assets with one key, for a circle, or for a mapping that does
    not fit.
    """

    def __init__(
        self,
        assets: Sequence[AssetsDefinition] = (),
        schedules: Sequence[object] = (),
        sensors: Sequence[object] = (),
        jobs: Sequence[object] = (),
        resources: Mapping[str, object] | None = None,
    ) -> None:
        self.resources = dict(resources or {})
        self.assets = tuple(self._given(one) for one in assets)
        self.schedules = tuple(schedules)
        self.sensors = tuple(sensors)
        self.jobs = tuple(jobs)
        self.graph = AssetGraph.of(self.assets)
        bind_graph(self, self.graph, [*assets, *self.assets])

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type | None = None,
        instance: Instance | None = None,
        partition_key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> object:
        """The stored value of an asset, or of one partition of it; raises NotMaterializedError where there is none."""
        del python_type, metadata  # Dagster's arguments for loaders that choose by type: a pickle knows what it holds
        return (instance or current_instance()).store.load(
            self.graph[AssetKey.from_coercible(asset_key)], partition_key
        )

    def _given(self, asset: AssetsDefinition) -> AssetsDefinition:
        manager = self.resources.get(asset.io_manager_key)
        if asset.io_manager is None and isinstance(manager, IOManager):
            asset = asset.with_io_manager(manager)
        others = {name: one for name, one in self.resources.items() if not isinstance(one, IOManager)}
        return replace(asset, resource_defs={**others, **asset.resource_defs}) if others else asset
