"""Which partitions have a file: asked of many at once, answered by listing folders."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.interrupt import shielded
from ipyassets.partitions.keys import SEPARATOR
from ipyassets.storage.paths import (
    ASIDE,
    ASSET_DIGITS,
    DISPLACED,
    address,
    are_plain,
    asset_folder,
    escaped,
    identity,
    place_identity,
)
from ipyassets.storage.threads import begin

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ipyassets.storage.value_files import ValueFiles

Stamp: TypeAlias = tuple[int, int]

TRUSTED = 30.0  # seconds for which the look of folders is believed: not every file system keeps it up to date
SETTLED = 2.0  # seconds after which a change cannot look like the one before: clocks of file systems are coarse


@dataclass(frozen=True, slots=True)
class Look:
    """Which of some partitions have a file, as a look at folders showed; those asked about may be asked about again.

    `contents` are hashes of the names that the folders held, None where it was not by listing folders that the answer
    was found. `stamps` say how those looked that had been as they were for a while, and `at` when that was, on the
    clock of this process.
    """

    found: NDArray[np.bool_]
    contents: Mapping[str, int] | None = None
    stamps: Mapping[str, Stamp | None] = field(default_factory=dict)
    at: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether it need not be looked again: the folders have not been touched in the moment since."""
        if self.contents is None or time.monotonic() - self.at > TRUSTED:
            return False
        return all(stamp is not None and _stamp(folder) == stamp for folder, stamp in self.stamps.items())


def look(
    files: ValueFiles,
    asset_key: AssetKey,
    partition_keys: Callable[[], Sequence[str]],
    before: Look | None = None,
    ahead: Future[Names] | None = None,
) -> Look:
    """Which of the partitions have a file in place, or one a reader will put there; "" asks for the whole asset.

    `before` is an earlier look at the same partitions: where folders hold the same names, nothing is worked out anew.
    `ahead` is what `list_ahead` has begun.
    """
    if before is not None and before.holds:
        return before
    names = Names()
    if before is not None and before.contents is not None and names.contents(before.contents) == before.contents:
        return replace(before, stamps=names.stamps, at=names.at)
    keys = partition_keys()
    if ahead is not None:
        with shielded():
            names = ahead.result()
    found = _in_place(files, asset_key, keys, names)
    if ahead is not None and not found.all():
        names = Names()  # what was put in place since then may have been recorded since then, too
        found = _in_place(files, asset_key, keys, names)
    if not found.all():
        _add_staged(found, files, asset_key, keys, names)
    return Look(found, None if "" in keys else names.contents(names), names.stamps, names.at)


def list_ahead(files: ValueFiles, asset_key: AssetKey) -> Future[Names]:
    """Begin to list the folder of an asset with one dimension, on another thread, for a look that is to come."""
    return begin(_listed, str(asset_folder(files.folder, asset_key, portable=files.portable)))


def _listed(folder: str) -> Names:
    names = Names()
    names[folder]  # which lists it
    return names


def _add_staged(
    found: NDArray[np.bool_], files: ValueFiles, asset_key: AssetKey, partition_keys: Sequence[str], names: Names
) -> None:
    ours = identity(asset_key, "")[:ASSET_DIGITS]
    waiting = names[files.staging]
    staged = {name.partition("-")[0] for name in waiting if name.startswith(ours) and "-" in name}
    aside = {name.partition("-")[0] for name in waiting if name.endswith(f"-{ASIDE}")}
    for i in np.flatnonzero(~found).tolist() if staged or aside else ():
        place = place_identity(address(asset_key, partition_keys[i], portable=files.portable))
        found[i] = identity(asset_key, partition_keys[i]) in staged or place in aside


def _in_place(files: ValueFiles, asset_key: AssetKey, partition_keys: Sequence[str], names: Names) -> NDArray[np.bool_]:
    folder = str(asset_folder(files.folder, asset_key, portable=files.portable))
    heads, tails = _split(partition_keys)
    if not are_plain(tails, portable=files.portable):
        tails = [escaped(tail, portable=files.portable) for tail in tails]
    listings = {head: names[_joined(folder, head, portable=files.portable)] for head in set(heads)}
    if len(listings) == 1:
        found = np.fromiter(map(listings[heads[0]].__contains__, tails), np.bool_, len(tails))
    else:
        pairs = zip(heads, tails, strict=True)
        found = np.fromiter((tail in listings[head] for head, tail in pairs), np.bool_, len(tails))
    for i, key in enumerate(partition_keys) if "" in partition_keys else ():
        if not key:
            found[i] = files.path(asset_key, None).is_file()
    return found


def _split(partition_keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Each key as all of its dimensions but the last, and the last."""
    if SEPARATOR not in "".join(partition_keys):
        return [""] * len(partition_keys), list(partition_keys)
    parts = [key.rpartition(SEPARATOR) for key in partition_keys]
    return [head + bar for head, bar, _ in parts], [tail for _, _, tail in parts]


def _joined(folder: str, head: str, *, portable: bool) -> str:
    if not head:
        return folder
    texts = head.removesuffix(SEPARATOR).split(SEPARATOR)
    return "/".join([folder, *(escaped(text, portable=portable) for text in texts)])


class Names(dict[str, frozenset[str]]):
    """The names of the values in folders, each listed when it is first asked for, with the stamps it had just before.

    Values are files, links to files, and folders that have a value of their own. `at` is when the first was listed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at = time.monotonic()
        self.stamps: dict[str, Stamp | None] = {}

    def contents(self, folders: Iterable[str]) -> dict[str, int]:
        """A number for each of some folders that tells what it holds: a million names are not kept."""
        return {folder: hash(self[folder]) for folder in folders}

    def __missing__(self, folder: str) -> frozenset[str]:
        self.stamps[folder] = _stamp(folder)
        try:
            with os.scandir(folder) as entries:
                # A file is told by the listing itself: nothing else is looked at for it
                names = [each.name for each in entries if each.is_file(follow_symlinks=False) or self._is_value(each)]
        except (FileNotFoundError, NotADirectoryError):
            names = []
        self[folder] = found = frozenset(names)
        return found

    def _is_value(self, entry: os.DirEntry[str]) -> bool:
        if entry.is_dir(follow_symlinks=False):
            stamp = _stamp(entry.path)
            if not os.path.isfile(f"{entry.path}/{DISPLACED}"):  # noqa: PTH113 - as below
                return False
            self.stamps.setdefault(entry.path, stamp)
            return True
        try:
            return entry.is_file()
        except OSError:  # a link that leads to itself
            return False


def _stamp(folder: str) -> Stamp | None:
    """What a folder looks like from outside, which tells of files that came or went; None where it would not."""
    try:
        seen = os.stat(folder)  # noqa: PTH116  # a tenth of what pathlib takes for many files
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (seen.st_ino, seen.st_mtime_ns) if time.time() - seen.st_mtime > SETTLED else None
