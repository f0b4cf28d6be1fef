"""Figures that a body leaves open belong to its partition, as its prints do, and not under the cell that runs it.

pyplot has one table of open figures for the whole process: the last of them is the current one, and all of them are
shown when a cell ends. While bodies run, another table stands in for it, in which every body finds its own figures
alone, in whatever thread it runs, and everybody else theirs. matplotlib's `figure.hooks` would tell whose a new figure
is, but not keep it from being current, shown and closed elsewhere.
"""

from __future__ import annotations

import base64
import importlib
import io
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ipyassets.engine.capture import Output, current_output
from ipyassets.interrupt import interruptible

PYPLOT, TABLE = "matplotlib.pyplot", "matplotlib._pylab_helpers"


@contextmanager
def figures_kept(output: Output) -> Iterator[None]:
    """Show in `output`, and close, the pyplot figures that its body opens within this block and leaves open."""
    _EXCHANGE.enter()
    is_wanted = True
    try:
        yield
    except KeyboardInterrupt:
        is_wanted = False
        raise
    finally:
        figures = [manager.canvas.figure for manager in output.figures.values()]
        try:
            for figure in figures if is_wanted else ():
                _show(figure, output)
        finally:
            for figure in figures:
                sys.modules[PYPLOT].close(figure)
            _EXCHANGE.leave()


def _show(figure: Any, output: Output) -> None:
    file = io.BytesIO()
    try:
        with interruptible():
            figure.savefig(file, format="png", bbox_inches="tight")
    except Exception as error:  # noqa: BLE001 - a figure that cannot be drawn does not undo what the body has done
        output.write(f"a figure could not be drawn: {type(error).__name__}: {error}\n")
        return
    output.display({"text/plain": repr(figure), "image/png": base64.b64encode(file.getvalue()).decode()})


class _Table:
    """Stands in for pyplot's table of open figures, by number, the current one last."""

    def __init__(self, users: OrderedDict[object, Any]) -> None:
        self.users = users

    @property
    def _here(self) -> OrderedDict[object, Any]:
        output = current_output()
        return self.users if output is None else output.figures

    def __getitem__(self, number: object) -> object:
        return self._here[number]

    def __setitem__(self, number: object, manager: object) -> None:
        self._here[number] = manager

    def __delitem__(self, number: object) -> None:
        del self._here[number]

    def __contains__(self, number: object) -> bool:
        return number in self._here

    def __iter__(self) -> Iterator[object]:
        return iter(self._here)

    def __len__(self) -> int:
        return len(self._here)

    def __getattr__(self, name: str) -> object:
        return getattr(self._here, name)


class _Exchange:
    """Puts the stand-in in place for the first body, or when pyplot is imported, and takes it away after the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            if TABLE in sys.modules:
                self._exchange()
            else:
                # a new list: another thread may be going through the old one
                sys.meta_path = [self, *sys.meta_path]

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            if self in sys.meta_path:
                sys.meta_path = [each for each in sys.meta_path if each is not self]
            if TABLE in sys.modules:
                table = sys.modules[TABLE].Gcf
                table.figs = getattr(table.figs, "users", table.figs)

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Notice that pyplot is being imported, as a finder of modules that finds none itself."""
        del path, target
        if name == PYPLOT:
            importlib.import_module(TABLE)
            with self._lock:
                if self._users:
                    self._exchange()

    def _exchange(self) -> None:
        table = sys.modules[TABLE].Gcf
        if not isinstance(table.figs, _Table):
            table.figs = _Table(table.figs)


_EXCHANGE = _Exchange()
