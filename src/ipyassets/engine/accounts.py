"""What has ended in a run: counted, recorded in the log, and only then put in place of what was stored before."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.failing import failure_of, without_frames
from ipyassets.engine.manner import Books
from ipyassets.engine.plan import Plan
from ipyassets.engine.progress import Progress
from ipyassets.engine.result import Trouble
from ipyassets.engine.workshop import Means, Workshop
from ipyassets.errors import UnstorableValueError
from ipyassets.events import Artifact, Attempt, Event
from ipyassets.partitions.spans import Spans

_LOG = logging.getLogger("ipyassets")
COMMIT_SECONDS = 0.05  # events are written together, at the latest after so long
TROUBLES = 1000  # failures that a result tells one by one

Stored = Mapping[AssetKey, Mapping[str, Artifact]]


class Accounts:
    """The ends of one run's partitions.

    `commit` may be called from any thread: while a long body keeps that of the run busy, another records what ended.
    """

    def __init__(self, plan: Plan, means: Means, workshop: Workshop, books: Books) -> None:
        self.run_id = means.run_id
        self.troubles: list[Trouble] = []
        self.waits_for = ""
        self._plan = plan
        self._means = means
        self._workshop = workshop
        self._books = books
        self._committing, self._ending = threading.Lock(), threading.Lock()
        self._unrecorded: list[Event] = []
        self._unread: set[AssetKey] = set()
        self._broken: Exception | None = None
        self._counts: Counter[Attempt] = Counter()
        self._total = len(plan) + sum(len(spans) for reasons in plan.held.values() for spans in reasons.values())
        edges = plan.facts.graph.edges
        self._inputs = {key: {edge.up for edge in edges[key]} for key in plan.pending}
        self._started = self._committed = time.monotonic()
        self._worked_by = 0.0  # seconds until a partition last ended

    def event(
        self, attempt: Attempt, key: AssetKey, index: int, reason: str = "", failed: BaseException | None = None
    ) -> Event:
        """How a partition ended that no worker has a record of."""
        return Event(
            attempt=attempt,
            asset_key=key,
            partition_key=self._plan.facts.spaces[key].key(index),
            run_id=self._means.run_id,
            timestamp=time.time(),
            code_version=self._plan.facts.code_versions[key],
            inputs=self._workshop.uses(key, index) if attempt is Attempt.SKIPPED else (),
            reason=reason,
            tags=self._means.tags,
            failure=None if failed is None else failure_of(failed),
        )

    def end(self, event: Event, index: int, error: BaseException | None = None) -> None:
        """A partition has ended; `error` is its exception where there is one."""
        with self._ending:
            self._unrecorded.append(event)
            self._unread.add(event.asset_key)
        self._counts[event.attempt] += 1
        self._worked_by = time.monotonic() - self._started
        self._workshop.learn(event, index)
        is_first = event.attempt is Attempt.FAILED and self._counts[Attempt.FAILED] == 1
        if is_first or (event.attempt in (Attempt.FAILED, Attempt.BLOCKED) and len(self.troubles) < TROUBLES):
            reason = f"{event.failure.type}: {event.failure.message}" if event.failure else event.reason
            of_body = error if event.attempt is Attempt.FAILED else None
            if of_body is not None and not is_first:
                without_frames(of_body)  # they hold all that the body had in hand
            self.troubles.append(Trouble(event.asset_key, event.partition_key, event.attempt, reason, of_body))

    def spare(self) -> None:
        """A partition need not be made: somebody else has made it."""
        self._total -= 1

    def leave(self, attempt: Attempt, count: int) -> None:
        """So many partitions have ended without having been tried, and stay as they were."""
        self._counts[attempt] += count

    def end_all(self, attempt: Attempt, key: AssetKey, spans: Spans, reason: str) -> None:
        """Partitions have ended without having been tried."""
        for index in spans:
            self.end(self.event(attempt, key, index, reason), index)

    @property
    def is_halfway(self) -> bool:
        """Whether something has ended that is not written down, while more is to come."""
        return bool(self._unrecorded) and self._counts.total() < self._total

    @property
    def is_due(self) -> bool:
        """Whether it is time to write down what has ended."""
        return bool(self._unrecorded or self._broken) and time.monotonic() - self._committed > COMMIT_SECONDS

    def holds_inputs_of(self, key: AssetKey) -> bool:
        """Whether something that an asset reads has ended, and is not recorded yet."""
        return not self._unread.isdisjoint(self._inputs[key])

    def commit(self) -> None:
        """Record what has ended once it is on disk, and only then put the new values in place of the old.

        What goes wrong once goes wrong again at every later call: it is the end of the run, whichever thread met it.
        """
        with self._committing:
            self._committed = time.monotonic()
            if self._broken is not None:
                raise self._broken
            try:
                self._record(list(self._unrecorded))
            except Exception as error:
                self._broken = error
                raise

    def _record(self, events: Sequence[Event]) -> None:
        if not events:
            return
        stored = _stored(events)
        unflushed = [
            path for key, artifacts in stored.items() for path in self._io_manager(key).unflushed(key, artifacts)
        ]
        self._books.record(events, unflushed, lambda: self._publish(events, stored))
        failed: dict[AssetKey, list[str]] = {}
        for event in events:
            self._books.claims.release(event.asset_key, (event.partition_key,))
            if event.attempt is Attempt.FAILED:
                failed.setdefault(event.asset_key, []).append(event.partition_key)
        for key, partition_keys in failed.items():  # an I/O manager may have raised after it had stored the value
            self._books.tidy(key, partition_keys)

    def _publish(self, events: Sequence[Event], stored: Stored) -> None:
        with self._ending:
            del self._unrecorded[: len(events)]
            self._unread = {event.asset_key for event in self._unrecorded}
        for key, artifacts in stored.items():
            _put_in_place(self._io_manager(key), key, artifacts)

    def _io_manager(self, key: AssetKey) -> IOManager:
        return self._workshop.body(key).io_manager

    def progress(self, *, active: bool) -> Progress:
        """How far the run has come."""
        done, seconds = self._counts.total(), time.monotonic() - self._started
        worked = self._counts[Attempt.MATERIALIZED] + self._counts[Attempt.FAILED] + self._counts[Attempt.SKIPPED]
        expected = self._worked_by / worked * (self._total - done) if worked else self._plan.seconds
        left = None if expected is None else expected - (seconds - self._worked_by)  # less while one long body runs
        return Progress(
            total=self._total,
            done=done,
            failed=self._counts[Attempt.FAILED],
            blocked=self._counts[Attempt.BLOCKED],
            skipped=self._counts[Attempt.SKIPPED],
            cancelled=self._counts[Attempt.CANCELLED],
            seconds=seconds,
            seconds_left=left if active and left is not None and left > 0 else None,
            active=active,
            waits_for=self.waits_for if active else "",
        )


def _put_in_place(manager: IOManager, key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
    """Publish what is recorded: where that fails a value is read from aside, so that it is no reason to end a run."""
    try:
        manager.publish(key, artifacts)
    except (OSError, UnstorableValueError) as error:
        if len(artifacts) > 1:
            for partition_key, artifact in artifacts.items():
                _put_in_place(manager, key, {partition_key: artifact})
            return
        for partition_key in artifacts:
            _LOG.warning("%s is recorded, but not put in place yet: %s", key.quoting(partition_key), error)


def _stored(events: Sequence[Event]) -> Stored:
    """The artifacts of some events, by asset and partition; of several of one partition the last."""
    stored: dict[AssetKey, dict[str, Artifact]] = {}
    for event in events:
        if event.artifact is not None:
            stored.setdefault(event.asset_key, {})[event.partition_key] = event.artifact
    return stored
