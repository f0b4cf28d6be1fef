"""The event log: what happened to every partition, kept for ever, and the latest of it at hand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import BusyPartitionError, InvalidArgumentError, InvalidPartitionKeyError, UnknownAssetError
from ipyassets.events import Artifact, Event, Records
from ipyassets.storage import event_rows, latest
from ipyassets.storage.database import Database
from ipyassets.storage.signature import CONTENT_DIGITS, KEY_ID_DIGITS, key_id_of

# By how much the cursor jumps when following it event by event would miss something.
JUMP = 1_000_000

_INSERT = f"INSERT INTO event ({event_rows.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constant
_SELECT = f"SELECT {event_rows.COLUMNS} FROM event"  # noqa: S608  # a constant


class SqliteEventLog:
    """An event log in a SQLite file, or in memory for the path ":memory:".

    History only ever grows; the latest row of each partition is kept beside it. Any number of threads and processes may
    use one file. Keys are stored as text, so that a definition may change without touching what was recorded.
    `durable=False` makes a commit that a power cut may take back, but never tear. Raises IncompatibleLogError for a
    file of a newer release.
    """

    def __init__(self, path: str | Path, *, durable: bool = True) -> None:
        self.database = Database(path, durable=durable)

    def append(self, events: Sequence[Event]) -> None:
        """Record events in one transaction: all or none of them."""
        if not events:
            return
        for event in events:
            _check_key(event.partition_key)
        with self.database.write() as connection:
            read = {use.asset_key for event in events for use in event.inputs}
            ids = _ids_of(connection, {event.asset_key for event in events} | read)
            first = _last_id(connection) + 1
            connection.executemany(_INSERT, [event_rows.row(i, event, ids) for i, event in enumerate(events, first)])
            key_ids = {key_id_of(event.artifact.digest) for event in events if event.artifact}
            connection.executemany("INSERT OR IGNORE INTO signer (key_id) VALUES (?)", [(each,) for each in key_ids])
            rows: dict[tuple[int, str], latest.Row | None] = {}
            last: dict[tuple[int, str], int] = {}
            for i, event in enumerate(events, first):
                place = ids[event.asset_key], str(event.partition_key)
                if place not in rows:
                    rows[place] = _row_at(connection, place)
                rows[place] = latest.updated(i, event, ids, rows[place])
                last[place] = i
            connection.executemany(
                "REPLACE INTO latest (asset, partition, event, made, facts, inputs) VALUES (?, ?, ?, ?, ?, ?)",
                [(*place, last[place], *(row or ())) for place, row in rows.items()],
            )

    def records(self, asset_key: AssetKey) -> Records:
        """The latest row of every partition of an asset that the log knows."""
        with self.database.read() as connection:
            if (asset := _id_of(connection, asset_key)) is None:
                return Records.empty()
            return latest.records(connection, asset, _names(connection))

    def cursor(self) -> int:
        """A number that grows with every append of any process; a few microseconds."""
        with self.database.read() as connection:
            return _last_id(connection)

    def since(self, cursor: int) -> list[Event]:
        """The events appended after `cursor`, in order."""
        with self.database.read() as connection:
            return _events(connection, f"{_SELECT} WHERE id > ? ORDER BY id", (cursor,))

    def touched(self, cursor: int) -> frozenset[AssetKey]:
        """The assets of the events appended after `cursor`."""
        with self.database.read() as connection:
            found = connection.execute(
                "SELECT key FROM asset WHERE id IN (SELECT asset FROM event WHERE event.id > ?)", (cursor,)
            )
            return frozenset(AssetKey.from_db_string(text) for (text,) in found)

    def history(self, asset_key: AssetKey, partition_key: str | None = None, limit: int | None = None) -> list[Event]:
        """Attempts at an asset, or at one partition of it, newest first."""
        with self.database.read() as connection:
            if (asset := _id_of(connection, asset_key)) is None:
                return []
            most = -1 if limit is None else limit
            if partition_key is None:
                return _events(connection, f"{_SELECT} WHERE asset = ? ORDER BY id DESC LIMIT ?", (asset, most))
            where = "asset = ? AND partition = ?"
            return _events(
                connection, f"{_SELECT} WHERE {where} ORDER BY id DESC LIMIT ?", (asset, str(partition_key), most)
            )

    def last(self, asset_key: AssetKey, partition_key: str) -> tuple[Event | None, Event | None]:
        """The last attempt at a partition, and the materialization of it that still stands."""
        with self.database.read() as connection:
            if (asset := _id_of(connection, asset_key)) is None:
                return None, None
            found = connection.execute(
                "SELECT event, made FROM latest WHERE asset = ? AND partition = ?", (asset, str(partition_key))
            ).fetchone()
            event, made = found or (None, None)
            by_id = f"{_SELECT} WHERE id = ?"
            attempt = _events(connection, by_id, (event,))
            standing = attempt if made == event else _events(connection, by_id, (made,))
            return attempt[0] if attempt else None, standing[0] if standing else None

    def artifacts(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> dict[str, Artifact]:
        """The artifacts of the materializations that still stand, by partition key; keys without one are left out."""
        with self.database.read() as connection:
            if (asset := _id_of(connection, asset_key)) is None:
                return {}
            found = connection.execute(
                """SELECT latest.partition, event.path, event.size, event.digest
                   FROM json_each(?) AS wanted
                   CROSS JOIN latest ON latest.asset = ? AND latest.partition = wanted.value
                   CROSS JOIN event ON event.id = latest.made
                   WHERE event.digest IS NOT NULL""",
                (json.dumps([str(key) for key in partition_keys]), asset),
            )
            return {key: Artifact(path, size, digest) for key, path, size, digest in found}

    def asset_keys(self) -> list[AssetKey]:
        """Every asset that has a record, in the order in which they were first heard of."""
        with self.database.read() as connection:
            recorded = "EXISTS (SELECT 1 FROM latest WHERE asset = asset.id)"  # one look at the index for each asset
            found = connection.execute(f"SELECT key FROM asset WHERE {recorded} ORDER BY id")  # noqa: S608
            return [AssetKey.from_db_string(text) for (text,) in found]

    def rename(
        self, old: AssetKey, new: AssetKey, moved: Callable[[str, Artifact], Artifact], standing: Mapping[str, str]
    ) -> None:
        """Give an asset another name, in everything recorded of it and of what was made from it.

        `moved` gives the artifact of a partition under the new name; `standing` are the digests of the values that
        stand. A jump of the cursor tells whoever follows the log to read it anew. Raises what `renamable` does, and
        BusyPartitionError where other values stand by now.
        """
        with self.database.write() as connection:
            asset, taken = renamable(connection, old, new)
            if _standing(connection, asset) != standing:
                raise BusyPartitionError(f"{old} was made again meanwhile: nothing is renamed, try again")
            if taken is not None:
                # Known as an input of others, or by values that are gone: the two change their names.
                connection.execute("UPDATE asset SET key = '' WHERE id = ?", (asset,))
                connection.execute("UPDATE asset SET key = ? WHERE id = ?", (old.to_string(), taken))
            connection.execute("UPDATE asset SET key = ? WHERE id = ?", (new.to_string(), asset))
            stored = "SELECT id, partition, path, size, digest FROM event WHERE asset = ? AND digest IS NOT NULL"
            artifacts = [
                (i, moved(partition, Artifact(path, size, digest)))
                for i, partition, path, size, digest in connection.execute(stored, (asset,)).fetchall()
            ]
            connection.executemany(
                "UPDATE event SET path = ?, digest = ? WHERE id = ?",
                [(artifact.path, artifact.digest, i) for i, artifact in artifacts],
            )
            connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'event'", (JUMP,))

    def signed_otherwise(self, asset_key: AssetKey, key_id: str) -> list[str]:
        """The partitions of an asset whose standing value another key has signed; quick where there is no other."""
        with self.database.read() as connection:
            if connection.execute("SELECT 1 FROM signer WHERE key_id <> ?", (key_id,)).fetchone() is None:
                return []
            found = connection.execute(
                """SELECT latest.partition
                   FROM asset CROSS JOIN latest ON latest.asset = asset.id
                   CROSS JOIN event ON event.id = latest.made
                   WHERE asset.key = ? AND event.digest IS NOT NULL AND substr(event.digest, ?, ?) <> ?""",
                (asset_key.to_string(), CONTENT_DIGITS + 1, KEY_ID_DIGITS, key_id),
            )
            return [partition for (partition,) in found]

    def close(self) -> None:
        """Let go of the file; nothing may be asked afterwards."""
        self.database.close()


def renamable(connection: sqlite3.Connection, old: AssetKey, new: AssetKey) -> tuple[int, int | None]:
    """The numbers of two assets of which the first is to get the name of the second; None where there is no second.

    Raises UnknownAssetError where nothing is recorded of the first, InvalidArgumentError where values of the second
    stand.
    """
    if (asset := _id_of(connection, old)) is None:
        raise UnknownAssetError(f"nothing is recorded of {old}: there is nothing to rename")
    taken = _id_of(connection, new)
    if connection.execute("SELECT 1 FROM latest WHERE asset = ? AND made IS NOT NULL", (taken,)).fetchone():
        raise InvalidArgumentError(f"{new} has values of its own: wipe them first, or choose another name")
    return asset, taken


def _standing(connection: sqlite3.Connection, asset: int) -> dict[str, str]:
    """The digests of the values of an asset that stand, by partition key."""
    return dict(
        connection.execute(
            """SELECT latest.partition, event.digest FROM latest CROSS JOIN event ON event.id = latest.made
               WHERE latest.asset = ? AND event.digest IS NOT NULL""",
            (asset,),
        ).fetchall()
    )


def _check_key(key: str) -> None:
    """Refuse what SQLite could not give back: keys are checked where they are defined, so this is the last gate."""
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidPartitionKeyError(f"{key!r} holds half of a character: it cannot be stored") from None
    if "\0" in key:
        raise InvalidPartitionKeyError(f"{key!r} holds a zero byte: it cannot be stored")


def _last_id(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    return found[0] if found else 0


def _id_of(connection: sqlite3.Connection, asset_key: AssetKey) -> int | None:
    found = connection.execute("SELECT id FROM asset WHERE key = ?", (asset_key.to_string(),)).fetchone()
    return found[0] if found else None


def _ids_of(connection: sqlite3.Connection, asset_keys: Iterable[AssetKey]) -> dict[AssetKey, int]:
    """The numbers of assets; those not known yet get one."""
    ids: dict[AssetKey, int] = {}
    for key in asset_keys:
        connection.execute("INSERT OR IGNORE INTO asset (key) VALUES (?)", (key.to_string(),))
        found = _id_of(connection, key)
        assert found is not None  # noqa: S101  # inserted above
        ids[key] = found
    return ids


def _names(connection: sqlite3.Connection) -> Mapping[int, AssetKey]:
    return {i: AssetKey.from_db_string(text) for i, text in connection.execute("SELECT id, key FROM asset")}


def _row_at(connection: sqlite3.Connection, place: tuple[int, str]) -> latest.Row | None:
    found: latest.Row | None = connection.execute(
        "SELECT made, facts, inputs FROM latest WHERE asset = ? AND partition = ?", place
    ).fetchone()
    return found


def _events(connection: sqlite3.Connection, query: str, arguments: tuple[object, ...]) -> list[Event]:
    rows = connection.execute(query, arguments).fetchall()
    if not rows:
        return []
    names = _names(connection)
    return [event_rows.event(row, names) for row in rows]
