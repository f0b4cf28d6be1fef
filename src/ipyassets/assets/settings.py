"""Classes that name their settings with types and defaults: what they are given, they have as attributes."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, dataclass_transform

from ipyassets.assets.io_manager import IOManager
from ipyassets.errors import InvalidDefinitionError
from ipyassets.partitions.annotations import annotations_of

_AROUND_A_RUN = ("setup_for_execution", "teardown_after_execution", "yield_for_execution")


@dataclass_transform(kw_only_default=True)
class ConfigurableIOManager(IOManager):
    """An I/O manager whose settings are named in its class, as in Dagster's; no library stands behind it.

    class Texts(ConfigurableIOManager):
        folder: str
        ending: str = ".txt"

    Texts(folder="texts") is then one of them. An `__init__` of its own passes them on with `super().__init__(...)`.
    """

    __signature__: ClassVar[inspect.Signature]
    _take: ClassVar[Callable[..., None]]

    def __init_subclass__(cls) -> None:
        if uncalled := [name for name in _AROUND_A_RUN if hasattr(cls, name)]:
            raise InvalidDefinitionError(
                f"{cls.__name__}.{uncalled[0]} would not be called: an I/O manager is used by many runs, and in other "
                "processes; open what it needs where that is first used, or in the method that uses it"
            )
        own_defaults(cls)
        own = cls.__dict__.get("__init__")
        if own is not None:
            del cls.__init__
        dataclasses.dataclass(kw_only=True, eq=False)(cls)
        cls._take = cls.__init__
        if own is None:
            del cls.__init__  # that of a base, which may be its own, takes the settings of this class as well
        else:
            cls.__init__ = own  # type: ignore[method-assign]
        first = cls._take if cls.__init__ is ConfigurableIOManager.__init__ else cls.__init__
        signature = inspect.signature(first)
        cls.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])

    def __init__(self, **settings: Any) -> None:
        self._take(**settings)


def own_defaults(cls: type) -> None:
    """Give each object its own copy of the lists, dicts and sets that are defaults, as if written out anew."""
    annotations = annotations_of(cls)
    for name, value in list(vars(cls).items()):
        # as text, an annotation is not evaluated: what it names may not be there yet
        is_setting = name in annotations and "ClassVar" not in str(annotations[name])
        if is_setting and isinstance(value, list | dict | set):
            setattr(cls, name, dataclasses.field(default_factory=functools.partial(copy.deepcopy, value)))
