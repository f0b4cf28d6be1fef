"""Calling a body without a run, as a unit test does: a context made by hand."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace

from ipyassets.assets.context import AssetExecutionContext, Link
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions import (
    DynamicPartitionsStore,
    PartitionKeyRange,
    PartitionsDefinition,
    PartitionSpace,
    TimeWindow,
    as_of,
    partition_loading_context,
)

UNBOUND = AssetKey("asset")


def build_asset_context(
    *,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    run_tags: Mapping[str, str] | None = None,
    resources: Mapping[str, object] | None = None,
    instance: object = None,
) -> AssetExecutionContext:
    """A context to call an asset with: `flights(build_asset_context(partition_key="2013-01-15"))` (Dagster's name).

    The keys of a range and the time they cover are those of the asset that is called.
    """
    if partition_key is not None and partition_key_range is not None:
        raise InvalidInvocationError("give partition_key or partition_key_range, not both")
    keys: tuple[str, ...] | None = None if partition_key is None else (partition_key,)
    if partition_key_range is not None:
        keys = (partition_key_range.start, partition_key_range.end)
    return AssetExecutionContext(
        asset_key=UNBOUND,
        scope=PartitionScope("this context", keys),
        run_id="direct",
        run_tags=dict(run_tags or {}),
        resources=SimpleNamespace(**(resources or {})),
        link=Link(instance=instance),
    )


def context_among(
    args: tuple[object, ...], kwargs: Mapping[str, object]
) -> tuple[AssetExecutionContext | None, tuple[object, ...]]:
    """The context that a call was given, first or by name, if any, and its other positional arguments."""
    if args and isinstance(args[0], AssetExecutionContext):
        return args[0], args[1:]
    return next((each for each in kwargs.values() if isinstance(each, AssetExecutionContext)), None), args


def in_context(
    context: AssetExecutionContext, compute: Callable[..., object], /, *args: object, **kwargs: object
) -> object:
    """What a body returns when called with a context in force; for an `async def`, also while it is awaited."""
    with context.active():
        returned = compute(*args, **kwargs)
    if not inspect.iscoroutine(returned):
        return returned

    async def awaited() -> object:
        with context.active():
            return await returned

    return awaited()


def in_hand(
    context: AssetExecutionContext, key: AssetKey, definition: PartitionsDefinition | None
) -> AssetExecutionContext:
    """A context made by hand, with the asset's own keys and windows; one of a run comes back unchanged."""
    if context.asset_key is not UNBOUND:
        return context
    given = context.scope.keys
    if definition is None or given is None:
        return dataclasses.replace(context, asset_key=key, scope=PartitionScope(str(key), given, None, definition))
    store = context.instance if isinstance(context.instance, DynamicPartitionsStore) else None
    with partition_loading_context(dynamic_partitions_store=store):
        space = definition.space(as_of())
        if len(given) > 1:
            given = tuple(definition.get_partition_keys_in_range(PartitionKeyRange(*given)))
    indices = [space.index(each) for each in given]
    keys = tuple(space.key(index) for index in indices)
    return dataclasses.replace(
        context, asset_key=key, scope=PartitionScope(str(key), keys, covered(space, indices), definition)
    )


def covered(space: PartitionSpace, indices: Sequence[int]) -> TimeWindow | None:
    """The time from the first start to the last end of some partitions; None where there is no time in them."""
    if not indices:
        return None
    first, last = space.window(indices[0]), space.window(indices[-1])
    return None if first is None or last is None else TimeWindow(first.start, last.end)
