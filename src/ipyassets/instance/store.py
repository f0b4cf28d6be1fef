"""Where values are kept: which I/O manager an asset has, and reading what it has stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.direct import covered
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import InputContext, IOManager, manager_name
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.asynchronous import finished
from ipyassets.engine.ports import Damage, EventLog
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidDefinitionError,
    InvalidInvocationError,
    NotMaterializedError,
    UnknownPlaceError,
    nearest,
)
from ipyassets.events import Artifact, Event
from ipyassets.partitions.as_of import AsOf
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.opening import ADVICE
from ipyassets.storage.pickle_io import FilesystemIOManager

DEFAULT = "io_manager"
ANY_FILES = FilesystemIOManager()


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

    def at_hand(self, asset: AssetsDefinition) -> IOManager:
        """The manager of an asset, or the default one for what is stored by a resource that is not given here."""
        return self.io_manager(asset) if asset.io_manager_key == DEFAULT or self.is_sure(asset) else self.default()

    def is_sure(self, asset: AssetsDefinition) -> bool:
        """Whether an asset says how it is stored, or a run of this process did."""
        return asset.io_manager is not None or asset.key in self._last

    def give(self, assets: Iterable[AssetsDefinition], resources: Mapping[str, object]) -> None:
        """Remember the I/O managers that a run is given for assets."""
        for asset in assets:
            if asset.io_manager is None and asset.io_manager_key in resources:
                self.io_manager(asset, resources)

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
                return finished(self.at_hand(asset).load_input(context))
            except NotMaterializedError:
                self._refuse_guessing(asset, partition_key or "")
                raise
            except DamagedPartitionError as error:
                if self.damage().note(error):
                    raise
                # somebody has made it again since its record was looked up

    def _refuse_guessing(self, asset: AssetsDefinition, partition_key: str) -> None:
        """Say so if a value that was not found was stored by another manager than the one in hand."""
        _, standing = self.log().last(asset.key, partition_key)
        own = manager_name(type(self.at_hand(asset)))
        if standing is not None and standing.place is not None and standing.place.manager != own:
            name = asset.key.quoting(partition_key)
            raise UnknownPlaceError(f"{name} was stored by {standing.place.manager}, not by {own}: {ADVICE}")

    def seeing(self, location: str) -> FileIOManager | None:
        """The files at a location that a record tells of, for whoever looks after them."""
        found = self._ready(ANY_FILES).looking_at(location)
        return found if isinstance(found, FileIOManager) else None

    def artifacts(self, key: AssetKey, partition_keys: Sequence[str]) -> Mapping[str, Artifact]:
        """What the log recorded of stored values."""
        return self.log().artifacts(key, partition_keys)

    def standing(self, key: AssetKey, partition_key: str) -> Event | None:
        """How the value that stands of a partition was made."""
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
