"""The user's variables as the registry of assets: what is bound is known, what is deleted is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast
from weakref import WeakSet

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError, UnknownAssetError, nearest
from ipyassets.instance import Definitions

_OUTPUT = re.compile(r"_+|_\d+")  # `_`, `__`, `_5`: where IPython keeps what cells have shown


class Namespace:
    """The assets bound in some variables, by themselves or within a `Definitions`.

    One asset may have several names; two assets may not share a key, except that the variable with the asset's own name
    counts rather than another that holds what it used to hold, as when a cell is edited and run again. An asset that a
    `Definitions` has given an I/O manager of its resources is the same asset: the one with the I/O manager counts.
    """

    def __init__(self, variables: Mapping[str, object]) -> None:
        self._variables = variables
        self._seen: list[tuple[str, AssetsDefinition]] = []
        self._graph = AssetGraph.of(())
        self._held_by_own_name: WeakSet[Callable[..., object]] = WeakSet()

    @property
    def assets(self) -> dict[str, AssetsDefinition]:
        """Every variable that holds an asset, in the order in which they were first bound."""
        return {
            name: value
            for name, value in list(self._variables.items())
            if isinstance(value, AssetsDefinition) and not _OUTPUT.fullmatch(name)
        }

    def graph(self) -> AssetGraph:
        """The assets and what they read, worked out anew only when a variable was bound anew.

        Raises InvalidDefinitionError where two variables hold different assets of one key, or assets do not fit.
        """
        bound = list(self._bound())
        if not _same(bound, self._seen):
            self._graph, self._seen = _graph(bound), bound
        return self._graph

    def graph_with(self, name: str, asset: AssetsDefinition) -> AssetGraph:
        """The graph as it would be if a variable held an asset; raises as `graph` does."""
        return _graph(self._bound({**self.assets, name: asset}))

    def find(self, name: str) -> AssetsDefinition:
        """The asset that a variable holds, or that has the key `name`; raises UnknownAssetError naming the nearest."""
        assets = self.assets
        if name in assets:
            return assets[name]
        keyed = {str(asset.key): asset for _, asset in self._bound()}
        if name in keyed:
            return keyed[name]
        if name in self._variables:
            kind = type(self._variables[name]).__name__
            raise UnknownAssetError(f"{name!r} is no asset but a {kind}: name a variable that holds an asset")
        raise UnknownAssetError(f"{name!r} is not an asset here{nearest(name, [*assets, *keyed])}")

    def has(self, name: str) -> bool:
        """Whether a variable holds an asset, or an asset has the key `name`."""
        return any(name in (variable, str(asset.key)) for variable, asset in self._bound())

    def holding(self, kind: type) -> list[str]:
        """The variables that hold something of a kind."""
        return [name for name, value in list(self._variables.items()) if isinstance(value, kind)]

    def name_of(self, key: AssetKey) -> str | None:
        """A variable that holds the asset with this key; None where there is none."""
        return next((name for name, asset in self.assets.items() if asset.key == key), None)

    def _bound(self, assets: Mapping[str, AssetsDefinition] | None = None) -> Iterator[tuple[str, AssetsDefinition]]:
        """Every asset that counts with the variable that holds it, those of a `Definitions` last."""
        assets = self.assets if assets is None else assets
        own = {asset.key: asset.compute for name, asset in assets.items() if name == asset.key.path[-1]}
        for name, asset in assets.items():
            was_replaced = asset.key in own and asset.compute in self._held_by_own_name
            if not was_replaced or asset.compute is own[asset.key]:
                yield name, asset
        self._held_by_own_name.update(own.values())
        for name in self.holding(Definitions):
            if name in assets:
                continue
            for asset in cast("Definitions", self._variables[name]).assets:
                yield name, asset


def _same(one: list[tuple[str, AssetsDefinition]], other: list[tuple[str, AssetsDefinition]]) -> bool:
    return len(one) == len(other) and all(
        name == again and asset is held for (name, asset), (again, held) in zip(one, other, strict=True)
    )


def _graph(bound: Iterable[tuple[str, AssetsDefinition]]) -> AssetGraph:
    found: dict[AssetKey, tuple[str, AssetsDefinition]] = {}
    for name, asset in bound:
        first, held = found.setdefault(asset.key, (name, asset))
        if held.compute is not asset.compute:
            old = first if name == asset.key.path[-1] else name
            raise InvalidDefinitionError(
                f"the variables {first!r} and {name!r} hold two different assets called {asset.key}: "
                f"forget one of them with `del {old}`, or rename it"
            )
        if held.io_manager is None:
            found[asset.key] = first, asset
    return AssetGraph.of(asset for _, asset in found.values())
