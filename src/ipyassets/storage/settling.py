"""Making log and files agree where two runs may have recorded the same partition at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Event
from ipyassets.storage.file_io import Files
from ipyassets.storage.verifying import fault

# More than can have been at it together; far older values are no candidates.
_LATEST = 10


class History(Protocol):
    """What an event log tells of a partition's past, and takes in."""

    def append(self, events: Sequence[Event]) -> int:
        """Record events."""

    def history(self, asset_key: AssetKey, partition_key: str | None = None, limit: int | None = None) -> list[Event]:
        """Attempts at a partition, newest first."""


def settle(log: History, files: Files, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
    """Let the value that is in place stand, where a later one was recorded but an earlier one put there last.

    Whoever calls this keeps others from making the partitions.
    """
    for key in partition_keys:
        stored = [event for event in log.history(asset_key, key, _LATEST) if event.artifact is not None]
        intact = (event for event in stored if event.artifact and not fault(files, asset_key, key, event.artifact))
        if (found := next(intact, None)) is not None and found is not stored[0]:
            log.append([found])
