"""The code version of an asset: one hash over its body and everything of the user's own that the body reaches."""

from __future__ import annotations

import enum
import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass

from ipyassets.assets.code_constants import Walk, count, qualified
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.source import canonical, class_node, function_node, names_changed, names_read, what_runs
from ipyassets.partitions.annotations import annotations_of

# Modules that put methods of their own into classes, which are not the same in every version of Python.
_MAKERS = frozenset({"collections", "dataclasses", "reprlib", "typing"})


@dataclass(frozen=True, slots=True)
class CodeHash:
    """A code version, and what the body reaches that could not be counted into it, in words."""

    version: str
    unhashed: tuple[str, ...]


def code_hash(compute: Callable[..., object]) -> CodeHash:
    """The version of the code that a function runs: the same for the same code, on every version of Python.

    Counted are the body and, recursively, the functions, classes, plain constants, closures, defaults and partials
    that it reaches in `__main__` and in its own module. Layout, comments, docstrings and decorators' arguments do not
    count; imported code counts by its name. Other objects count by their type, and are named in `unhashed`: pass
    `code_version=` where they matter.
    """
    inner = inspect.unwrap(compute)
    while isinstance(inner, functools.partial):
        inner = inspect.unwrap(inner.func)
    walk = Walk(frozenset({"__main__", getattr(inner, "__module__", "__main__")}))
    walk.visit(compute, getattr(inner, "__name__", "the body"))
    return CodeHash(walk.hexdigest(), tuple(dict.fromkeys(walk.unhashed)))


@count.register
def _(value: AssetsDefinition, name: str, walk: Walk) -> None:
    """An asset that the body mentions is data: a change of it shows as a change of its values."""
    del name
    walk.token("asset", value.key.to_string())


@count.register
def _(value: functools.partial, name: str, walk: Walk) -> None:  # type: ignore[type-arg]  # dispatch needs the plain class
    walk.token("partial")
    if walk.first_time(value):
        walk.visit(value.func, name)
        walk.visit(value.args, name)
        walk.visit(value.keywords, name)


@count.register
def _(value: types.MethodType, name: str, walk: Walk) -> None:
    walk.token("method")
    walk.visit(value.__func__, name)
    if type(value.__self__).__module__ in walk.home or value.__func__.__globals__.get("__name__") in walk.home:
        walk.visit(value.__self__, name)


@count.register
def _(value: types.FunctionType, name: str, walk: Walk) -> None:
    if not walk.first_time(value):
        return
    ours = value.__globals__.get("__name__") in walk.home
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
    if not ours:
        # an imported decorator: what it wraps is ours
        walk.token("imported", value.__globals__.get("__name__", ""), value.__code__.co_qualname)
        inside = [(free, cell.cell_contents) for free, cell in cells if _is_filled(cell)]
        for _, wrapped in [*inside, ("", getattr(value, "__wrapped__", None))]:
            if isinstance(wrapped, types.FunctionType) and wrapped.__globals__.get("__name__") in walk.home:
                walk.visit(wrapped, name)
        return
    changed = _count_code(value, name, walk)
    for free, cell in cells:
        walk.token(free)
        if free not in changed and _is_filled(cell):
            walk.visit(cell.cell_contents, free)
    walk.visit(value.__defaults__, name)
    walk.visit(value.__kwdefaults__, name)
    _count_globals(value, changed, walk)


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # an empty cell raises
    except ValueError:
        return False
    return True


def _count_code(function: types.FunctionType, name: str, walk: Walk) -> set[str]:
    """Count what a function does by itself; the names of what it changes, which do not count."""
    node = function_node(function)
    if node is None:
        walk.cannot(name, "without its source, its bytecode counts, which differs between versions of Python")
        walk.token("bytecode", function.__code__.co_code.hex(), ascii(function.__code__.co_consts))
        return set()
    walk.token("function", what_runs(node))
    return names_changed(node)


def _count_globals(function: types.FunctionType, changed: set[str], walk: Walk) -> None:
    """Count the globals that a function reads."""
    for name in names_read(function.__code__):
        if name not in function.__globals__:
            continue
        walk.token("global", name)
        value = function.__globals__[name]
        if name in changed and not isinstance(value, types.ModuleType):
            walk.cannot(name, "is changed by the code itself, so what it holds does not count")
        else:
            walk.visit(value, name)


@count.register
def _(value: type, name: str, walk: Walk) -> None:
    if value.__module__ not in walk.home:
        walk.token("imported", qualified(value))
        return
    if not walk.first_time(value):
        return
    node = class_node(value)
    walk.token("class", "" if node is None else canonical(node))
    for base in value.__bases__:
        walk.visit(base, name)
    if issubclass(value, enum.Enum):
        for member in value:
            walk.token(member.name)
            walk.visit(member.value, f"{name}.{member.name}")
    for attribute, held in vars(value).items():
        _count_attribute(value, attribute, held, walk)
    for annotated in annotations_of(value):
        walk.token("annotated", annotated)


def _count_attribute(owner: type, attribute: str, held: object, walk: Walk) -> None:
    """Count a method, a property or a plain attribute of a class; what Python made by itself does not count."""
    name = f"{owner.__name__}.{attribute}"
    if isinstance(held, staticmethod | classmethod):
        held = held.__func__
    if isinstance(held, property | functools.cached_property):
        parts = [held.func] if isinstance(held, functools.cached_property) else [held.fget, held.fset, held.fdel]
        walk.token(attribute)
        for part in parts:
            walk.visit(part, name)
    elif isinstance(held, types.FunctionType):
        if held.__globals__.get("__name__") not in _MAKERS and function_node(held) is not None:
            walk.token(attribute)
            walk.visit(held, name)
    elif not attribute.startswith("_") and not isinstance(held, types.MemberDescriptorType | owner):
        walk.token(attribute)
        walk.visit(held, name)
