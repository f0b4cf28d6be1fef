from __future__ import annotations

import sqlite3
import threading

import pytest

from ipyassets.errors import DamagedLogError, InvalidArgumentError, UntrustedPartitionError, UnwritableStoreError
from ipyassets.storage.damage import Damage
from ipyassets.storage.database import Database
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from ipyassets.storage.event_log import JUMP, SqliteEventLog
from ipyassets.storage.repair import repair
from ipyassets.storage.value_files import CHANGED
from tests.conformance.event_log import FLIGHTS, made
from tests.storage.store import SALES, TOTALS, Store

PAGE = 4096


@pytest.fixture
def path(tmp_path):
    """A log of 500 events on many pages, packed into its one file."""
    log = SqliteEventLog(tmp_path / "events.sqlite")
    log.append([made(f"{i:05d}", output="x" * 300) for i in range(500)])
    log.database.pack(dry_run=False)
    log.close()
    keys = SqliteDynamicKeys(Database(tmp_path / "events.sqlite"))
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.database.close()
    return tmp_path / "events.sqlite"


def ruin(path, page):
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xff" * PAGE)


def is_sound(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def test_what_is_left_of_a_ruined_log_is_saved(path):
    ruin(path, 20)
    assert not is_sound(path)
    repaired = repair(path)
    assert 400 < repaired.events < 500
    assert repaired.events + repaired.lost == 500
    assert repaired.kept_as == path.with_name("events.sqlite.damaged-1")
    assert is_sound(path)
    log = SqliteEventLog(path)
    assert len(log.records(FLIGHTS).keys) == repaired.events
    assert log.last(FLIGHTS, "00000")[1] == made("00000", output="x" * 300)
    assert log.cursor() >= 500
    log.close()
    keys = SqliteDynamicKeys(Database(path))
    assert keys.get_dynamic_partitions("cities") == ["rome", "oslo"]
    keys.database.close()


def test_a_dry_run_of_repairing_changes_nothing(path):
    ruin(path, 20)
    before = path.read_bytes()
    tried = repair(path, dry_run=True)
    assert tried.kept_as is None
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert repair(path).events == tried.events


def test_reading_a_ruined_log_says_what_to_do(path):
    for page in range(2, 40):
        ruin(path, page)
    log = SqliteEventLog(path)
    with pytest.raises(DamagedLogError, match=r"repair\(\) saves"):
        log.since(0)
    log.close()


def test_a_log_of_which_nothing_is_left_is_not_repaired(path):
    for page in range(1, 40):
        ruin(path, page)
    with pytest.raises(DamagedLogError, match="nothing can be read"):
        repair(path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("dry_run", [True, False])
def test_where_there_is_no_log_none_is_repaired_and_nothing_is_made(tmp_path, dry_run):
    with pytest.raises(InvalidArgumentError, match=r"typo/events\.sqlite is not there"):
        repair(tmp_path / "typo" / "events.sqlite", dry_run=dry_run)
    assert list(tmp_path.iterdir()) == []


def test_whoever_has_the_log_open_goes_on_with_the_repaired_one(path):
    log, keys = SqliteEventLog(path), SqliteDynamicKeys(Database(path))
    before = log.cursor()
    log.append([made("early")])
    repaired = repair(path)
    log.append([made("late")])
    keys.add_dynamic_partitions("cities", ["bari"])
    assert (repaired.events, repaired.lost) == (501, 0)
    assert log.cursor() - before >= JUMP
    for each in (log, SqliteEventLog(path)):
        assert {"00000", "early", "late"} < set(each.records(FLIGHTS).keys)
        each.close()
    assert keys.get_dynamic_partitions("cities") == ["rome", "oslo", "bari"]
    keys.database.close()
    assert is_sound(path)
    assert is_sound(repaired.kept_as)


def test_nothing_that_is_recorded_while_a_log_is_repaired_is_lost(path):
    log = SqliteEventLog(path)
    over = threading.Event()
    recorded: list[str] = []

    def record():
        while not over.is_set():
            recorded.append(f"new-{len(recorded)}")
            log.append([made(recorded[-1])])

    recording = threading.Thread(target=record)
    recording.start()
    for _ in range(5):
        repair(path)
    over.set()
    recording.join()
    assert set(log.records(FLIGHTS).keys) == {f"{i:05d}" for i in range(500)} | set(recorded)
    log.close()


def test_a_log_that_is_being_written_to_is_repaired_afterwards(path, monkeypatch):
    monkeypatch.setattr("ipyassets.storage.repair.PATIENCE_SECONDS", 0.01)
    log = SqliteEventLog(path)
    with log.database.write(), pytest.raises(UnwritableStoreError, match="kept locked"):
        repair(path)
    assert repair(path).events == 500
    log.close()


def test_a_repair_that_was_interrupted_at_its_end_is_finished(path, monkeypatch):
    log = SqliteEventLog(path)
    whole = path.with_name("events.sqlite.repaired")
    path.rename(whole)
    monkeypatch.setattr("ipyassets.storage.database.PATIENCE_SECONDS", 0.01)
    with pytest.raises(UnwritableStoreError, match=r"is gone, and .* not in its place yet: run repair\(\) again"):
        log.append([made("a")])
    assert repair(path).events == 500
    log.append([made("a")])
    assert len(log.records(FLIGHTS).keys) == 501
    log.close()


def test_what_is_known_to_be_damaged_is_so_after_a_repair(tmp_path):
    store = Store(tmp_path)
    for key in ("fine", "damaged", "mended"):
        store.make(key, key)
    for key in ("damaged", "mended"):
        store.file(key).write_bytes(b"changed")
    store.upkeep.verify()
    store.make("mended", "mended")
    repair(tmp_path / "events.sqlite")
    assert Damage(store.log).found(SALES) == {"damaged": CHANGED}
    store.close()


def test_a_rename_loses_no_event(tmp_path):
    store = Store(tmp_path)
    store.make("a", 1)
    store.upkeep.rename(SALES, TOTALS)
    store.make("a", 2, TOTALS)
    repaired = repair(tmp_path / "events.sqlite", dry_run=True)
    assert (repaired.events, repaired.lost) == (2, 0)
    store.close()


def test_a_value_whose_record_is_lost_is_let_in_again_by_trusting_it(tmp_path):
    store = Store(tmp_path)
    store.make("kept", 1)
    with store.log.database.write() as connection:
        connection.execute("DELETE FROM latest")
        connection.execute("DELETE FROM event")
    store.close()
    repair(tmp_path / "events.sqlite")
    store = Store(tmp_path)
    with pytest.raises(UntrustedPartitionError):
        store.read("kept")
    store.upkeep.trust(SALES)
    assert store.read("kept") == 1
    store.close()
