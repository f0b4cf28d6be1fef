"""Looking at what lies in a store, whoever put it there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.claims import FILE as CLAIMS
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.paths import asset_folder, owner
from ipyassets.storage.placing import is_inside
from ipyassets.storage.staging import STAGING
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.versions import VERSIONS

# A folder inside of another that has one of these is that of another I/O manager, or the root of another instance.
_TERRITORY = frozenset({STAGING, VERSIONS, CLAIMS})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file at the place of a value: whose it would be, as far as its path tells, and its size in bytes."""

    path: Path
    asset_key: AssetKey | None
    partition_key: str
    size: int


def is_own(log: SqliteEventLog, files: ValueFiles) -> bool:
    """Whether a folder of values is below the root of a log: in any other, somebody else may have recorded some."""
    path = log.database.path
    return path is not None and _absolute(files.folder).is_relative_to(_absolute(path).parent)


def stored_files(files: ValueFiles, assets: Iterable[AssetKey]) -> Iterator[StoredFile]:
    """The files below a folder of values; dotted names are ours and left out, as are folders of other I/O managers.

    `assets` are those known: a path alone does not tell a partition from an asset whose key has one more part.
    """
    return _below(files, files.folder, frozenset(assets))


def stored_files_of(
    files: ValueFiles, asset_key: AssetKey, assets: Iterable[AssetKey], hashed: Mapping[str, str] = MappingProxyType({})
) -> Iterator[StoredFile]:
    """Those files of one asset, known or not; none where a link leads out of the folder.

    `hashed` are its partitions by those addresses that do not tell them.
    """
    top = asset_folder(files.folder, asset_key, portable=files.portable)
    if not is_inside(str(top), files.folder):
        return
    for file in _below(files, top, frozenset([*assets, asset_key])):
        if file.asset_key == asset_key:
            yield file
        elif file.asset_key is None and (address := file.path.relative_to(files.folder).as_posix()) in hashed:
            yield replace(file, asset_key=asset_key, partition_key=hashed[address])


def _below(files: ValueFiles, top: Path, assets: frozenset[AssetKey]) -> Iterator[StoredFile]:
    if top.is_file():
        yield _stored_file(files, top, assets)
    for folder, folders, names in os.walk(top):
        if Path(folder) != files.folder and not _TERRITORY.isdisjoint((*folders, *names)):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield _stored_file(files, Path(folder, name), assets)


def _stored_file(files: ValueFiles, path: Path, assets: frozenset[AssetKey]) -> StoredFile:
    asset_key, partition_key = owner(path.relative_to(files.folder), assets) or (None, "")
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        size = 0
    return StoredFile(path, asset_key, partition_key, size)


def _absolute(path: Path) -> Path:
    """A path without "..", and with the links that are in it: a root may have its values on another disk."""
    return Path(os.path.abspath(path))  # noqa: PTH100
