"""Where values are kept: which I/O manager an asset has, and reading what it has stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.direct import covered
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import InputContext, IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.engine.ports import Damage, EventLog
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidDefinitionError,
    InvalidInvocationError,
    nearest,
)
from ipyassets.events import Artifact, Event
from ipyassets.partitions import AsOf

DEFAULT = "io_manager"


@dataclass(slots=True)
class Store:
    """The I/O managers of an instance, and the values behind them.

    `bind` gives a manager that was declared without a folder the instance's own. What an asset was last stored with in
    this process is remembered, so that it is found again where the manager was given to a run alone; `graphs` hold the
    assets that it was last run with.
    """

    log: Callable[[], EventLog]
    damage: Callable[[], Damage]
    as_of: Callable[[], AsOf]
    default: Callable[[], IOManager]
    bind: Callable[[IOManager], IOManager]
    graphs: dict[AssetKey, AssetGraph] = field(default_factory=dict)
    _bound: dict[int, tuple[IOManager, IOManager]] = field(default_factory=dict)
    _last: dict[AssetKey, IOManager] = field(default_factory=dict)

    def io_manager(self, asset: AssetsDefinition | None, resources: Mapping[str, object] | None = None) -> IOManager:
        """The manager of an asset: its own, the resource it names, the one last used for it, or the default."""
        if asset is None:
            return self._resource(DEFAULT, resources) or self.default()
        if asset.io_manager is not None:
            return self._ready(asset.io_manager)
        if (found := self._resource(asset.io_manager_key, resources)) is not None:
            self._last[asset.key] = found
            return found
        if asset.io_manager_key != DEFAULT and asset.key not in self._last:
            hint = nearest(asset.io_manager_key, resources or {})
            raise InvalidDefinitionError(
                f"{asset.key} wants the resource {asset.io_manager_key!r}, which is not given{hint}"
            )
        return self._last.get(asset.key) or self.default()

    def load(self, asset: AssetsDefinition, partition_key: str | None) -> object:
        """The stored value of a partition, or of an asset without partitions (key None)."""
        if (asset.partitions_def is None) != (partition_key is None):
            wants = (
                "is not partitioned: leave the key out"
                if asset.partitions_def is None
                else "is partitioned: give a key"
            )
            raise InvalidInvocationError(f"{asset.key} {wants}")
        if partition_key is None:
            scope = PartitionScope(str(asset.key))
        else:
            space = asset.space(self.as_of())
            index = space.index(partition_key)
            window = covered(space, [index])
            scope = PartitionScope(str(asset.key), (space.key(index),), window, asset.partitions_def)
        while True:
            artifacts = self.artifacts(asset.key, scope.keys or ("",))
            context = InputContext(asset_key=asset.key, scope=scope, metadata=asset.metadata, artifacts=artifacts)
            try:
                return self.io_manager(asset).load_input(context)
            except DamagedPartitionError as error:
                if self.damage().note(error):
                    raise
                # somebody has made it again since its record was looked up

    def artifacts(self, key: AssetKey, partition_keys: Sequence[str]) -> Mapping[str, Artifact]:
        """What the log recorded of stored values."""
        return self.log().artifacts(key, partition_keys)

    def standing(self, key: AssetKey, partition_key: str) -> Event | None:
        """The materialization of a partition that stands."""
        return self.log().last(key, partition_key)[1]

    def _resource(self, name: str, resources: Mapping[str, object] | None) -> IOManager | None:
        found = (resources or {}).get(name)
        if found is None:
            return None
        if not isinstance(found, IOManager):
            raise InvalidDefinitionError(f"the resource {name!r} is {found!r}, which is not an IOManager")
        return self._ready(found)

    def _ready(self, manager: IOManager) -> IOManager:
        known = self._bound.get(id(manager))
        if known is None or known[0] is not manager:
            known = self._bound[id(manager)] = (manager, self.bind(manager))
        return known[1]
