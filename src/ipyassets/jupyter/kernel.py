"""One notebook's kernel: its shell, the assets its variables hold, where their values are kept, and the bars that show them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from IPython.core.interactiveshell import InteractiveShell

from ipyassets.assets import AssetGraph, AssetsDefinition
from ipyassets.instance import Instance
from ipyassets.jupyter.bars import Bars
from ipyassets.jupyter.namespace import Namespace
from ipyassets.jupyter.widget import PartitionBar


class NotebookKernel:
    """What magics, completion and bars of one notebook share.

    `namespace` is the registry: the assets bound in the user's variables. `instance` is opened when first asked for, so that
    loading the extension writes nothing.
    """

    def __init__(self, shell: InteractiveShell, open_instance: Callable[[], Instance]) -> None:
        self.shell = shell
        self.namespace = Namespace(shell.user_ns)
        self.bars = Bars()
        self._open_instance = open_instance

    @cached_property
    def instance(self) -> Instance:
        """Where this notebook keeps its values and its log."""
        return self._open_instance()

    def graph(self) -> AssetGraph:
        """The assets bound in the user's variables; raises InvalidDefinitionError where two of them share a key."""
        return self.namespace.graph()

    def bar_for(self, asset: AssetsDefinition) -> PartitionBar:
        """The bar of an asset: one for each asset key, however often it is shown."""
        return self.bars.bar_for(asset, self.instance, self.graph())

    def show(self, asset: AssetsDefinition) -> None:
        """Show the asset's bar under the running cell, and keep what is saved with the notebook up to date."""
        self.bars.show(self.bar_for(asset))

    def refresh(self) -> None:
        """Let every bar follow the assets as they are defined now; called after each cell."""
        self.bars.refresh(self.graph())

    def close(self) -> None:
        """Stop following: bars stay readable, and a run that is going on goes on."""
        self.bars.close()
