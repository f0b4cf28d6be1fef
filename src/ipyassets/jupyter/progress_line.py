"""One line that tells how far a blocking run has come, in notebooks and terminals."""

from __future__ import annotations

import contextvars
import sys
import threading
from types import TracebackType
from typing import Self

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import DisplayHandle

from ipyassets.engine.progress import Progress
from ipyassets.engine.run import Run

SECONDS = 0.2  # between two updates: a server drops what comes much faster
PATIENCE = 0.5  # seconds before anything is shown: a short run needs no progress
WIDTH = 24  # characters of the bar


class ProgressLine:
    """Shows a run's progress while the block around it lasts, and its end.

    In a notebook the line is a display that is updated in place, so that what is saved is its last state; in a terminal
    it is rewritten; where there is neither, only the end is printed.
    """

    def __init__(self, shell: InteractiveShell, title: str, *, patience: float = PATIENCE) -> None:
        self._title = title
        self._patience = patience
        self._over = threading.Event()
        self._run: Run | None = None
        self._show = _Updated() if hasattr(shell, "kernel") else _Rewritten()
        self._thread: threading.Thread | None = None

    def watch(self, run: Run) -> None:
        """Follow a run."""
        self._run = run
        # a thread has no cell of its own: what it shows goes where this context says
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._follow,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._show.last(self.text)

    @property
    def text(self) -> str:
        """How far the run is."""
        return f"{self._title}: " if self._run is None else self._words(self._run.progress)

    def _follow(self) -> None:
        pause, shown = self._patience, ""
        while not self._over.wait(pause):
            if (text := self.text) != shown:
                self._show.update(text)
            pause, shown = SECONDS, text

    def _words(self, progress: Progress) -> str:
        if not progress.active:
            return f"{self._title}: {progress.text}"
        done = round(progress.fraction * WIDTH)
        return f"{self._title}: {'█' * done}{'░' * (WIDTH - done)} {progress.text}"


class _Updated:
    """A display that is updated in place."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def update(self, text: str) -> None:
        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)

    last = update


class _Rewritten:
    """A line of a terminal."""

    def __init__(self) -> None:
        self._width = 0

    def update(self, text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{text:<{self._width}}")
            sys.stderr.flush()
            self._width = len(text)

    def last(self, text: str) -> None:
        if self._width:
            sys.stderr.write(f"\r{'':<{self._width}}\r")
        print(text)  # noqa: T201 - the answer to a magic
