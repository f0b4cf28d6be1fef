from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys

import pytest

from ipyassets.errors import DamagedLogError, InvalidPartitionKeyError
from ipyassets.events import Attempt
from ipyassets.storage import latest
from ipyassets.storage.event_log import SqliteEventLog
from tests.conformance.event_log import FLIGHTS, EventLogConformance, ended, made


class TestInAFile(EventLogConformance):
    @pytest.fixture
    def log(self, tmp_path):
        log = SqliteEventLog(tmp_path / "deep" / "log.sqlite")
        yield log
        log.close()


class TestInMemory(EventLogConformance):
    @pytest.fixture
    def log(self):
        log = SqliteEventLog(":memory:")
        yield log
        log.close()


@pytest.fixture
def log(tmp_path):
    log = SqliteEventLog(tmp_path / "log.sqlite")
    yield log
    log.close()


def test_a_log_is_still_there_after_it_was_closed(tmp_path):
    first = SqliteEventLog(tmp_path / "log.sqlite")
    first.append([made("a")])
    first.close()
    second = SqliteEventLog(tmp_path / "log.sqlite")
    assert second.records(FLIGHTS).keys == ["a"]
    second.close()


def test_what_one_process_appends_another_one_sees(log, tmp_path):
    program = (
        "from tests.conformance.event_log import made; from ipyassets.storage.event_log import SqliteEventLog;"
        f"log = SqliteEventLog({str(tmp_path / 'log.sqlite')!r}); log.append([made('from-elsewhere')]); log.close()"
    )
    before = log.cursor()
    subprocess.run([sys.executable, "-c", program], check=True)
    assert log.cursor() > before
    assert [event.partition_key for event in log.since(before)] == ["from-elsewhere"]


def test_records_of_100_000_partitions_are_read_without_an_object_for_each_row(log):
    log.append([made(str(i)) for i in range(2_000)])
    seen: list[str] = []
    log.database._opened.reader.set_trace_callback(seen.append)
    assert len(log.records(FLIGHTS).keys) == 2_000
    assert len(seen) == 3  # the asset, the names, one row with everything


def test_a_sqlite_that_cannot_join_blobs_gives_the_same_records(log, monkeypatch):
    log.append([made("a"), made("b"), ended(Attempt.FAILED, "b")])
    whole = log.records(FLIGHTS)

    # As if the build of SQLite ended a blob at its first zero byte when joining
    monkeypatch.setattr(latest, "_JOINED", latest._JOINED.replace("group_concat(facts, '')", "x'00'"))
    again = log.records(FLIGHTS)
    assert again.keys == whole.keys
    assert (again.data == whole.data).all()
    assert (again.attempt == whole.attempt).all()


@pytest.mark.parametrize("key", ["half \ud800 character", "zero\0byte"])
def test_a_key_that_could_not_be_given_back_is_refused(log, key):
    with pytest.raises(InvalidPartitionKeyError, match="cannot be stored"):
        log.append([made(key)])
    assert log.cursor() == 0


def test_the_log_can_be_read_with_sqlite_alone(log, tmp_path):
    log.append([made("a"), ended(Attempt.FAILED, "a")])
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        rows = connection.execute("SELECT partition, attempt, path FROM event ORDER BY id").fetchall()
    connection.close()
    assert rows == [("a", 1, "flights/a"), ("a", 2, None)]


def test_a_log_that_is_forgotten_is_closed(tmp_path):
    log = SqliteEventLog(tmp_path / "log.sqlite")
    reader = log.database._opened.reader
    del log
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        reader.execute("SELECT 1")


@pytest.mark.parametrize("details", ['{"metadata"', '["metadata"]', '{}, {"metadata": {}}', '{}], ["metadata"'])
def test_damaged_details_are_told_by_their_event_among_many(log, details):
    log.append([made(f"{number}", metadata={"rows": number}) for number in range(2500)])
    with log.database.write() as connection:
        connection.execute("UPDATE event SET details = ? WHERE id = 1234", (details,))
    with pytest.raises(DamagedLogError, match="event 1234 of the log is damaged"):
        log.metadata(FLIGHTS)
