"""Noticing what other processes record in the same event log, and what they are doing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import IpyassetsError
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.live_runs import LiveRun

INTERVAL_SECONDS = 0.4
# Beyond so many events it is cheaper to say that anything may have changed than to read them all.
_MANY = 2_000


class Watcher:
    """Calls `changed` with the assets that anybody records events of, or is going on to make in another process.

    An empty set means that any may have changed. It asks for the cursor, and for the runs `elsewhere`, a few
    microseconds each, every `seconds`, on a thread of its own; `changed` is called on that thread.
    """

    def __init__(
        self,
        log: SqliteEventLog,
        elsewhere: Callable[[], tuple[LiveRun, ...]],
        changed: Callable[[frozenset[AssetKey]], None],
        seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._log = log
        self._elsewhere = elsewhere
        self._changed = changed
        self._seconds = seconds
        self._cursor = log.cursor()
        self._going_on = elsewhere()
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
            for look in (self._recorded, self._begun):
                try:
                    keys = look()
                except IpyassetsError:
                    continue  # a log that cannot be read is reported to whoever asks it for something
                if keys is not None:
                    self._changed(keys)

    def _recorded(self) -> frozenset[AssetKey] | None:
        """The assets of the events appended since this was last asked; None where there are none."""
        cursor = self._log.cursor()
        if cursor == self._cursor:
            return None
        keys = self._log.touched(self._cursor) if cursor - self._cursor < _MANY else frozenset()
        self._cursor = cursor
        return keys

    def _begun(self) -> frozenset[AssetKey] | None:
        """The assets of the runs elsewhere that have begun, gone on or ended since; None where there are none."""
        before, self._going_on = self._going_on, self._elsewhere()
        changed = [run for run in (*before, *self._going_on) if run not in before or run not in self._going_on]
        return frozenset(key for run in changed for key in run.assets) if changed else None
