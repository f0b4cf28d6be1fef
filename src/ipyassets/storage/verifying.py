"""Comparing every stored value with its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, UnknownPlaceError
from ipyassets.events import Artifact
from ipyassets.storage.damage import Damage
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import Files
from ipyassets.storage.whereabouts import Whereabouts, places

_AT_ONCE = 500  # partitions whose artifacts are looked up together
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Verified:
    """How many values of an asset were read, their bytes, and why each damaged one is damaged.

    `unseen` values were not looked at, because it is not known here where they are, or their I/O manager does not say.
    """

    asset_key: AssetKey
    checked: int
    size: int
    damaged: Mapping[str, str] = field(default_factory=dict)
    unseen: int = 0


def verify(log: SqliteEventLog, where: Whereabouts, *, watch: Callable[[int], None] | None = None) -> Verified:
    """Read all values of an asset, and remember which are not what was recorded.

    Values that are made meanwhile are read again. `watch` is told how many were read so far.
    """
    asset_key = where.asset_key
    keys = log.records(asset_key).keys
    book = Damage(log)
    damaged: dict[str, str] = {}
    checked = size = 0
    unseen = places(log, asset_key).keys() & set(keys)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ipyassets-verify") as pool:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            known = book.found(asset_key).keys() & set(some)
            found, sizes = _looked_through(log, where, some, book, pool)
            damaged |= found
            unseen -= sizes.keys()
            book.clear(asset_key, (known - found.keys()) - unseen)
            checked += len(sizes)
            size += sum(sizes.values())
            if watch is not None:
                watch(checked)
    return Verified(asset_key, checked, size, damaged, len(unseen))


def _looked_through(
    log: SqliteEventLog, where: Whereabouts, keys: Sequence[str], book: Damage, pool: ThreadPoolExecutor
) -> tuple[dict[str, str], dict[str, int]]:
    """Why values are damaged, which is recorded, and how large each was that was read."""
    damaged: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def look(pair: tuple[str, Artifact]) -> DamagedPartitionError | None:
        try:
            found = fault(where, where.asset_key, *pair)
        except UnknownPlaceError:
            return None
        sizes[pair[0]] = pair[1].size
        return found

    while keys:
        artifacts = log.artifacts(where.asset_key, keys)
        errors = [each for each in pool.map(look, artifacts.items()) if each]
        keys = [error.partition_key for error in book.record(errors)]  # those were made again while they were read
        damaged |= {each.partition_key: each.reason for each in errors if each.partition_key not in keys}
    return damaged, sizes


def fault(
    files: Files | Whereabouts, asset_key: AssetKey, partition_key: str, artifact: Artifact
) -> DamagedPartitionError | None:
    """What is wrong with a stored value; None where nothing is. UnknownPlaceError where there is no telling."""
    try:
        with files.verified(asset_key, partition_key, artifact):
            return None
    except DamagedPartitionError as error:
        return error
