"""How far a run has come: what waits, what may start, what is being worked on, what is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Activity
from ipyassets.engine.plan import Plan
from ipyassets.engine.ready import NOTHING, Ready, behind
from ipyassets.partitions.spans import Spans

REFILL_SECONDS = 0.05  # how soon a finished partition lets those start that waited for it, while others can start
REFILL_SHARE = 0.2  # the part of a run's time that working out what may start may take, where nothing else can


class Frontier:
    """The pending partitions of a plan while they are worked off.

    Partitions are taken upstream-most last: what can be finished is finished before more is begun. All methods may be
    called from any thread.
    """

    def __init__(self, plan: Plan) -> None:
        self._graph = plan.facts.graph
        self._spaces = plan.facts.spaces
        self._waiting = dict(plan.pending)
        self._working: dict[AssetKey, dict[int, float]] = {key: {} for key in plan.pending}  # and how far each has come
        self._lost: dict[AssetKey, Spans] = {}
        self._taken: dict[AssetKey, list[int]] = {key: [] for key in plan.pending}
        self._able = Ready(self._graph, self._spaces)
        self._ready: dict[AssetKey, Spans] = {}
        self._next: dict[AssetKey, Iterator[int]] = {}
        self._lock = threading.RLock()
        self._refilled = self._cost = 0.0
        self._order = list(plan.pending)[::-1]

    def refill(self) -> bool:
        """Work out anew what may start; whether there is anything."""
        began = time.monotonic()
        with self._lock:
            self._settle()
            outstanding = {
                key: waiting | Spans.from_indices(self._working[key]) | self._lost.get(key, NOTHING)
                for key, waiting in self._waiting.items()
            }
            self._ready = self._able.of(self._waiting, outstanding)
            self._next = {key: iter(spans) for key, spans in self._ready.items()}
            self._refilled = time.monotonic()
            self._cost = self._refilled - began
            return bool(self._ready)

    @property
    def until_refill(self) -> float:
        """Seconds until it is time to refill again, from 0 on; what is begun together is recorded together."""
        pause = REFILL_SECONDS if self._next else self._cost / REFILL_SHARE
        return max(self._refilled + pause - time.monotonic(), 0.0)

    @property
    def assets(self) -> list[AssetKey]:
        """The assets that have partitions that may start, downstream first."""
        return [key for key in self._order if key in self._next]

    def take(self, key: AssetKey, count: int | None) -> list[int]:
        """The next partitions of an asset that may start, up to so many; they count as being worked on."""
        with self._lock:
            found = list(islice(self._next.get(key, iter(())), count))
            if count is None or len(found) < count:
                self._next.pop(key, None)
            self._taken[key] += found
            self._working[key].update(dict.fromkeys(found, 0.0))
            return found

    def take_batch(self, key: AssetKey, most: int | None) -> list[int]:
        """The next partitions for one call that makes several: as many as allowed, or all that there will ever be."""
        with self._lock:
            self._settle()
            able = self._ready.get(key, NOTHING) & self._waiting.get(key, NOTHING)
            whole = able == self._waiting.get(key, NOTHING)
            if not able or (not whole and (most is None or len(able) < most)):
                return []
            return self.take(key, len(able) if most is None else most)

    def finish(self, key: AssetKey, index: int) -> None:
        """A partition has its value, or needs none."""
        with self._lock:
            self._working[key].pop(index, None)

    def report(self, key: AssetKey, indices: Iterable[int], fraction: float) -> None:
        """Partitions have come so far, from 0 to 1; those that are not being worked on are left out."""
        with self._lock:
            working = self._working[key]
            working.update(dict.fromkeys(working.keys() & set(indices), fraction))

    def fractions(self, key: AssetKey) -> dict[int, float]:
        """How far partitions have come that are being worked on and have said so."""
        with self._lock:
            return {index: fraction for index, fraction in self._working.get(key, {}).items() if fraction}

    def give_back(self, key: AssetKey, spans: Spans) -> None:
        """Partitions that were taken cannot be worked on yet: they wait again, until the next refill."""
        with self._lock:
            self._settle()
            self._stop(key, spans)
            self._waiting[key] |= spans

    def spare(self, key: AssetKey, index: int) -> bool:
        """Somebody else has made a partition; whether it still waited, and now need not be made."""
        with self._lock:
            self._settle()
            if index not in self._waiting.get(key, NOTHING):
                return False
            self._waiting[key] -= Spans.range(index, index + 1)
            return True

    def lose(self, key: AssetKey, spans: Spans) -> dict[AssetKey, Spans]:
        """Partitions will get no value in this run; what waits for them, directly or not, is given up and returned."""
        with self._lock:
            self._settle()
            self._stop(key, spans)
            self._withdraw(key, spans)
            blocked = behind(self._graph, self._spaces, self._waiting, key, spans)
            for down, gone in blocked.items():
                self._withdraw(down, gone)
            return blocked

    def withdraw(self, key: AssetKey | None = None) -> dict[AssetKey, Spans]:
        """Let nothing more start, of one asset or of all; what waited comes back."""
        with self._lock:
            self._settle()
            gone = {each: spans for each, spans in self._waiting.items() if spans and key in (None, each)}
            for each, spans in gone.items():
                self._withdraw(each, spans)
            return gone

    def working(self, key: AssetKey) -> int:
        """How many partitions of an asset are being worked on."""
        return len(self._working[key])

    def activity(self, key: AssetKey) -> Activity:
        """What is being worked on and what waits, of one asset."""
        with self._lock:
            self._settle()
            running = Spans.from_indices(self._working.get(key, ()))
            return Activity(running, self._waiting.get(key, NOTHING))

    def _stop(self, key: AssetKey, spans: Spans) -> None:
        self._working[key] = {index: fraction for index, fraction in self._working[key].items() if index not in spans}

    def _withdraw(self, key: AssetKey, spans: Spans) -> None:
        self._waiting[key] -= spans
        self._lost[key] = self._lost.get(key, NOTHING) | spans
        if key in self._ready:
            self._ready[key] -= spans
            self._next[key] = iter(self._ready[key] & self._waiting[key])

    def _settle(self) -> None:
        for key, taken in self._taken.items():
            if taken:
                self._waiting[key] -= Spans.from_indices(taken)
                taken.clear()
