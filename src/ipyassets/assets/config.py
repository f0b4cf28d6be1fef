"""Values that a run is given, declared as a class: Dagster's Config, without a library behind it."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, dataclass_transform

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.settings import own_defaults
from ipyassets.assets.signatures import signature_of
from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError, nearest


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Config:
    """Subclass it, name the values with their types and defaults, and take it as an argument called `config`.

    class Cleaning(Config):
        threshold: float = 0.5

    What a partition was made with is recorded with it.
    """

    def __init_subclass__(cls) -> None:
        own_defaults(cls)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)

    def as_mapping(self) -> dict[str, object]:
        """The values by name."""
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(typing.cast("Any", self))}


@dataclasses.dataclass(frozen=True, slots=True)
class RunConfig:
    """The configuration of a run: a `Config` or plain values for assets by name (Dagster's RunConfig)."""

    ops: Mapping[str, Config | Mapping[str, object]] = dataclasses.field(default_factory=dict)


RunConfigLike = RunConfig | Mapping[str, Any] | None


def config_type(compute: Callable[..., object]) -> type[Config] | None:
    """The class of values that the argument called `config` of a body takes, if it has one."""
    parameter = signature_of(compute).parameters.get("config")
    if parameter is None:
        return None
    annotation = parameter.annotation
    if isinstance(annotation, str | typing.ForwardRef):
        try:
            annotation = typing.get_type_hints(compute)["config"]
        except NameError as error:
            raise InvalidDefinitionError(f"the type of config in {compute.__name__} is not known: {error}") from None
    return annotation if isinstance(annotation, type) and issubclass(annotation, Config) else None


def configured(kind: type[Config], key: AssetKey, run_config: RunConfigLike = None) -> Config:
    """The values that a run gives to an asset; raises InvalidArgumentError for wrong or missing ones."""
    ops = ops_of(run_config)
    given: Config | Mapping[str, Any] = next((ops[name] for name in names_of(key) if name in ops), {})
    if isinstance(given, Config):
        return given
    return _made(kind, given.get("config", given), str(key))


def refuse_strange(run_config: RunConfigLike, keys: Iterable[AssetKey]) -> None:
    """Raise InvalidArgumentError for values that are given to something that is no asset of the run."""
    known = [name for key in keys for name in names_of(key)]
    for name in ops_of(run_config):
        if name not in known:
            raise InvalidArgumentError(f"{name!r} is configured, and is no asset of this run{nearest(name, known)}")


def ops_of(run_config: RunConfigLike) -> Mapping[str, Any]:
    """What a run gives, by asset name."""
    if isinstance(run_config, RunConfig):
        return run_config.ops
    for part in run_config or {}:
        if part != "ops":
            raise InvalidArgumentError(f"a run is configured by {{'ops': {{asset: values}}}}, which has no {part!r}")
    ops: Mapping[str, Any] = (run_config or {}).get("ops", {})
    return ops


def names_of(key: AssetKey) -> tuple[str, str]:
    """What an asset is called in a configuration: `a/b`, or as Dagster has it `a__b`."""
    return str(key), key.to_python_identifier()


def _made(kind: type[Config], values: Mapping[str, object], where: str) -> Config:
    wanted = typing.get_type_hints(kind)
    known = [each.name for each in dataclasses.fields(typing.cast("Any", kind))]
    for name in values:
        if name not in known:
            raise InvalidArgumentError(f"{name!r} is not a configuration value of {where}{nearest(name, known)}")
    try:
        return kind(**{name: _converted(wanted[name], value, f"{name} of {where}") for name, value in values.items()})
    except TypeError as error:
        raise InvalidArgumentError(f"the configuration of {where} is incomplete: {error}") from None


def _converted(wanted: Any, value: object, where: str) -> object:
    """A value as the type that was declared for it, where that is a plain one; InvalidArgumentError if it is not."""
    if isinstance(wanted, type) and issubclass(wanted, Config) and isinstance(value, Mapping):
        return _made(wanted, value, where)
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return _any_of(inner, value, where)
    if origin is list and isinstance(value, list):
        return [_converted(inner[0], each, f"an item of {where}") for each in value]
    if origin is dict and isinstance(value, dict):
        return {name: _converted(inner[1], each, f"{name!r} in {where}") for name, each in value.items()}
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = origin or wanted
    is_bool = isinstance(value, bool) and plain in (int, float)
    if isinstance(plain, type) and (is_bool or not isinstance(value, plain)):
        name = plain.__name__ if origin is None else str(wanted)
        raise InvalidArgumentError(f"{where} must be {name}, not {value!r}")
    return value


def _any_of(choices: Sequence[Any], value: object, where: str) -> object:
    for number, choice in enumerate(choices, 1):
        try:
            return _converted(choice, value, where)
        except InvalidArgumentError:
            if number == len(choices):
                raise
    return value
