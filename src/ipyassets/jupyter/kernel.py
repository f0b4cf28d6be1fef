"""One notebook's kernel: its shell, the assets of its variables, where values are kept, and the bars that show them."""

from __future__ import annotations

import sys
from functools import cached_property, partial
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell

from ipyassets.assets.code_version import version_of
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError
from ipyassets.instance import Instance
from ipyassets.jupyter.cell_names import with_cells_named
from ipyassets.jupyter.namespace import Namespace

if TYPE_CHECKING:
    from ipyassets.jupyter.bars import Bars
    from ipyassets.jupyter.widget import PartitionBar

PATIENCE = 1.0  # seconds that a cell waits, at most, for its bars to show what it has changed


class NotebookKernel:
    """What magics, completion and bars of one notebook share.

    `namespace` is the registry: the assets bound in the user's variables. `instance` is where this notebook keeps its
    values and its log; it writes nothing before it is used.
    """

    def __init__(self, shell: InteractiveShell, instance: Instance) -> None:
        self.shell = shell
        self.namespace = Namespace(shell.user_ns)
        self.instance = instance
        self._shown: dict[AssetKey, PartitionBar] = {}

    def graph(self) -> AssetGraph:
        """The assets bound in the user's variables; raises InvalidDefinitionError where two of them share a key."""
        return self.namespace.graph()

    def bar_for(self, asset: AssetsDefinition) -> PartitionBar:
        """The bar of an asset: one for each asset key, however often it is shown, so that all its views agree."""
        # widgets would be a third of what loading the extension takes
        from ipyassets.jupyter.widget import PartitionBar

        graph = self.graph()
        if asset.key not in graph:
            graph = AssetGraph.of([*graph, asset])
        bar = self._shown.get(asset.key)
        if bar is None or bar.comm is None:
            bar = PartitionBar(graph[asset.key], assets=graph, bars=self._bars)
            self._shown[asset.key] = bar
        else:
            self._bars.turn_to(graph)
            self._bars.settle(PATIENCE)
        return bar

    def show(self, asset: AssetsDefinition) -> None:
        """Show the asset's bar under the running cell, and say what of its code cannot be counted."""
        self.bar_for(asset).display()
        for why in version_of(asset).unhashed:
            note(f"a change of this will not make {asset.key} stale: {why}")

    def refresh(self) -> None:
        """Let every bar follow the assets as they are defined now; called after each cell."""
        try:
            graph = self.graph()  # also without bars: what variables hold is noticed, for when they are bound anew
            if self._shown:
                self._bars.refresh(graph)
        except InvalidDefinitionError as error:
            if self._shown:
                self._bars.complain_everywhere(str(error))
        if not self._shown:
            return
        # an executed notebook is saved as soon as its last cell has ended
        self._bars.settle(PATIENCE)

    def close(self) -> None:
        """Cancel what is running and let go of the store; bars stay readable and say so."""
        if self._shown:
            self._bars.close("ipyassets was unloaded: run %load_ext ipyassets and this cell again to go on")
        self.instance.close()

    @cached_property
    def _bars(self) -> Bars:
        # as widgets, for the first bar that is shown
        from ipyassets.jupyter.bar import Host
        from ipyassets.jupyter.bars import Bars

        return Bars(self.instance, self.graph(), Host(materialize_line, partial(with_cells_named, self.shell)))


def note(text: str) -> None:
    """Say something that is no error, in the place of warnings."""
    print(text, file=sys.stderr)  # noqa: T201


def materialize_line(key: AssetKey, selection: str) -> str:
    """The line magic that materializes a selection."""
    return f"%materialize {key} {selection}".rstrip()
