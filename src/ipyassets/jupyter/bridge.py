"""The one hop between threads and the traits of bars.

Runs, comm handlers and cells live on threads of their own, and traits know no locks. So whatever changes a bar is done
on one thread, in order. What only asks for a new picture is gathered: a notebook server drops messages beyond a rate,
the last ones too, and a picture costs time that belongs to the user's code.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic

from ipyassets.interrupt import shielded, waited

log = logging.getLogger(__name__)

PAUSE = 0.1  # seconds between two pictures: a server drops messages beyond some 1000 a second, a person sees 10
SHARE = 0.25  # the part of the time that pictures may take from the user's code
LINGER = 1.0  # seconds after which an idle thread looks around, or ends; the next action starts another


class Bridge:
    """Runs actions one after the other on one thread, and `draw` at most ten times a second after a `mark`.

    After the last mark there is always one more `draw`. The thread is a daemon that exists only while there is work, or
    while it `watches`: then it calls `look` once a second.
    """

    def __init__(
        self, draw: Callable[[], object], look: Callable[[], object] | None = None, *, pause: float = PAUSE
    ) -> None:
        self._draw = draw
        self._look = look
        self._watches = False
        self._pause = pause
        self._changed = threading.Condition()
        self._actions: deque[Callable[[], object]] = deque()
        self._marked = False
        self._busy = False
        self._settling = 0  # how many wait for the next picture, so that it is not put off
        self._next_draw = 0.0
        self._thread: threading.Thread | None = None

    def post(self, action: Callable[[], object]) -> None:
        """Have `action` run after those posted before; returns at once, on any thread."""
        with shielded(), self._changed:
            self._actions.append(action)
            self._wake()

    def mark(self) -> None:
        """Ask for a new picture; returns at once, on any thread."""
        with shielded(), self._changed:
            self._marked = True
            self._wake()

    def watch(self, *, on: bool) -> None:
        """Have `look` called once a second from now on, or no more."""
        with shielded(), self._changed:
            self._watches = on
            self._wake()

    def settle(self, timeout: float) -> bool:
        """Wait until everything posted and marked so far is done; False if that took longer than `timeout` seconds."""
        if threading.current_thread() is self._thread:
            return False
        with shielded(), self._changed:
            self._settling += 1
            self._changed.notify_all()
            try:
                return waited(partial(self._changed.wait_for, self._is_calm), timeout)
            finally:
                self._settling -= 1

    def _is_calm(self) -> bool:
        return not (self._actions or self._marked or self._busy)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="ipyassets-bars", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while (action := self._next()) is not None:
            started = monotonic()
            try:
                action()
            except Exception:
                log.exception("a bar could not be brought up to date")
            with self._changed:
                self._busy = False
                if action is self._draw:
                    took = monotonic() - started
                    self._next_draw = monotonic() + max(self._pause, took / SHARE - took)
                self._changed.notify_all()

    def _next(self) -> Callable[[], object] | None:
        """What to do now, waiting for it; None once there has been nothing to do or to watch for a while."""
        with self._changed:
            while True:
                pause = 0.0 if self._settling else self._next_draw - monotonic()
                wait = pause if self._marked else LINGER
                if self._actions or (self._marked and wait <= 0):
                    self._busy = True
                    if self._actions:
                        return self._actions.popleft()
                    self._marked = False
                    return self._draw
                if not self._changed.wait(wait) and not (self._actions or self._marked):
                    self._busy = self._watches
                    if not self._watches:
                        self._thread = None
                    return self._look if self._watches else None
