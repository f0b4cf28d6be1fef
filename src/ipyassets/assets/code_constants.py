"""How the constants that code reaches are counted into its version."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import logging
import os
import pathlib
import re
import types
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from ipyassets.assets.changing import Parts
from ipyassets.assets.code_walk import PLAIN, Walk, count, count_pairs, is_of_a_module, qualified

LARGE = 1 << 20  # bytes of an array
SHOWN = 200  # characters of a pattern that Python shows
CONTAINERS = (list, dict, set, deque, np.ndarray)  # that code can change in place


def _count_text(value: object, name: str, walk: Walk) -> None:
    del name
    walk.token(qualified(type(value)), ascii(value))


for _plain in (
    *(*PLAIN, np.generic, np.dtype),
    *(dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, fractions.Fraction),
    *(pathlib.PurePath, uuid.UUID),
):
    count.register(_plain, _count_text)


@count.register
def _(value: re.Pattern, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # dispatch needs the plain class
    _count_text(value, name, walk)
    if len(ascii(value.pattern)) > SHOWN:
        walk.visit(value.pattern, name)


@count.register
def _(value: tuple, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # as above
    walk.token(qualified(type(value)))
    if walk.first_time(value) and walk.fits(name, len(value)):
        for each in value:
            walk.visit(each, name)


def _elements(value: Sequence[object], most: int) -> Parts:
    if len(value) > most:
        return Parts(len(value))
    found = tuple(value)  # at once, whatever other threads do to it
    return Parts(len(found), found)


@count.register(list)
@count.register(deque)
def _(value: Sequence[object], name: str, walk: Walk) -> None:
    walk.token(qualified(type(value)))
    if walk.first_time(value):
        parts = walk.parts(value, name, _elements)
        if walk.fits(name, parts.size):
            for each in parts.elements:
                walk.visit(each, name)


def _members(value: AbstractSet[object], most: int) -> Parts:
    if len(value) > most:
        return Parts(len(value))
    found = frozenset(value)
    return Parts(len(found), (found,))


@count.register
def _(value: AbstractSet, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # as above
    walk.token(qualified(type(value)))
    if walk.first_time(value):
        parts = walk.parts(value, name, _members)
        if walk.fits(name, parts.size):
            for each in sorted(*parts.elements, key=_without_address):  # it comes in another order in every process
                walk.visit(each, name)


def _without_address(value: object) -> str:
    return re.sub(r" at 0x\w+", "", ascii(value))


def _items(value: Mapping[object, object], most: int) -> Parts:
    if len(value) > most:
        return Parts(len(value))
    found = dict(value)
    return Parts(len(found), (*found, *found.values()))


@count.register
def _(value: Mapping, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # as above
    walk.token(qualified(type(value)))
    if walk.first_time(value):
        count_pairs(walk.parts(value, name, _items), name, "[{!r}]", walk)


def _bytes(value: np.ndarray, most: int) -> Parts:
    del most
    is_data = value.dtype.hasobject or value.nbytes > LARGE
    return Parts(value.nbytes, (value.dtype.str, str(value.shape), None if is_data else value.tobytes()))


@count.register(type(os.environ))
def _(value: Mapping[str, str], name: str, walk: Walk) -> None:
    walk.token(qualified(type(value)))
    walk.cannot(name, "the environment, which is another in every process")


@count.register
def _(value: np.ndarray, name: str, walk: Walk) -> None:
    dtype, shape, content = walk.parts(value, name, _bytes).elements
    walk.token("array", dtype, shape)
    if content is None:
        walk.cannot(name, "an array of objects, or of more than a megabyte, of which only shape and type count")
    else:
        walk.token(content.hex())


@count.register
def _(value: types.BuiltinFunctionType, name: str, walk: Walk) -> None:
    walk.token("object", qualified(type(value)), qualified(value))
    if not is_of_a_module(value):
        walk.visit(value.__self__, name)


@count.register
def _(value: enum.Enum, name: str, walk: Walk) -> None:
    walk.token("member", value.name)
    walk.visit(type(value), name)


@count.register(types.ModuleType)
@count.register(logging.Logger)
def _(value: types.ModuleType | logging.Logger, name: str, walk: Walk) -> None:
    del name
    walk.token("named", value.name if isinstance(value, logging.Logger) else value.__name__)
