"""Stored values that were found to be other than their record says, remembered until they are made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.signature import CONTENT_DIGITS, KEY_ID_DIGITS, NOT_SIGNED
from ipyassets.storage.value_files import GONE


class Damage:
    """What is known to be wrong with stored values, by the log they are recorded in.

    Missing files are seen by listing folders, and no longer missed once they are back; this is about what only reading
    a file can tell. A finding is about one materialization, so that it no longer counts once the partition was made
    again, trusted or wiped. What depends on who is looking is not remembered: an error of that kind names no digest.
    """

    def __init__(self, log: SqliteEventLog) -> None:
        self._database = log.database

    def found(self, asset_key: AssetKey, key_id: str | None = None) -> dict[str, str]:
        """Why each damaged partition is damaged, by partition key; a few microseconds where there is nothing.

        With the `key_id` of a signer, values that were signed with another key are among them.
        """
        with self._database.read() as connection:
            foreign = [] if key_id is None else _signed_otherwise(connection, asset_key, key_id)
            found = connection.execute(
                """SELECT damage.partition, damage.reason
                   FROM asset CROSS JOIN damage ON damage.asset = asset.id
                   CROSS JOIN latest ON latest.asset = damage.asset AND latest.partition = damage.partition
                   WHERE asset.key = ? AND latest.made = damage.event""",
                (asset_key.to_string(),),
            )
            return dict.fromkeys(foreign, NOT_SIGNED) | dict(found.fetchall())

    def note(self, error: DamagedPartitionError) -> bool:
        """Remember what a reader met; False if the value was made again meanwhile, so that reading again will do."""
        return not (self.record([error]) and self._stands(error))

    def record(self, errors: Iterable[DamagedPartitionError]) -> list[DamagedPartitionError]:
        """Remember what readers met; those that no longer count, because another value stands by now, or none."""
        overtaken = []
        with ExitStack() as stack:
            # In a store that cannot be written to, every reader finds out for himself.
            kept = self._database.is_writable
            connection = stack.enter_context(self._database.write() if kept else self._database.read())
            for error in errors:
                standing = _standing(connection, error)
                if error.digest and (standing is None or standing[-1] != error.digest):
                    overtaken.append(error)
                elif error.digest and error.reason != GONE and kept and standing is not None:
                    connection.execute(
                        "REPLACE INTO damage (asset, partition, event, reason) VALUES (?, ?, ?, ?)",
                        (*standing[:-1], error.reason),
                    )
        return overtaken

    def clear(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Forget findings about partitions, because they were found in order."""
        if not (keys := [str(key) for key in partition_keys]) or not self._database.is_writable:
            return
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM damage WHERE asset = (SELECT id FROM asset WHERE key = ?) AND partition = ?",
                [(asset_key.to_string(), key) for key in keys],
            )

    def _stands(self, error: DamagedPartitionError) -> bool:
        with self._database.read() as connection:
            return _standing(connection, error) is not None


def _signed_otherwise(connection: sqlite3.Connection, asset_key: AssetKey, key_id: str) -> list[str]:
    """The partitions of an asset whose standing value another key has signed; quick where there is no other."""
    if connection.execute("SELECT 1 FROM signer WHERE key_id <> ?", (key_id,)).fetchone() is None:
        return []
    found = connection.execute(
        """SELECT latest.partition
           FROM asset CROSS JOIN latest ON latest.asset = asset.id CROSS JOIN event ON event.id = latest.made
           WHERE asset.key = ? AND event.digest IS NOT NULL AND substr(event.digest, ?, ?) <> ?""",
        (asset_key.to_string(), CONTENT_DIGITS + 1, KEY_ID_DIGITS, key_id),
    )
    return [partition for (partition,) in found]


def _standing(connection: sqlite3.Connection, error: DamagedPartitionError) -> tuple[int, str, int, str | None] | None:
    """Asset, partition, materialization and digest of the value that stands where an error was met."""
    found: tuple[int, str, int, str | None] | None = connection.execute(
        """SELECT latest.asset, latest.partition, latest.made, event.digest
           FROM asset CROSS JOIN latest ON latest.asset = asset.id CROSS JOIN event ON event.id = latest.made
           WHERE asset.key = ? AND latest.partition = ?""",
        (error.asset_key.to_string() if isinstance(error.asset_key, AssetKey) else "", error.partition_key),
    ).fetchone()
    return found
