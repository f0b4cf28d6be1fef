"""What the engine needs of a store, as protocols: the event log, what is known to be damaged, claims, dynamic keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError
from ipyassets.events import Artifact, Event, Records


class EventLog(Protocol):
    """The append-only history of attempts, and the latest row of every partition."""

    def append(self, events: Sequence[Event]) -> int:
        """Record events in one transaction, all or none of them; the number of the first."""

    def records(self, asset_key: AssetKey) -> Records:
        """The latest row of every partition of an asset that the log knows."""

    def cursor(self) -> int:
        """A number that grows with every append of any process; cheap to ask for."""

    def since(self, cursor: int) -> list[Event]:
        """The events appended after `cursor`, in order."""

    def history(self, asset_key: AssetKey, partition_key: str | None = None, limit: int | None = None) -> list[Event]:
        """Attempts at an asset, or at one partition of it, newest first."""

    def last(self, asset_key: AssetKey, partition_key: str) -> tuple[Event | None, Event | None]:
        """The last attempt at a partition, and the materialization of it that still stands."""

    def attempts(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> dict[str, Event]:
        """The last attempts at some partitions, by partition key; those never tried are left out."""

    def metadata(self, asset_key: AssetKey) -> dict[str, Mapping[str, object]]:
        """The metadata of the materializations that still stand, by partition key; those without any are left out."""

    def artifacts(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> dict[str, Artifact]:
        """The artifacts of the materializations that still stand, by partition key; keys without one are left out."""

    def asset_keys(self) -> list[AssetKey]:
        """Every asset that has a record."""

    def close(self) -> None:
        """Let go of the store; nothing may be asked afterwards."""


class Claims(Protocol):
    """What one run keeps others from making at the same time, here and in other processes; gone with its own."""

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """Claim partitions; those that are now ours, the others being made by somebody else."""

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Let go of partitions; those not held are no error."""

    def close(self) -> None:
        """Let go of everything."""


class Damage(Protocol):
    """Stored values that were found to be other than their record says, until they are made again."""

    def found(self, asset_key: AssetKey, key_id: str | None = None) -> dict[str, str]:
        """Why each damaged partition is damaged, by partition key; values that no key of that name signed are, too."""

    def note(self, error: DamagedPartitionError) -> bool:
        """Remember what a reader met; False if the value was made again meanwhile, so that reading again will do."""


class DynamicKeys(Protocol):
    """The keys of dynamic partitions definitions, by the definition's name, in the order they were added."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The keys added under a name and not deleted."""

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys; those already there stay where they are."""

    def set_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Make these the keys under a name, in this order, in place of all there were: in one step."""

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key; one that is not there is no error."""

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether a key was added under a name and not deleted."""
