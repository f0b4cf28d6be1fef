"""Stored values that belong to nothing: files without a record, and records of keys that are no partitions any more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.walking import stored_files


@dataclass(frozen=True, slots=True)
class Orphan:
    """A value that belongs to nothing: where it lies, whose it would be as far as its path tells, and why it is one."""

    path: Path
    asset_key: AssetKey | None
    partition_key: str
    size: int
    reason: str


def orphans(
    log: SqliteEventLog,
    files: ValueFiles,
    is_partition: Callable[[AssetKey, str], bool | None],
    assets: Iterable[AssetKey] = (),
) -> list[Orphan]:
    """Values below a folder that belong to nothing.

    `is_partition` says whether a key is a partition of an asset as it is defined today; None where no such asset is
    known, which is a reason of its own. `assets` are those defined, recorded or not. Values of definitions that come
    back are found again, so nothing is deleted.
    """
    recorded: dict[AssetKey, set[str]] = {}
    for key in log.asset_keys():
        records = log.records(key)
        recorded[key] = {records.keys[i] for i in np.flatnonzero(records.made)}
    found = []
    for file in stored_files(files, [*recorded, *assets]):
        reason = _reason(file.asset_key, file.partition_key, recorded, is_partition)
        if reason:
            found.append(Orphan(file.path, file.asset_key, file.partition_key, file.size, reason))
    return found


def delete(files: ValueFiles, found: Iterable[Orphan], *, dry_run: bool = False) -> int:
    """Delete orphans that nobody recorded; the bytes this frees. Values with a record are for `wipe` to delete."""
    freed = 0
    for orphan in found:
        if orphan.reason != NO_RECORD:
            continue
        freed += orphan.size
        if not dry_run:
            orphan.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                if orphan.path.parent != files.folder:
                    orphan.path.parent.rmdir()
    return freed


NO_RECORD = "nobody recorded it"
NO_PARTITION = "its key is no partition any more"
NO_ASSET = "no asset of that name is defined"


def _reason(
    asset_key: AssetKey | None,
    partition_key: str,
    recorded: dict[AssetKey, set[str]],
    is_partition: Callable[[AssetKey, str], bool | None],
) -> str:
    if asset_key is None or partition_key not in recorded.get(asset_key, ()):
        return NO_RECORD
    known = is_partition(asset_key, partition_key)
    if known is None:
        return NO_ASSET
    return "" if known else NO_PARTITION
