from __future__ import annotations

import gc
import shutil
import sqlite3
import threading

import pytest

from ipyassets.errors import UnwritableStoreError
from ipyassets.storage import database
from ipyassets.storage.damage import Damage
from ipyassets.storage.database import Database
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from ipyassets.storage.event_log import JUMP, SqliteEventLog
from tests.conformance.event_log import DELAYS, FLIGHTS, made


@pytest.fixture
def path(tmp_path):
    return tmp_path / "root" / "events.sqlite"


@pytest.fixture
def log(path):
    log = SqliteEventLog(path)
    yield log
    log.close()


def elsewhere(path, *events):
    """Record something as another process does."""
    log = SqliteEventLog(path)
    log.append(events)
    log.close()


def test_looking_at_a_store_that_is_not_there_makes_nothing(log, path):
    assert (log.records(FLIGHTS).keys, log.cursor(), log.database.pack(dry_run=False)) == ([], 0, 0)
    assert Damage(log).found(FLIGHTS) == {}
    assert not path.parent.exists()
    log.append([made("a")])
    assert path.is_file()


def test_a_store_that_another_process_has_made_meanwhile_is_seen(log, path):
    before = log.cursor()
    elsewhere(path, made("a"))
    assert [event.partition_key for event in log.since(before)] == ["a"]


def test_a_store_that_was_deleted_is_empty_and_is_not_there_again_before_the_next_write(log, path):
    log.append([made("a")])
    shutil.rmtree(path.parent)
    assert log.records(FLIGHTS).keys == []
    assert log.history(FLIGHTS) == []
    assert not path.parent.exists()


def test_what_is_recorded_after_the_store_was_deleted_others_see(log, path):
    log.append([made("a")])
    shutil.rmtree(path.parent)
    log.append([made("b")])
    assert log.records(FLIGHTS).keys == ["b"]
    other = SqliteEventLog(path)
    assert other.records(FLIGHTS).keys == ["b"]
    other.close()


def test_dynamic_keys_go_with_the_store_that_was_deleted(path):
    keys = SqliteDynamicKeys(Database(path))
    keys.add_dynamic_partitions("cities", ["rome"])
    shutil.rmtree(path.parent)
    assert keys.get_dynamic_partitions("cities") == []
    keys.add_dynamic_partitions("cities", ["oslo"])
    assert keys.get_dynamic_partitions("cities") == ["oslo"]
    keys.database.close()


def test_whoever_follows_a_log_is_told_that_another_is_in_its_place(log, path):
    log.append([made("a"), made("b")])
    before = log.cursor()
    path.unlink()
    elsewhere(path, made("c"), made("d"))
    assert log.cursor() - before >= JUMP
    assert log.since(before) == []
    assert [event.partition_key for event in log.since(0)] == ["c", "d"]
    now = log.cursor()
    log.append([made("e", DELAYS)])
    assert [event.partition_key for event in log.since(now)] == ["e"]
    assert log.touched(now) == {DELAYS}


def test_a_writer_whose_turn_comes_after_the_file_was_replaced_writes_to_the_new_one(log, path):
    log.append([made("a")])
    waits = threading.Event()
    log.database._opened.writer.set_trace_callback(lambda _: waits.set())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    writing = threading.Thread(target=log.append, args=([made("b")],))
    writing.start()
    waits.wait()
    for file in sorted(path.parent.iterdir()):
        file.rename(path.parent / f"moved-{file.name}")
    elsewhere(path, made("c"))
    holder.execute("ROLLBACK")
    holder.close()
    writing.join()
    assert sorted(log.records(FLIGHTS).keys) == ["b", "c"]


def test_a_log_that_another_program_keeps_locked_is_said_to_be(log, path, monkeypatch):
    log.append([made("a")])
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.01)
    impatient = SqliteEventLog(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnwritableStoreError, match="kept locked by another program"):
        impatient.append([made("b")])
    holder.close()
    impatient.append([made("b")])
    impatient.close()


def test_a_root_that_cannot_be_made_is_said_to_be(tmp_path):
    (tmp_path / "file").touch()
    log = SqliteEventLog(tmp_path / "file" / "events.sqlite")
    assert log.records(FLIGHTS).keys == []
    with pytest.raises(UnwritableStoreError, match=r"cannot be made: .*choose another root"):
        log.append([made("a")])
    log.close()


def test_what_was_read_while_somebody_wrote_is_not_believed(path, monkeypatch):
    elsewhere(path, made("a"))
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)  # as for a user who may only read
        reader = SqliteEventLog(path)
    with pytest.raises(UnwritableStoreError, match="written to while it was read: ask again"), reader.database.read():
        elsewhere(path, made("b"))
    assert set(reader.records(FLIGHTS).keys) == {"a", "b"}
    reader.close()


def test_a_store_that_is_forgotten_is_closed(path):
    elsewhere(path, made("a"))
    log = SqliteEventLog(path)
    log.records(FLIGHTS)
    assert len(list(path.parent.iterdir())) > 1  # a write-ahead file, as long as somebody has it open
    del log
    gc.collect()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
