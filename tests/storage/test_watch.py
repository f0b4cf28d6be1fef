from __future__ import annotations

import queue

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.live_runs import AtWork, LiveRun
from ipyassets.storage.watch import Watcher
from tests.conformance.event_log import DELAYS, FLIGHTS, made


@pytest.fixture
def elsewhere():
    """The runs of other processes."""
    return []


@pytest.fixture
def heard(tmp_path, elsewhere):
    """What a watcher of the log has heard, as a queue."""
    log = SqliteEventLog(tmp_path / "log.sqlite")
    log.append([made("before")])
    heard: queue.Queue[frozenset[AssetKey]] = queue.Queue()
    watcher = Watcher(log, lambda: tuple(elsewhere), heard.put, 0.01)
    yield heard
    watcher.close()
    log.close()


def test_what_another_connection_appends_is_heard_by_asset(heard, tmp_path):
    other = SqliteEventLog(tmp_path / "log.sqlite")
    other.append([made("a"), made("a", DELAYS)])
    assert heard.get(timeout=30) == {FLIGHTS, DELAYS}
    other.append([made("b", DELAYS)])
    assert heard.get(timeout=30) == {DELAYS}
    other.close()


def test_a_flood_is_heard_as_anything_may_have_changed(heard, tmp_path):
    other = SqliteEventLog(tmp_path / "log.sqlite")
    other.append([made(str(i)) for i in range(3_000)])
    assert heard.get(timeout=30) == frozenset()
    other.close()


def test_a_run_elsewhere_is_heard_of_when_it_begins_goes_on_and_ends(heard, elsewhere):
    begun, gone_on = (LiveRun("1", {FLIGHTS: AtWork()}, done, 9, 0, f"{done} of 9") for done in (1, 2))
    for runs in ([begun], [gone_on], []):
        elsewhere[:] = runs
        assert heard.get(timeout=30) == {FLIGHTS}
    with pytest.raises(queue.Empty):
        heard.get(timeout=0.1)


def test_only_the_runs_elsewhere_that_changed_are_heard_of(heard, elsewhere):
    elsewhere[:] = [LiveRun("1", {FLIGHTS: AtWork()}, 1, 9, 0, "1 of 9")]
    assert heard.get(timeout=30) == {FLIGHTS}
    elsewhere.append(LiveRun("2", {DELAYS: AtWork()}, 1, 9, 0, "1 of 9"))
    assert heard.get(timeout=30) == {DELAYS}
