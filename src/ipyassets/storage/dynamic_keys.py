"""The keys of dynamic partitions definitions, kept in a store."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from ipyassets.storage.database import Database


class SqliteDynamicKeys:
    """Dynamic partition keys by the name of their definition, as they were added, in the database of an event log."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """The keys added under a name and not deleted."""
        with self.database.read() as connection:
            found = connection.execute(
                "SELECT key FROM dynamic_key WHERE definition = ? ORDER BY position", (partitions_def_name,)
            )
            return [key for (key,) in found]

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys; those already there stay where they are."""
        with self.database.write() as connection:
            _add(connection, partitions_def_name, partition_keys)

    def set_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Make these the keys under a name, in this order, in place of all there were: in one step."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM dynamic_key WHERE definition = ?", (partitions_def_name,))
            _add(connection, partitions_def_name, partition_keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key; one that is not there is no error. What was stored for it stays."""
        with self.database.write() as connection:
            connection.execute(
                "DELETE FROM dynamic_key WHERE definition = ? AND key = ?", (partitions_def_name, str(partition_key))
            )

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether a key was added under a name and not deleted."""
        with self.database.read() as connection:
            found = connection.execute(
                "SELECT 1 FROM dynamic_key WHERE definition = ? AND key = ?", (partitions_def_name, str(partition_key))
            )
            return found.fetchone() is not None

    def names(self) -> list[str]:
        """The names of definitions that have keys."""
        with self.database.read() as connection:
            found = connection.execute("SELECT definition FROM dynamic_key GROUP BY definition ORDER BY min(position)")
            return [name for (name,) in found]


def _add(connection: Connection, definition: str, keys: Sequence[str]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO dynamic_key (definition, key) VALUES (?, ?)", [(definition, str(key)) for key in keys]
    )
