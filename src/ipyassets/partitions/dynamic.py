"""Requests of a sensor to add or remove dynamic partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipyassets.partitions.arguments import name_of, texts


@dataclass(frozen=True, slots=True)
class _Request:
    partitions_def_name: str
    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        name_of("the name of dynamic partitions", self.partitions_def_name)
        object.__setattr__(self, "partition_keys", texts("partition_keys", self.partition_keys))


@dataclass(frozen=True, slots=True)
class AddDynamicPartitionsRequest(_Request):
    """A request to add keys to the dynamic partitions of a name; keys that are there already stay where they are."""


@dataclass(frozen=True, slots=True)
class DeleteDynamicPartitionsRequest(_Request):
    """A request to remove keys from the dynamic partitions of a name; keys that are not there are no error."""
