"""How far a run has come, on one line of a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipyassets.engine.run import Run


PATIENCE = 1.0  # seconds before anything is shown: a short run needs no progress
SECONDS = 0.2  # between two updates


@contextlib.contextmanager
def line_of(runs: list[Run]) -> Iterator[None]:
    """Show how far the run that is put into `runs` has come, if standard error is a terminal."""
    terminal = sys.stderr  # a kernel's is no terminal, though that of its server may be one
    if terminal is None or not terminal.isatty():
        yield
        return
    over = threading.Event()

    def show() -> None:
        pause = PATIENCE
        while not over.wait(pause):
            pause = SECONDS
            if runs:
                terminal.write(f"\r\x1b[K{runs[0].progress}")
                terminal.flush()
        if pause == SECONDS:
            terminal.write("\r\x1b[K")
            terminal.flush()

    thread = threading.Thread(target=show, name="ipyassets-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
