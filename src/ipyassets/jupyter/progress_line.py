"""One line that tells how far a blocking run has come, in notebooks and terminals."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import DisplayHandle

from ipyassets.engine.progress import Progress
from ipyassets.instance.terminal import line_of

if TYPE_CHECKING:
    from ipyassets.engine.run import Run

SECONDS = 0.2  # between two updates: a server drops what comes much faster
PATIENCE = 0.5  # seconds before anything is shown: a short run needs no progress
WIDTH = 24  # characters of the bar


class ProgressLine:
    """Shows how far a run is while it lasts, and how it ended.

    In a notebook the line is a display that is updated in place, so that what is saved is its last state; in a terminal
    it is wiped at the end, and the end is printed.
    """

    def __init__(self, shell: InteractiveShell, title: str, *, patience: float = PATIENCE) -> None:
        self._title = title
        self._patience = patience
        self._runs: list[Run] = []
        self._handle = DisplayHandle() if hasattr(shell, "kernel") else None
        self._is_displayed = False

    def watch(self, run: Run) -> None:
        """Tell of this run."""
        self._runs.append(run)

    @property
    def text(self) -> str:
        """How far the run is, or how it ended."""
        return f"{self._title}: {_words(self._runs[0].progress) if self._runs else 'nothing was begun'}"

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the line within this block, and the end after it."""
        try:
            with line_of(self._runs) if self._handle is None else self._updated():
                yield
        finally:
            if self._runs:
                self._show(self.text)

    @contextmanager
    def _updated(self) -> Iterator[None]:
        over = threading.Event()
        # a thread has no cell of its own: what it shows goes where this context says
        follow = threading.Thread(target=contextvars.copy_context().run, args=(self._follow, over), daemon=True)
        follow.start()
        try:
            yield
        finally:
            over.set()
            follow.join()

    def _follow(self, over: threading.Event) -> None:
        pause, before = self._patience, ""
        while not over.wait(pause):
            if self._runs and (text := self.text) != before:
                self._show(text)
                before = text
            pause = SECONDS

    def _show(self, text: str) -> None:
        if self._handle is None:
            print(text)  # noqa: T201 - the answer to a magic
        elif self._is_displayed:
            self._handle.update({"text/plain": text}, raw=True)
        else:
            self._handle.display({"text/plain": text}, raw=True)
            self._is_displayed = True


def _words(progress: Progress) -> str:
    if not progress.active:
        return progress.text
    done = round(progress.fraction * WIDTH)
    return f"{'█' * done}{'░' * (WIDTH - done)} {progress.text}"
