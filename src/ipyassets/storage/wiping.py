"""Deleting stored values, on request and never otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from numbers import Integral, Real
from typing import Any

from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError
from ipyassets.events import Attempt, Event
from ipyassets.partitions.keys import distinct_keys
from ipyassets.storage.claims import Claims, NoClaims, claimed_in_turn
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.whereabouts import Whereabouts

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was deleted, or would be: partitions, files, bytes; `busy` are partitions that a run is making just now."""

    asset_key: AssetKey
    partition_keys: tuple[str, ...]
    files: int
    size: int
    busy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A value that stands: whose it is, and when it was made, in UTC epoch seconds."""

    partition_key: str
    timestamp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long values are kept: no longer than `days`, and no more than the `newest` so many; None sets no limit.

    What counts is when a value was made: that it was tried again since, in vain, or trusted, makes it no younger.
    """

    days: float | None = None
    newest: int | None = None

    def __post_init__(self) -> None:
        _check_limit("days", self.days, Real, "a number")
        _check_limit("newest", self.newest, Integral, "a whole number")

    def expired(self, values: Sequence[Made], now: float) -> list[str]:
        """The partitions whose values are no longer kept, of all that stand, in the order in which they were made."""
        enough = 0 if self.newest is None else len(values) - self.newest
        oldest = -math.inf if self.days is None else now - self.days * DAY_SECONDS
        return [each.partition_key for i, each in enumerate(values) if i < enough or each.timestamp < oldest]


def _check_limit(name: str, limit: Any, kind: Any, wanted: str) -> None:
    if limit is None or (isinstance(limit, kind) and not isinstance(limit, bool) and limit >= 0):
        return
    raise InvalidArgumentError(f"{name}={limit!r} is no limit: give {wanted} from 0 on, or None to keep all")


def values_of(log: SqliteEventLog, asset_key: AssetKey) -> list[Made]:
    """The values of an asset that stand, in the order in which they were made, whatever the clock said.

    One that was trusted since has the time of its first record, and the place of that in the order.
    """
    with log.database.read() as connection:
        found = connection.execute(
            """SELECT latest.partition, event.ended
               FROM asset CROSS JOIN latest ON latest.asset = asset.id CROSS JOIN event ON event.id = latest.made
               WHERE asset.key = ? ORDER BY (
                   SELECT min(id) FROM event AS first
                   WHERE first.asset = latest.asset AND first.partition = latest.partition AND first.ended = event.ended
               )""",
            (asset_key.to_string(),),
        )
        return [Made(partition, ended) for partition, ended in found]


def wipe(
    log: SqliteEventLog,
    where: Whereabouts,
    partition_keys: Iterable[str],
    *,
    at: float,
    reason: str = "wiped",
    claims: Claims | NoClaims,
    dry_run: bool = False,
) -> Wiped:
    """Delete the values of partitions with all their versions; their history stays, with this as its latest event.

    The record goes first: whatever is interrupted, no record tells of a file that is not there. Partitions without a
    standing value are left out. Raises, before anything is deleted and in a dry run too, UnknownPlaceError where it is
    not known where values are, and InvalidInvocationError where their I/O manager cannot delete.
    """
    asset_key, records = where.asset_key, log.records(where.asset_key)
    standing = set(compress(records.keys, records.made))
    wanted = [key for key in distinct_keys(partition_keys) if key in standing]
    for manager in where.managers(wanted):
        manager.delete(asset_key, [])  # raises where it cannot
    mine: list[str] = []
    count = size = 0
    for taken in claimed_in_turn(claims, asset_key, wanted):
        keepers = where.keepers(taken)
        extents = [extent for manager, keys in keepers for extent in _extents(manager, asset_key, keys)]
        if not dry_run:
            log.append([_wiping(asset_key, key, at, reason) for key in taken])
            for manager, keys in keepers:
                manager.delete(asset_key, keys)
        mine += taken
        count, size = count + sum(n for n, _ in extents), size + sum(each for _, each in extents)
    done = set(mine)
    busy = tuple(key for key in wanted if key not in done)
    return Wiped(asset_key, tuple(mine), count, size, busy)


def _extents(manager: IOManager, asset_key: AssetKey, keys: Iterable[str]) -> list[tuple[int, int]]:
    """How many files each partition has, and their bytes."""
    return [manager.files.extent(asset_key, key) for key in keys] if isinstance(manager, FileIOManager) else []


def _wiping(asset_key: AssetKey, key: str, at: float, reason: str) -> Event:
    return Event(attempt=Attempt.WIPED, asset_key=asset_key, partition_key=key, run_id="", timestamp=at, reason=reason)
