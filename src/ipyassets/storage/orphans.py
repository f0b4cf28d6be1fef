"""Stored values that belong to nothing: files without a record, and records of keys that are no partitions any more."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidInvocationError
from ipyassets.storage.claims import FILE as CLAIMS
from ipyassets.storage.claims import Claims, NoClaims, claimed_names
from ipyassets.storage.event_log import SqliteEventLog, last_id
from ipyassets.storage.live_runs import FOLDER as RUNS
from ipyassets.storage.paths import DISPLACED, identity
from ipyassets.storage.placing import is_inside, remove_empty
from ipyassets.storage.trusting import BUSY, NOT_RECORDED
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.walking import is_own, stored_files
from ipyassets.storage.whereabouts import Whereabouts

NO_PARTITION = "its key is no partition any more"
NO_ASSET = "no asset of that name is defined"
RECORDED = "it is recorded: wipe() deletes it"
GONE = "it is gone by now"
_AT_ONCE = 500

IsPartition = Callable[[AssetKey, str], bool | None]
WhereaboutsOf = Callable[[AssetKey], Whereabouts]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A value that belongs to nothing: where it lies, whose it would be as far as its path tells, and why it is one.

    What nobody recorded is let in by `trust`, or deleted by `delete_orphans`; what is recorded is for `wipe`.
    """

    path: Path
    asset_key: AssetKey | None
    partition_key: str
    size: int
    reason: str

    @property
    def identity(self) -> str:
        """What its partition is claimed by; empty where the path does not tell whose it is."""
        return "" if self.asset_key is None else identity(self.asset_key, self.partition_key)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted, or would be: files and bytes; and what was left alone, with the reason of each."""

    files: int
    size: int
    left: Mapping[Path, str] = field(default_factory=dict)


def orphans(
    log: SqliteEventLog,
    files: ValueFiles,
    is_partition: IsPartition,
    whereabouts: WhereaboutsOf,
    assets: Iterable[AssetKey] = (),
) -> list[Orphan]:
    """Values below a folder that belong to nothing.

    `is_partition` says whether a key is a partition of an asset as it is defined today; None where no such asset is
    known, which is a reason of its own. `assets` are those defined, recorded or not. Values of definitions that come
    back are found again, so nothing is deleted.
    """
    real = cache(os.path.realpath)
    with log.database.read() as connection:
        recorded = _recorded(connection, whereabouts)
    found = []
    for file in stored_files(files, [*log.asset_keys(), *assets]):
        if _is_of_the_log(log, file.path):
            continue
        owner = recorded.get(_place(str(file.path), real))
        if owner is None:
            found.append(Orphan(file.path, file.asset_key, file.partition_key, file.size, NOT_RECORDED))
        elif not (known := is_partition(*owner)):
            found.append(Orphan(file.path, *owner, file.size, NO_ASSET if known is None else NO_PARTITION))
    return found


def delete(
    log: SqliteEventLog,
    files: ValueFiles,
    found: Iterable[Orphan],
    whereabouts: WhereaboutsOf,
    claims: Claims | NoClaims,
    *,
    dry_run: bool = False,
) -> Deleted:
    """Delete orphans that nobody recorded, not even since they were found. Values with a record are for `wipe`.

    Raises InvalidInvocationError for a folder of which another log may know more.
    """
    if not is_own(log, files):
        raise InvalidInvocationError(
            f"{files.folder} is not below the root of this log, so that another root may have recorded what this one"
            " has not: delete by hand what belongs to none"
        )
    recorded: Mapping[str, object] = {}
    seen: tuple[int, int] | None = None
    left: dict[Path, str] = {}
    gone: list[Orphan] = []
    waiting = list(found)
    while some := waiting[:_AT_ONCE]:
        del waiting[:_AT_ONCE]
        # Nobody can record anything meanwhile, and a run puts a value in place only once it is recorded.
        with (
            claimed_names(claims, {each.identity for each in some if each.identity}) as taken,
            log.database.read() if dry_run else log.database.write() as connection,
        ):
            if seen != (now := (log.database.replaced, last_id(connection))):
                recorded, seen = _recorded(connection, whereabouts), now
            for orphan in some:
                if why := _why_not(files, orphan, recorded, taken):
                    left[orphan.path] = why
                    continue
                gone.append(orphan)
                if not dry_run:
                    orphan.path.unlink()
    if not dry_run:
        remove_empty((each.path.parent for each in gone), files.folder)
    return Deleted(len(gone), sum(each.size for each in gone), left)


def _why_not(files: ValueFiles, orphan: Orphan, recorded: Mapping[str, object], taken: set[str]) -> str:
    """Why a file may not be deleted; empty if it may."""
    if _place(str(orphan.path), os.path.realpath) in recorded:
        return RECORDED
    if orphan.identity and orphan.identity not in taken:
        return BUSY
    is_there = is_inside(str(orphan.path.parent), files.folder) and orphan.path.is_file()
    return "" if is_there else GONE


def _is_of_the_log(log: SqliteEventLog, path: Path) -> bool:
    """Whether a file is the log itself, or beside it to keep runs apart: values may lie in the same folder."""
    if log.database.path is None:
        return False
    root = log.database.path.absolute().parent
    if not path.is_relative_to(root):
        return False
    name = path.relative_to(root).parts[0]
    return name in (CLAIMS, RUNS) or name.startswith(log.database.path.name)


def _place(path: str, real: Callable[[str], str]) -> str:
    """A place of a value as it is really called, whichever links lead there."""
    folder, name = os.path.split(path)
    if name == DISPLACED:
        folder, name = os.path.split(folder)
    return os.path.join(real(folder), name)  # noqa: PTH118


def _recorded(connection: sqlite3.Connection, whereabouts: WhereaboutsOf) -> dict[str, tuple[AssetKey, str]]:
    """Whose value lies at each place, of all that stand recorded."""
    found = connection.execute(
        """SELECT asset.key, COALESCE(place.location, ''), event.path, latest.partition
           FROM latest CROSS JOIN asset ON asset.id = latest.asset CROSS JOIN event ON event.id = latest.made
           LEFT JOIN place ON place.id = event.place
           WHERE event.digest IS NOT NULL"""
    )
    real = cache(os.path.realpath)

    @cache
    def folders(key: str, location: str) -> tuple[AssetKey, list[str]]:
        asset_key = AssetKey.from_db_string(key)
        return asset_key, [str(folder) for folder in whereabouts(asset_key).folders_at(location)]

    recorded = {}
    for key, location, path, partition in found:
        asset_key, places = folders(key, location)
        for folder in places:
            recorded[_place(f"{folder}/{path}", real)] = asset_key, partition
    return recorded
