"""What stored values take on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ipyassets.assets.keys import AssetKey
from ipyassets.storage import remote_upkeep
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.paths import HASHED, identity
from ipyassets.storage.remote_files import RemoteFiles
from ipyassets.storage.walking import stored_files_of
from ipyassets.storage.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What values of an asset take in one place: how many, their bytes, and the bytes of their earlier versions."""

    asset_key: AssetKey
    count: int
    size: int
    versions: int


def disk_use(
    log: SqliteEventLog, whereabouts: Callable[[AssetKey], Whereabouts], assets: Iterable[AssetKey] = ()
) -> list[DiskUse]:
    """What each recorded asset takes on disk; `assets` are those defined, recorded or not."""
    found = []
    recorded = log.asset_keys()
    known = frozenset([*recorded, *assets])
    for key in recorded:
        hashed = _hashed(log, key)
        for files in whereabouts(key).folders():
            if isinstance(files, RemoteFiles):
                sizes = remote_upkeep.sizes(files, key, known, hashed)
                found.append(DiskUse(key, len(sizes), sum(sizes), 0))
                continue
            mine = list(stored_files_of(files, key, known, hashed))
            versions = sum(files.versions.size(identity(key, file.partition_key)) for file in mine)
            found.append(DiskUse(key, len(mine), sum(file.size for file in mine), versions))
    return found


def _hashed(log: SqliteEventLog, asset_key: AssetKey) -> dict[str, str]:
    """The partitions of an asset by their addresses, where these are too short to tell them."""
    with log.database.read() as connection:
        return dict(
            connection.execute(
                """SELECT event.path, latest.partition
                   FROM asset CROSS JOIN latest ON latest.asset = asset.id CROSS JOIN event ON event.id = latest.made
                   WHERE asset.key = ? AND event.digest IS NOT NULL AND instr(event.path, ?)""",
                (asset_key.to_string(), HASHED),
            ).fetchall()
        )
