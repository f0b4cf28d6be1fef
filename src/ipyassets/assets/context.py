"""What a running body can ask: its partition, its log, its place to put metadata."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions import MultiPartitionKey, PartitionKeyRange, TimeWindow

_CURRENT: contextvars.ContextVar[AssetExecutionContext] = contextvars.ContextVar("ipyassets_context")


@dataclass(slots=True, kw_only=True)
class PartitionedContext:
    """The partitions that a body is asked for, under Dagster's names."""

    scope: PartitionScope

    @property
    def has_partition_key(self) -> bool:
        """Whether the body is asked for exactly one partition."""
        return self.scope.keys is not None and len(self.scope.keys) == 1

    @property
    def has_partition_key_range(self) -> bool:
        """Whether the body is asked for partitions at all."""
        return self.scope.keys is not None

    @property
    def partition_key(self) -> str:
        """The partition asked for; raises InvalidInvocationError unless there is exactly one."""
        return self.scope.one

    @property
    def partition_keys(self) -> tuple[str, ...]:
        """All partitions asked for, in definition order."""
        return self.scope.many

    @property
    def multi_partition_key(self) -> MultiPartitionKey:
        """The partition asked for as a key of several dimensions."""
        return self.scope.multi

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """First and last partition asked for, both inclusive."""
        return self.scope.key_range

    @property
    def partition_time_window(self) -> TimeWindow:
        """The time that the partitions asked for cover: half-open, in the definition's time zone."""
        return self.scope.time_window


@dataclass(slots=True, kw_only=True)
class AssetExecutionContext(PartitionedContext):
    """What a body gets as its `context` (Dagster's AssetExecutionContext).

    `log` writes to the partition's captured output; `instance` is the instance of the run where the body shares its process,
    else None; `cancelled` turns true when the run is cancelled, for long bodies to look at.
    """

    asset_key: AssetKey
    run_id: str = ""
    run_tags: Mapping[str, str] = field(default_factory=dict)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("ipyassets"))
    instance: object = None
    stop: threading.Event = field(default_factory=threading.Event)
    metadata: dict[str, object] = field(default_factory=dict)

    @classmethod
    def get(cls) -> AssetExecutionContext:
        """The context of the body that is running in this thread; raises InvalidInvocationError outside one."""
        try:
            return _CURRENT.get()
        except LookupError:
            raise InvalidInvocationError("no asset body is running here: AssetExecutionContext.get() works inside one") from None

    @property
    def cancelled(self) -> bool:
        """Whether the run has been cancelled: a long body may return early or raise."""
        return self.stop.is_set()

    def add_output_metadata(self, metadata: Mapping[str, object], output_name: str | None = None) -> None:
        """Record facts about this partition, shown in its detail and its status row."""
        del output_name  # an asset has one output; Dagster's argument is accepted so that code moves
        self.metadata.update(metadata)

    def activate(self) -> contextvars.Token[AssetExecutionContext]:
        """Make this the context that `get` finds in this thread; reset with the token returned."""
        return _CURRENT.set(self)

    @staticmethod
    def deactivate(token: contextvars.Token[AssetExecutionContext]) -> None:
        """Undo `activate`."""
        _CURRENT.reset(token)
