"""Comparing every stored value with its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError
from ipyassets.events import Artifact
from ipyassets.storage.damage import Damage
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import Files
from ipyassets.storage.value_files import UNREADABLE

_AT_ONCE = 500  # partitions whose artifacts are looked up together
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Verified:
    """How many values of an asset were read, their bytes, and why each damaged one is damaged."""

    asset_key: AssetKey
    checked: int
    size: int
    damaged: Mapping[str, str] = field(default_factory=dict)


def verify(
    log: SqliteEventLog,
    files: Files,
    asset_key: AssetKey,
    partition_keys: Iterable[str] | None = None,
    *,
    watch: Callable[[int], None] | None = None,
) -> Verified:
    """Read all values of an asset, or those of some partitions, and remember which are not what was recorded.

    `watch` is told how many were read so far.
    """
    keys = log.records(asset_key).keys if partition_keys is None else [str(key) for key in partition_keys]
    damaged: dict[str, str] = {}
    checked = size = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ipyassets-verify") as pool:
        for start in range(0, len(keys), _AT_ONCE):
            artifacts = log.artifacts(asset_key, keys[start : start + _AT_ONCE])
            reasons = pool.map(lambda pair: fault(files, asset_key, *pair), artifacts.items())
            damaged |= {key: reason for key, reason in zip(artifacts, reasons, strict=True) if reason}
            checked += len(artifacts)
            size += sum(artifact.size for artifact in artifacts.values())
            if watch is not None:
                watch(checked)
    book = Damage(log)
    known = book.found(asset_key)
    book.record(asset_key, damaged)
    book.clear(asset_key, (set(known) & set(keys)) - set(damaged))
    return Verified(asset_key, checked, size, damaged)


def fault(files: Files, asset_key: AssetKey, partition_key: str, artifact: Artifact) -> str:
    """What is wrong with a stored value, in a few words; empty where nothing is."""
    try:
        with files.verified(asset_key, partition_key, artifact):
            return ""
    except DamagedPartitionError as error:
        return error.reason
    except OSError as error:
        return f"{UNREADABLE}: {error.strerror or error}"
