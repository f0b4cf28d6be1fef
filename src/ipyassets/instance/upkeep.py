"""Looking after what an instance has stored."""

from __future__ import annotations

import time

from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidInvocationError
from ipyassets.instance.composition import Instance
from ipyassets.instance.current import current_instance
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.upkeep import Upkeep


def upkeep(instance: Instance | None = None, graph: AssetGraph | None = None) -> Upkeep:
    """What can be done to stored values besides making and reading them: wipe, trust, verify, rename, restore and more.

    `instance` left out is the current one. `graph` tells which assets have I/O managers of their own; what has run in
    this process is known without it.
    """
    chosen = instance or current_instance()
    log = chosen.event_log
    if not isinstance(log, SqliteEventLog):
        raise InvalidInvocationError(f"{log!r} is an event log of your own: look after it with your own tools")

    def manager(key: AssetKey | None) -> IOManager:
        known = graph if graph is not None and key in graph else chosen.store.graphs.get(key) if key else None
        return chosen.store.io_manager(known[key] if known is not None and key is not None else None)

    alone = log.database.path is None
    return Upkeep(log, manager, time.time, NoClaims if alone else lambda: Claims(chosen.root))
