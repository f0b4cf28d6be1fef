"""Deleting stored values, on request and never otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError
from ipyassets.events import Attempt, Event, Records
from ipyassets.storage.claims import Claims, NoClaims, claimed_in_turn
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import Files


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was deleted, or would be: partitions, files, bytes; `busy` are partitions that a run is making just now."""

    asset_key: AssetKey
    partition_keys: tuple[str, ...]
    files: int
    size: int
    busy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long values are kept: no longer than `days`, and no more than the `newest` so many; None sets no limit."""

    days: float | None = None
    newest: int | None = None

    def __post_init__(self) -> None:
        for name, limit in (("days", self.days), ("newest", self.newest)):
            if limit is not None and limit < 0:
                raise InvalidArgumentError(
                    f"{name}={limit!r} keeps less than nothing: give a number from 0 on, or None"
                )

    def expired(self, records: Records, now: float) -> list[str]:
        """The partitions whose values are no longer kept; `now` and the records are in UTC epoch seconds."""
        standing = np.flatnonzero(records.made)
        newest_first = standing[np.argsort(-records.timestamp[standing], kind="stable")]
        gone = np.zeros(len(records.keys), np.bool_)
        if self.newest is not None:
            gone[newest_first[self.newest :]] = True
        if self.days is not None:
            gone |= records.made & (records.timestamp < now - self.days * 86_400)
        return [records.keys[i] for i in np.flatnonzero(gone)]


def wipe(
    log: SqliteEventLog,
    files: Files | None,
    asset_key: AssetKey,
    partition_keys: Iterable[str],
    *,
    at: float,
    reason: str = "wiped",
    claims: Claims | NoClaims | None = None,
    dry_run: bool = False,
) -> Wiped:
    """Delete the values of partitions with all their versions; their history stays, with this as its latest event.

    `files` None is for values that are not files. The record goes first: whatever is interrupted, no record tells of a
    file that is not there. Partitions without a standing value are left out.
    """
    standing = set(_standing(log, asset_key))
    wanted = [key for key in dict.fromkeys(map(str, partition_keys)) if key in standing]
    mine: list[str] = []
    count = size = 0
    for taken in claimed_in_turn(NoClaims() if dry_run or claims is None else claims, asset_key, wanted):
        extents = [] if files is None else [files.extent(asset_key, key) for key in taken]
        if not dry_run:
            log.append([_wiping(asset_key, key, at, reason) for key in taken])
            if files is not None:
                files.delete(asset_key, taken)
        mine += taken
        count, size = count + sum(n for n, _ in extents), size + sum(each for _, each in extents)
    done = set(mine)
    busy = tuple(key for key in wanted if key not in done)
    return Wiped(asset_key, tuple(mine), count, size, busy)


def _standing(log: SqliteEventLog, asset_key: AssetKey) -> list[str]:
    records = log.records(asset_key)
    return [records.keys[i] for i in np.flatnonzero(records.made)]


def _wiping(asset_key: AssetKey, key: str, at: float, reason: str) -> Event:
    return Event(attempt=Attempt.WIPED, asset_key=asset_key, partition_key=key, run_id="", timestamp=at, reason=reason)
