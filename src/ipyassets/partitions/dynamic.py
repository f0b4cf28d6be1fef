"""Requests of a sensor to add or remove dynamic partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipyassets.errors import InvalidPartitionKeyError
from ipyassets.partitions.arguments import name_of, texts
from ipyassets.partitions.keys import FORBIDDEN, SEPARATOR


def checked_dynamic_keys(partition_keys: object) -> tuple[str, ...]:
    """Keys to be added, each once; InvalidPartitionKeyError for one that could not be addressed later.

    A bar would be taken for the join of two dimensions, `...` for a range; control characters cannot be typed.
    """
    keys = tuple(dict.fromkeys(texts("partition_keys", partition_keys)))
    for key in keys:
        found = [each for each in (SEPARATOR, *FORBIDDEN) if each in key]
        if found:
            raise InvalidPartitionKeyError(f"dynamic partition key {key!r} must not contain {found[0]!r}")
    return keys


@dataclass(frozen=True, slots=True)
class _Request:
    partitions_def_name: str
    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        name_of("the name of dynamic partitions", self.partitions_def_name)
        object.__setattr__(self, "partition_keys", self._checked())

    def _checked(self) -> tuple[str, ...]:
        return texts("partition_keys", self.partition_keys)


@dataclass(frozen=True, slots=True)
class AddDynamicPartitionsRequest(_Request):
    """A request to add keys to the dynamic partitions of a name; keys that are there already stay where they are."""

    def _checked(self) -> tuple[str, ...]:
        return checked_dynamic_keys(self.partition_keys)


@dataclass(frozen=True, slots=True)
class DeleteDynamicPartitionsRequest(_Request):
    """A request to remove keys from the dynamic partitions of a name; keys that are not there are no error."""
