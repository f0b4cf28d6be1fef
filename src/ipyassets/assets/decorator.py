"""`@asset`: a function becomes an asset, with Dagster's name and signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast, overload

from ipyassets.assets.config import config_type
from ipyassets.assets.definition import AssetDep, AssetIn, AssetsDefinition, CoercibleToAssetKey, Upstream
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.metadata import plain
from ipyassets.assets.policies import BackfillPolicy, RetryPolicy
from ipyassets.assets.signatures import name_of, signature_of
from ipyassets.errors import InvalidDefinitionError, nearest
from ipyassets.partitions.annotations import annotations_of
from ipyassets.partitions.definitions import PartitionsDefinition

CONTEXT_NAMES = frozenset({"context", "_context", "_", "__"})  # Dagster's rule for the first argument


@overload
def asset(compute_fn: Callable[..., object], /) -> AssetsDefinition: ...


@overload
def asset(
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    key: CoercibleToAssetKey | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[CoercibleToAssetKey | AssetDep] | None = None,
    metadata: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    io_manager_def: IOManager | None = None,
    io_manager_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    code_version: str | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    backfill_policy: BackfillPolicy | None = None,
    max_concurrent: int | None = None,
    resource_defs: Mapping[str, object] | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> Callable[[Callable[..., object]], AssetsDefinition]: ...


def asset(
    compute_fn: Callable[..., object] | None = None,
    /,
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    key: CoercibleToAssetKey | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[CoercibleToAssetKey | AssetDep] | None = None,
    metadata: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    io_manager_def: IOManager | None = None,
    io_manager_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    code_version: str | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    backfill_policy: BackfillPolicy | None = None,
    max_concurrent: int | None = None,
    resource_defs: Mapping[str, object] | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> AssetsDefinition | Callable[[Callable[..., object]], AssetsDefinition]:
    """Declare that a function makes an asset, once for each partition of `partitions_def`.

    Every argument of the function but a first one called `context` and a `config` is an upstream asset: the one of
    that name below `key_prefix`, or the one that `ins` gives for it. `deps` are upstream assets that are not loaded.
    Nothing is registered and nothing runs: the result is a value. Raises InvalidDefinitionError for contradictory
    arguments.
    """
    _refuse_other("partitions_def", partitions_def, PartitionsDefinition)
    _refuse_other("retry_policy", retry_policy, RetryPolicy)
    _refuse_other("backfill_policy", backfill_policy, BackfillPolicy)
    _refuse_other("io_manager_def", io_manager_def, IOManager)
    manager_key = io_manager_key or "io_manager"
    if isinstance(deps, str):
        raise InvalidDefinitionError(f"deps is {deps!r}: give a list, [{deps!r}]")

    def declare(compute: Callable[..., object]) -> AssetsDefinition:
        takes_context, arguments = _arguments(compute)
        asset_key = _key(compute, name, key_prefix, key)
        return AssetsDefinition(
            key=asset_key,
            compute=compute,
            takes_context=takes_context,
            upstreams=_upstreams(
                asset_key, _without_config(compute, arguments), ins or {}, deps or (), takes_any=_takes_any(compute)
            ),
            partitions_def=partitions_def,
            io_manager=io_manager_def or _io_manager_among(resource_defs or {}, manager_key),
            io_manager_key=manager_key,
            code_version=code_version or "",
            description=description or inspect.getdoc(compute) or "",
            group_name=group_name or "default",
            metadata=plain(metadata),
            tags=dict(tags or {}),
            owners=tuple(owners or ()),
            kinds=frozenset(kinds or ()),
            output_required=output_required,
            returns_nothing=annotations_of(compute).get("return", ...) in (None, "None"),
            retry_policy=retry_policy,
            backfill_policy=backfill_policy,
            config=config_type(compute),
            max_concurrent=max_concurrent,
            resource_defs=dict(resource_defs or {}),
            required_resource_keys=frozenset(required_resource_keys or ()),
        )

    return declare if compute_fn is None else declare(compute_fn)


def _io_manager_among(resources: Mapping[str, object], name: str) -> IOManager | None:
    """The I/O manager that an asset is given as a resource of its own."""
    _refuse_other(f"resource_defs[{name!r}]", resources.get(name), IOManager)
    return cast("IOManager | None", resources.get(name))


def _refuse_other(argument: str, value: object, kind: type) -> None:
    """Raise InvalidDefinitionError for an argument of another kind."""
    if value is None or isinstance(value, kind):
        return
    if isinstance(value, type):
        raise InvalidDefinitionError(
            f"{argument} is the class {value.__name__}: give one of its kind, {value.__name__}()"
        )
    raise InvalidDefinitionError(f"{argument} is {value!r}: give a {kind.__name__}")


def _key(
    compute: Callable[..., object],
    name: str | None,
    prefix: str | Sequence[str] | None,
    key: CoercibleToAssetKey | None,
) -> AssetKey:
    if key is not None:
        if name is not None or prefix is not None:
            raise InvalidDefinitionError(f"key={key!r} already names the asset: drop name and key_prefix")
        return AssetKey.from_coercible(key)
    plain = AssetKey(name or compute.__name__)
    return plain.with_prefix(prefix) if prefix else plain


def _arguments(compute: Callable[..., object]) -> tuple[bool, list[str]]:
    """Whether the first argument is the context, and the names of the others."""
    parameters = list(signature_of(compute).parameters.values())
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            raise InvalidDefinitionError(
                f"*{parameter.name} of {compute.__name__} cannot be an input: name each upstream asset"
            )
    named = [p for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
    takes_context = bool(named) and _is_context(named[0])
    return takes_context, [p.name for p in named[takes_context:]]


def _takes_any(compute: Callable[..., object]) -> bool:
    """Whether a function takes arguments of any name."""
    return any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature_of(compute).parameters.values())


def _without_config(compute: Callable[..., object], arguments: list[str]) -> list[str]:
    return arguments if config_type(compute) is None else [name for name in arguments if name != "config"]


def _is_context(parameter: inspect.Parameter) -> bool:
    return parameter.name in CONTEXT_NAMES or name_of(parameter.annotation).endswith("ExecutionContext")


def _upstreams(
    key: AssetKey,
    arguments: Iterable[str],
    ins: Mapping[str, AssetIn],
    deps: Iterable[CoercibleToAssetKey | AssetDep],
    *,
    takes_any: bool,
) -> tuple[Upstream, ...]:
    found: dict[AssetKey, Upstream] = {}
    if not takes_any and (strange := [argument for argument in ins if argument not in arguments]):
        raise InvalidDefinitionError(
            f"ins of {key} names {strange[0]!r}, which its body does not take{nearest(strange[0], arguments)}"
        )
    for argument in dict.fromkeys([*arguments, *ins]):
        given = ins.get(argument, AssetIn())
        upstream = Upstream(given.key_for(argument), given.partition_mapping, argument, given.metadata)
        if upstream.key in found:
            raise InvalidDefinitionError(f"{key} reads {upstream.key} through two arguments: keep one of them")
        found[upstream.key] = upstream
    for dep in deps:
        given_dep = dep if isinstance(dep, AssetDep) else AssetDep(dep)
        if given_dep.asset_key in found:
            raise InvalidDefinitionError(
                f"{key} names {given_dep.asset_key} twice: as an input and in deps, or twice in deps"
            )
        found[given_dep.asset_key] = Upstream(
            given_dep.asset_key, given_dep.partition_mapping, None, given_dep.metadata
        )
    return tuple(found.values())
