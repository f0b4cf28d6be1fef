"""Looking at what lies in a store, whoever put it there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.paths import asset_folder, owner
from ipyassets.storage.value_files import ValueFiles


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file at the place of a value: whose it would be, as far as its path tells, and its size in bytes."""

    path: Path
    asset_key: AssetKey | None
    partition_key: str
    size: int


def stored_files(files: ValueFiles, asset_key: AssetKey | None = None) -> Iterator[StoredFile]:
    """The files below a folder of values, or those of one asset; dotted names are ours and left out."""
    top = files.folder if asset_key is None else asset_folder(files.folder, asset_key, portable=files.portable)
    if top.is_file():
        yield _stored_file(files, top)
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield _stored_file(files, Path(folder, name))


def _stored_file(files: ValueFiles, path: Path) -> StoredFile:
    asset_key, partition_key = owner(path.relative_to(files.folder)) or (None, "")
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        size = 0
    return StoredFile(path, asset_key, partition_key, size)
