"""What the rows of a log call what they repeat: numbers of assets and places, and which keys have signed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Generic, TypeVar

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Place

T = TypeVar("T")


class Names:
    """The short names that a log has given as of its event `last`; asked for what has none, it gives one.

    They hold until another event is recorded: assets get other names only along with that.
    """

    def __init__(self, connection: sqlite3.Connection, last: int) -> None:
        self.last = last
        self.assets = _AssetNumbers(connection)
        self.places = _PlaceNumbers(connection)
        self._signers: set[str] = set()
        self._connection = connection

    def hold(self, connection: sqlite3.Connection, last: int) -> bool:
        """Whether these are the names in a log whose last event has that number."""
        return self._connection is connection and self.last == last

    def keep_signers(self, key_ids: Iterable[str]) -> None:
        """Have it recorded which keys have signed."""
        if new := set(key_ids) - self._signers:
            self._connection.executemany("INSERT OR IGNORE INTO signer (key_id) VALUES (?)", [(each,) for each in new])
            self._signers |= new


class _Numbers(dict[T, int], Generic[T]):
    """The numbers of rows by what they stand for; a row is added for what has none yet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _inserted(self, what: str, values: tuple[str, ...]) -> int:
        number = self._connection.execute(f"INSERT INTO {what}", values).lastrowid
        assert number is not None  # noqa: S101  # added just now
        return number


class _AssetNumbers(_Numbers[AssetKey]):
    def __missing__(self, key: AssetKey) -> int:
        number = id_of(self._connection, key)
        if number is None:
            number = self._inserted("asset (key) VALUES (?)", (key.to_string(),))
        self[key] = number
        return number


class _PlaceNumbers(_Numbers[Place]):
    def __missing__(self, place: Place) -> int:
        named = (place.location, place.manager)
        of_place = "SELECT id FROM place WHERE location = ? AND manager = ?"
        found = self._connection.execute(of_place, named).fetchone()
        number = found[0] if found else self._inserted("place (location, manager) VALUES (?, ?)", named)
        self[place] = number
        return number


def id_of(connection: sqlite3.Connection, asset_key: AssetKey) -> int | None:
    """The number of an asset in a log, None where nothing is known of it."""
    found = connection.execute("SELECT id FROM asset WHERE key = ?", (asset_key.to_string(),)).fetchone()
    return found[0] if found else None
