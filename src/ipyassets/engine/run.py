"""A run: one loop around `concurrent.futures.wait` that works off a plan."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.accounts import COMMIT_SECONDS, Accounts
from ipyassets.engine.capture import streams
from ipyassets.engine.dispatch import CANCELLED, Dispatch
from ipyassets.engine.facts import Activity
from ipyassets.engine.frontier import Frontier
from ipyassets.engine.manner import Books, Manner
from ipyassets.engine.plan import Plan
from ipyassets.engine.progress import Progress
from ipyassets.engine.ready import first
from ipyassets.engine.result import RunResult
from ipyassets.engine.workshop import Means, Workshop
from ipyassets.events import Attempt
from ipyassets.interrupt import interruptible, shielded, waited
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

EARLIER = "an earlier run"
MARKED = 2000  # partitions that a cancelled run marks so; marking more would keep a person waiting


class Run:
    """A plan being worked off: ask it for its progress, wait for it, cancel it.

    `drive` is the loop, and runs in the thread that calls it, which is shielded from interrupts but for where bodies
    run and where it waits; everything else may be called from any thread. The graph and the code are those of the plan,
    whatever cells are run meanwhile; what it finds stored is as of the moment it begins.
    """

    def __init__(self, plan: Plan, means: Means, manner: Manner, books: Books) -> None:
        self.run_id = means.run_id
        self.plan = plan
        self.result: RunResult | None = None
        self.error: BaseException | None = None
        self._means = means
        self._manner = manner
        self._books = books
        self._over = threading.Event()
        self._has_begun = False
        self._outfit(plan)

    @property
    def done(self) -> bool:
        """Whether the run has ended, whatever way."""
        return self._over.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the run was told to stop."""
        return self._means.link.stop.is_set()

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        return self._accounts.progress(active=not self.done) if self.result is None else self.result.progress

    def queue(self) -> None:
        """Say, until it begins, that it waits for its turn."""
        self._accounts.waits_for = EARLIER
        self._books.changed(self.assets)

    def cancel(self) -> None:
        """Start nothing more. What is running ends by itself, or when it looks at `context.cancelled`."""
        with shielded():
            self._means.link.stop.set()

    def wait(self, timeout: float | None = None) -> RunResult | None:
        """Wait for the end, at most so many seconds; the result, or None if the run is not over or has broken down.

        What it has broken down of is its `error`.
        """
        waited(self._over.wait, timeout)
        return self.result

    def report(self, key: AssetKey, partition_keys: Sequence[str], fraction: float) -> None:
        """Partitions that are being worked on have come so far, from 0 to 1."""
        self._frontier.report(key, self.plan.facts.spaces[key].indices(partition_keys).tolist(), fraction)
        self._books.changed(frozenset([key]))

    def fractions(self, key: AssetKey) -> dict[str, float]:
        """How far those partitions of an asset have come that are being worked on and have said so, by their keys."""
        space = self.plan.facts.spaces[key]
        return {space.key(index): fraction for index, fraction in self._frontier.fractions(key).items()}

    def activity(self, key: AssetKey) -> tuple[PartitionSpace, Activity] | None:
        """The partitions of an asset that are running and queued, in the run's own space; None if none are."""
        if self.done or key not in self.plan.pending or (self.cancelled and not self._has_begun):
            return None
        return self.plan.facts.spaces[key], self._frontier.activity(key)

    def drive(self, watch: Callable[[Run], None] | None = None) -> RunResult:
        """Work the plan off in this thread; `watch` is handed the run before it begins.

        KeyboardInterrupt is raised when everything that finished is recorded.
        """
        try:
            try:
                if watch is not None:
                    watch(self)
                with streams():
                    self._begin()
                    self._loop()
            except KeyboardInterrupt as error:
                self.error = error
                self.cancel()
                self._dispatch.drain()
            finally:
                self._means.link.over.set()
            result = self._close()
        except BaseException as error:
            self.error = error
            raise
        finally:
            if self._manner.close is not None:
                self._manner.close()
            self._books.claims.close()
            self._dispatch.tidy()
            self._over.set()
            self._books.changed(self.assets)
        if self.error is not None:
            raise self.error
        return result

    @property
    def assets(self) -> frozenset[AssetKey]:
        """The assets whose states a run may change: those it makes, and all behind them."""
        graph, found = self.plan.facts.graph, set(self.plan.pending) | set(self.plan.held)
        for key in graph.assets:
            if any(edge.up in found for edge in graph.edges[key]):
                found.add(key)
        return frozenset(found)

    def _begin(self) -> None:
        """Look again at what is stored: another run may have been before this one."""
        self._has_begun = True
        cursor = self._books.cursor()
        with interruptible():
            plan = self._books.renew(self.plan)
        self._outfit(plan)
        self._dispatch.neighbours.follow_from(cursor)
        for key, reasons in self.plan.held.items():
            for reason, spans in reasons.items():
                self._accounts.end_all(Attempt.BLOCKED, key, spans, reason)

    def _outfit(self, plan: Plan) -> None:
        self.plan = plan
        self._frontier = Frontier(plan)
        self._workshop = Workshop(plan.facts, self._means)
        self._accounts = Accounts(plan, self._means, self._workshop, self._books)
        self._dispatch = Dispatch(plan, self._manner, self._books, self._frontier, self._workshop, self._accounts)

    def _loop(self) -> None:
        recorder: threading.Thread | None = None
        while not self.cancelled and (self._dispatch.submit() or self._frontier.refill()):
            self._turn()
            if recorder is None and self._accounts.is_halfway:
                recorder = threading.Thread(target=self._keep_recording, name="ipyassets-record", daemon=True)
                recorder.start()
        while self.cancelled and self._dispatch.is_busy:
            self._dispatch.cancel()
            self._turn()

    def _keep_recording(self) -> None:
        """Record what has ended while a body keeps the thread of the run busy; what goes wrong is met again there."""
        while not self._over.wait(2 * COMMIT_SECONDS):
            if self._accounts.is_due:
                with contextlib.suppress(Exception):
                    self._accounts.commit()
                self._books.changed(self.assets)

    def _turn(self) -> None:
        self._dispatch.take_in()
        if self._accounts.is_due:
            self._accounts.commit()
            self._books.changed(self.assets)

    def _close(self) -> RunResult:
        """Record everything, and say how it went."""
        attempt, why = Attempt.BLOCKED, "nothing that it reads can run"
        if self.cancelled:
            attempt, why = Attempt.CANCELLED, CANCELLED
        marked = 0
        for key, spans in self._frontier.withdraw().items():
            # a mark on what has a value, or has failed, would hide how that came about
            now = first(spans - self.plan.facts.told(key) if self.cancelled else spans, MARKED - marked)
            marked += len(now)
            self._accounts.end_all(attempt, key, now, why)
            self._accounts.leave(attempt, len(spans) - len(now))
        self._accounts.commit()
        progress = self._accounts.progress(active=False)
        only = {key: self._only(key, spans) for key, spans in self.plan.pending.items()}
        self.result = RunResult(
            run_id=self.run_id,
            progress=progress,
            troubles=tuple(self._accounts.troubles),
            load=self._books.load,
            keys=only,
            function_bytes=self._workshop.sent,
        )
        return self.result

    def _only(self, key: AssetKey, spans: Spans) -> str | None:
        return self.plan.facts.spaces[key].key(spans.first) if len(spans) == 1 else None
