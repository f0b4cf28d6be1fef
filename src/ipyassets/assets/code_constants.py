"""How the constants that code reaches are counted into its version."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import hashlib
import logging
import pathlib
import re
import types
import uuid
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import numpy as np

MANY = 10_000  # elements: a larger constant is data, and hashing it after every cell would be felt
LARGE = 1 << 20  # bytes of an array

# What later versions of Python call otherwise than the first one that was supported: logs hold the names of that one.
_MODULES = {"pathlib._local": "pathlib", "_decimal": "decimal"}
_NAMES = {
    "_io.open": "io.open",
    "collections._tuplegetter": "_collections._tuplegetter",
    "re.PatternError": "re.error",
}


class Walk:
    """One pass over what a body reaches: tokens go into the hash, in an order that depends on the code alone."""

    def __init__(self, home: frozenset[str]) -> None:
        self.home = home
        self.unhashed: list[str] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._met: dict[int, tuple[int, object]] = {}  # holding the object, so that its id stays its own

    def token(self, *texts: str) -> None:
        """Put texts into the hash, each with its length, so that no two sequences of them read alike."""
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            self._hash.update(b"%d:%b" % (len(data), data))

    def hexdigest(self) -> str:
        """The hash of all tokens so far, as 32 hexadecimal digits."""
        return self._hash.hexdigest()

    def visit(self, value: object, name: str) -> None:
        """Count a value that the code knows as `name`."""
        count(value, name, self)

    def first_time(self, value: object) -> bool:
        """Whether a value has not been met before; one that has counts as a reference back to it."""
        if id(value) in self._met:
            self.token("again", str(self._met[id(value)][0]))
            return False
        self._met[id(value)] = (len(self._met), value)
        return True

    def cannot(self, name: str, why: str) -> None:
        """Say that something was not counted."""
        self.unhashed.append(f"{name}: {why}")

    def small(self, name: str, size: int) -> bool:
        """Whether a container is small enough to be code rather than data."""
        self.token(str(size))
        if size > MANY:
            self.cannot(name, f"has {size:,} elements, of which only their number counts")
        return size <= MANY


def qualified(kind: object) -> str:
    """The module and name of a class or function, as Python 3.11 has them."""
    module = getattr(kind, "__module__", "")
    name = f"{_MODULES.get(module, module)}.{getattr(kind, '__qualname__', getattr(kind, '__name__', ''))}"
    return _NAMES.get(name, name)


@functools.singledispatch
def count(value: object, name: str, walk: Walk) -> None:
    """Count a value of any other kind: what it wraps, its fields, its attributes, or its name and type alone."""
    kind = type(value)
    walk.token("object", qualified(kind))
    if (wrapped := getattr(value, "__wrapped__", None)) is not None:
        walk.visit(wrapped, name)
    elif dataclasses.is_dataclass(value):
        if walk.first_time(value):
            walk.visit(kind, name)
            for each in dataclasses.fields(value):
                walk.token(each.name)
                walk.visit(getattr(value, each.name, None), f"{name}.{each.name}")
    elif kind.__module__ in walk.home and hasattr(value, "__dict__"):
        if walk.first_time(value):
            walk.visit(kind, name)
            count(vars(value), name, walk)
    elif callable(value) and isinstance(getattr(value, "__name__", None), str):
        walk.token(qualified(value))
    elif kind.__module__ not in ("typing", "types"):
        walk.cannot(name, f"a {kind.__qualname__}, of which only the type counts")


def _count_text(value: object, name: str, walk: Walk) -> None:
    del name
    walk.token(qualified(type(value)), ascii(value))


for _plain in (
    *(type(None), type(...), bool, int, float, complex, str, bytes, range, slice, np.generic, np.dtype),
    *(dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, fractions.Fraction),
    *(pathlib.PurePath, re.Pattern, uuid.UUID),
):
    count.register(_plain, _count_text)


@count.register(tuple)
@count.register(list)
def _(value: Iterable[object], name: str, walk: Walk) -> None:
    elements = list(value)
    walk.token(qualified(type(value)))
    if walk.first_time(value) and walk.small(name, len(elements)):
        for each in elements:
            walk.visit(each, name)


@count.register
def _(value: AbstractSet, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # dispatch needs the plain class
    walk.token(qualified(type(value)))
    if walk.first_time(value) and walk.small(name, len(value)):
        for each in sorted(value, key=ascii):  # a set of texts comes in another order in every process
            walk.visit(each, name)


@count.register
def _(value: Mapping, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # dispatch needs the plain class
    walk.token(qualified(type(value)))
    if walk.first_time(value) and walk.small(name, len(value)):
        for key, each in value.items():
            walk.visit(key, name)
            walk.visit(each, f"{name}[{key!r}]")


@count.register
def _(value: np.ndarray, name: str, walk: Walk) -> None:
    walk.token("array", value.dtype.str, str(value.shape))
    if value.dtype.hasobject or value.nbytes > LARGE:
        walk.cannot(name, "an array of objects, or of more than a megabyte, of which only shape and type count")
    else:
        walk.token(value.tobytes().hex())


@count.register
def _(value: enum.Enum, name: str, walk: Walk) -> None:
    walk.token("member", value.name)
    walk.visit(type(value), name)


@count.register(types.ModuleType)
@count.register(logging.Logger)
def _(value: types.ModuleType | logging.Logger, name: str, walk: Walk) -> None:
    del name
    walk.token("named", value.name if isinstance(value, logging.Logger) else value.__name__)
