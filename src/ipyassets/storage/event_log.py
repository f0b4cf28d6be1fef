"""The event log: what happened to every partition, kept for ever, and the latest of it at hand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidPartitionKeyError
from ipyassets.events import Artifact, Attempt, Event, Place, Records
from ipyassets.storage import event_rows, latest
from ipyassets.storage.database import Database
from ipyassets.storage.short_names import Names, id_of
from ipyassets.storage.signature import Signer, key_id_of
from ipyassets.storage.vouching import sealed, vouched

# By how much the cursor jumps when following it event by event would miss something.
JUMP = 1_000_000
# By how much it jumps when the file of the log was replaced.
_REPLACED = 1 << 40

_VALUES = ", ".join("?" * (event_rows.COLUMNS.count(",") + 1))
_INSERT = f"INSERT INTO event ({event_rows.COLUMNS}) VALUES ({_VALUES})"  # noqa: S608  # constants
_REPLACE = "REPLACE INTO latest (asset, partition, event, made, facts, inputs) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = f"SELECT {event_rows.COLUMNS} FROM event"  # noqa: S608  # a constant


class SqliteEventLog:
    """An event log in a SQLite file, or in memory for the path ":memory:".

    History only ever grows; the latest row of each partition is kept beside it. Any number of threads and processes may
    use one file. Keys are stored as text, so that a definition may change without touching what was recorded.
    `durable=False` makes a commit that a power cut may take back, but never tear. With a `signer`, what bodies
    displayed is sealed when it is recorded, and what others displayed is read without what could run in a page. Raises
    IncompatibleLogError for a file of a newer release.
    """

    def __init__(self, path: str | Path, *, durable: bool = True, signer: Callable[[], Signer] | None = None) -> None:
        self.database = Database(path, durable=durable)
        self._signer = signer
        self._names: Names | None = None

    def append(
        self,
        events: Sequence[Event],
        before_commit: Callable[[], None] = lambda: None,
        carried: Mapping[int, bytes] | None = None,
    ) -> int:
        """Record events in one transaction, all or none of them; the number of the first, 0 where there are none.

        `before_commit` is called when only the commit is left to do; if it raises, nothing is recorded. `carried` are
        the bytes of some values, by the position of their events: see `carrying`.
        """
        if not events:
            return 0
        for event in events:
            _check_key(event.partition_key)
        events = sealed(events, self._signer)
        with self.database.write() as connection:
            names, self._names = self._names_in(connection), None  # known again once this is committed
            first = names.last + 1
            rows = [event_rows.row(i, event, names.assets, names.places) for i, event in enumerate(events, first)]
            connection.executemany(_INSERT, rows)
            names.keep_signers(key_id_of(event.artifact.digest) for event in events if event.artifact)
            connection.executemany(_REPLACE, _latest(connection, events, names))
            # First: repair appends what was wiped along with what was made again.
            _drop_carried(connection, [event for event in events if event.attempt is Attempt.WIPED], names)
            _carry(connection, [(first + i, value) for i, value in (carried or {}).items()])
            before_commit()
        names.last += len(events)
        self._names = names
        return first

    def records(self, asset_key: AssetKey) -> Records:
        """The latest row of every partition of an asset that the log knows."""
        with self.database.read() as connection:
            if (asset := id_of(connection, asset_key)) is None:
                return Records.empty()
            return latest.records(connection, asset, _names(connection))

    def cursor(self) -> int:
        """A number that grows with every append of any process; a few microseconds.

        It jumps where following it event by event would miss something: an asset was renamed, or the log was deleted or
        repaired, so that another one is there.
        """
        with self.database.read() as connection:
            return self._base + last_id(connection)

    def since(self, cursor: int) -> list[Event]:
        """The events appended after `cursor`, in order; none where that is of a log that was replaced since."""
        with self.database.read() as connection:
            return self._events(connection, f"{_SELECT} WHERE id > ? ORDER BY id", (self._event_at(cursor),))

    def touched(self, cursor: int) -> frozenset[AssetKey]:
        """The assets of the events appended after `cursor`."""
        with self.database.read() as connection:
            of_later = "SELECT asset FROM event WHERE event.id > ?"
            found = connection.execute(
                f"SELECT key FROM asset WHERE id IN ({of_later})",  # noqa: S608  # a constant
                (self._event_at(cursor),),
            )
            return frozenset(AssetKey.from_db_string(text) for (text,) in found)

    def history(self, asset_key: AssetKey, partition_key: str | None = None, limit: int | None = None) -> list[Event]:
        """Attempts at an asset, or at one partition of it, newest first."""
        with self.database.read() as connection:
            if (asset := id_of(connection, asset_key)) is None:
                return []
            one = partition_key is not None
            place = (asset, str(partition_key)) if one else (asset,)
            where = "asset = ? AND partition = ?" if one else "asset = ?"
            # an index has all the ids: rows beyond the limit are never looked at
            newest = f"SELECT id FROM event WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608  # constants
            arguments = (*place, -1 if limit is None else limit)
            return self._events(connection, f"{_SELECT} WHERE id IN ({newest}) ORDER BY id DESC", arguments)

    def last(self, asset_key: AssetKey, partition_key: str) -> tuple[Event | None, Event | None]:
        """The last attempt at a partition, and the materialization of it that still stands."""
        with self.database.read() as connection:
            if (asset := id_of(connection, asset_key)) is None:
                return None, None
            found = connection.execute(
                "SELECT event, made FROM latest WHERE asset = ? AND partition = ?", (asset, str(partition_key))
            ).fetchone()
            event, made = found or (None, None)
            by_id = f"{_SELECT} WHERE id = ?"
            attempt = self._events(connection, by_id, (event,))
            standing = attempt if made == event else self._events(connection, by_id, (made,))
            return attempt[0] if attempt else None, standing[0] if standing else None

    def attempts(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> dict[str, Event]:
        """The last attempts at some partitions, by partition key; those never tried are left out."""
        with self.database.read() as connection:
            if (asset := id_of(connection, asset_key)) is None:
                return {}
            last = """SELECT latest.event FROM json_each(?) AS wanted
                      CROSS JOIN latest ON latest.asset = ? AND latest.partition = wanted.value"""
            found = self._events(connection, f"{_SELECT} WHERE id IN ({last})", (_listed(partition_keys), asset))
            return {event.partition_key: event for event in found}

    def metadata(self, asset_key: AssetKey) -> dict[str, Mapping[str, object]]:
        """The metadata of the materializations that still stand, by partition key; those without any are left out."""
        with self.database.read() as connection:
            if (asset := id_of(connection, asset_key)) is None:
                return {}
            rows = connection.execute(
                """SELECT event.id, latest.partition, event.details
                   FROM latest CROSS JOIN event ON event.id = latest.made
                   WHERE latest.asset = ? AND instr(event.details, '"metadata"')""",
                (asset,),
            ).fetchall()
        return event_rows.metadata(rows)

    def artifacts(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> dict[str, Artifact]:
        """The artifacts of the materializations that still stand, by partition key; keys without one are left out."""
        with self.database.read() as connection:
            if (asset := id_of(connection, asset_key)) is None:
                return {}
            found = connection.execute(
                """SELECT latest.partition, event.path, event.size, event.digest, event.place
                   FROM json_each(?) AS wanted
                   CROSS JOIN latest ON latest.asset = ? AND latest.partition = wanted.value
                   CROSS JOIN event ON event.id = latest.made
                   WHERE event.digest IS NOT NULL""",
                (_listed(partition_keys), asset),
            )
            places = _places(connection)
            return {key: Artifact(path, size, digest, places.get(at)) for key, path, size, digest, at in found}

    def asset_keys(self) -> list[AssetKey]:
        """Every asset that has a record, in the order in which they were first heard of."""
        with self.database.read() as connection:
            recorded = "EXISTS (SELECT 1 FROM latest WHERE asset = asset.id)"  # one look at the index for each asset
            found = connection.execute(f"SELECT key FROM asset WHERE {recorded} ORDER BY id")  # noqa: S608
            return [AssetKey.from_db_string(text) for (text,) in found]

    def close(self) -> None:
        """Let go of the file; nothing may be asked afterwards."""
        self.database.close()

    def _names_in(self, connection: sqlite3.Connection) -> Names:
        """The short names in the log now: those known already, unless somebody else has recorded something."""
        names, last = self._names, last_id(connection)
        return names if names and names.hold(connection, last) else Names(connection, last)

    def _events(self, connection: sqlite3.Connection, query: str, arguments: tuple[object, ...]) -> list[Event]:
        rows = connection.execute(query, arguments).fetchall()
        if not rows:
            return []
        names, places = _names(connection), _places(connection)
        return vouched([event_rows.event(row, names, places) for row in rows], self._signer)

    @property
    def _base(self) -> int:
        return self.database.replaced * _REPLACED

    def _event_at(self, cursor: int) -> int:
        """The number of the event that a cursor stands at."""
        if cursor >= self._base:
            return cursor - self._base
        return _REPLACED if cursor else 0  # 0 is the cursor of an empty log: what follows it is everything


def _check_key(key: str) -> None:
    """Refuse what SQLite could not give back: keys are checked where they are defined, so this is the last gate."""
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidPartitionKeyError(f"{key!r} holds half of a character: it cannot be stored") from None
    if "\0" in key:
        raise InvalidPartitionKeyError(f"{key!r} holds a zero byte: it cannot be stored")


def _listed(keys: Sequence[str]) -> str:
    """Keys as `json_each` takes them apart."""
    return json.dumps([str(key) for key in keys])


def last_id(connection: sqlite3.Connection) -> int:
    """The number of the last event, or beyond; it changes with whatever is recorded."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    return found[0] if found else 0


def _names(connection: sqlite3.Connection) -> Mapping[int, AssetKey]:
    return {i: AssetKey.from_db_string(text) for i, text in connection.execute("SELECT id, key FROM asset")}


def _places(connection: sqlite3.Connection) -> dict[int, Place]:
    return {i: Place(*named) for i, *named in connection.execute("SELECT id, location, manager FROM place")}


def _latest(connection: sqlite3.Connection, events: Sequence[Event], names: Names) -> list[tuple[object, ...]]:
    """What stands of each partition after some events, as rows."""
    places = [(names.assets[event.asset_key], str(event.partition_key)) for event in events]
    asked = {place for place, event in zip(places, events, strict=True) if latest.builds_on_what_stands(event)}
    rows = _rows_at(connection, asked) if asked else {}
    last: dict[tuple[int, str], int] = {}
    for i, (place, event) in enumerate(zip(places, events, strict=True), names.last + 1):
        rows[place] = latest.updated(i, event, names.assets, rows.get(place))
        last[place] = i
    return [(*place, last[place], *row) for place, row in rows.items()]


def _carry(connection: sqlite3.Connection, values: Sequence[tuple[int, bytes]]) -> None:
    if values:
        connection.executemany("INSERT INTO carried (event, value) VALUES (?, ?)", values)


def _drop_carried(connection: sqlite3.Connection, wiped: Sequence[Event], names: Names) -> None:
    """Forget the bytes of all values that partitions had: wiped, they are to be found nowhere."""
    if wiped and connection.execute("SELECT 1 FROM carried LIMIT 1").fetchone():
        connection.executemany(
            "DELETE FROM carried WHERE event IN (SELECT id FROM event WHERE asset = ? AND partition = ?)",
            [(names.assets[event.asset_key], str(event.partition_key)) for event in wiped],
        )


def _rows_at(connection: sqlite3.Connection, places: Iterable[tuple[int, str]]) -> dict[tuple[int, str], latest.Row]:
    """What stands of some partitions, given by the numbers of their assets and their keys."""
    by_asset: dict[int, list[str]] = {}
    for asset, partition in places:
        by_asset.setdefault(asset, []).append(partition)
    found: dict[tuple[int, str], latest.Row] = {}
    for asset, partitions in by_asset.items():
        for partition, *row in connection.execute(
            "SELECT partition, made, facts, inputs FROM latest"
            " WHERE asset = ? AND partition IN (SELECT value FROM json_each(?))",
            (asset, _listed(partitions)),
        ):
            found[asset, partition] = tuple(row)
    return found
