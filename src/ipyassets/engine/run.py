"""A run: one loop around `concurrent.futures.wait` that works off a plan."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Literal

from ipyassets.assets.config import Config
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.accounts import Accounts
from ipyassets.engine.capture import streams
from ipyassets.engine.facts import Activity
from ipyassets.engine.failing import Raised
from ipyassets.engine.frontier import Frontier
from ipyassets.engine.inline import InlineExecutor
from ipyassets.engine.interrupt import interruptible, shielded
from ipyassets.engine.plan import Plan
from ipyassets.engine.progress import Progress
from ipyassets.engine.result import RunResult
from ipyassets.engine.step import Step, StepResult, run_steps
from ipyassets.engine.workshop import Means, Workshop
from ipyassets.errors import InvalidArgumentError
from ipyassets.events import Attempt, Event
from ipyassets.partitions import PartitionSpace, Spans

OnError = Literal["continue", "stop", "trim"]
Work = Future[tuple[StepResult, ...]]

REFILL_SECONDS = 0.05  # how soon a finished partition lets those start that waited for it, while others are at work
POLL_SECONDS = 0.1  # how soon a cancel is noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a run tells the instance, and asks of it: `renew` plans the same again with the facts of now, `record` writes events
    into the log and calls `publish` in the same breath, `load` reads a stored value, `changed` hears whose states may differ.
    """

    renew: Callable[[Plan], Plan]
    record: Callable[[Sequence[Event], Callable[[], None]], None]
    load: Callable[[AssetKey, str | None], object]
    changed: Callable[[frozenset[AssetKey]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a plan is worked off.

    `executor` None means the calling thread. `in_flight` is how many tasks the executor is handed at a time, `chunk` how many
    short partitions go into one task. `on_error` says what a failure does to the rest: "continue" leaves out only what needs it,
    "trim" also lets no more partitions of the failed asset start, "stop" lets nothing start any more. `tags` and `configs` are
    recorded with each partition; `resources` are at hand in bodies, those that are I/O managers store values. `close` is called
    at the end.
    """

    executor: Executor | None = None
    in_flight: int = 1
    chunk: int = 1
    on_error: OnError = "continue"
    tags: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, object] = field(default_factory=dict)
    configs: Mapping[AssetKey, Config] = field(default_factory=dict)
    close: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        if self.on_error not in ("continue", "stop", "trim"):
            raise InvalidArgumentError(f"on_error={self.on_error!r} is not one of 'continue', 'stop' and 'trim'")


class Run:
    """A plan being worked off: ask it for its progress, wait for it, cancel it.

    `drive` is the loop, and runs in the thread that calls it; everything else may be called from any thread. The graph and the
    code are those of the plan, whatever cells are run meanwhile; what it finds stored is as of the moment it begins.
    """

    def __init__(self, plan: Plan, means: Means, manner: Manner, books: Books) -> None:
        self.run_id = means.run_id
        self.plan = plan
        self.result: RunResult | None = None
        self._means = means
        self._manner = manner
        self._books = books
        self._frontier = Frontier(plan)
        self._workshop = Workshop(plan.facts, means)
        self._accounts = Accounts(plan, means, self._workshop, books.record)
        self._executor = manner.executor or InlineExecutor()
        self._work: dict[Work, tuple[AssetKey, list[int]]] = {}
        self.fractions: dict[tuple[AssetKey, str], float] = {}
        self._over = threading.Event()
        self._refilled = 0.0
        self._is_changed = True

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
        return self._accounts.progress(active=True) if self.result is None else self.result.progress

    def cancel(self) -> None:
        """Start nothing more. What is running ends by itself, or when it looks at `context.cancelled`."""
        self._means.link.stop.set()

    def wait(self, timeout: float | None = None) -> RunResult | None:
        """Wait for the end, at most so many seconds; the result, or None if the run is not over."""
        self._over.wait(timeout)
        return self.result

    def report(self, key: AssetKey, partition_key: str, fraction: float) -> None:
        """A body has come so far, from 0 to 1."""
        self.fractions[key, partition_key] = fraction
        self._books.changed(frozenset([key]))

    def activity(self, key: AssetKey) -> tuple[PartitionSpace, Activity] | None:
        """Which partitions of an asset are running and queued, in the space that the run began with; None if none are."""
        if self.done or key not in self.plan.pending:
            return None
        return self.plan.facts.spaces[key], self._frontier.activity(key)

    def drive(self) -> RunResult:
        """Work the plan off in this thread. KeyboardInterrupt is raised when everything that finished is recorded."""
        interrupted = False
        try:
            with shielded():
                try:
                    with streams():
                        self._begin()
                        self._loop()
                except KeyboardInterrupt:
                    interrupted = True
                    self.cancel()
                    self._drain()
                finally:
                    self._close()
        finally:
            self._over.set()
            self._books.changed(self.assets)
        if interrupted:
            raise KeyboardInterrupt
        assert self.result is not None  # noqa: S101 - set by _close
        return self.result

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
        self.plan = self._books.renew(self.plan)
        self._frontier = Frontier(self.plan)
        self._workshop = Workshop(self.plan.facts, self._means)
        self._accounts = Accounts(self.plan, self._means, self._workshop, self._books.record)
        for key, reasons in self.plan.held.items():
            for reason, spans in reasons.items():
                self._accounts.end_all(Attempt.BLOCKED, key, spans, reason)

    def _loop(self) -> None:
        while True:
            self._submit()
            if not self._work:
                if self.cancelled or not self._frontier.refill():
                    return
                continue
            with interruptible():
                done, _ = wait(self._work, POLL_SECONDS, FIRST_COMPLETED)
            for work in done:
                self._absorb(work)
            if self._accounts.is_due:
                self._accounts.commit()
                self._books.changed(self.assets)
            if self.cancelled:
                self._cancel_queued()

    def _submit(self) -> None:
        if self.cancelled:
            return
        if self._is_changed and time.monotonic() - self._refilled > REFILL_SECONDS:
            self._frontier.refill()
            self._is_changed, self._refilled = False, time.monotonic()
        while len(self._work) < self._manner.in_flight and (steps := self._next_steps()):
            key, indices = steps[0].asset_key, self._indices(steps)
            try:
                work = self._executor.submit(run_steps, steps)
            except KeyboardInterrupt:
                self._cancelled(key, Spans.from_indices(indices))
                raise
            self._work[work] = key, indices

    def _indices(self, steps: Sequence[Step]) -> list[int]:
        space = self.plan.facts.spaces[steps[0].asset_key]
        return [space.index_of(place) for step in steps for place in step.places]

    def _next_steps(self) -> tuple[Step, ...]:
        """The steps of the next task: one, or several short ones of one asset."""
        for key in self._frontier.assets:
            asset = self.plan.facts.graph[key]
            if self._accounts.holds_inputs_of(key):
                self._accounts.commit()  # what a step reads is recorded before it is read
            room = (asset.max_concurrent or len(self.plan) + 1) - self._frontier.working(key)
            if room <= 0:
                continue
            if asset.is_batched:
                policy = asset.backfill_policy
                batch = self._frontier.take_batch(key, policy.max_partitions_per_run if policy else None)
                if batch:
                    return (self._workshop.step(key, batch),)
                continue
            taken = self._frontier.take(key, min(self._manner.chunk, room))
            if steps := tuple(self._workshop.step(key, [index]) for index in taken if not self._is_skipped(key, index)):
                return steps
        return ()

    def _is_skipped(self, key: AssetKey, index: int) -> bool:
        """Whether a partition is skipped because its input was; then it has ended."""
        if reason := self._workshop.skipped_for(key, index):
            self._accounts.end(self._accounts.event(Attempt.SKIPPED, key, index, reason), index)
            self._frontier.finish(key, index)
        return bool(reason)

    def _absorb(self, work: Work) -> None:
        """Take in how a task ended."""
        key, indices = self._work.pop(work)
        try:
            results = work.result()
        except CancelledError:
            self._cancelled(key, Spans.from_indices(indices))
            return
        except BaseException as error:  # noqa: BLE001 - a worker died, or the step could not be sent to it
            lost = tuple(self._accounts.event(Attempt.FAILED, key, index, failed=error) for index in indices)
            results = (StepResult(lost, Raised(error)),)
        for result in results:
            for event in result.events:
                self._settle(event, result.raised)
        self._is_changed = True

    def _settle(self, event: Event, raised: Raised | None) -> None:
        key = event.asset_key
        index = self.plan.facts.spaces[key].index_of(event.partition_key)
        self._accounts.end(event, index, None if raised is None else raised.error)
        if event.attempt is not Attempt.FAILED:
            self._frontier.finish(key, index)
            return
        why = f"{key} {event.partition_key}".rstrip() + " failed"
        for down, spans in self._frontier.lose(key, Spans.range(index, index + 1)).items():
            self._accounts.end_all(Attempt.BLOCKED, down, spans, why)
        if self._manner.on_error == "stop":
            self._withdraw(None, f"stopped, because {why}")
        elif self._manner.on_error == "trim":
            self._withdraw(key, f"left out, because {why}")

    def _withdraw(self, key: AssetKey | None, why: str) -> None:
        for each, spans in self._frontier.withdraw(key).items():
            self._accounts.end_all(Attempt.CANCELLED, each, spans, why)
            if key is not None:
                for down, blocked in self._frontier.lose(each, spans).items():
                    self._accounts.end_all(Attempt.BLOCKED, down, blocked, f"{each} was {why}")

    def _cancel_queued(self) -> None:
        for work in list(self._work):
            work.cancel()

    def _drain(self) -> None:
        """After an interrupt: take in what ends within a moment; what does not is cancelled."""
        self._cancel_queued()
        done, late = wait(self._work, 2 * POLL_SECONDS)
        for work in done:
            self._absorb(work)
        for work in late:
            key, indices = self._work.pop(work)
            self._cancelled(key, Spans.from_indices(indices))

    def _cancelled(self, key: AssetKey, spans: Spans) -> None:
        self._frontier.lose(key, spans)
        self._accounts.end_all(Attempt.CANCELLED, key, spans, "the run was cancelled")

    def _close(self) -> None:
        why = "the run was cancelled" if self.cancelled else "nothing that it reads can run"
        attempt = Attempt.CANCELLED if self.cancelled else Attempt.BLOCKED
        for key, spans in self._frontier.withdraw().items():
            self._accounts.end_all(attempt, key, spans, why)
        if self._manner.close is not None:
            self._manner.close()
        only = {key: self._only(key, spans) for key, spans in self.plan.pending.items()}
        self.result = RunResult(self.run_id, self._accounts.progress(active=False), tuple(self._accounts.troubles), self._books.load, only)
        self._accounts.commit()

    def _only(self, key: AssetKey, spans: Spans) -> str | None:
        return self.plan.facts.spaces[key].key(spans.first) if len(spans) == 1 else None
