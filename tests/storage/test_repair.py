from __future__ import annotations

import pytest

from ipyassets.errors import DamagedLogError, UntrustedPartitionError
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.repair import is_sound, repair
from tests.conformance.event_log import FLIGHTS, made
from tests.storage.store import SALES, Store

PAGE = 4096


@pytest.fixture
def path(tmp_path):
    """A log of 500 events on many pages, packed into its one file."""
    log = SqliteEventLog(tmp_path / "events.sqlite")
    log.append([made(f"{i:05d}", output="x" * 300) for i in range(500)])
    log.database.pack(dry_run=False)
    log.close()
    keys = SqliteDynamicKeys(tmp_path / "events.sqlite")
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.close()
    return tmp_path / "events.sqlite"


def ruin(path, page):
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(b"\xff" * PAGE)


def test_a_sound_log_is_sound_and_a_ruined_one_is_not(path):
    assert is_sound(path)
    ruin(path, 20)
    assert not is_sound(path)


def test_what_is_left_of_a_ruined_log_is_saved(path):
    ruin(path, 20)
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
    keys = SqliteDynamicKeys(path)
    assert keys.get_dynamic_partitions("cities") == ["rome", "oslo"]
    keys.close()


def test_a_dry_run_of_repairing_changes_nothing(path):
    ruin(path, 20)
    before = path.read_bytes()
    tried = repair(path, dry_run=True)
    assert tried.kept_as is None
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir() if "repaired" in each.name] == []
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
