"""Requests of a sensor to add or remove dynamic partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipyassets.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class _Request:
    partitions_def_name: str
    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        if not isinstance(self.partitions_def_name, str) or not self.partitions_def_name:
            raise InvalidArgumentError(f"name the dynamic partitions by a text, not {self.partitions_def_name!r}")
        keys = self.partition_keys
        if isinstance(keys, (str, bytes)) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
            raise InvalidArgumentError(f"partition_keys must be a list of texts, not {keys!r}")
        object.__setattr__(self, "partition_keys", tuple(keys))


@dataclass(frozen=True, slots=True)
class AddDynamicPartitionsRequest(_Request):
    """A request to add keys to the dynamic partitions of a name; keys that are there already stay where they are."""


@dataclass(frozen=True, slots=True)
class DeleteDynamicPartitionsRequest(_Request):
    """A request to remove keys from the dynamic partitions of a name; keys that are not there are no error."""
