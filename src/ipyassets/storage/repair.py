"""Saving what can be read of a damaged event log."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    DamagedLogError,
    DamagedPartitionError,
    IncompatibleLogError,
    InvalidArgumentError,
    UnwritableStoreError,
)
from ipyassets.events import Event, Place
from ipyassets.storage import event_rows
from ipyassets.storage.damage import Damage
from ipyassets.storage.database import (
    REPAIRED,
    connect_to_read,
    is_in_use,
    which_file,
)
from ipyassets.storage.event_log import JUMP, SqliteEventLog
from ipyassets.storage.sqlite_errors import PATIENCE_SECONDS, explained

Row = tuple[Any, ...]

_TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was saved: events, assets, dynamic keys, how many events are lost, and where the damaged file is kept."""

    events: int
    lost: int
    assets: int
    dynamic_keys: int
    kept_as: Path | None


def repair(path: Path, *, dry_run: bool = False) -> Repaired:
    """Write what can still be read of an event log to a new file in its place, and keep the damaged one beside it.

    Whoever has the log open waits meanwhile, and goes on with the new one. The latest rows are made anew from the
    events that are left: a partition whose materialization is lost has a file without a record, which `trust` lets in
    again. Raises DamagedLogError where nothing at all can be read, InvalidArgumentError where there is no log.
    """
    whole = path.with_name(path.name + REPAIRED)
    if whole.is_file() and not path.is_file() and not dry_run:  # an earlier repair was interrupted at its very end
        whole.replace(path)
    if not path.is_file():
        raise InvalidArgumentError(f"{path} is not there, so there is nothing to repair: give the root of a store")
    with ExitStack() as stack:
        source = stack.enter_context(closing(_looked_at(path) if dry_run else _held(path)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) if dry_run else path.parent
        fresh = folder / f"{path.name}.repairing"
        stack.callback(fresh.unlink, missing_ok=True)
        fresh.unlink(missing_ok=True)
        repaired = _copied(source, fresh, path)
        return repaired if dry_run else replace(repaired, kept_as=_swapped(path, fresh, whole))


def _looked_at(path: Path) -> sqlite3.Connection:
    return connect_to_read(path, frozen=not is_in_use(path))


def _held(path: Path) -> sqlite3.Connection:
    """A connection to a log that nobody else can write to until it is closed."""
    while True:
        file = which_file(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE_SECONDS, isolation_level=None
        )
        try:
            with suppress(DamagedLogError, IncompatibleLogError), explained(path):  # nobody else can write to it either
                connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        if file == which_file(path):
            return connection
        connection.close()  # somebody else has just repaired it


def _copied(source: sqlite3.Connection, fresh: Path, path: Path) -> Repaired:
    log = SqliteEventLog(fresh)
    try:
        names = {row[0]: AssetKey.from_db_string(row[1]) for row in _rows(source, "asset", "id, key")}
        if not names:
            raise DamagedLogError(f"nothing can be read of {path}: move it away and start with an empty log")
        places = {row[0]: Place(*row[1:]) for row in _rows(source, "place", "id, location, manager")}
        carried: dict[int, bytes] = dict(_rows(source, "carried", "event, value"))
        saved, lost, last = _copy_events(source, log, names, places, carried)
        Damage(log).record(_findings(source, names))
        keys = list(_rows(source, "dynamic_key", "position, definition, key"))
        with log.database.write() as connection:
            connection.executemany("REPLACE INTO dynamic_key (position, definition, key) VALUES (?, ?, ?)", keys)
            # Whoever follows the log must not take the new numbers for the old ones.
            connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'event'", (last + JUMP,))
    finally:
        log.close()
    return Repaired(saved, lost, len(names), len(keys), None)


def _copy_events(
    source: sqlite3.Connection,
    log: SqliteEventLog,
    names: Mapping[int, AssetKey],
    places: Mapping[int, Place],
    carried: Mapping[int, bytes],
) -> tuple[int, int, int]:
    """How many events were copied, how many were not, and the number of the last one."""
    saved = lost = last = 0
    columns = event_rows.COLUMNS if places else event_rows.COLUMNS.replace("place", "NULL")  # a log of the first format
    for rows in _batches(_rows(source, "event", columns)):
        events: list[Event] = []
        values: dict[int, bytes] = {}
        for row in rows:
            with suppress(DamagedLogError):  # a row that was hit itself
                events.append(event_rows.event(row, names, places))
                if row[0] in carried:
                    values[len(events) - 1] = carried[row[0]]
                lost += (row[0] - last - 1) % JUMP  # where numbers jumped, nothing is missing
                last = row[0]
        log.append(events, carried=values)
        saved += len(events)
    return saved, lost, last


def _findings(source: sqlite3.Connection, names: Mapping[int, AssetKey]) -> Iterator[DamagedPartitionError]:
    """What is known to be wrong with the values that stand, as far as it can be read: `verify` finds the rest again."""
    with suppress(sqlite3.DatabaseError):
        for asset, partition, reason, digest in source.execute(
            """SELECT damage.asset, damage.partition, damage.reason, event.digest
               FROM damage CROSS JOIN latest ON latest.asset = damage.asset AND latest.partition = damage.partition
               CROSS JOIN event ON event.id = damage.event
               WHERE latest.made = damage.event AND typeof(damage.reason) = 'text'"""
        ):
            if asset in names:
                yield DamagedPartitionError("", names[asset], partition, reason, digest)


def _swapped(path: Path, fresh: Path, whole: Path) -> Path:
    """Put the new log in place of the damaged one; where that is kept.

    Whoever finds no log at this moment waits for the one that is called `whole`, instead of beginning another.
    """
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        fresh.replace(whole)
        path.rename(kept)
        for suffix in ("-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(f"{kept}{suffix}")
        whole.rename(path)
    except OSError as error:  # Windows renames nothing that is open
        raise UnwritableStoreError(f"{path} could not be replaced: {error}; end what has it open") from error
    return kept


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _TOGETHER:
            yield batch
            batch = []
    yield batch


def _rows(source: sqlite3.Connection, table: str, columns: str) -> Iterator[Row]:
    """The rows of a table that can be read, in order; where a page cannot be, it is stepped over."""
    key = columns.partition(",")[0]
    query = f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} >= ? ORDER BY {key}"  # noqa: S608 - constants
    at, step, end = 0, 1, _end(source, table, key)
    while at <= end:
        try:
            for row in source.execute(query, (at,)):
                if not isinstance(row[0], int):
                    continue
                yield row
                at, step = row[0] + 1, 1
        except sqlite3.DatabaseError:
            at, step = at + step, step * 2  # a page holds many rows: ever larger steps over what cannot be read
        else:
            return


def _end(source: sqlite3.Connection, table: str, key: str) -> int:
    """A number that no row of a table is beyond."""
    for query in (
        "SELECT seq FROM sqlite_sequence WHERE name = ?",
        f"SELECT max({key}) FROM {table} WHERE ? IS NOT NULL",  # noqa: S608 - constants
    ):
        try:
            found = source.execute(query, (table,)).fetchone()
        except sqlite3.DatabaseError:
            continue
        if found and isinstance(found[0], int):
            return int(found[0])
    return 1 << 20
