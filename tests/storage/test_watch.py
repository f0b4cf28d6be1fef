from __future__ import annotations

import queue

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.watch import Watcher
from tests.conformance.event_log import DELAYS, FLIGHTS, made


@pytest.fixture
def heard(tmp_path):
    """What a watcher of the log has heard, as a queue."""
    log = SqliteEventLog(tmp_path / "log.sqlite")
    log.append([made("before")])
    heard: queue.Queue[frozenset[AssetKey]] = queue.Queue()
    watcher = Watcher(log, heard.put, 0.01)
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
