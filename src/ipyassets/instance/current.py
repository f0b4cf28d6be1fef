"""Which instance is meant where none is named."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, TypeAlias
from weakref import WeakKeyDictionary

from ipyassets.assets.context import AssetExecutionContext
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import NoInstanceError
from ipyassets.instance.composition import Instance

# the instance of the innermost `use_instance`, and the body that it was entered in, if it was in one
_CURRENT: contextvars.ContextVar[tuple[Instance, AssetExecutionContext | None] | None] = contextvars.ContextVar(
    "ipyassets_instance", default=None
)


Bound: TypeAlias = "WeakKeyDictionary[object, tuple[AssetGraph, frozenset[AssetsDefinition]]]"


class _Default:
    """The instance of this process, where the assets of a notebook are found, and the graphs of Definitions."""

    instance: Instance | None = None
    graph: Callable[[], AssetGraph] | None = None
    graphs: ClassVar[Bound] = WeakKeyDictionary()


def current_instance() -> Instance:
    """The instance in force: that of the innermost `use_instance` or running body, else that of this process.

    Raises NoInstanceError in a body that runs in another process, which has no instance.
    """
    used, body = _CURRENT.get(), AssetExecutionContext.running()
    if body is not None and (used is None or used[1] is not body):
        if isinstance(body.instance, Instance):
            return body.instance
        if body.link.is_far:
            raise NoInstanceError(f"{body.asset_key} runs in another process: take what it reads as arguments")
    if used is not None:
        return used[0]
    if _Default.instance is None:
        _Default.instance = Instance()
    return _Default.instance


def set_default_instance(instance: Instance | None) -> Instance | None:
    """Make an instance that of this process, or forget it (None); the one before is returned."""
    before, _Default.instance = _Default.instance, instance
    return before


@contextlib.contextmanager
def use_instance(instance: Instance) -> Iterator[Instance]:
    """Within this block, an instance is meant wherever none is named."""
    token = _CURRENT.set((instance, AssetExecutionContext.running()))
    try:
        yield instance
    finally:
        _CURRENT.reset(token)


def set_default_graph(graph: Callable[[], AssetGraph] | None) -> None:
    """Say where assets are looked up that stand by themselves, so that their states take account of what they read."""
    _Default.graph = staticmethod(graph) if graph is not None else None


def bind_graph(owner: object, graph: AssetGraph, assets: Iterable[AssetsDefinition]) -> None:
    """Say which graph some assets belong to, for as long as its owner is there."""
    _Default.graphs[owner] = graph, frozenset(assets)


def neighbourhood(asset: AssetsDefinition, instance: Instance) -> AssetGraph:
    """The assets among which one is to be judged.

    They are those of the notebook, of the newest Definitions that it is in, those it last ran with, or itself alone.
    """
    notebook = _Default.graph() if _Default.graph is not None else None
    if notebook is not None and notebook.assets.get(asset.key) is asset:
        return notebook
    for graph, assets in reversed(list(_Default.graphs.values())):
        if asset in assets:
            return graph
    last = instance.store.graphs.get(asset.key)
    return last if last is not None and last.assets.get(asset.key) is asset else AssetGraph.of([asset])
