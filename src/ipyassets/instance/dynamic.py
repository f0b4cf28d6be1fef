"""The dynamic partitions of an instance: Dagster's methods, and one to replace them all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ipyassets.engine.ports import DynamicKeys
from ipyassets.partitions.dynamic import checked_dynamic_keys
from ipyassets.partitions.paging import PaginatedResults, page_of
from ipyassets.partitions.space import SequenceSpace


class KeepsDynamicPartitions(ABC):
    """Keeps the keys of dynamic partitions definitions, by the name of the definition."""

    @property
    @abstractmethod
    def _dynamic_keys(self) -> DynamicKeys:
        """The keys in the store."""

    @abstractmethod
    def _keys_changed(self) -> None:
        """Tell whoever shows partitions."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The keys of a dynamic partitions definition, in the order they were added."""
        return self._dynamic_keys.get_dynamic_partitions(partitions_def_name)

    def get_paginated_dynamic_partitions(
        self,
        partitions_def_name: str,
        limit: int,
        ascending: bool,  # noqa: FBT001 - Dagster's signature
        cursor: str | None = None,
    ) -> PaginatedResults:
        """At most `limit` keys, in the order they were added or the reverse, after those of the page with `cursor`."""
        space = SequenceSpace(self.get_dynamic_partitions(partitions_def_name))
        return page_of(space, limit, cursor, ascending=ascending)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether a key was added and not deleted."""
        return self._dynamic_keys.has_dynamic_partition(partitions_def_name, partition_key)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys; those already there stay. InvalidPartitionKeyError for one no selection could hold."""
        self._dynamic_keys.add_dynamic_partitions(partitions_def_name, checked_dynamic_keys(partition_keys))
        self._keys_changed()

    def set_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Make these the keys, in this order, in place of all there were, at once.

        What is stored for keys that are no longer there stays. InvalidPartitionKeyError for one no selection could
        hold.
        """
        self._dynamic_keys.set_dynamic_partitions(partitions_def_name, checked_dynamic_keys(partition_keys))
        self._keys_changed()

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key; one that is not there is no error. What is stored for it stays."""
        self._dynamic_keys.delete_dynamic_partition(partitions_def_name, partition_key)
        self._keys_changed()
