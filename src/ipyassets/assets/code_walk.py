"""One pass over what code reaches, and how objects of any kind are counted by it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Iterable, Iterator

from ipyassets.assets.changing import Held, Look, Parts, as_before

MANY = 10_000  # elements of a constant: a larger one is data, and hashing it after every cell would be felt
DEEP = 100  # levels: what is nested deeper is counted afterwards, or Python would have too many calls at once

# What is written down in full, whatever it is.
PLAIN = (type(None), type(...), bool, int, float, complex, str, bytes, range, slice)
# What later versions of Python call otherwise than the first one that was supported: logs hold the names of that one.
_MODULES = {"_decimal": "decimal"}
_NAMES = {
    "_io.open": "io.open",
    "collections._tuplegetter": "_collections._tuplegetter",
    "re.PatternError": "re.error",
}
_FUNCTIONS = frozenset({"IPython.core.interactiveshell.InteractiveShell.get_ipython"})  # of whichever shell
_NAMESPACES = frozenset({"types.SimpleNamespace", "argparse.Namespace"})
_MADE_AT_RUN_TIME = 1 << 9  # Py_TPFLAGS_HEAPTYPE: of a class that is no part of a compiled library


class Walk:
    """One pass over what a body reaches: tokens go into the hash, in an order that depends on the code alone."""

    def __init__(self, home: frozenset[str]) -> None:
        self.home = home
        self.unhashed: list[str] = []
        self.held: list[Held] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._met: dict[int, tuple[int, object]] = {}  # holding the object, so that its id stays its own
        self._constant, self._room = "", MANY
        self._depth = 0
        self._deeper: list[tuple[object, str, int]] = []

    def token(self, *texts: str) -> None:
        """Put texts into the hash, each with its length, so that no two sequences of them read alike."""
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            self._hash.update(b"%d:%b" % (len(data), data))

    def hexdigest(self) -> str:
        """The hash of all tokens so far, as 32 hexadecimal digits."""
        return self._hash.hexdigest()

    def visit(self, value: object, name: str) -> None:
        """Count a value that the code knows as `name`, and its class if that is the user's own."""
        kind = type(value)
        if (written := _WRITTEN.get(kind)) is not None:  # the same as `count` does, in a tenth of the time
            data = ascii(value).encode()
            self._hash.update(b"%b%d:%b" % (written, len(data), data))
            return
        if self._depth == DEEP:
            self.token("deeper")
            self._deeper.append((value, self._constant or name, self._room))
            return
        self._depth += 1
        count(value, name, self)
        if kind.__module__ in self.home and id(kind) not in self._met:
            self.visit(kind, name)
        self._depth -= 1

    def constant(self, value: object, name: str) -> None:
        """Count a value that the code knows by a name of its own: up to so many elements, those inside it included."""
        before = self._constant, self._room
        self._constant, self._room = name, MANY
        self.visit(value, name)
        while self._deeper and not self._depth:
            value, self._constant, self._room = self._deeper.pop()
            self.visit(value, self._constant)
        self._constant, self._room = before

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

    def parts(self, value: object, name: str, look: Look) -> Parts:
        """What a value that can change holds, or held before running changed it."""
        found, is_changed = as_before(value, look, self._room)
        if is_changed:
            self.cannot(name, "is changed by running the code, so it counts as it was before")
        self.held.append(Held(value, found, look, self._room))
        return found

    def fits(self, name: str, size: int) -> bool:
        """Whether a container leaves its constant small enough to be code rather than data."""
        self.token(str(size))
        if size <= self._room:
            self._room -= size
            return True
        if size > MANY:
            self.cannot(name, f"has {size:,} elements, of which only their number counts")
        elif self._constant:
            self.cannot(self._constant, f"has more than {MANY:,} elements, those beyond count by their number alone")
            self._constant = ""  # said once
        return False


def qualified(kind: object) -> str:
    """The module and name of a class or function, as people import it from Python 3.11."""
    module = getattr(kind, "__module__", "")
    name = f"{public(module)}.{getattr(kind, '__qualname__', getattr(kind, '__name__', ''))}"
    return _NAMES.get(name, name)


def public(module: str | None) -> str:
    """A module that people import: what is private to it moves from one version to the next."""
    return _MODULES.get(module or "", module or "").partition("._")[0]


_WRITTEN: dict[type, bytes] = {kind: b"%d:%b" % (len(qualified(kind)), qualified(kind).encode()) for kind in PLAIN}


def is_of_a_module(method: types.MethodType | types.BuiltinFunctionType) -> bool:
    """Whether a bound method is what a module offers as a function, as `random.choice` is."""
    owner = method.__self__
    if isinstance(owner, types.ModuleType | type | None) or qualified(method) in _FUNCTIONS:
        return True
    return getattr(sys.modules.get(type(owner).__module__), method.__name__, None) is method


def own_functions(held: Iterable[object], walk: Walk) -> Iterator[types.FunctionType]:
    """The user's own functions among values, or in plain containers among them."""
    for each in held:
        if isinstance(each, types.FunctionType) and each.__globals__.get("__name__") in walk.home:
            yield each
        elif isinstance(each, dict) and "__builtins__" in each:
            continue  # all names of a notebook, as its shell holds them: no part of the shell
        elif isinstance(each, list | tuple | dict | types.MappingProxyType):
            inside = list(each) if isinstance(each, list | tuple) else list(dict(each).values())
            yield from own_functions([one for one in inside if isinstance(one, types.FunctionType)], walk)


@functools.singledispatch
def count(value: object, name: str, walk: Walk) -> None:
    """Count a value of any other kind: its attributes, what it wraps, or its name and type alone."""
    kind = type(value)
    walk.token("object", qualified(kind))
    if kind.__module__ in walk.home or _is_record(kind):
        if walk.first_time(value):
            walk.visit(kind, name)
            pairs = walk.parts(value, name, _attributes)
            walk.token("builtins.dict")
            walk.first_time(pairs)
            count_pairs(pairs, name, ".{}", walk)
    elif kind.__module__ in ("typing", "types"):
        walk.token(str(getattr(value, "__name__", "")))
        for each in getattr(value, "__args__", ()):
            walk.visit(each, name)
    elif kind is object or (getattr(value, "__module__", None) not in walk.home and _is_a_library_s_own(value)):
        walk.token(qualified(value))
    else:
        _count_what_it_wraps(value, name, walk)


def _is_record(kind: type) -> bool:
    """Whether objects of a class are their attributes, whoever has written it."""
    return dataclasses.is_dataclass(kind) or hasattr(kind, "__attrs_attrs__") or qualified(kind) in _NAMESPACES


def _count_what_it_wraps(value: object, name: str, walk: Walk) -> None:
    wrapped = getattr(value, "__wrapped__", None)
    own = [each for each in own_functions(_pairs(value).values(), walk) if each is not wrapped]
    if wrapped is not None:
        walk.visit(wrapped, name)
    for each in own:
        walk.visit(each, name)
    if wrapped is None:
        what = "the type and your own functions count" if own else "the type counts"
        walk.cannot(name, f"a {type(value).__qualname__}, of which only {what}")


def _is_a_library_s_own(value: object) -> bool:
    """Whether a value is code that its name tells: of a compiled library, or found where it says that it is."""
    name = getattr(value, "__name__", None)
    if not callable(value) or not isinstance(name, str):
        return False
    found: object = sys.modules.get(getattr(value, "__module__", None) or "")
    for part in getattr(value, "__qualname__", name).split("."):
        found = getattr(found, part, None)
    return found is value or not type(value).__flags__ & _MADE_AT_RUN_TIME


def _pairs(value: object) -> dict[str, object]:
    """The attributes of an object, in its dict and its slots, by name."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        for name, slot in vars(kind).copy().items():
            if isinstance(slot, types.MemberDescriptorType) and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def _attributes(value: object, most: int) -> Parts:
    """Names and values of the attributes of an object; what Python keeps there, or was worked out once, is left out."""
    del most
    kind = type(value)
    found = {
        name: each
        for name, each in _pairs(value).items()
        if (not is_special(name) or name == "__wrapped__")
        and not isinstance(inspect.getattr_static(kind, name, None), functools.cached_property)
    }
    return Parts(len(found), (*found, *found.values()))


def is_special(name: str) -> bool:
    """Whether a name is one of Python's own, as `__name__` is."""
    return name.startswith("__") and name.endswith("__")


def count_pairs(pairs: Parts, name: str, as_part: str, walk: Walk) -> None:
    """Count keys with their values, or attributes; `pairs` holds all keys, then all values."""
    if walk.fits(name, pairs.size):
        for key, each in zip(pairs.elements[: pairs.size], pairs.elements[pairs.size :], strict=True):
            walk.visit(key, name)
            walk.visit(each, name if type(each) in PLAIN else name + as_part.format(key))
