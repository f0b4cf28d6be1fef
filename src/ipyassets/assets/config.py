"""Values that a run is given, declared as a class: Dagster's Config, without a library behind it."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any, dataclass_transform

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


def configured(kind: type[Config], name: str, run_config: RunConfigLike) -> Config:
    """The values that a run gives to the asset called `name`; raises InvalidArgumentError for wrong or missing ones."""
    ops: Mapping[str, Any] = run_config.ops if isinstance(run_config, RunConfig) else (run_config or {}).get("ops", {})
    given = ops.get(name, {})
    if isinstance(given, Config):
        return given
    values = given.get("config", given)
    known = [each.name for each in dataclasses.fields(typing.cast("Any", kind))]
    for value in values:
        if value not in known:
            raise InvalidArgumentError(f"{value!r} is not a configuration value of {name}{nearest(value, known)}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InvalidArgumentError(f"the configuration of {name} is incomplete: {error}") from None
