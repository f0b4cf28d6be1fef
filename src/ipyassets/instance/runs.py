"""The runs of an instance: which are going on, who hears of them, and the lock under which they are recorded."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import queue
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ipyassets.assets.code_version import counted_as_before
from ipyassets.assets.config import Config, configured
from ipyassets.assets.context import AssetExecutionContext, Link
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Activity
from ipyassets.engine.manner import Books, Manner
from ipyassets.engine.plan import Plan
from ipyassets.engine.ready import NOTHING
from ipyassets.errors import InvalidArgumentError, InvalidInvocationError, UnwritableStoreError, nearest
from ipyassets.events import Event
from ipyassets.instance.announcing import Announcer, heard
from ipyassets.instance.store import Store
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.storage.carrying import Recorder
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.compacting import finish_all
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.live_runs import LiveRun, LiveRuns
from ipyassets.storage.settling import settle
from ipyassets.storage.signature import Signer
from ipyassets.storage.staging import unstage
from ipyassets.storage.value_files import ValueFiles

if TYPE_CHECKING:
    from ipyassets.engine.result import RunResult
    from ipyassets.engine.run import Run
    from ipyassets.engine.workshop import Means

_LOG = logging.getLogger("ipyassets")

Callback = Callable[[frozenset[AssetKey]], None]


@dataclass
class Runs:
    """What is going on in one instance."""

    log: Callable[[], SqliteEventLog]
    store: Store
    renew: Callable[[Plan], Plan]
    claims: Callable[[], Claims | NoClaims]
    live_runs: Callable[[], LiveRuns | None]
    signer: Callable[[], Signer]
    owner: object
    _active: list[Run] = field(default_factory=list)
    _in_line: deque[Run] = field(default_factory=deque)  # those started and not ended, the oldest at work
    _subscribers: dict[object, Callback] = field(default_factory=dict)
    _queue: queue.SimpleQueue[Callable[[], object] | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self._recorder = Recorder(self.log, self.signer)

    @property
    def active(self) -> list[Run]:
        """The runs that have not ended, oldest first."""
        with self._lock:
            return list(self._active)

    @property
    def elsewhere(self) -> tuple[LiveRun, ...]:
        """The runs of other processes that are going on."""
        live_runs = self.live_runs()
        return () if live_runs is None else live_runs.others()

    def opened(self, plan: Plan, manner: Manner) -> Run:
        """A run of a plan; its partitions count as queued from now on."""
        from ipyassets.engine.run import Run  # only here: a notebook that shows what is stored need not run anything
        from ipyassets.engine.workshop import Means

        link = Link(instance=self.owner)
        resources = dict(manner.resources)
        _refuse_lacking(resources, plan)
        _refuse_itself(self.owner, plan)
        self._finish(plan.facts.graph)
        means = Means(
            io_manager=lambda asset: self.store.io_manager(asset, resources),
            artifacts=self.store.artifacts,
            standing=self.store.standing,
            run_id=uuid.uuid4().hex,
            link=link,
            tags=manner.tags,
            resources={name: value for name, value in resources.items() if name != "io_manager"},
            configs=_completed(manner.configs, plan),
        )
        graph = plan.facts.graph
        self.store.graphs.update(dict.fromkeys(graph.assets, graph))
        for key in plan.pending:
            self.store.io_manager(graph[key], resources)  # one that is lacking is told before anything runs
        run = Run(plan, means, manner, self._books(graph, means))
        link.report = run.report
        with self._lock:
            self._active.append(run)
        if self._announcer is not None:
            if not manner.stays_here:
                link.far = self._announcer.listen(run)
            self._announcer.begin(run)
        self.notify(run.assets)
        return run

    def _books(self, graph: AssetGraph, means: Means) -> Books:
        claims = self.claims()
        return Books(
            renew=self.renew,
            record=partial(self.record, claims),
            claims=claims,
            tidy=lambda key, partition_keys: self._tidy(means.io_manager(graph[key]), key, partition_keys),
            cursor=lambda: self.log().cursor(),
            since=lambda cursor: self.log().since(cursor),
            load=lambda key, partition: self.store.load(graph[key], partition),
            note=lambda error: self.store.damage().note(error),
            changed=self.notify,
        )

    def driven(self, run: Run, watch: Callable[[Run], None] | None = None) -> RunResult:
        """Work a run off in this thread; `watch` is handed it before it begins."""
        try:
            with counted_as_before(run.plan.facts.graph):
                return run.drive(watch)
        finally:
            with self._lock:
                self._active.remove(run)
            if self._announcer is not None:
                self._announcer.end(run)
            self.notify(run.assets)
            self._recorder.deliver_soon()

    def started(self, run: Run) -> Run:
        """Work a run off on the one thread of this instance, after those started before."""
        with self._lock:
            if self._in_line:
                run.queue()
            self._in_line.append(run)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="ipyassets-runs", daemon=True)
                self._thread.start()
        context = contextvars.copy_context()
        self._queue.put(lambda: context.run(self.driven, run))
        return run

    def record(
        self, claims: Claims | NoClaims, events: Sequence[Event], unflushed: Iterable[str], publish: Callable[[], None]
    ) -> None:
        """Record events and put their values in place: one run at a time, so that log and files agree."""
        places = [(event.asset_key, event.partition_key) for event in events]
        claims.keep(places)
        self._recorder.record(events, unflushed, publish)
        while not claims.are_good:
            with contextlib.suppress(UnwritableStoreError):  # it is recorded already
                claims.keep(places)
            self._settle(places)

    def _settle(self, places: Sequence[tuple[AssetKey, str]]) -> None:
        """Let log and files agree, where others may have recorded the same at the same time."""
        for key in dict.fromkeys(asset_key for asset_key, _ in places):
            manager = self.store.io_manager(self.store.graphs[key][key])
            if isinstance(manager, FileIOManager):
                settle(self.log(), manager.files, key, [partition for each, partition in places if each == key])

    def activity(self, spaces: Mapping[AssetKey, PartitionSpace]) -> dict[AssetKey, Activity]:
        """Which partitions of assets are running or queued in any run, here or elsewhere; the others are left out."""
        elsewhere = self.elsewhere
        found = {key: self._activity(key, space, elsewhere) for key, space in spaces.items()}
        return {key: activity for key, activity in found.items() if activity.running or activity.queued}

    def _activity(self, key: AssetKey, space: PartitionSpace, elsewhere: Sequence[LiveRun]) -> Activity:
        running = queued = NOTHING
        for run in list(self._active):
            if (found := run.activity(key)) is not None:
                theirs, activity = found
                running |= translated(activity.running, theirs, space)
                queued |= translated(activity.queued, theirs, space)
        for other in elsewhere:
            if key in other.assets:
                activity = heard(other, key, space)
                running |= activity.running
                queued |= activity.queued
        return Activity(running, queued - running)

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
            try:
                callback(keys)
            except Exception:  # noqa: BLE001 - the run, and everybody else, has to go on
                _LOG.exception("%r, which hears of changes, has failed", callback)

    def close(self) -> None:
        """Cancel everything and end the thread once it has stopped."""
        for run in list(self._active):
            run.cancel()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(5)
        self._recorder.deliver()

    @cached_property
    def _announcer(self) -> Announcer | None:
        live_runs = self.live_runs()
        return None if live_runs is None else Announcer(live_runs)

    def _tidy(self, io_manager: IOManager, key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Drop what is stored aside for partitions, but for those that another run is making."""
        # what stays aside is nobody's, and takes room until it is compacted away
        with contextlib.suppress(Exception), contextlib.closing(self.claims()) as claims:
            free = claims.take(key, partition_keys)
            files = io_manager.files if isinstance(io_manager, FileIOManager) else None
            if isinstance(files, ValueFiles):
                unstage(files, key, free, self.store.artifacts(key, free))

    def _finish(self, graph: AssetGraph) -> None:
        """Put recorded values in place whose writers were stopped before they could."""
        finish_all(self.log(), map(self.store.at_hand, graph), self.claims)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            with contextlib.suppress(BaseException):  # a run keeps its own error, and the thread goes on
                task()
            self._in_line.popleft()


def _refuse_lacking(resources: Mapping[str, object], plan: Plan) -> None:
    """Raise InvalidInvocationError where an asset requires a resource that neither it nor the run has."""
    for key in plan.pending:
        made = plan.facts.graph[key]
        if lacking := sorted(made.required_resource_keys - resources.keys() - made.resource_defs.keys()):
            hint = nearest(lacking[0], resources)
            raise InvalidInvocationError(f"{key} requires the resource {lacking[0]!r}, which is not given{hint}")


def _refuse_itself(owner: object, plan: Plan) -> None:
    """Raise InvalidInvocationError in a body that would wait for ever for what it is making itself."""
    body = AssetExecutionContext.running()
    if body is None or body.instance is not owner or body.asset_key not in plan.pending:
        return
    key, space = body.asset_key, plan.facts.spaces[body.asset_key]
    mine = space.indices(body.scope.keys or [""])
    if Spans.from_indices(mine[mine >= 0]) & plan.pending[key]:
        raise InvalidInvocationError(f"the body of {key} makes itself: return the value instead of materializing {key}")


def _completed(configs: Mapping[AssetKey, Config], plan: Plan) -> dict[AssetKey, Config]:
    """What is configured, with the defaults of all other assets; InvalidArgumentError where one to be made lacks some.

    Of all of them, because a run looks again at what is lacking when it begins.
    """
    found = dict(configs)
    for made in plan.facts.graph:
        if made.config is None or made.key in found:
            continue
        try:
            found[made.key] = configured(made.config, made.key)
        except InvalidArgumentError:
            if made.key in plan.pending:
                raise
    return found


def translated(spans: Spans, here: PartitionSpace, there: PartitionSpace) -> Spans:
    """The partitions with the same keys in another space."""
    if not spans or here == there:
        return spans
    indices = there.indices(here.keys(spans))
    return Spans.from_indices(indices[indices >= 0])
