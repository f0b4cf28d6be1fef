"""The tables of a store, as migrations counted by SQLite's `user_version`.

A release adds migrations at the end and never changes one that was released: a store made by any earlier release is
brought up to date when it is opened, after a copy was put beside it. A store from the future is refused.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ipyassets.errors import IncompatibleLogError

APPLICATION_ID = 0x69707961  # "ipya": tells our files from any other SQLite database

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE asset (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
        # One row an attempt. `details` is JSON: whatever is looked at one event at a time.
        """CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            asset INTEGER NOT NULL REFERENCES asset,
            partition TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            run TEXT NOT NULL,
            ended REAL NOT NULL,
            seconds REAL NOT NULL,
            code TEXT NOT NULL,
            data INTEGER NOT NULL,
            path TEXT, size INTEGER, digest TEXT,
            details TEXT NOT NULL
        )""",
        "CREATE INDEX event_of_partition ON event (asset, partition)",
        # The latest row of each partition, made from its events. `facts` and `inputs` are packed (latest.py), because
        # reading them must cost less than a microsecond a row.
        """CREATE TABLE latest (
            asset INTEGER NOT NULL REFERENCES asset,
            partition TEXT NOT NULL,
            event INTEGER NOT NULL,
            made INTEGER,
            facts BLOB NOT NULL,
            inputs BLOB NOT NULL,
            PRIMARY KEY (asset, partition)
        ) WITHOUT ROWID""",
        # The short names of all keys that anything here was ever signed with: as a rule one.
        "CREATE TABLE signer (key_id TEXT PRIMARY KEY) WITHOUT ROWID",
        # What was found wrong with a value, which counts as long as the materialization `event` stands.
        """CREATE TABLE damage (
            asset INTEGER NOT NULL REFERENCES asset,
            partition TEXT NOT NULL,
            event INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (asset, partition)
        ) WITHOUT ROWID""",
        """CREATE TABLE dynamic_key (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            definition TEXT NOT NULL,
            key TEXT NOT NULL,
            UNIQUE (definition, key)
        )""",
    ),
    (
        # Where values were put, and by which I/O manager: as a rule one or two. NULL for what was recorded before.
        """CREATE TABLE place (
            id INTEGER PRIMARY KEY,
            location TEXT NOT NULL,
            manager TEXT NOT NULL,
            UNIQUE (location, manager)
        )""",
        "ALTER TABLE event ADD COLUMN place INTEGER REFERENCES place",
    ),
    (
        # The bytes of small values that the disk may not have in their files yet; as a rule none (carrying.py).
        "CREATE TABLE carried (event INTEGER PRIMARY KEY, value BLOB NOT NULL)",
    ),
)
VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: Path | None) -> None:
    """Bring a database up to date; `path` is where it is, None in memory.

    Raises IncompatibleLogError for one that a newer release has written, or that is not ours.
    """
    if _version(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, path)
        if version == VERSION:  # another process was faster
            connection.execute("ROLLBACK")
            return
        if version and path is not None:
            _back_up(path, version)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection, path: Path | None) -> None:
    """Refuse a database that cannot be brought up to date because it cannot be written to, or that is not ours."""
    version = _version(connection, path)
    if version != VERSION:
        raise IncompatibleLogError(
            f"{path} has format {version}, this ipyassets {VERSION}, and it is read-only: open it once where it is not"
        )


def _version(connection: sqlite3.Connection, path: Path | None) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise IncompatibleLogError(f"{path} is a database of another program: give the store a folder of its own")
    if version > VERSION:
        raise IncompatibleLogError(
            f"{path} was written by a newer ipyassets (format {version}, this one knows {VERSION}): upgrade ipyassets"
        )
    return version


def _back_up(path: Path, version: int) -> None:
    """Copy the database as it is, consistently, to a name that tells its format."""
    copy = path.with_name(f"{path.name}.format-{version}.backup")
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
