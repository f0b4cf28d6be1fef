"""Saving what can be read of a damaged event log."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedLogError
from ipyassets.storage import event_rows
from ipyassets.storage.event_log import JUMP, SqliteEventLog

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


def is_sound(path: Path) -> bool:
    """Whether an event log can be read from one end to the other."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def repair(path: Path, *, dry_run: bool = False) -> Repaired:
    """Write what can still be read of an event log to a new file in its place, and keep the damaged one beside it.

    Nobody may have the log open meanwhile. The latest rows are made anew from the events that are left: a partition
    whose materialization is lost has a file without a record, which `trust` lets in again. Raises DamagedLogError
    where nothing at all can be read.
    """
    fresh = path.with_name(f"{path.name}.repaired")
    fresh.unlink(missing_ok=True)
    log = SqliteEventLog(fresh)
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = {row[0]: AssetKey.from_db_string(row[1]) for row in _rows(source, "asset", "id, key")}
        if not names:
            raise DamagedLogError(f"nothing can be read of {path}: move it away and start with an empty log")
        saved, last = _copy_events(source, log, names)
        keys = list(_rows(source, "dynamic_key", "position, definition, key"))
        with log.database.write() as connection:
            connection.executemany("REPLACE INTO dynamic_key (position, definition, key) VALUES (?, ?, ?)", keys)
            # Whoever follows the log must not take the new numbers for the old ones.
            connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'event'", (last + JUMP,))
    finally:
        source.close()
        log.close()
    kept = None if dry_run else _swapped(path, fresh)
    if dry_run:
        fresh.unlink(missing_ok=True)
    return Repaired(saved, max(0, last - saved), len(names), len(keys), kept)


def _copy_events(source: sqlite3.Connection, log: SqliteEventLog, names: Mapping[int, AssetKey]) -> tuple[int, int]:
    """How many events were copied, and the number of the last one."""
    saved = last = 0
    for rows in _batches(_rows(source, "event", event_rows.COLUMNS)):
        events = []
        for row in rows:
            with contextlib.suppress(DamagedLogError):  # a row that was hit itself
                events.append(event_rows.event(row, names))
                last = max(last, row[0])
        log.append(events)
        saved += len(events)
    return saved, last


def _swapped(path: Path, fresh: Path) -> Path:
    """Put the new log in place of the damaged one; where that is kept."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(kept)
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(f"{kept}{suffix}")
    fresh.rename(path)
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
