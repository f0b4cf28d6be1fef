"""The function of an asset with all that a worker needs to run it, pickled once however many partitions it makes."""

from __future__ import annotations

import inspect
import io
import linecache
import sys
import types
from collections import ChainMap, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import cloudpickle

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.io_manager import IOManager
from ipyassets.errors import InvalidResultError
from ipyassets.partitions.definitions import PartitionsDefinition

KEPT = 64  # functions that a worker remembers


@dataclass(frozen=True, slots=True)
class Source:
    """Where one input comes from: how to load it, what it looks like, and the metadata of both sides."""

    io_manager: IOManager
    definition: PartitionsDefinition | None
    gives_one: bool
    metadata: Mapping[str, object] = field(default_factory=dict)
    upstream_metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Body:
    """An asset's function, its I/O manager and those of its inputs by argument.

    Pickling one sends the same bytes every time, made at the first: a worker unpickles them once. `code_version` is
    the one that was current when the run began.
    """

    asset: AssetsDefinition
    code_version: str
    io_manager: IOManager
    sources: Mapping[str, Source] = field(default_factory=dict)
    resources: Mapping[str, object] = field(default_factory=dict)
    identity: str = ""
    unsendable: InvalidResultError | None = None
    _pickled: bytes | None = None

    def __reduce__(self) -> tuple[Callable[[str, bytes], Body], tuple[str, bytes]]:
        return received, (self.identity, self.pickled())

    @property
    def size(self) -> int:
        """How many bytes are sent to another process with each task; 0 while none has been."""
        return len(self._pickled or b"")

    def pickled(self) -> bytes:
        """The bytes that are sent to another process; raises InvalidResultError naming what cannot be pickled."""
        if self._pickled is None:
            sent = (
                self.asset,
                self.code_version,
                self.io_manager,
                self.sources,
                self.resources,
                dict(_texts(self.asset.compute)),
            )
            try:
                file = io.BytesIO()
                _Pickler(file).dump(sent)
                self._pickled = file.getvalue()
            except Exception as error:
                # executors wrap this in errors of their own, so it is kept
                self.unsendable = InvalidResultError(
                    f"{self.asset.key} cannot be sent to another process: {error}; "
                    "make what it refers to inside the body, or run it in threads"
                )
                raise self.unsendable from error
        return self._pickled


_RECEIVED: OrderedDict[str, Body] = OrderedDict()  # this process as a worker: bodies by identity, the latest last


def received(identity: str, pickled: bytes) -> Body:
    """The body that was sent, unpickled at most once in this process."""
    if (body := _RECEIVED.get(identity)) is None:
        asset, code_version, io_manager, sources, resources, texts = cloudpickle.loads(pickled)
        body = _RECEIVED[identity] = Body(asset, code_version, io_manager, sources, resources, identity)
        for name, held in list(getattr(inspect.unwrap(asset.compute), "__globals__", {}).items()):
            # a value whose class is a cell's own is pickled, and read by others, under that name
            if isinstance(held, type) and held.__module__ == "__main__" and held.__qualname__ == name:
                setattr(sys.modules["__main__"], name, held)
        for filename, lines in texts.items():
            # tracebacks of cells show their lines here too
            linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)
        while len(_RECEIVED) > KEPT:
            _RECEIVED.popitem(last=False)
    return body


def _located(code: types.CodeType) -> tuple[Callable[..., types.CodeType], tuple[object, ...]]:
    make, arguments = cloudpickle.Pickler.dispatch_table[types.CodeType](code)
    return _code_in, (code.co_filename, make, arguments)


def _code_in(filename: str, make: Callable[..., types.CodeType], arguments: tuple[object, ...]) -> types.CodeType:
    return make(*arguments).replace(co_filename=filename)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # untyped
    """cloudpickle that keeps the file names of code, which it leaves out from 3.1.3 on: tracebacks need them."""

    dispatch_table: ClassVar = ChainMap({types.CodeType: _located}, cloudpickle.Pickler.dispatch_table)


def _texts(compute: Callable[..., object]) -> Iterator[tuple[str, list[str]]]:
    """The source lines of a function and of the functions of `__main__` it names, where no file holds them."""
    function = inspect.unwrap(compute)
    if not isinstance(function, types.FunctionType):
        return
    called = (function.__globals__.get(name) for name in function.__code__.co_names)
    nearby = [f for f in called if isinstance(f, types.FunctionType) and f.__module__ == "__main__"]
    for each in (function, *nearby):
        filename = each.__code__.co_filename
        entry = linecache.cache.get(filename)
        if entry is not None and len(entry) == 4 and entry[1] is None:  # noqa: PLR2004 - size, time, lines, name
            yield filename, entry[2]
