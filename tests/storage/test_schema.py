from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from ipyassets.errors import DamagedPartitionError, IncompatibleLogError
from ipyassets.events import Attempt
from ipyassets.storage import schema
from ipyassets.storage.damage import Damage
from ipyassets.storage.database import Database
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from ipyassets.storage.event_log import SqliteEventLog
from tests.conformance.event_log import FLIGHTS, made
from tests.storage.make_format_fixture import SECRET
from tests.storage.store import SALES, TOTALS, Store, use_of

FIRST = Path(__file__).parent / "fixtures" / "format-1"
# As a later release might have it
BEFORE = schema.VERSION
MORE = (*schema.MIGRATIONS, ("ALTER TABLE event ADD COLUMN mood TEXT", "CREATE TABLE extra (x)"))


@pytest.fixture
def path(tmp_path):
    log = SqliteEventLog(tmp_path / "events.sqlite")
    log.append([made("a")])
    log.close()
    return tmp_path / "events.sqlite"


def asked(path, question):
    with sqlite3.connect(path) as connection:
        [(answer,)] = connection.execute(question).fetchall()
    connection.close()
    return answer


def later_release(monkeypatch, migrations=MORE):
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "VERSION", len(migrations))


def test_a_root_of_the_first_format_opens_today(tmp_path):
    shutil.copytree(FIRST, tmp_path / "root")
    store = Store(tmp_path / "root", secret=SECRET, versions=1)
    assert asked(tmp_path / "root" / "events.sqlite.format-1.backup", "PRAGMA user_version") == 1
    assert store.read("2013-01-01") == [1, 2, 3]
    assert store.read("EWR|x/y") == "hostile"
    assert store.read(None, TOTALS) == {"total": 6}
    standing = store.log.last(SALES, "2013-01-01")[1]
    assert standing is not None
    assert (standing.metadata, standing.tags, standing.output) == ({"rows": 3}, {"team": "air"}, "printed\n")
    total = store.log.last(TOTALS, "")[1]
    assert total is not None
    assert total.inputs == (use_of(standing),)
    assert store.log.history(SALES)[0].attempt is Attempt.FAILED
    assert Damage(store.log).found(SALES) == {"damaged": "its file is not what was stored"}
    records = store.log.records(TOTALS)
    assert records.stored.all()
    assert standing.artifact is not None
    assert standing.artifact.place is None
    store.upkeep.restore(SALES, store.upkeep.versions(SALES, "2013-01-01")[1])
    assert store.read("2013-01-01") == [1]
    store.close()
    keys = SqliteDynamicKeys(Database(tmp_path / "root" / "events.sqlite"))
    assert keys.get_dynamic_partitions("cities") == ["rome", "oslo"]
    keys.database.close()


def test_a_root_of_the_first_format_belongs_to_its_user(tmp_path):
    shutil.copytree(FIRST, tmp_path / "root")
    store = Store(tmp_path / "root", secret=b"somebody else")
    with pytest.raises(DamagedPartitionError, match="not signed by you"):
        store.read("2013-01-01")
    store.close()


def test_a_log_of_a_later_release_is_refused_and_left_as_it_is(path, monkeypatch):
    with monkeypatch.context() as later:
        later_release(later)
        SqliteEventLog(path).close()
    before = path.read_bytes()
    with pytest.raises(IncompatibleLogError, match=r"newer ipyassets.*upgrade"):
        SqliteEventLog(path)
    assert path.read_bytes() == before


def test_an_older_log_is_brought_up_to_date_and_kept_as_it_was(path, monkeypatch):
    later_release(monkeypatch)
    log = SqliteEventLog(path)
    assert log.records(FLIGHTS).keys == ["a"]
    log.append([made("b")])
    log.close()
    assert asked(path, "PRAGMA user_version") == BEFORE + 1
    backup = path.with_name(f"events.sqlite.format-{BEFORE}.backup")
    assert asked(backup, "PRAGMA user_version") == BEFORE
    assert asked(backup, "SELECT count(*) FROM event") == 1


def test_a_migration_that_fails_leaves_the_log_as_it_was(path, monkeypatch):
    with monkeypatch.context() as later:
        later_release(later, (*MORE, ("CREATE TABLE event (x)",)))
        with pytest.raises(Exception, match="already exists"):
            SqliteEventLog(path)
    log = SqliteEventLog(path)
    assert log.records(FLIGHTS).keys == ["a"]
    log.close()


def test_a_new_log_needs_no_backup(tmp_path):
    log = SqliteEventLog(tmp_path / "events.sqlite")
    log.append([made("a")])
    log.close()
    assert {each.name for each in tmp_path.iterdir()} == {"events.sqlite"}


def test_a_database_of_another_program_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(IncompatibleLogError, match="another program"):
        SqliteEventLog(tmp_path / "other.sqlite")
    assert asked(tmp_path / "other.sqlite", "SELECT count(*) FROM sqlite_master") == 1


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "text").write_text("not a database, but long enough to look at" * 100)
    with pytest.raises(IncompatibleLogError, match="not an event log"):
        SqliteEventLog(tmp_path / "text")
