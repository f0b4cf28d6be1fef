"""Stored values that were found to be other than their record says, remembered until they are made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.signature import CONTENT_DIGITS, KEY_ID_DIGITS, NOT_SIGNED

_STANDING = """FROM asset CROSS JOIN latest ON latest.asset = asset.id CROSS JOIN event ON event.id = latest.made
               WHERE asset.key = ?"""


class Damage:
    """What is known to be wrong with stored values, by the log they are recorded in.

    Missing files are seen by listing folders; this is about what only reading a file can tell. A finding is about one
    materialization, so that it no longer counts once the partition was made again, trusted or wiped.
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
        """Remember what a reader met; False if the value was made again meanwhile, so that reading again will do.

        Where the log cannot be written to, it is not remembered.
        """
        asset = _text(error.asset_key)
        with self._database.read() as connection:
            standing = connection.execute(
                f"SELECT event.digest {_STANDING} AND latest.partition = ?",
                (asset, error.partition_key),
            ).fetchone()
        if standing is None or standing[0] != error.digest:
            return standing is None
        if not self._database.is_writable:
            return True
        with self._database.write() as connection:
            noted = connection.execute(
                f"""REPLACE INTO damage (asset, partition, event, reason)
                    SELECT latest.asset, latest.partition, latest.made, ? {_STANDING}
                    AND latest.partition = ? AND event.digest = ?""",
                (error.reason, asset, error.partition_key, error.digest),
            )
            return noted.rowcount > 0

    def record(self, asset_key: AssetKey, reasons: Mapping[str, str]) -> None:
        """Remember why partitions are damaged; those without a standing value are left out."""
        if not self._database.is_writable:
            return
        with self._database.write() as connection:
            connection.executemany(
                """REPLACE INTO damage (asset, partition, event, reason)
                   SELECT latest.asset, latest.partition, latest.made, ?
                   FROM asset JOIN latest ON latest.asset = asset.id
                   WHERE asset.key = ? AND latest.partition = ? AND latest.made IS NOT NULL""",
                [(reason, asset_key.to_string(), str(key)) for key, reason in reasons.items()],
            )

    def clear(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Forget findings about partitions, because they were found in order."""
        if not self._database.is_writable:
            return
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM damage WHERE asset = (SELECT id FROM asset WHERE key = ?) AND partition = ?",
                [(asset_key.to_string(), str(key)) for key in partition_keys],
            )


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


def _text(asset_key: object) -> str:
    return asset_key.to_string() if isinstance(asset_key, AssetKey) else ""
