"""What the runs of an instance are doing, in the words that other processes understand; and theirs, in ours.

How far their bodies in other processes have come is heard here too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ipyassets.assets.context import Report, unheard
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Activity
from ipyassets.engine.ready import first
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import AtWork, LiveRun, LiveRuns

if TYPE_CHECKING:
    from ipyassets.engine.run import Run

FIRST_SECONDS = 0.3  # a run that is over by then is told of by its records alone
AGAIN_SECONDS = 0.4
LOOK_SECONDS = 0.1
MOST = 1_000  # of an asset: partitions told of one by one, and ranges of them
NONE: Mapping[str, float] = MappingProxyType({})


class Announcer:
    """Tells of the runs that are going on, on a thread that lasts as long as any of them.

    What a run does is looked at from outside, so that its partitions cost nothing more.
    """

    def __init__(self, live_runs: LiveRuns) -> None:
        self._live_runs = live_runs
        self._due: dict[Run, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, run: Run) -> None:
        """Tell of a run, once it has lasted a moment."""
        with self._lock:
            self._due[run] = time.monotonic() + FIRST_SECONDS
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._announce, name="ipyassets-announce", daemon=True)
                self._thread.start()

    def listen(self, run: Run) -> Report:
        """What bodies of a run report with where they are sent to another process."""
        return self._live_runs.listen(run.run_id) or unheard

    def end(self, run: Run) -> None:
        """A run is over."""
        with self._lock:
            self._due.pop(run, None)
            self._live_runs.forget(run.run_id)

    def _announce(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            for run in list(self._due):
                self._hear(run)
            with self._lock:
                if not self._due:
                    self._thread = None
                    return
                for run in self._due:
                    self._attend(run)

    def _hear(self, run: Run) -> None:
        for report in self._live_runs.reports(run.run_id):
            if report.asset_key in run.plan.pending:
                run.report(report.asset_key, report.partition_keys, report.fraction)

    def _attend(self, run: Run) -> None:
        if self._live_runs.is_cancelled(run.run_id):
            run.cancel()
        if self._due[run] <= time.monotonic():
            self._live_runs.tell(told(run))
            self._due[run] = time.monotonic() + AGAIN_SECONDS


def told(run: Run) -> LiveRun:
    """A run as other processes are told of it."""
    progress, assets = run.progress, {}
    for key in run.plan.pending:
        if (found := run.activity(key)) is not None:
            assets[key] = at_work(*found, run.fractions(key))
    return LiveRun(run.run_id, assets, progress.done, progress.total, progress.failed, progress.text)


def at_work(space: PartitionSpace, activity: Activity, fractions: Mapping[str, float] = NONE) -> AtWork:
    """What a run is doing with an asset, by key; of very many partitions, those that come first."""
    running = first(activity.running, MOST)
    keys = tuple(map(str, space.keys(running)))
    # what one call makes of very many is told as ranges, too
    queued = activity.queued | (activity.running - running)
    return AtWork(
        keys,
        tuple((str(space.key(start)), str(space.key(stop - 1))) for start, stop in queued.ranges()[:MOST]),
        {key: fractions[key] for key in keys if key in fractions},
    )


def heard(run: LiveRun, key: AssetKey, space: PartitionSpace) -> Activity:
    """What a run of another process is doing with an asset, in terms of a space; keys that it lacks are left out."""
    work = run.assets.get(key, AtWork())
    running = space.indices(work.running)
    ends = space.indices([end for pair in work.queued for end in pair]).reshape(-1, 2)
    ends = ends[(ends[:, 0] >= 0) & (ends[:, 1] >= ends[:, 0])]
    queued = Spans.of((start, last + 1) for start, last in ends.tolist())
    return Activity(Spans.from_indices(running[running >= 0]), queued)
