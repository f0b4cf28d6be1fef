"""Clearing away what interrupted writers left, and giving back room that nothing uses."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import UnstorableValueError
from ipyassets.storage.claims import Claims, NoClaims, claimed_names
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.paths import ASSET_DIGITS, address, asset_folder, identity, place_identity
from ipyassets.storage.placing import is_inside
from ipyassets.storage.reading import holds
from ipyassets.storage.staging import is_aside, is_complete, owner_of, put_in_place, staged_names, unplaced
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.walking import is_own

# A file of a writer that made no claim is left alone for so long.
PATIENCE_SECONDS = 3600.0
_AT_ONCE = 500

Owners = dict[AssetKey, list[str]]


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was cleared away, or would be: files of interrupted writers, empty folders, and the bytes that this frees.

    `finished` values were recorded, and have now been put in place for their interrupted writer.
    """

    files: int = 0
    folders: int = 0
    size: int = 0
    finished: int = 0

    def __add__(self, other: Compacted) -> Compacted:
        return Compacted(*map(sum, zip(astuple(self), astuple(other), strict=True)))


def compact(
    log: SqliteEventLog,
    files: ValueFiles,
    claims: Claims | NoClaims,
    *,
    now: float,
    assets: Iterable[AssetKey] = (),
    dry_run: bool = False,
) -> Compacted:
    """Clear away what interrupted writers left in a folder; no value and no record is touched.

    `now` is in UTC epoch seconds: files younger than an hour are left alone, as are those of partitions being made.
    Folders are removed only where values of recorded assets, or of `assets`, would lie.
    """
    finished = finish(log, files, claims, dry_run=dry_run)
    removed = size = 0
    for path in _abandoned(log, files, claims, now):
        with contextlib.suppress(FileNotFoundError):  # somebody else clears away as well
            freed = path.stat().st_size
            if not dry_run:
                path.unlink()
            removed += 1
            size += freed
    for name in _forgotten(log, files, claims, now):
        with contextlib.suppress(FileNotFoundError):
            removed += len(os.listdir(files.versions.folder / name))  # noqa: PTH208
            size += files.versions.size(name) if dry_run else files.versions.discard(name)
    folders = _empty_folders(files, {*assets, *log.asset_keys()})
    return Compacted(removed, len(folders) if dry_run else _removed(folders), size, finished)


def finish(log: SqliteEventLog, files: ValueFiles, claims: Claims | NoClaims, *, dry_run: bool = False) -> int:
    """Put recorded values in place for writers that were stopped before they could; how many."""
    finished = 0
    for some in _in_turn([name for name in staged_names(files.staging) if is_complete(name) or is_aside(name)]):
        with claimed_names(claims, {owner_of(name) for name in some if is_complete(name)}) as held:
            # Most often none: they belong to runs that are going on.
            free = [name for name in some if is_aside(name) or owner_of(name) in held]
            for asset_key, keys in _owners(log, files, free).items() if free else ():
                finished += _settled(log, files, claims, asset_key, keys, dry_run=dry_run)
    return finished


def finish_all(log: SqliteEventLog, managers: Iterable[IOManager], claims: Callable[[], Claims | NoClaims]) -> None:
    """The same for the files of several I/O managers, as far as it can be done: no value is lost by waiting.

    A few microseconds where nothing is left.
    """
    for manager in {id(manager): manager for manager in managers}.values():
        files = manager.files if isinstance(manager, FileIOManager) else None
        if isinstance(files, ValueFiles) and staged_names(files.staging) and log.database.is_writable:
            with contextlib.suppress(OSError), contextlib.closing(claims()) as held:
                finish(log, files, held)


def _settled(
    log: SqliteEventLog,
    files: ValueFiles,
    claims: Claims | NoClaims,
    asset_key: AssetKey,
    keys: Sequence[str],
    *,
    dry_run: bool,
) -> int:
    if dry_run:
        return len(unplaced(files, asset_key, log.artifacts(asset_key, keys)))
    taken = claims.take(asset_key, keys)
    try:
        with contextlib.suppress(UnstorableValueError):  # a link leads elsewhere
            return len(put_in_place(files, asset_key, log.artifacts(asset_key, taken)))
    finally:
        claims.release(asset_key, taken)
    return 0


def _in_turn(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))


def _abandoned(log: SqliteEventLog, files: ValueFiles, claims: Claims | NoClaims, now: float) -> Iterator[Path]:
    """Files that nobody will ever need, each of them claimed while it is in hand."""
    left = [name for name in staged_names(files.staging) if not is_aside(name)]
    old = [name for name in left if _age(f"{files.staging}/{name}", now) > PATIENCE_SECONDS]
    for some in _in_turn(old):
        with claimed_names(claims, {owner_of(name) for name in some}) as held:
            # The log is asked after the claims were taken: what is not recorded by now will not be.
            needed = _needed(log, files, [name for name in some if is_complete(name)])
            yield from (Path(files.staging, name) for name in some if owner_of(name) in held and name not in needed)


def _forgotten(log: SqliteEventLog, files: ValueFiles, claims: Claims | NoClaims, now: float) -> Iterator[str]:
    """Identities that have versions and are in no record, as a rename that was cut short leaves them."""
    if not is_own(log, files):
        return
    kept = files.versions.identities()
    unknown = sorted(kept - _known(log, files, kept)) if kept else []
    old = [name for name in unknown if _age(f"{files.versions.folder}/{name}", now) > PATIENCE_SECONDS]
    for some in _in_turn(old):
        with claimed_names(claims, some) as held:
            yield from held - _known(log, files, held)


def _known(log: SqliteEventLog, files: ValueFiles, names: Collection[str]) -> set[str]:
    """Those identities, of some, that are in a record."""
    return {identity(asset_key, key) for asset_key, keys in _owners(log, files, names).items() for key in keys}


def _age(path: str, now: float) -> float:
    try:
        return now - os.stat(path).st_mtime  # noqa: PTH116
    except FileNotFoundError:  # put in place a moment ago
        return 0.0


def _needed(log: SqliteEventLog, files: ValueFiles, names: Sequence[str]) -> set[str]:
    """Complete files that must stay: those of values that stand recorded and are not found anywhere else.

    In a folder that does not belong to the root of this log alone, others may have recorded any of them.
    """
    if not is_own(log, files):
        return set(names)
    needed = set()
    for asset_key, keys in _owners(log, files, names).items() if names else ():
        for key, artifact in log.artifacts(asset_key, keys).items():
            staged = files.staged(asset_key, key, artifact.digest)
            others = set(files.sources(asset_key, key, artifact)) - {staged}
            if not any(holds(each, artifact) for each in others):
                needed.add(os.path.basename(staged))  # noqa: PTH119
    return needed


def _owners(log: SqliteEventLog, files: ValueFiles, names: Collection[str]) -> Owners:
    """Whose values staged files may be, of all that stand recorded."""
    aside = {owner_of(name) for name in names if is_aside(name)}
    staged = {owner_of(name) for name in names if not is_aside(name)}
    assets = {each[:ASSET_DIGITS] for each in staged}
    found: Owners = defaultdict(list)
    for asset_key in log.asset_keys():
        if not aside and identity(asset_key, "")[:ASSET_DIGITS] not in assets:
            continue
        for key in log.records(asset_key).keys:
            if identity(asset_key, key) in staged or (aside and _place(files, asset_key, key) in aside):
                found[asset_key].append(key)
    return found


def _place(files: ValueFiles, asset_key: AssetKey, key: str) -> str:
    return place_identity(address(asset_key, key, portable=files.portable))


def _empty_folders(files: ValueFiles, assets: Iterable[AssetKey]) -> list[str]:
    """Folders of assets, and those in them, in which nothing is, from the innermost on."""
    tops = [str(asset_folder(files.folder, key, portable=files.portable)) for key in assets]
    inside = [top for top in tops if is_inside(top, files.folder)]
    return sorted({folder for top in inside for folder in _empty_below(top)}, key=len, reverse=True)


def _empty_below(top: str) -> list[str]:
    """A folder, and those in it, that hold nothing but one another. A dotted one is somebody's who knows what for."""
    found, is_empty = [], True
    try:
        with os.scandir(top) as entries:
            for each in entries:
                is_plain = each.is_dir(follow_symlinks=False) and not each.name.startswith(".")
                below = _empty_below(each.path) if is_plain else []
                found += below
                is_empty &= below[-1:] == [each.path]
    except OSError:  # no folder, or none that can be listed
        return []
    return [*found, top] if is_empty else found


def _removed(folders: Iterable[str]) -> int:
    count = 0
    for folder in folders:
        with contextlib.suppress(OSError):  # somebody has just put something in
            os.rmdir(folder)  # noqa: PTH106
            count += 1
    return count
