"""The partitions that a body, an output or an input is about: one key, several, or none."""

from __future__ import annotations

from dataclasses import dataclass

from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.keys import MultiPartitionKey, PartitionKeyRange, TimeWindow


@dataclass(frozen=True, slots=True)
class PartitionScope:
    """Partition keys in definition order, the time they cover, and the definition they belong to.

    `keys` is None for an asset without partitions. `window` spans the first start to the last end, in the
    definition's time zone; None where the definition has no time in it, or the keys leave some of it out. `is_gapless`
    says whether the keys are all from the first to the last.
    """

    owner: str
    keys: tuple[str, ...] | None = None
    window: TimeWindow | None = None
    definition: PartitionsDefinition | None = None
    is_gapless: bool = True

    @property
    def one(self) -> str:
        """The partition key; raises InvalidInvocationError unless there is exactly one."""
        keys = self.many
        if len(keys) != 1:
            raise InvalidInvocationError(
                f"{self.owner} has {len(keys)} partitions in hand, not one: use partition_keys or partition_key_range"
            )
        return keys[0]

    @property
    def many(self) -> tuple[str, ...]:
        """All partition keys; raises InvalidInvocationError for an asset without partitions."""
        if self.keys is None:
            raise InvalidInvocationError(f"{self.owner} is not partitioned: it has no partition key")
        return self.keys

    @property
    def multi(self) -> MultiPartitionKey:
        """The one key as a key of several dimensions; raises InvalidInvocationError where it has only one."""
        key = self.one
        if not isinstance(key, MultiPartitionKey):
            raise InvalidInvocationError(f"{key!r} of {self.owner} has a single dimension: use partition_key")
        return key

    @property
    def key_range(self) -> PartitionKeyRange:
        """First and last key, both inclusive; raises InvalidInvocationError where there are none, or gaps between."""
        keys = self.many
        if not self.is_gapless:
            raise InvalidInvocationError(f"{self.owner} has partitions in hand with gaps between: use partition_keys")
        if not keys:
            raise InvalidInvocationError(f"{self.owner} has no partitions in hand, so there is no first and last key")
        return PartitionKeyRange(start=keys[0], end=keys[-1])

    @property
    def time_window(self) -> TimeWindow:
        """The time covered; InvalidInvocationError where there is none, or the keys leave some of it out."""
        if self.window is None and self.keys and len(self.keys) > 1:
            raise InvalidInvocationError(f"{self.owner} has several times in hand, not one: use partition_keys")
        if self.window is None:
            raise InvalidInvocationError(f"{self.owner} is not partitioned by time: it has no time window")
        return self.window
