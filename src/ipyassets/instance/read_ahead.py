"""Loading values that are asked for one after another: the next ones while the one in hand is being used."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ipyassets.events import Artifact

# What is loaded sooner is loaded when it is asked for: threads would cost more than they win.
QUICK_SECONDS = 0.001
AT_ONCE = 8
# Values that are ahead hold no more memory than this, as far as their recorded sizes tell.
ROOM = 256 << 20


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A value on its way, what was recorded of it before, and the log's cursor at that time."""

    value: Future[Any]
    artifact: Artifact | None
    cursor: int

    @property
    def size(self) -> int:
        """How many bytes it takes, as recorded."""
        return self.artifact.size if self.artifact is not None else 0


class ReadAhead:
    """The values of some partitions by position, loaded when asked for.

    Once two are asked for in a row, and loading takes a while, the next one is loaded meanwhile, then the next two, and
    so on up to AT_ONCE. A value that was made again since it was loaded ahead is loaded anew: `recorded` gives the
    artifacts of some partitions, `cursor` a number that grows whenever anything is recorded.
    """

    def __init__(
        self,
        keys: Sequence[str],
        load: Callable[[str], Any],
        recorded: Callable[[Sequence[str]], Mapping[str, Artifact]],
        cursor: Callable[[], int],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._keys = keys
        self._load = load
        self._recorded = recorded
        self._cursor = cursor
        self._clock = clock
        self._lock = threading.Lock()
        self._last = -2
        self._takes_a_while = False
        self._width = 0
        self._ahead: dict[int, _Ahead] = {}
        self._pool: ThreadPoolExecutor | None = None

    def value(self, position: int) -> Any:
        """The value of the partition at a position; raises what loading it raises."""
        with self._lock:
            in_a_row, self._last = position == self._last + 1, position
            if not in_a_row:
                self._forget()
            found = self._ahead.pop(position, None)
            if in_a_row and self._takes_a_while:
                self._look_ahead(position)
        if found is not None and self._stands(self._keys[position], found):
            return found.value.result()
        started = self._clock()
        value = self._load(self._keys[position])
        self._takes_a_while = self._clock() - started > QUICK_SECONDS
        return value

    def _stands(self, key: str, found: _Ahead) -> bool:
        return found.cursor == self._cursor() or found.artifact == self._recorded([key]).get(key)

    def _look_ahead(self, position: int) -> None:
        self._width = min(max(2 * self._width, 1), AT_ONCE)
        wanted = range(position + 1, min(position + 1 + self._width, len(self._keys)))
        if not wanted:
            self._forget()
            return
        cursor, new = self._cursor(), [i for i in wanted if i not in self._ahead]
        artifacts = self._recorded([self._keys[i] for i in new])
        for i in new:
            artifact = artifacts.get(self._keys[i])
            held = sum(each.size for each in self._ahead.values()) + (artifact.size if artifact is not None else 0)
            if held > ROOM:
                break
            self._ahead[i] = _Ahead(self._submitted(self._keys[i]), artifact, cursor)

    def _submitted(self, key: str) -> Future[Any]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ipyassets-load")
        return self._pool.submit(contextvars.copy_context().run, self._load, key)

    def _forget(self) -> None:
        """Let go of what is ahead, and of the threads."""
        self._ahead.clear()
        self._width = 0
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None
