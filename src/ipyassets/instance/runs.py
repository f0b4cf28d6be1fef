"""The runs of an instance: which are going on, who hears of them, and the lock under which they are recorded."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ipyassets.assets.code_version import counted_as_before
from ipyassets.assets.context import Link
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Activity
from ipyassets.engine.manner import Books, Manner
from ipyassets.engine.plan import Plan
from ipyassets.engine.ports import Claims, EventLog
from ipyassets.engine.ready import NOTHING
from ipyassets.engine.result import RunResult
from ipyassets.engine.run import Run
from ipyassets.engine.workshop import Means
from ipyassets.events import Event
from ipyassets.instance.store import Store
from ipyassets.partitions import PartitionSpace, Spans

Callback = Callable[[frozenset[AssetKey]], None]


@dataclass(slots=True)
class Runs:
    """What is going on in one instance."""

    log: Callable[[], EventLog]
    store: Store
    renew: Callable[[Plan], Plan]
    claims: Callable[[], Claims]
    owner: object
    _active: list[Run] = field(default_factory=list)
    _subscribers: dict[object, Callback] = field(default_factory=dict)
    _queue: queue.SimpleQueue[Callable[[], object] | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def active(self) -> list[Run]:
        """The runs that have not ended, oldest first."""
        with self._lock:
            return list(self._active)

    def opened(self, plan: Plan, manner: Manner) -> Run:
        """A run of a plan; its partitions count as queued from now on."""
        run_id = uuid.uuid4().hex
        link = Link(instance=self.owner)
        resources = dict(manner.resources)
        means = Means(
            io_manager=lambda asset: self.store.io_manager(asset, resources),
            artifacts=self.store.artifacts,
            standing=self.store.standing,
            run_id=run_id,
            link=link,
            tags=manner.tags,
            resources={name: value for name, value in resources.items() if name != "io_manager"},
            configs=manner.configs,
        )
        graph = plan.facts.graph
        self.store.graphs.update(dict.fromkeys(graph.assets, graph))
        books = Books(
            renew=self.renew,
            record=self.record,
            claims=self.claims(),
            cursor=lambda: self.log().cursor(),
            since=lambda cursor: self.log().since(cursor),
            load=lambda key, partition: self.store.load(graph[key], partition),
            note=lambda error: self.store.damage().note(error),
            changed=self.notify,
        )
        run = Run(plan, means, manner, books)
        link.report = run.report
        with self._lock:
            self._active.append(run)
        self.notify(run.assets)
        return run

    def driven(self, run: Run) -> RunResult:
        """Work a run off in this thread."""
        try:
            with counted_as_before(run.plan.facts.graph):
                return run.drive()
        finally:
            with self._lock:
                self._active.remove(run)
            self.notify(run.assets)

    def started(self, run: Run) -> Run:
        """Work a run off on the one thread of this instance, after those started before."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="ipyassets-runs", daemon=True)
                self._thread.start()
        context = contextvars.copy_context()
        self._queue.put(lambda: context.run(self.driven, run))
        return run

    def record(self, events: Sequence[Event], publish: Callable[[], None]) -> None:
        """Record events and put their values in place: one run at a time, so that log and files agree."""
        with self._lock:
            self.log().append(events)
            publish()

    def activity(self, key: AssetKey, space: PartitionSpace) -> Activity | None:
        """Which partitions of an asset are running or queued in any run, in terms of a space."""
        running = queued = NOTHING
        for run in list(self._active):
            if (found := run.activity(key)) is not None:
                theirs, activity = found
                running |= translated(activity.running, theirs, space)
                queued |= translated(activity.queued, theirs, space)
        return Activity(running, queued - running) if running or queued else None

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Tell a function of changes, until the function returned is called."""
        token = object()
        self._subscribers[token] = callback

        def end() -> None:
            self._subscribers.pop(token, None)

        return end

    def notify(self, keys: frozenset[AssetKey]) -> None:
        """Tell everybody whose states may have changed."""
        for callback in list(self._subscribers.values()):
            callback(keys)

    def close(self) -> None:
        """Cancel everything and end the thread once it has stopped."""
        for run in list(self._active):
            run.cancel()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(5)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            with contextlib.suppress(BaseException):  # a run keeps its own error, and the thread goes on
                task()


def translated(spans: Spans, here: PartitionSpace, there: PartitionSpace) -> Spans:
    """The partitions with the same keys in another space."""
    if not spans or here == there:
        return spans
    indices = there.indices(here.keys(spans))
    return Spans.from_indices(indices[indices >= 0])
