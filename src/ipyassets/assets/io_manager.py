"""How values are stored and read back: Dagster's IOManager, and the two contexts it is handed."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.asynchronous import finished
from ipyassets.errors import InvalidInvocationError, InvalidResultError
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.keys import PartitionKeyRange, TimeWindow

# Asked for once: whoever is interrupted while he asks may leave all of logging locked.
_LOG = logging.getLogger("ipyassets")


@dataclass(slots=True, kw_only=True)
class StoredValueContext:
    """What an output and an input have in common: an asset, its partitions in hand, its metadata.

    `artifacts` maps each partition key ("" without partitions) to what the log recorded of its value, for an I/O
    manager that verifies what it reads; it is empty where nothing was recorded. `resources` are those of the run.
    """

    asset_key: AssetKey
    scope: PartitionScope
    metadata: Mapping[str, object] = field(default_factory=dict)
    log: logging.Logger = _LOG
    artifacts: Mapping[str, object] = field(default_factory=dict)
    resources: Any = field(default_factory=SimpleNamespace)

    @property
    def has_asset_key(self) -> bool:
        """Always: whatever is stored here belongs to an asset."""
        return True

    def get_asset_identifier(self) -> list[str]:
        """The parts of the asset's key, and behind them the partition key in hand."""
        return [*self.asset_key.parts, *([self.scope.one] if self.has_asset_partitions else [])]

    def get_identifier(self) -> list[str]:
        """The same as `get_asset_identifier`."""
        return self.get_asset_identifier()

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
    def asset_partition_keys(self) -> list[str]:
        """The partition keys in hand, in definition order."""
        return list(self.scope.many)

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
        """Whether exactly one partition is being made."""
        keys = self._made.keys
        return keys is not None and len(keys) == 1

    @property
    def partition_key(self) -> str:
        """The key of the one partition being made; raises InvalidInvocationError unless there is exactly one."""
        return self._made.one

    @property
    def _made(self) -> PartitionScope:
        return self.scope


@dataclass(slots=True, kw_only=True)
class OutputContext(StoredValueContext):
    """What `handle_output` is handed: the asset and partitions that the value is for.

    An I/O manager reports what it stored with `add_output_metadata` and, where it can say so, one Artifact for each
    partition key in `stored`; the log then records size, digest and data version. `is_staging` says that the value is
    to be made ready only, since `publish` puts it in place later. `output_metadata` is what the body has said of the
    value, `step_key` the asset's name as Dagster's steps have it.
    """

    name: str = "result"
    run_id: str = ""
    step_key: str = ""
    output_metadata: Mapping[str, object] = field(default_factory=dict)
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
    partition key to value in definition order (also for one key or none). What is wanted may be no partition at all:
    `asset_partition_keys` is empty then. `partition_key` is that of the partition which reads. Whoever stores and
    whoever reads have metadata of their own: the latter's is here, the former's that of `upstream_output`.
    """

    name: str = ""
    gives_one: bool = True
    upstream: OutputContext | None = None
    reader: PartitionScope | None = None
    reported: dict[str, object] = field(default_factory=dict)

    @property
    def has_input_name(self) -> bool:
        """Whether an input of a body is loaded, rather than a value that somebody has asked for."""
        return bool(self.name)

    @property
    def upstream_output(self) -> OutputContext:
        """The output that is read, as the context of whoever stored it; its `run_id` is that of the run which reads."""
        return self.upstream or OutputContext(
            asset_key=self.asset_key, scope=self.scope, metadata=self.metadata, log=self.log, resources=self.resources
        )

    def add_input_metadata(self, metadata: Mapping[str, object], description: str | None = None) -> None:
        """Record facts about the loaded value with the partition that reads it, under the input's name."""
        del description
        self.reported.update(metadata)

    @property
    def _made(self) -> PartitionScope:
        return self.reader or self.scope


class IOManager(ABC):
    """Stores the value of a body and reads it back as an input of others (Dagster's I/O manager).

    Two methods are needed. The others have defaults, and say more of what is stored: whether it is still there
    (`present`), how it is taken away (`delete`), where it is (`kept_at`, `looking_at`), how it is made ready before it
    is recorded (`stage`, `unflushed`, `publish`), whether several may be loaded at a time (`loads_at_once`).
    """

    loads_at_once: ClassVar[bool] = False

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: object) -> None:
        """Store `obj` as the value of the asset's partition in hand.

        A run awaits an `async def`, and goes through a generator to its end; what is yielded or returned as a dict is
        recorded as `add_output_metadata` does.
        """

    @abstractmethod
    def load_input(self, context: InputContext) -> object:
        """The value of the upstream partitions in hand; a run awaits an `async def`."""

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the values that were stored are still there; the key "" asks for the asset without partitions.

        Asked of many at once, and often. Without a way to tell, all are believed to be there.
        """
        del asset_key
        return np.ones(len(partition_keys), np.bool_)

    def delete(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Delete the values of partitions; one that is not there is no error.

        Raises InvalidInvocationError where that cannot be done; asked without keys first, to know that beforehand.
        """
        del partition_keys
        raise InvalidInvocationError(
            f"{type(self).__name__} cannot delete values of {asset_key}: "
            "give it a method delete(asset_key, partition_keys)"
        )

    def stage(self, context: OutputContext, obj: object) -> None:
        """Make `obj` ready without touching what is stored, where that can be done; `publish` then puts it in place.

        The engine calls `stage`, sees to it that the disk has what is `unflushed`, records what was reported in
        `context.stored`, and calls `publish`: whatever is interrupted, the previous value stands until the new one is
        recorded. Without a way to do so it is stored at once.
        """
        _carried_out(self.handle_output(context, obj), context)

    def unflushed(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> Iterable[str]:
        """The files of staged values, one Artifact for each partition key, that have yet to survive a power cut.

        Asked of many at once, in the process that records them, wherever they were staged. The disk has these files, or
        the event log their bytes, before any of the values counts as recorded. Without a way to tell, whatever is
        staged is believed to be safe.
        """
        del asset_key, artifacts
        return ()

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> None:  # noqa: B027 - most have nothing to do
        """Put staged values in place, now that they are recorded: one Artifact for each partition key."""

    def bound(self, folder: Path, signer: Any, *, durable: bool = True) -> Self:
        """The manager to use in an instance: with its storage folder, its key, its durability, where none were given.

        One that needs nothing of an instance is itself.
        """
        del folder, signer, durable
        return self

    @property
    def kept_at(self) -> str:
        """Where values are kept, for their record: a folder, or what else is found again; "" says nothing."""
        return ""

    def looking_at(self, location: str) -> IOManager | None:
        """The manager that finds from here what is kept at a location; None where there is none."""
        return self if location == self.kept_at else None

    @property
    def key_id(self) -> str | None:
        """The short name of the key that values are signed with; None where they are not signed."""
        return None


def _carried_out(returned: object, context: OutputContext) -> None:
    """Bring to its end what a call of `handle_output` has returned, and take note of the metadata it gives."""
    returned = finished(returned)
    if isinstance(returned, AsyncGenerator):
        raise InvalidResultError(
            f"the value of {context.asset_key} was not stored: handle_output is `async def` and yields; "
            "remove `yield` from it and call context.add_output_metadata"
        )
    for said in returned if isinstance(returned, Generator) else [returned]:
        if isinstance(said, Mapping):
            context.add_output_metadata(said)


def manager_name(kind: type[IOManager]) -> str:
    """The name of a class of I/O managers, as records have it."""
    return f"{kind.__module__}.{kind.__qualname__}"
