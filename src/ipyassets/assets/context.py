"""What a running body can ask: its partition, its log, its place to put metadata."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.errors import InvalidInvocationError, RunCancelledError, nearest
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.keys import MultiPartitionKey, PartitionKeyRange, TimeWindow

LOG = logging.getLogger("ipyassets.body")
LOG.setLevel(logging.DEBUG)  # what a body logs is kept with its partition, whatever the root logger lets through

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
class OutputSideContext(PartitionedContext):
    """The same once more, under the names that Dagster had for them first and still accepts."""

    def asset_partition_key_for_output(self, output_name: str = "result") -> str:
        """The same as `partition_key`."""
        del output_name
        return self.scope.one

    def asset_partition_keys_for_output(self, output_name: str = "result") -> tuple[str, ...]:
        """The same as `partition_keys`."""
        del output_name
        return self.scope.many

    def asset_partition_key_range_for_output(self, output_name: str = "result") -> PartitionKeyRange:
        """The same as `partition_key_range`."""
        del output_name
        return self.scope.key_range

    def asset_partitions_time_window_for_output(self, output_name: str = "result") -> TimeWindow:
        """The same as `partition_time_window`."""
        del output_name
        return self.scope.time_window

    def asset_partitions_def_for_output(self, output_name: str = "result") -> PartitionsDefinition | None:
        """The partitions definition of the asset."""
        del output_name
        return self.scope.definition


@dataclass(slots=True, kw_only=True)
class ReadingContext(OutputSideContext):
    """The upstream partitions that a body was given, by the name of the argument, under Dagster's names."""

    inputs: Mapping[str, PartitionScope] = field(default_factory=dict)

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """The one upstream partition behind an argument; raises InvalidInvocationError unless there is exactly one."""
        return self._read(input_name).one

    def asset_partition_keys_for_input(self, input_name: str) -> tuple[str, ...]:
        """All upstream partitions behind an argument, in definition order."""
        return self._read(input_name).many

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """First and last upstream partition behind an argument, both inclusive."""
        return self._read(input_name).key_range

    def asset_partitions_time_window_for_input(self, input_name: str) -> TimeWindow:
        """The time that the upstream partitions behind an argument cover."""
        return self._read(input_name).time_window

    def asset_partitions_def_for_input(self, input_name: str) -> PartitionsDefinition | None:
        """The partitions definition of the asset behind an argument."""
        return self._read(input_name).definition

    def _read(self, name: str) -> PartitionScope:
        try:
            return self.inputs[name]
        except KeyError:
            raise InvalidInvocationError(f"{name!r} is not an input here{nearest(name, self.inputs)}") from None


Report = Callable[[AssetKey, Sequence[str], float], None]


def unheard(_asset: AssetKey, _partitions: Sequence[str], _fraction: float) -> None:
    """Report to nobody."""


@dataclass(slots=True)
class Link:
    """What ties a body to the run that drives it; a copy sent to another process, `is_far`, reports, and no more.

    `stop` is set when the run is cancelled, `over` when it waits for nobody any more: what a body still returns is not
    stored. `report` takes asset, partition keys and how far these have come, from 0 to 1; in a copy it is `far`, which
    is sent along.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    report: Report = field(default=unheard)
    far: Report = field(default=unheard)
    instance: object = None
    is_far: bool = False

    def __reduce__(self) -> tuple[Callable[[Report], Link], tuple[Report]]:
        return _far, (self.far,)


def _far(report: Report) -> Link:
    return Link(report=report, far=report, is_far=True)


@dataclass(frozen=True, slots=True)
class DagsterRun:
    """The run that a body belongs to, as far as a body asks for it (Dagster's DagsterRun)."""

    run_id: str
    tags: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class AssetExecutionContext(ReadingContext):
    """What a body gets as its `context` (Dagster's AssetExecutionContext).

    `log` writes to the partition's captured output; `cancelled` turns true when the run is cancelled, for long bodies
    to look at. `resources` are those that the run was given, by name; `retry_number` counts the retries of this
    partition from 0.
    """

    asset_key: AssetKey
    run_id: str = ""
    run_tags: Mapping[str, str] = field(default_factory=dict)
    retry_number: int = 0
    config: Mapping[str, object] = field(default_factory=dict)
    resources: SimpleNamespace = field(default_factory=SimpleNamespace)
    log: logging.Logger = LOG
    link: Link = field(default_factory=Link)
    metadata: dict[str, object] = field(default_factory=dict)
    metadata_by_key: dict[str, dict[str, object]] = field(default_factory=dict)
    so_far: float = field(default=0.0, init=False, repr=False)

    @classmethod
    def get(cls) -> AssetExecutionContext:
        """The context of the body that is running in this thread; raises InvalidInvocationError outside one."""
        try:
            return _CURRENT.get()
        except LookupError:
            raise InvalidInvocationError(
                "no asset body is running here: AssetExecutionContext.get() works inside one"
            ) from None

    @classmethod
    def running(cls) -> AssetExecutionContext | None:
        """The same, or None outside a body."""
        return _CURRENT.get(None)

    @property
    def run(self) -> DagsterRun:
        """The run: its `run_id` and its `tags`."""
        return DagsterRun(self.run_id, self.run_tags)

    def has_tag(self, key: str) -> bool:
        """Whether the run was given this tag."""
        return key in self.run_tags

    def get_tag(self, key: str) -> str | None:
        """A tag of the run, or None."""
        return self.run_tags.get(key)

    @property
    def instance(self) -> object:
        """The instance that the run belongs to where the body shares its process, else None."""
        return self.link.instance

    @property
    def cancelled(self) -> bool:
        """Whether the run has been cancelled: a long body may clear up, and then raise.

        What it returns instead is kept as long as the run waits for it: after Ctrl-C no more than a moment.
        """
        return self.link.stop.is_set()

    def raise_if_cancelled(self) -> None:
        """End the body here if the run has been cancelled: its partition then counts as cancelled, not as failed."""
        if self.cancelled:
            raise RunCancelledError(f"the run of {self.asset_key} was cancelled")

    def progress(self, fraction: float) -> None:
        """Say how far the work in hand has come, from 0 to 1; shown where the body shares the run's machine."""
        so_far = round(min(max(float(fraction), 0.0), 1.0), 2)
        if so_far != self.so_far:  # a loop may say it at every turn
            self.so_far = so_far
            self.link.report(self.asset_key, self.scope.keys or ("",), so_far)

    def add_output_metadata(self, metadata: Mapping[str, object], output_name: str | None = None) -> None:
        """Record facts about the partitions in hand, shown in their details and status rows."""
        del output_name  # an asset has one output; Dagster's argument is accepted so that code moves
        self.metadata.update(metadata)

    def add_asset_metadata(
        self, metadata: Mapping[str, object], asset_key: object = None, partition_key: str | None = None
    ) -> None:
        """Record facts about one of the partitions in hand, or about all of them."""
        del asset_key  # a body makes one asset
        if partition_key is None:
            self.metadata.update(metadata)
        elif partition_key not in self.scope.many:
            raise InvalidInvocationError(f"{partition_key!r} is not among the partitions in hand")
        else:
            self.metadata_by_key.setdefault(partition_key, {}).update(metadata)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Within this block, this is the context that `get` finds in this thread."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)
