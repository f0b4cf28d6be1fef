"""Looking after what an instance has stored."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError, InvalidInvocationError
from ipyassets.instance.composition import LOG, Instance
from ipyassets.instance.current import current_instance
from ipyassets.instance.store import DEFAULT
from ipyassets.partitions.space import PartitionSpace
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.repair import Repaired
from ipyassets.storage.repair import repair as repair_log
from ipyassets.storage.upkeep import Upkeep
from ipyassets.storage.wiping import Retention, Wiped

RETENTION = "retention"  # the metadata of an asset that says how long its values are kept


def upkeep(instance: Instance | None = None, graph: AssetGraph | None = None) -> Upkeep:
    """What can be done to stored values besides making and reading them: wipe, trust, verify, rename, restore and more.

    `instance` left out is the current one. `graph` tells which assets have I/O managers of their own; what has run in
    this process is known without it, and of other assets the log says where their values were put.
    """
    chosen = instance or current_instance()
    log = chosen.event_log
    if not isinstance(log, SqliteEventLog):
        raise InvalidInvocationError(f"{log!r} is an event log of your own: look after it with your own tools")

    store = chosen.store
    assets = {key: known[key] for key, known in store.graphs.items()} | dict(graph.assets if graph else {})
    known = {key: asset for key, asset in assets.items() if asset.io_manager_key == DEFAULT or store.is_sure(asset)}

    def space(key: AssetKey) -> PartitionSpace | None:
        return assets[key].space(store.as_of()) if key in assets else None

    return Upkeep(
        log,
        manager=lambda key: store.io_manager(known.get(key) if key else None),
        clock=time.time,
        claims=NoClaims if log.database.path is None else lambda: Claims(chosen.root),
        assets=frozenset(assets),
        space=space,
        known=known.__contains__,
        seeing=store.seeing,
    )


def expire(
    assets: Iterable[AssetsDefinition], instance: Instance | None = None, *, dry_run: bool = False
) -> list[Wiped]:
    """Delete the values that assets no longer keep, each by its own `metadata={"retention": Retention(days=30)}`.

    Assets without that keep everything. Nothing calls this by itself.
    """
    graph = AssetGraph.of(assets)
    keeper = upkeep(instance, graph)
    found = []
    for asset in graph:
        retention = asset.metadata.get(RETENTION)
        if retention is None:
            continue
        if not isinstance(retention, Retention):
            raise InvalidDefinitionError(f"the retention of {asset.key} is {retention!r}: give a Retention")
        found.append(keeper.expire(asset.key, retention, dry_run=dry_run))
    return found


def repair(root: str | Path, *, dry_run: bool = False) -> Repaired:
    """Save what can be read of the damaged log of a root; whoever has the root open goes on with what was saved.

    The damaged log is kept beside the new one. Values whose record is lost are let in again by `trust()`. On Windows
    nobody may have the root open meanwhile.
    """
    return repair_log(Path(root) / LOG, dry_run=dry_run)
