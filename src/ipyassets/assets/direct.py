"""Calling a body or an I/O manager without a run, as a unit test does: contexts made by hand."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace

from ipyassets.assets.context import AssetExecutionContext, Link
from ipyassets.assets.io_manager import InputContext, OutputContext
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.metadata import plain
from ipyassets.assets.scope import PartitionScope
from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions.as_of import DynamicPartitionsStore, as_of, partition_loading_context
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.keys import PartitionKeyRange, TimeWindow
from ipyassets.partitions.space import PartitionSpace

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


def build_output_context(
    *,
    name: str = "result",
    definition_metadata: Mapping[str, object] | None = None,
    run_id: str = "direct",
    step_key: str | None = None,
    output_metadata: Mapping[str, object] | None = None,
    resources: Mapping[str, object] | None = None,
    asset_key: AssetKey | str | Sequence[str] | None = None,
    partition_key: str | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
) -> OutputContext:
    """A context to call `handle_output` of an I/O manager with (Dagster's name).

    A range needs `asset_partitions_def`.
    """
    key = UNBOUND if asset_key is None else AssetKey.from_coercible(asset_key)
    keys = _keys(partition_key, asset_partition_key_range, asset_partitions_def)
    return OutputContext(
        asset_key=key,
        scope=_scope(key, asset_partitions_def, keys),
        step_key=key.to_python_identifier() if step_key is None else step_key,
        output_metadata=plain(output_metadata),
        metadata=plain(definition_metadata),
        resources=SimpleNamespace(**(resources or {})),
        name=name,
        run_id=run_id,
    )


def build_input_context(
    *,
    name: str = "",
    definition_metadata: Mapping[str, object] | None = None,
    upstream_output: OutputContext | None = None,
    resources: Mapping[str, object] | None = None,
    asset_key: AssetKey | str | Sequence[str] | None = None,
    partition_key: str | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
) -> InputContext:
    """A context to call `load_input` of an I/O manager with (Dagster's name).

    With `upstream_output`, the context of a `handle_output` that was called before, it asks for what that has stored. A
    range asks for a dict of its partitions, and needs `asset_partitions_def`.
    """
    before = upstream_output
    key = AssetKey.from_coercible(asset_key) if asset_key is not None else before.asset_key if before else UNBOUND
    keys = _keys(partition_key, asset_partition_key_range, asset_partitions_def)
    scope = before.scope if before and keys is None else _scope(key, asset_partitions_def, keys)
    return InputContext(
        asset_key=key,
        scope=scope,
        metadata=plain(definition_metadata),
        resources=SimpleNamespace(**(resources or {})),
        artifacts=dict(before.stored) if before else {},
        name=name,
        gives_one=asset_partition_key_range is None,
        upstream=before,
        reader=None if partition_key is None else PartitionScope("this context", (partition_key,)),
    )


def _keys(
    key: str | None, key_range: PartitionKeyRange | None, definition: PartitionsDefinition | None
) -> tuple[str, ...] | None:
    if key_range is None:
        return None if key is None else (key,)
    if definition is None:
        raise InvalidInvocationError("a range of partitions needs asset_partitions_def, to know what is in it")
    return tuple(definition.get_partition_keys_in_range(key_range))


def _scope(key: AssetKey, definition: PartitionsDefinition | None, keys: tuple[str, ...] | None) -> PartitionScope:
    if definition is None or keys is None:
        return PartitionScope(str(key), keys, None, definition)
    space = definition.space(as_of())
    indices = [space.index(each) for each in keys]
    return PartitionScope(str(key), tuple(space.key(i) for i in indices), covered(space, indices), definition)


def in_hand(
    context: AssetExecutionContext, key: AssetKey, definition: PartitionsDefinition | None
) -> AssetExecutionContext:
    """A context made by hand, with the asset's own keys and windows; one of a run comes back unchanged."""
    if context.asset_key is not UNBOUND:
        return context
    given = context.scope.keys
    store = context.instance if isinstance(context.instance, DynamicPartitionsStore) else None
    with partition_loading_context(dynamic_partitions_store=store):
        if definition is not None and given is not None and len(given) > 1:
            given = tuple(definition.get_partition_keys_in_range(PartitionKeyRange(*given)))
        return dataclasses.replace(context, asset_key=key, scope=_scope(key, definition, given))


def covered(space: PartitionSpace, indices: Sequence[int]) -> TimeWindow | None:
    """The time from the first start to the last end of some partitions; None where there is no time in them."""
    if not indices:
        return None
    first, last = space.window(indices[0]), space.window(indices[-1])
    return None if first is None or last is None else TimeWindow(first.start, last.end)
