"""Figures that a body leaves open belong to its partition, as its prints do, and not under the cell that runs it."""

from __future__ import annotations

import base64
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ipyassets.engine.capture import Output


@contextmanager
def figures_kept(output: Output) -> Iterator[None]:
    """Show in `output`, and close, the pyplot figures that are opened within this block and left open.

    In the main thread alone: elsewhere nobody can tell them from those that the user opens meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _open()
    try:
        yield
    finally:
        for number in sorted(_open() - before):
            _show(number, output)


def _open() -> frozenset[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return frozenset(pyplot.get_fignums()) if pyplot is not None else frozenset()


def _show(number: int, output: Output) -> None:
    pyplot, file = sys.modules["matplotlib.pyplot"], io.BytesIO()
    figure = pyplot.figure(number)
    try:
        figure.savefig(file, format="png", bbox_inches="tight")
    except Exception as error:  # noqa: BLE001 - a figure that cannot be drawn does not undo what the body has done
        output.write(f"a figure could not be drawn: {type(error).__name__}: {error}\n")
        return
    finally:
        pyplot.close(figure)
    output.display({"text/plain": repr(figure), "image/png": base64.b64encode(file.getvalue()).decode()})
