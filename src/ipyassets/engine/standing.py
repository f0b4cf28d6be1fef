"""What the log and the disk say of one asset, one array position for each partition of its space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Attempt, Event, Records, version_number
from ipyassets.partitions.space import PartitionSpace

T = TypeVar("T", bound=np.generic)
Mask = NDArray[np.bool_]
Versions = NDArray[np.uint64]

number = lru_cache(maxsize=4096)(version_number)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The columns of `Records`, by partition index; `present` says where the value's file is still there."""

    attempt: NDArray[np.uint8]
    made: Mask
    stored: Mask
    present: Mask
    code: Versions
    data: Versions
    tried: Versions
    inputs: Mapping[AssetKey, Versions]
    used: Mapping[AssetKey, Mask]
    seconds: NDArray[np.float32]
    size: NDArray[np.int64]
    timestamp: NDArray[np.float64]

    @classmethod
    def of(cls, records: Records, space: PartitionSpace) -> Standing:
        """The rows of the log put in the order of a space; keys that are no partitions (any more) are left out."""
        places = space.indices(records.keys)
        known = places >= 0
        places, length = places[known], len(space)

        def spread(column: NDArray[T]) -> NDArray[T]:
            out = np.zeros(length, column.dtype)
            out[places] = column[known]
            return out

        made = spread(records.made)
        return cls(
            attempt=spread(records.attempt),
            made=made,
            stored=spread(records.stored),
            present=made,
            code=spread(records.code),
            data=spread(records.data),
            tried=spread(records.tried),
            inputs={key: spread(column) for key, column in records.inputs.items()},
            used={key: spread(column) for key, column in records.used.items()},
            seconds=spread(records.seconds),
            size=spread(records.size),
            timestamp=spread(records.timestamp),
        )

    def __len__(self) -> int:
        return len(self.attempt)

    def with_presence(self, present: Mask) -> Standing:
        """The same, with another look at the disk."""
        return replace(self, present=present)

    def after(self, events: Iterable[Event], space: PartitionSpace) -> Standing:
        """What stands once the events have happened, the earliest first."""
        new = self._copied()
        for event in events:
            index = space.index_of(event.partition_key)
            if index >= 0:
                new._apply(event, index)  # noqa: SLF001 - its own copy, not yet seen by anybody
        return new

    def _copied(self) -> Standing:
        return Standing(
            attempt=self.attempt.copy(),
            made=self.made.copy(),
            stored=self.stored.copy(),
            present=self.present.copy(),
            code=self.code.copy(),
            data=self.data.copy(),
            tried=self.tried.copy(),
            inputs={key: column.copy() for key, column in self.inputs.items()},
            used={key: column.copy() for key, column in self.used.items()},
            seconds=self.seconds.copy(),
            size=self.size.copy(),
            timestamp=self.timestamp.copy(),
        )

    def _apply(self, event: Event, index: int) -> None:
        self.attempt[index] = event.attempt
        self.tried[index] = number(event.code_version)
        self.timestamp[index] = event.timestamp
        if event.attempt is Attempt.WIPED:
            self.made[index] = self.stored[index] = self.present[index] = False
        if event.attempt is Attempt.MATERIALIZED:
            self.made[index] = self.present[index] = True
            self.stored[index] = event.is_stored
            self.data[index] = event.data_version
            self.seconds[index] = event.seconds
            self.size[index] = event.artifact.size if event.artifact else 0
        if event.attempt is Attempt.MATERIALIZED or (event.attempt is Attempt.SKIPPED and self.made[index]):
            self._settle(event, index)

    def _settle(self, event: Event, index: int) -> None:
        """The value is what this code makes of these inputs: it was made so now, or a skip lets it stand."""
        self.code[index] = number(event.code_version)
        for column in self.used.values():
            column[index] = False
        inputs, used = dict(self.inputs), dict(self.used)
        for use in event.inputs:
            if use.asset_key not in inputs:
                inputs[use.asset_key] = np.zeros(len(self), np.uint64)
                used[use.asset_key] = np.zeros(len(self), np.bool_)
            inputs[use.asset_key][index] = use.versions
            used[use.asset_key][index] = True
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "used", used)


def mixed(versions: Versions) -> Versions:
    """Data versions scrambled bit by bit, so that their sums tell different sets apart (the finalizer of SplitMix64).

    http://prng.di.unimi.it/splitmix64.c, public domain: the constants are those of David Stafford's variant 13.
    """
    with np.errstate(over="ignore"):
        out = versions + np.uint64(0x9E3779B97F4A7C15)
        out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(out ^ (out >> np.uint64(31)), dtype=np.uint64)
