"""How values are stored and read back: Dagster's IOManager, and the two contexts it is handed."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.partitions import PartitionKeyRange, PartitionsDefinition, TimeWindow


@dataclass(slots=True, kw_only=True)
class StoredValueContext:
    """What an output and an input have in common: an asset, its partitions in hand, its metadata.

    `artifacts` maps each partition key ("" without partitions) to what the log recorded of its value, for an I/O
    manager that verifies what it reads; it is empty where nothing was recorded.
    """

    asset_key: AssetKey
    scope: PartitionScope
    metadata: Mapping[str, object] = field(default_factory=dict)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("ipyassets"))
    artifacts: Mapping[str, object] = field(default_factory=dict)

    @property
    def definition_metadata(self) -> Mapping[str, object]:
        """The metadata given where the asset or input was declared."""
        return self.metadata

    @property
    def has_asset_partitions(self) -> bool:
        """Whether the asset is partitioned."""
        return self.scope.keys is not None

    @property
    def asset_partitions_def(self) -> PartitionsDefinition | None:
        """The asset's partitions definition."""
        return self.scope.definition

    @property
    def asset_partition_key(self) -> str:
        """The one partition key in hand; raises InvalidInvocationError unless there is exactly one."""
        return self.scope.one

    @property
    def asset_partition_keys(self) -> tuple[str, ...]:
        """The partition keys in hand, in definition order."""
        return self.scope.many

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """First and last key in hand, both inclusive."""
        return self.scope.key_range

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """The time that the keys in hand cover, in the definition's time zone."""
        return self.scope.time_window

    @property
    def has_partition_key(self) -> bool:
        """Whether exactly one partition is in hand."""
        return self.scope.keys is not None and len(self.scope.keys) == 1

    @property
    def partition_key(self) -> str:
        """The same as `asset_partition_key`."""
        return self.scope.one


@dataclass(slots=True, kw_only=True)
class OutputContext(StoredValueContext):
    """What `handle_output` is handed: the asset and partitions that the value is for.

    An I/O manager reports what it stored with `add_output_metadata` and, where it can say so, one Artifact for each
    partition key in `stored`; the log then records size, digest and data version. `is_staging` says that the value is
    to be made ready only, since `publish` puts it in place later.
    """

    run_id: str = ""
    is_staging: bool = False
    stored: dict[str, object] = field(default_factory=dict)
    reported: dict[str, object] = field(default_factory=dict)

    def add_output_metadata(self, metadata: Mapping[str, object]) -> None:
        """Record facts about the stored value with the partition."""
        self.reported.update(metadata)


@dataclass(slots=True, kw_only=True)
class InputContext(StoredValueContext):
    """What `load_input` is handed: the upstream asset and the partitions of it to read.

    `name` is the input's name in the body; `gives_one` says whether the value itself is wanted, or a dict of
    partition key to value in definition order (also for one key or none).
    """

    name: str = ""
    gives_one: bool = True


class IOManager(ABC):
    """Stores the value of a body and reads it back as an input of others (Dagster's I/O manager)."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: object) -> None:
        """Store `obj` as the value of the asset's partition in hand."""

    @abstractmethod
    def load_input(self, context: InputContext) -> object:
        """The value of the upstream partitions in hand."""

    def stage(self, context: OutputContext, obj: object) -> None:
        """Make `obj` ready without touching what is stored, where that can be done; `publish` then puts it in place.

        The engine calls `stage`, then `flush`, records what was reported in `context.stored`, and calls `publish`:
        whatever is interrupted, the previous value stands until the new one is recorded. Without a way to do so it is
        stored at once.
        """
        self.handle_output(context, obj)

    def flush(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> None:  # noqa: B027 - most have nothing to do
        """Return once staged values will survive a power cut: one Artifact for each partition key.

        Asked of many at once, in the process that records them, wherever they were staged.
        """

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> None:  # noqa: B027 - most have nothing to do
        """Put staged values in place, now that they are recorded: one Artifact for each partition key."""

    def unstage(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> None:  # noqa: B027 - as above
        """Drop what was staged for partitions that came to nothing: all but what is recorded of each, None if nothing.

        Called after a run was cancelled, for what it was making: a worker may have been ended in the midst of storing.
        """


class PathAddressed(ABC):
    """An I/O manager whose values are files, so that the engine can see which of them are still there."""

    @abstractmethod
    def path(self, asset_key: AssetKey, partition_key: str | None) -> Path:
        """Where the value of a partition is stored; None asks for the value of an asset without partitions."""

    @abstractmethod
    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a file, by listing folders; the key "" asks for the asset without partitions."""
