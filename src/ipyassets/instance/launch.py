"""`materialize`: from what a person asks for to a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

from ipyassets.assets.config import Config, RunConfigLike, configured, refuse_strange
from ipyassets.assets.definition import AssetsDefinition, CoercibleToAssetKey
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.failing import beyond_ours
from ipyassets.engine.manner import Manner, OnError
from ipyassets.engine.plan import Plan, UpstreamMode
from ipyassets.errors import InvalidInvocationError, InvalidSelectionError, UnknownPartitionError
from ipyassets.instance.composition import Instance
from ipyassets.instance.current import current_instance
from ipyassets.instance.executors import manner_of
from ipyassets.instance.terminal import line_of
from ipyassets.interrupt import shielded
from ipyassets.partitions.arguments import texts
from ipyassets.partitions.keys import PartitionKeyRange
from ipyassets.partitions.selection_text import parse
from ipyassets.partitions.spans import Spans
from ipyassets.storage.memory_io import InMemoryIOManager

if TYPE_CHECKING:
    from ipyassets.engine.result import RunResult
    from ipyassets.engine.run import Run

PartitionKeys = Iterable[str] | PartitionKeyRange | str
Asked: TypeAlias = "str | PartitionKeyRange | tuple[str, ...]"
Selection: TypeAlias = "CoercibleToAssetKey | Sequence[CoercibleToAssetKey]"


@overload
def materialize(
    assets: Sequence[AssetsDefinition],
    run_config: RunConfigLike = None,
    instance: Instance | None = None,
    resources: Mapping[str, object] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,  # noqa: FBT001, FBT002
    tags: Mapping[str, str] | None = None,
    selection: Selection | None = None,
    *,
    partition_keys: PartitionKeys | None = None,
    upstream: UpstreamMode = "missing",
    on_error: OnError = "continue",
    executor: Executor | Literal["threads", "processes"] | None = None,
    max_workers: int | None = None,
    dry_run: Literal[False] = False,
    watch: Callable[[Run], None] | None = None,
) -> RunResult: ...


@overload
def materialize(
    assets: Sequence[AssetsDefinition],
    run_config: RunConfigLike = None,
    instance: Instance | None = None,
    resources: Mapping[str, object] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,  # noqa: FBT001, FBT002
    tags: Mapping[str, str] | None = None,
    selection: Selection | None = None,
    *,
    partition_keys: PartitionKeys | None = None,
    upstream: UpstreamMode = "missing",
    on_error: OnError = "continue",
    executor: Executor | Literal["threads", "processes"] | None = None,
    max_workers: int | None = None,
    dry_run: Literal[True],
    watch: Callable[[Run], None] | None = None,
) -> Plan: ...


def materialize(
    assets: Sequence[AssetsDefinition],
    run_config: RunConfigLike = None,
    instance: Instance | None = None,
    resources: Mapping[str, object] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,  # noqa: FBT001, FBT002 - Dagster's signature
    tags: Mapping[str, str] | None = None,
    selection: Selection | None = None,
    *,
    partition_keys: PartitionKeys | None = None,
    upstream: UpstreamMode = "missing",
    on_error: OnError = "continue",
    executor: Executor | Literal["threads", "processes"] | None = None,
    max_workers: int | None = None,
    dry_run: bool = False,
    watch: Callable[[Run], None] | None = None,
) -> RunResult | Plan:
    """Make partitions of some assets, here and now; returns when all is done.

    Every asset is made, or those that `selection` names; of partitioned ones the partition `partition_key` or all of
    `partition_keys`: a list, a PartitionKeyRange, or a selection text such as "[2013-01-01...2013-01-31], missing".
    Assets that are partitioned otherwise, and those not selected, are made only as far as `upstream` says: "missing"
    fills what the selected ones lack, "stale" also renews what is outdated, "none" leaves them alone.

    Bodies run in the calling thread; `max_workers=4`, `executor="processes"` or any `concurrent.futures.Executor`
    make them run at the same time. When a body fails, partitions that do not need it go on ("continue"), or nothing
    of that asset ("trim"), or nothing at all ("stop"); then the body's own exception is raised, unless
    `raise_on_error` is False. Ctrl-C ends the run: what has finished is kept, the rest is cancelled, and
    KeyboardInterrupt is raised; a body in another thread that does not end at once runs on, and its value is not
    stored. With `dry_run` nothing runs, and what would run is returned. `watch` is handed the run before it begins.
    Raises InvalidInvocationError where a partition key is lacking or not called for or a range is reversed,
    UnknownPartitionError for a key that does not exist.
    """
    chosen = instance or current_instance()
    made = _planned(chosen, assets, resources, selection, partition_key, partition_keys, upstream)
    if dry_run:
        return made
    manner = _with(manner_of(executor, max_workers, on_error), made, run_config, resources, tags)
    runs: list[Run] = []
    try:
        with shielded(), contextlib.nullcontext() if watch else line_of(runs):
            result = chosen.run(made, manner, watch=watch or runs.append)
    except KeyboardInterrupt as error:
        raise error.with_traceback(beyond_ours(error.__traceback__))  # noqa: B904 - the same, where it came
    if raise_on_error:
        result.raise_for_failure()
    return result


def materialize_in_background(
    assets: Sequence[AssetsDefinition],
    run_config: RunConfigLike = None,
    instance: Instance | None = None,
    resources: Mapping[str, object] | None = None,
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
    selection: Selection | None = None,
    *,
    partition_keys: PartitionKeys | None = None,
    upstream: UpstreamMode = "missing",
    on_error: OnError = "continue",
    executor: Executor | Literal["threads", "processes"] | None = None,
    max_workers: int | None = None,
) -> Run:
    """Begin to make partitions of some assets, as `materialize` does, and return at once, as a bar does.

    The Run tells its `progress`, can be waited for with `wait()` and cancelled with `cancel()`. Runs of one instance
    that are begun so go on one after the other, on a thread of their own.
    """
    chosen = instance or current_instance()
    made = _planned(chosen, assets, resources, selection, partition_key, partition_keys, upstream)
    return chosen.start(made, _with(manner_of(executor, max_workers, on_error), made, run_config, resources, tags))


def materialize_to_memory(
    assets: Sequence[AssetsDefinition],
    run_config: RunConfigLike = None,
    instance: Instance | None = None,
    resources: Mapping[str, object] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,  # noqa: FBT001, FBT002 - Dagster's signature
    tags: Mapping[str, str] | None = None,
    selection: Selection | None = None,
    *,
    partition_keys: PartitionKeys | None = None,
) -> RunResult:
    """Make partitions of some assets without storing anything: for tests and trials (Dagster's name).

    Values are kept in memory as long as the result is. `instance` lends its dynamic partitions, no more. Resources
    that are I/O managers are refused with InvalidInvocationError.
    """
    if strange := [name for name, value in (resources or {}).items() if hasattr(value, "handle_output")]:
        raise InvalidInvocationError(
            f"materialize_to_memory keeps values in memory: leave out the resource {strange[0]!r}"
        )
    memory = InMemoryIOManager()
    scratch = Instance.ephemeral(io_manager=memory, dynamic_keys=instance)
    return materialize(
        [one.with_io_manager(memory) for one in AssetGraph.of(assets)],
        run_config,
        scratch,
        resources,
        partition_key,
        raise_on_error,
        tags,
        selection,
        partition_keys=partition_keys,
    )


def _planned(
    instance: Instance,
    assets: Sequence[AssetsDefinition],
    resources: Mapping[str, object] | None,
    selection: Selection | None,
    partition_key: str | None,
    partition_keys: PartitionKeys | None,
    upstream: UpstreamMode,
) -> Plan:
    graph = AssetGraph.of(assets)
    instance.store.give(graph, resources or {})
    facts = instance.facts(graph)
    return instance.plan_from(facts, wanted(facts, selection, partition_key, partition_keys), upstream)


def _with(
    manner: Manner,
    made: Plan,
    run_config: RunConfigLike,
    resources: Mapping[str, object] | None,
    tags: Mapping[str, str] | None,
) -> Manner:
    given = configs(made, run_config)
    return replace(manner, tags=dict(tags or {}), resources=dict(resources or {}), configs=given)


def configs(made: Plan, run_config: RunConfigLike) -> dict[AssetKey, Config]:
    """The configuration of every asset of a plan that takes one; InvalidArgumentError for values that are no such."""
    graph = made.facts.graph
    refuse_strange(run_config, graph.assets)
    return {key: configured(kind, key, run_config) for key in made.pending if (kind := graph[key].config) is not None}


def wanted(
    facts: Facts, selection: Selection | None, partition_key: str | None, partition_keys: PartitionKeys | None
) -> dict[AssetKey, Spans]:
    """The partitions meant by what a person has asked for."""
    if partition_key is not None and partition_keys is not None:
        raise InvalidInvocationError("give partition_key or partition_keys, not both")
    keys = selected(facts.graph, selection)
    asked = _readable_again(partition_keys if partition_key is None else [partition_key])
    partitioned = [key for key in keys if facts.graph[key].partitions_def is not None]
    if asked is None:
        if partitioned:
            raise InvalidInvocationError(
                f"{partitioned[0]} is partitioned: give partition_key or partition_keys, such as partition_keys='all'"
            )
        return {key: Spans.range(0, 1) for key in keys}
    if keys and not partitioned:
        raise InvalidInvocationError(f"no asset selected is partitioned: leave partition_key out to make {keys[0]}")
    found = {key: spans for key in partitioned if (spans := _partitions(facts, key, asked)) is not None}
    if partitioned and not found:
        _exactly(facts, partitioned[0], asked)
    # an asset that is partitioned otherwise is made as far as the others need it
    others = {key: Spans.range(0, 1) for key in keys if key not in partitioned}
    return {key: spans for key in keys if (spans := found.get(key, others.get(key))) is not None}


def selected(graph: AssetGraph, selection: Selection | None) -> list[AssetKey]:
    """The assets that are selected, upstream first; all where nothing is."""
    if selection is None:
        return list(graph.assets)
    given = [selection] if isinstance(selection, str | AssetKey | AssetsDefinition) else selection
    chosen = {graph[AssetKey.from_coercible(each)].key for each in given}
    return [key for key in graph.assets if key in chosen]


def _readable_again(asked: PartitionKeys | None) -> Asked | None:
    """What was asked for in a form that each asset can be asked about."""
    return asked if isinstance(asked, str | PartitionKeyRange | None) else texts("partition_keys", tuple(asked))


def _partitions(facts: Facts, key: AssetKey, asked: Asked) -> Spans | None:
    """Which partitions of an asset are asked for; None where the keys are those of others."""
    try:
        return _exactly(facts, key, asked)
    except (UnknownPartitionError, InvalidSelectionError):
        keys = [] if isinstance(asked, str) else asked if isinstance(asked, tuple) else [asked.start, asked.end]
        if any(each in facts.spaces[key] for each in keys):
            raise  # some are its own, so that the others are mistaken
        return None


def _exactly(facts: Facts, key: AssetKey, asked: Asked) -> Spans:
    """Which partitions of an asset are asked for; UnknownPartitionError for a key that is none."""
    space = facts.spaces[key]
    if isinstance(asked, str):
        return parse(asked, space, facts.named(key))
    if isinstance(asked, PartitionKeyRange):
        if not (found := space.between(asked.start, asked.end)):
            raise InvalidInvocationError(f"the range is reversed: {asked.end!r} comes before {asked.start!r}")
        return found
    indices = space.indices(asked)
    return Spans.from_indices([space.index(each) for each in asked] if (indices < 0).any() else indices)
