"""`%load_ext ipyassets`, and `%unload_ext ipyassets` as its exact inverse."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import traitlets
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Configurable

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.instance import Instance
from ipyassets.instance.composition import FOLDER, HOME
from ipyassets.instance.current import set_default_graph, set_default_instance
from ipyassets.instance.shown import Shown
from ipyassets.jupyter.completion import matcher
from ipyassets.jupyter.displays import displays_kept, show_again
from ipyassets.jupyter.kernel import NotebookKernel
from ipyassets.jupyter.magics import AssetMagics
from ipyassets.jupyter.tracebacks import own_frames_hidden
from ipyassets.storage.signature import Signer


class IPyAssets(Configurable):
    """Where a notebook keeps its assets; read when the extension is loaded.

    `c.IPyAssets.root = "..."` in `ipython_config.py` or `ipython_kernel_config.py` sets it for every notebook, and
    `c.IPyAssets.key_file = "..."` the key that signs their values.
    """

    root = traitlets.Unicode(
        help="Folder of values and log; by default that of IPYASSETS_HOME, else .ipyassets beside the notebook."
    ).tag(config=True)
    durability = traitlets.Enum(
        ("full", "fast"),
        default_value="full",
        help="`fast` does not wait for the disk: what a power cut takes is then noticed, not prevented.",
    ).tag(config=True)
    key_file = traitlets.Unicode(
        help="File of the key that signs values, to share one with those who share a root; by default that of "
        "IPYASSETS_KEY or IPYASSETS_KEY_FILE, else the user's own."
    ).tag(config=True)

    def open_instance(self, shell: InteractiveShell) -> Instance:
        """The instance of the notebook that a shell runs."""
        root = self.root or os.environ.get(HOME) or notebook_folder(shell) / FOLDER
        signer = Signer(key_file=self.key_file) if self.key_file else None
        return Instance(root, durability="fast" if self.durability == "fast" else "full", signer=signer)


def load(shell: InteractiveShell) -> NotebookKernel:
    """Give a shell magics, completion and bars; a shell that has them keeps those it has."""
    if shell not in _LOADED:
        with ExitStack() as undo:
            settings = IPyAssets(parent=shell)
            kernel = NotebookKernel(shell, settings.open_instance(shell))
            undo.callback(kernel.close)
            undo.callback(set_default_instance, set_default_instance(kernel.instance))
            set_default_graph(kernel.graph)
            undo.callback(set_default_graph, None)
            undo.enter_context(_in_list(shell.configurables, settings))
            undo.enter_context(_magics(shell, kernel))
            undo.enter_context(_in_list(shell.Completer.custom_matchers, matcher(kernel)))
            undo.enter_context(_display(shell, AssetsDefinition, kernel.show))
            undo.enter_context(_display(shell, Shown, show_again))
            undo.enter_context(_after_each_cell(shell, kernel))
            undo.enter_context(displays_kept(shell))
            undo.enter_context(own_frames_hidden(shell))
            _LOADED[shell] = kernel, undo.pop_all()
    return _LOADED[shell][0]


def unload(shell: InteractiveShell) -> None:
    """Put everything back as it was before `load`: only the store stays."""
    if shell in _LOADED:
        _, undo = _LOADED.pop(shell)
        undo.close()


def notebook_folder(shell: InteractiveShell) -> Path:
    """The folder of the notebook, as its server or editor tells; else the working directory."""
    told = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    folder = Path(str(told)).parent if told else Path()
    return folder if folder.is_absolute() and folder.is_dir() else Path.cwd()


_LOADED: WeakKeyDictionary[InteractiveShell, tuple[NotebookKernel, ExitStack]] = WeakKeyDictionary()


@contextmanager
def _in_list(things: list[Any], thing: object) -> Iterator[None]:
    """Have something in a list."""
    things.append(thing)
    try:
        yield
    finally:
        _remove(things, thing)


def _remove(things: list[Any], thing: object) -> None:
    """Take a very object out of a list, whatever compares equal to it."""
    things[:] = [each for each in things if each is not thing]


@contextmanager
def _magics(shell: InteractiveShell, kernel: NotebookKernel) -> Iterator[None]:
    """Have magics registered; those of the same names come back afterwards."""
    manager = shell.magics_manager
    tables = [*manager.magics.values(), manager.registry]
    before = [dict(table) for table in tables]
    magics = AssetMagics(shell, kernel)
    shell.register_magics(magics)
    added = [*map(set, magics.magics.values()), {type(magics).__name__}]
    try:
        yield
    finally:
        for table, old, names in zip(tables, before, added, strict=True):
            for name in names:
                table.pop(name, None)
                if name in old:
                    table[name] = old[name]
        # magics enter themselves here when they are made
        _remove(shell.configurables, magics)


@contextmanager
def _display(shell: InteractiveShell, kind: type, show: Callable[[Any], None]) -> Iterator[None]:
    """Have objects of some kind displayed by a function."""
    assert shell.display_formatter is not None  # noqa: S101 - every shell has one from its beginning
    formatter = shell.display_formatter.ipython_display_formatter
    before = formatter.type_printers.get(kind)
    formatter.for_type(kind, show)
    try:
        yield
    finally:
        formatter.pop(kind)
        if before is not None:
            formatter.for_type(kind, before)


@contextmanager
def _after_each_cell(shell: InteractiveShell, kernel: NotebookKernel) -> Iterator[None]:
    """Have bars follow after each cell; the hooks before and after execution would also fire for widget messages."""

    def refresh(_result: object) -> None:
        with suppress(KeyboardInterrupt):  # it ends the waiting for bars, which follow all the same
            kernel.refresh()

    shell.events.register("post_run_cell", refresh)
    try:
        yield
    finally:
        shell.events.unregister("post_run_cell", refresh)
