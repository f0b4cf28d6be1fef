"""The user's variables as the registry of assets: what is bound is known, what is deleted is forgotten."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError, UnknownAssetError, nearest

_OUTPUT = re.compile(r"_+|_\d+")  # `_`, `__`, `_5`: where IPython keeps what cells have shown


class Namespace:
    """The assets bound in some variables. One asset may have several names; two assets may not share a key."""

    def __init__(self, variables: Mapping[str, object]) -> None:
        self._variables = variables
        self._seen: dict[str, AssetsDefinition] = {}
        self._graph = AssetGraph.of(())

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
        assets = self.assets
        if not _same(assets, self._seen):
            self._graph, self._seen = _graph(assets), assets
        return self._graph

    def graph_with(self, name: str, asset: AssetsDefinition) -> AssetGraph:
        """The graph as it would be if a variable held an asset; raises as `graph` does."""
        return _graph({**self.assets, name: asset})

    def find(self, name: str) -> AssetsDefinition:
        """The asset that a variable holds, or that has the key `name`; raises UnknownAssetError naming the nearest."""
        assets = self.assets
        if name in assets:
            return assets[name]
        keyed = {str(asset.key): asset for asset in assets.values()}
        if name in keyed:
            return keyed[name]
        if name in self._variables:
            kind = type(self._variables[name]).__name__
            raise UnknownAssetError(f"{name!r} is no asset but a {kind}: name a variable that holds an asset")
        raise UnknownAssetError(f"{name!r} is not an asset here{nearest(name, [*assets, *keyed])}")

    def has(self, name: str) -> bool:
        """Whether a variable holds an asset, or an asset has the key `name`."""
        assets = self.assets
        return name in assets or any(str(asset.key) == name for asset in assets.values())

    def holding(self, kind: type) -> list[str]:
        """The variables that hold something of a kind."""
        return [name for name, value in list(self._variables.items()) if isinstance(value, kind)]

    def name_of(self, key: AssetKey) -> str | None:
        """A variable that holds the asset with this key; None where there is none."""
        return next((name for name, asset in self.assets.items() if asset.key == key), None)


def _same(one: Mapping[str, AssetsDefinition], other: Mapping[str, AssetsDefinition]) -> bool:
    return one.keys() == other.keys() and all(asset is other[name] for name, asset in one.items())


def _graph(assets: Mapping[str, AssetsDefinition]) -> AssetGraph:
    names: dict[AssetKey, str] = {}
    for name, asset in assets.items():
        first = names.setdefault(asset.key, name)
        if assets[first] is not asset:
            old = first if name == asset.key.path[-1] else name
            raise InvalidDefinitionError(
                f"the variables {first!r} and {name!r} hold two different assets called {asset.key}: "
                f"forget one of them with `del {old}`, or rename it"
            )
    return AssetGraph.of(assets.values())
