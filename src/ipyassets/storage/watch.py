"""Noticing what other processes record in the same event log."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import IpyassetsError
from ipyassets.storage.event_log import SqliteEventLog

INTERVAL_SECONDS = 0.4
# Beyond so many events it is cheaper to say that anything may have changed than to read them all.
_MANY = 2_000


class Watcher:
    """Calls `changed` with the assets of the events that anybody appends; an empty set means that any may have changed.

    It asks for the cursor, a few microseconds, every `seconds`, on a thread of its own; `changed` is called on that
    thread.
    """

    def __init__(
        self, log: SqliteEventLog, changed: Callable[[frozenset[AssetKey]], None], seconds: float = INTERVAL_SECONDS
    ) -> None:
        self._log = log
        self._changed = changed
        self._seconds = seconds
        self._cursor = log.cursor()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="ipyassets-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                cursor = self._log.cursor()
                if cursor == self._cursor:
                    continue
                keys = self._log.touched(self._cursor) if cursor - self._cursor < _MANY else frozenset()
                self._cursor = cursor
            except IpyassetsError:
                continue  # a log that cannot be read is reported to whoever asks it for something
            self._changed(keys)
