"""The code version of an asset: one hash over its body and everything of the user's own that the body reaches."""

from __future__ import annotations

import enum
import functools
import inspect
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ipyassets.assets.changing import Parts, running
from ipyassets.assets.code_constants import CONTAINERS
from ipyassets.assets.code_walk import Walk, count, is_of_a_module, is_special, own_functions, public, qualified
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.source import (
    bytecode,
    canonical,
    class_node,
    function_node,
    names_changed,
    names_read,
    names_rebound,
    what_runs,
)
from ipyassets.partitions.annotations import annotations_of

# Where libraries keep what the text of a class said of its fields, and what of a field matters.
_FIELDS = ("__dataclass_fields__", "__pydantic_fields__", "model_fields", "__attrs_attrs__")
_OF_FIELD = ("default", "default_factory", "init", "compare", "metadata", "annotation", "validator", "converter")
_OF_CLASS = ("eq", "order", "unsafe_hash", "frozen")
_NO_DEFAULT = ("_MISSING_TYPE", "PydanticUndefinedType")

# What is put into classes besides what their text says, which is not the same in every version of Python or library.
_MAKERS = frozenset({"attr._make", "collections", "dataclasses", "reprlib", "typing"})
_GENERATED = "<attrs generated"  # a text that attrs has written
_MADE = frozenset({"_abc_impl", "_is_protocol", "_is_runtime_protocol"})
_SLOTS = (types.MemberDescriptorType, type(inspect.FullArgSpec.args))  # of a class with slots, of a named tuple


@dataclass(frozen=True, slots=True)
class CodeHash:
    """A code version, and what the body reaches that could not be counted into it, in words."""

    version: str
    unhashed: tuple[str, ...] = ()


def code_hash(compute: Callable[..., object]) -> CodeHash:
    """The version of the code that a function runs: the same for the same code, on every version of Python.

    Counted are the body and, recursively, the functions, classes, constants, closures, defaults and partials that it
    reaches in `__main__` and in its own module. Layout, comments, docstrings and decorators' arguments do not count;
    imported code counts by its name. What the code itself changes, and other objects, count by their type, and are
    named in `unhashed`: pass `code_version=` where they matter. What running changes in other ways counts as it was
    before.
    """
    return _told(_walk(compute))


def version_of(asset: AssetsDefinition) -> CodeHash:
    """The version of what makes an asset: the one that it was given, else that of its body and its configuration.

    Which inputs it has is recorded with each value; here counts only what an argument stands for, if it has another
    name than the asset.
    """
    return CodeHash(asset.code_version) if asset.code_version else _told(_walk_of(asset))


@contextmanager
def counted_as_before(assets: Iterable[AssetsDefinition]) -> Iterator[None]:
    """A block that runs the code of assets: what it changes of all that they reach counts as it was before."""
    with running([held for asset in assets if not asset.code_version for held in _walk_of(asset).held]):
        yield


def _walk_of(asset: AssetsDefinition) -> Walk:
    walk = _walk(asset.compute)
    for upstream in asset.upstreams:
        if upstream.argument is not None and upstream.key.parts[-1] != upstream.argument:
            walk.token("argument", upstream.argument, upstream.key.to_string())
    if asset.config is not None:
        walk.constant(asset.config, "config")
    return walk


def _walk(compute: Callable[..., object]) -> Walk:
    inner = inspect.unwrap(compute)
    while isinstance(inner, functools.partial):
        inner = inspect.unwrap(inner.func)
    walk = Walk(frozenset({"__main__", getattr(inner, "__module__", "__main__")}))
    walk.constant(compute, getattr(inner, "__name__", "the body"))
    return walk


def _told(walk: Walk) -> CodeHash:
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
    if not is_of_a_module(value):
        walk.visit(value.__self__, name)


@count.register
def _(value: types.FunctionType, name: str, walk: Walk) -> None:
    if not walk.first_time(value):
        return
    if value.__globals__.get("__name__") not in walk.home:
        # an imported decorator: what it wraps is ours
        walk.token("imported", public(value.__globals__.get("__name__")), value.__code__.co_qualname)
        for wrapped in own_functions([*_closure(value).values(), *vars(value).values()], walk):
            walk.visit(wrapped, name)
        return
    changes = _count_code(value, name, walk)
    closure = _closure(value)
    for free in value.__code__.co_freevars:
        walk.token(free)
        if free in closure:
            changes.count(closure[free], free, walk)
    _count_defaults(value, name, changes, walk)
    for read in names_read(value.__code__):
        # before it has run, what the code binds is not there yet
        if read in value.__globals__ or read in changes.rebound:
            walk.token("global", read)
            changes.count(value.__globals__.get(read), read, walk)


def _closure(function: types.FunctionType) -> dict[str, object]:
    """The variables of enclosing functions that a function reads, without those that have no value yet."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class _Changes:
    """Names that a function binds anew outside itself, and names whose values it changes in place."""

    rebound: frozenset[str]
    in_place: frozenset[str]

    def leaves_out(self, value: object, name: str) -> bool:
        """Whether a value holds results of running, not code."""
        return name in self.rebound or (name in self.in_place and isinstance(value, CONTAINERS))

    def count(self, value: object, name: str, walk: Walk) -> None:
        """Count the value of a name."""
        if self.leaves_out(value, name):
            walk.cannot(name, "is changed by the code itself, so what it holds does not count")
        else:
            walk.constant(value, name)


def _count_code(function: types.FunctionType, name: str, walk: Walk) -> _Changes:
    """Count what a function does by itself; what it changes."""
    node, code = function_node(function), function.__code__
    if node is None:
        walk.cannot(name, "without the text that runs, its bytecode counts, which differs between versions of Python")
        walk.token("bytecode", bytecode(code))
    else:
        walk.token("function", what_runs(node))
    return _Changes(names_rebound(code), frozenset() if node is None else names_changed(node))


def _count_defaults(function: types.FunctionType, name: str, changes: _Changes, walk: Walk) -> None:
    """Count the values of defaults; of one that the function changes, only its type."""
    plain, code = function.__defaults__, function.__code__
    if plain is not None:
        named = zip(code.co_varnames[code.co_argcount - len(plain) : code.co_argcount], plain, strict=True)
        plain = tuple(_kept(value, name, changes, walk) for name, value in named)
    walk.constant(plain, name)
    keyword = function.__kwdefaults__
    walk.constant(keyword and {name: _kept(value, name, changes, walk) for name, value in keyword.items()}, name)


def _kept(value: object, name: str, changes: _Changes, walk: Walk) -> object:
    if not changes.leaves_out(value, name):
        return value
    walk.cannot(name, "is changed by the code itself, so what it holds does not count")
    return type(value)


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
    _count_fields(value, walk)
    found = walk.parts(value, name, _attributes)
    for attribute, held in zip(found.elements[: found.size], found.elements[found.size :], strict=True):
        _count_attribute(value, attribute, held, walk)
    for annotated in annotations_of(value):
        walk.token("annotated", annotated)


def _attributes(kind: type, most: int) -> Parts:
    """Names and values of what the text of a class, or code after it, has put into it."""
    del most
    found = {name: held for name, held in vars(kind).copy().items() if _is_attribute(kind, name, held)}
    return Parts(len(found), (*found, *found.values()))


def _is_attribute(kind: type, name: str, held: object) -> bool:
    function: object = inspect.unwrap(getattr(held, "__func__", held))  # type: ignore[arg-type]  # of any kind
    if isinstance(function, types.FunctionType):
        made = function.__globals__.get("__name__") in _MAKERS or function.__code__.co_filename.startswith(_GENERATED)
        return not made and (not is_special(name) or function_node(function) is not None)
    if issubclass(kind, enum.Enum) and (isinstance(held, kind) or (name[0], name[-1]) == ("_", "_")):
        return False
    return not (is_special(name) or name in _MADE or name in _FIELDS or isinstance(held, _SLOTS))


def _count_attribute(owner: type, attribute: str, held: object, walk: Walk) -> None:
    name = f"{owner.__name__}.{attribute}"
    walk.token(attribute)
    match held:
        case staticmethod() | classmethod():
            walk.visit(held.__func__, name)
        case functools.cached_property():
            walk.visit(held.func, name)
        case property():
            for part in (held.fget, held.fset, held.fdel):
                walk.visit(part, name)
        case _:
            walk.constant(held, name)


def _count_fields(kind: type, walk: Walk) -> None:
    """Count what the text of a class without methods says of its fields, where a library has taken it in."""
    for place in _FIELDS:
        fields = vars(kind).get(place) or ()
        named = fields.items() if isinstance(fields, Mapping) else ((each.name, each) for each in fields)
        for name, each in named:
            walk.token("field", name)
            for part in _OF_FIELD:
                given = getattr(each, part, None)
                given = getattr(given, "factory", given)  # as attrs has it
                if type(given).__name__ not in _NO_DEFAULT:
                    walk.constant(given, f"{kind.__name__}.{name}")
    if (params := vars(kind).get("__dataclass_params__")) is not None:
        walk.token(*(str(getattr(params, each)) for each in _OF_CLASS))
