"""Hands the steps of a run to its executor, and takes in how they end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from functools import partial

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.accounts import Accounts
from ipyassets.engine.endings import SHORT_SECONDS, Endings
from ipyassets.engine.failing import Raised
from ipyassets.engine.frontier import Frontier
from ipyassets.engine.inline import InlineExecutor
from ipyassets.engine.manner import Books, Manner
from ipyassets.engine.neighbours import Neighbours
from ipyassets.engine.plan import Plan
from ipyassets.engine.retries import Retries
from ipyassets.engine.step import Step, StepResult, run_steps
from ipyassets.engine.workshop import Workshop
from ipyassets.errors import DamagedPartitionError
from ipyassets.events import Attempt, Event
from ipyassets.interrupt import interruptible
from ipyassets.partitions.spans import Spans

Work = Future[tuple[StepResult, ...]]

POLL_SECONDS = 0.05  # how soon a cancel or an interrupt is noticed
DRAIN_SECONDS = 0.15  # how long an interrupted run waits for what is about to end
CANCELLED = "the run was cancelled"


class Dispatch:
    """Hands the steps of a run to its executor, and settles how each has ended; for the thread of the run alone."""

    def __init__(
        self, plan: Plan, manner: Manner, books: Books, frontier: Frontier, workshop: Workshop, accounts: Accounts
    ) -> None:
        self._plan = plan
        self._books = books
        self.neighbours = Neighbours(plan, books, frontier, workshop, accounts)
        self._manner = manner
        self._frontier = frontier
        self._workshop = workshop
        self._accounts = accounts
        self._retries = Retries(workshop, plan.facts.spaces)
        self._executor = manner.executor or InlineExecutor()
        self._work: dict[Work, tuple[AssetKey, list[int]]] = {}
        self._given_up: list[tuple[AssetKey, list[int], Work | None]] = []
        self._endings = Endings(manner.on_error, frontier, accounts)
        self._is_changed = True
        self._is_cancelled = self._is_interrupted = self._has_skipped = False
        self._most = len(plan) + 1

    @property
    def is_busy(self) -> bool:
        """Whether anything is being worked on, or is about to be once more."""
        return bool(self._work or self._retries)

    def submit(self) -> bool:
        """Hand out as much as the executor should have before it; whether anything is being worked on."""
        if self._is_changed and self._frontier.until_refill <= 0:
            self._frontier.refill()
            self._is_changed = False
        while len(self._work) < self._manner.in_flight and (steps := self._next_steps()):
            key, indices = steps[0].asset_key, self._indices(steps)
            try:
                work = self._executor.submit(run_steps, steps)
            except KeyboardInterrupt:
                self._give_up(key, indices, None)
                raise
            except BrokenExecutor as error:  # one that was given, and cannot be begun anew
                self._settle_all(self._lost(key, indices, error))
                self._endings.withdraw(None, "stopped, because the executor broke down")
                continue
            self._work[work] = key, indices
        return bool(self._work)

    def take_in(self) -> None:
        """Wait a moment for something to end, and take it in."""
        self._is_changed |= self.neighbours.look()
        done = [work for work in self._work if work.done()]
        if not done and not self._has_skipped:
            # shielded, because an interrupted wait may keep locks for ever that workers need
            pause = min(self._frontier.until_refill, POLL_SECONDS) if self._is_changed else POLL_SECONDS
            done = list(wait(self._work, pause, FIRST_COMPLETED).done)
        self._has_skipped = False
        with interruptible():
            if not self._work:
                self.neighbours.give_way()
        for work in done:
            self._absorb(work)

    def cancel(self) -> None:
        """Let nothing begin that has not begun; end the workers that are ours to end."""
        if self._manner.kill is None:
            for work in list(self._work):
                work.cancel()
        elif not self._is_cancelled:
            self._manner.kill()
        for step in self._retries.drop():
            self._give_up(step.asset_key, self._indices([step]), None)
        self._is_cancelled = True

    def drain(self) -> None:
        """After an interrupt: take in what ends well within a moment; everything else is cancelled."""
        self._is_interrupted = True
        self.cancel()
        done, late = wait(self._work, DRAIN_SECONDS)
        for work in done:
            self._absorb(work)
        for work in late:
            self._give_up(*self._work.pop(work), work)

    def tidy(self) -> None:
        """Leave nothing aside of what was given up, now or when it has ended; called once nothing is claimed."""
        for key, indices, work in self._given_up:
            space = self._plan.facts.spaces[key]
            drop = partial(self._drop, key, [space.key(index) for index in indices])
            if work is None:
                drop()
            else:
                work.add_done_callback(drop)

    def _indices(self, steps: Sequence[Step]) -> list[int]:
        space = self._plan.facts.spaces[steps[0].asset_key]
        return [space.index_of(place) for step in steps for place in step.places]

    def _next_steps(self) -> tuple[Step, ...]:
        """The steps of the next task: one, or several short ones of one asset."""
        if (steps := self._retries.take(len(self._work))) is not None:
            return steps
        for key in self._frontier.assets:
            asset = self._plan.facts.graph[key]
            if self._accounts.holds_inputs_of(key):
                self._accounts.commit()  # what a step reads is recorded before it is read
            room = (asset.max_concurrent or self._most) - self._frontier.working(key)
            if room <= 0:
                continue
            if steps := self._batch(key) if asset.is_batched else self._chunk(key, room):
                return steps
        return ()

    def _batch(self, key: AssetKey) -> tuple[Step, ...]:
        """One step that makes several partitions in one call."""
        policy = self._plan.facts.graph[key].backfill_policy
        most = policy.max_partitions_per_run if policy else None
        # where nothing else is going on, there will be no more of them
        batch = self._frontier.take_batch(key, most) or ([] if self._work else self._frontier.take(key, most))
        return (self._workshop.step(key, batch),) if (batch := self.neighbours.claimed(key, batch)) else ()

    def _chunk(self, key: AssetKey, room: int) -> tuple[Step, ...]:
        """Steps of one partition each: several where they are shorter than the way to a worker."""
        seconds = max(self._endings.seconds(key), 0.001)
        most = max(1, min(self._manner.chunk, room, int(SHORT_SECONDS / seconds)))
        taken = self.neighbours.claimed(key, self._frontier.take(key, most))
        return tuple(self._workshop.step(key, [index]) for index in taken if not self._is_skipped(key, index))

    def _is_skipped(self, key: AssetKey, index: int) -> bool:
        """Whether a partition is skipped because its input was; then it has ended."""
        if reason := self._workshop.skipped_for(key, index):
            self._accounts.end(self._accounts.event(Attempt.SKIPPED, key, index, reason), index)
            self._frontier.finish(key, index)
            self._is_changed = self._has_skipped = True  # others may start at once, and were not handed out yet
        return bool(reason)

    def _absorb(self, work: Work) -> None:
        """Take in how a task ended."""
        key, indices = self._work.pop(work)
        try:
            results = work.result()
        except BaseException as error:  # noqa: BLE001 - a worker died, or the step could not be sent to it
            if self._is_cancelled:
                self._give_up(key, indices, work)
                return
            if isinstance(error, BrokenExecutor) and self._retries.suspect(key, indices):
                return
            results = (self._lost(key, indices, error),)
        for result in results:
            if (overtaken := self._overtaken(result.raised)) is not None:
                self._begin_again(result, overtaken)
            else:
                self._settle_all(result)
        self._is_changed = True

    def _lost(self, key: AssetKey, indices: list[int], error: BaseException) -> StepResult:
        """What a task comes to that nobody has worked on to its end."""
        error = self._workshop.body(key).unsendable or error
        events = tuple(self._accounts.event(Attempt.FAILED, key, index, failed=error) for index in indices)
        return StepResult(events, Raised(error))

    def _settle_all(self, result: StepResult) -> None:
        raised = result.raised  # by the first of these partitions that failed, and by no other
        for event in result.events if self._is_cancelled else self._retries.settled(result):
            is_failed = event.attempt is Attempt.FAILED
            self._settle(event, raised if is_failed else None)
            raised = None if is_failed else raised

    def _give_up(self, key: AssetKey, indices: list[int], work: Work | None) -> None:
        """Let what was handed out count as waiting again, in a run that is being cancelled."""
        self._frontier.give_back(key, Spans.from_indices(indices))
        self._given_up.append((key, indices, work))

    def _drop(self, key: AssetKey, partition_keys: Sequence[str], _work: Work | None = None) -> None:
        self._books.tidy(key, partition_keys)

    def _overtaken(self, raised: Raised | None) -> DamagedPartitionError | None:
        """The error of a step whose input somebody has made again since it was looked up; None if it was not that."""
        error = None if raised is None else raised.error
        if not isinstance(error, DamagedPartitionError) or self._is_cancelled or self._books.note(error):
            return None
        return error

    def _begin_again(self, result: StepResult, overtaken: DamagedPartitionError) -> None:
        key = result.events[0].asset_key
        keys = [each.partition_key for each in result.events]
        self.neighbours.follow()
        if isinstance(overtaken.asset_key, AssetKey):
            self._workshop.look_up(overtaken.asset_key, overtaken.partition_key)
        self._frontier.give_back(key, Spans.from_indices(self._plan.facts.spaces[key].indices(keys)))

    def _settle(self, event: Event, raised: Raised | None) -> None:
        key = event.asset_key
        index = self._plan.facts.spaces[key].index_of(event.partition_key)
        # a terminal interrupts also the programs that bodies have started, which lets the bodies fail
        if event.attempt is Attempt.CANCELLED or (event.attempt is Attempt.FAILED and self._is_interrupted):
            self._give_up(key, [index], None)
            return
        self._endings.take(event, index, None if raised is None else raised.error)
