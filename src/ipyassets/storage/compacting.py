"""Clearing away what interrupted writers left, and giving back room that nothing uses."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.paths import ASIDE, identity
from ipyassets.storage.signature import seal_of
from ipyassets.storage.staging import owner, staged_files
from ipyassets.storage.value_files import ValueFiles

# A file of a writer that made no claim is left alone for so long.
PATIENCE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was cleared away, or would be: files of interrupted writers, empty folders, and the bytes that this frees.

    `finished` values were recorded, and have now been put in place for their interrupted writer.
    """

    files: int = 0
    folders: int = 0
    size: int = 0
    finished: int = 0


def compact(
    log: SqliteEventLog, files: ValueFiles, claims: Claims | NoClaims, *, now: float, dry_run: bool = False
) -> Compacted:
    """Clear away what interrupted writers left and pack the log; no value and no record is touched.

    `now` is in UTC epoch seconds: files younger than an hour are left alone, as are those of partitions being made.
    """
    left = [path for path in staged_files(files) if _is_abandoned(path, claims, now)]
    recorded = _recorded(log) if left else {}
    removed = size = finished = 0
    for path in left:
        owned = recorded.get(path.name)
        if owned is not None:
            finished += 1
            if not dry_run:
                files.publish(owned[0], log.artifacts(owned[0], [owned[1]]))
        elif not path.name.endswith(f"-{ASIDE}"):
            removed += 1
            size += path.stat().st_size
            if not dry_run:
                path.unlink(missing_ok=True)
    folders = _empty_folders(files.folder, dry_run=dry_run)
    return Compacted(removed, folders, size + log.database.pack(dry_run=dry_run), finished)


def _is_abandoned(path: Path, claims: Claims | NoClaims, now: float) -> bool:
    try:
        age = now - path.stat().st_mtime
    except FileNotFoundError:  # put in place a moment ago
        return False
    return age > PATIENCE_SECONDS and claims.is_free(owner(path))


def _recorded(log: SqliteEventLog) -> dict[str, tuple[AssetKey, str]]:
    """Whose staged file each name would be, for all values that stand recorded."""
    found = {}
    for asset_key in log.asset_keys():
        for key, artifact in log.artifacts(asset_key, log.records(asset_key).keys).items():
            found[f"{identity(asset_key, key)}-{seal_of(artifact.digest)}"] = asset_key, key
    return found


def _empty_folders(top: Path, *, dry_run: bool) -> int:
    """Remove folders that hold nothing, from the innermost on; how many there were."""
    count = 0
    for folder, folders, names in os.walk(top, topdown=False):
        if names or Path(folder) == top or Path(folder).name.startswith("."):
            continue
        if dry_run:
            count += not folders
            continue
        with contextlib.suppress(OSError):  # its folders are not empty, or somebody has just put something in
            Path(folder).rmdir()
            count += 1
    return count
