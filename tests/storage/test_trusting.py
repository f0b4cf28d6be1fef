from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ipyassets.errors import DamagedPartitionError, InvalidArgumentError, UnknownPartitionError
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.storage.claims import Claims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.signature import NOT_SIGNED
from ipyassets.storage.trusting import BUSY, NO_PARTITION, NOT_RECORDED
from ipyassets.storage.value_files import CHANGED, GONE
from tests.faults.crash_points import left_behind, torn
from tests.storage.store import SALES, CreatesAFile, Store

LONG = "k" * 300


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


@pytest.fixture
def somebody(store):
    """Another user of the same root."""
    somebody = Store(store.root, secret=b"theirs")
    yield somebody
    somebody.close()


def put(store, key, value="by hand"):
    path = store.file(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value))


def test_only_partitions_of_the_definition_are_adopted_unasked(store):
    store.make("a", 1)
    for key in ("b", "notes.txt", "sub|x", LONG):
        put(store, key)
    space = StaticPartitionsDefinition(["a", "b", "c", LONG]).space(AsOf(datetime.now(UTC)))
    upkeep = replace(store.upkeep, space=lambda _: space)
    trusted = upkeep.trust(SALES)
    assert trusted.partition_keys == {"b": NOT_RECORDED, LONG: NOT_RECORDED}
    assert trusted.refused == {"notes.txt": NO_PARTITION, "sub|x": NO_PARTITION}
    assert sorted(store.log.records(SALES).keys) == ["a", "b", LONG]
    assert upkeep.trust(SALES, ["c"]).partition_keys == {}
    with pytest.raises(UnknownPartitionError, match="'d'"):
        upkeep.trust(SALES, ["d"])
    assert upkeep.trust(SALES, ["sub|x"]).partition_keys == {"sub|x": NOT_RECORDED}
    assert store.read(LONG) == store.read("sub|x") == "by hand"


def test_a_long_key_is_adopted_by_its_name(store):
    put(store, LONG)
    assert store.upkeep.trust(SALES, [LONG]).partition_keys == {LONG: NOT_RECORDED}
    assert store.read(LONG) == "by hand"


def test_a_key_that_means_nothing_is_refused(store):
    store.make("alpha", 1)
    store.upkeep.wipe(SALES, ["alpha"])
    assert store.upkeep.trust(SALES, ["alpha"]).partition_keys == {}
    with pytest.raises(UnknownPartitionError, match="has no partition 'alpa', and no such file; did you mean 'alpha'"):
        store.upkeep.trust(SALES, ["alpa"])
    with pytest.raises(InvalidArgumentError, match="'ab' is a text: give a list"):
        store.upkeep.trust(SALES, "ab")


def test_what_somebody_is_making_is_left_to_him(store, somebody):
    somebody.make("a", 1)
    somebody.make("b", 2)
    maker = Claims(store.root)
    maker.take(SALES, ["a"])
    trusted = store.upkeep.trust(SALES)
    assert (trusted.partition_keys, trusted.refused) == ({"b": NOT_SIGNED}, {"a": BUSY})
    maker.close()


def test_a_value_of_somebody_else_that_is_not_in_place_yet_is_let_in(store, somebody):
    somebody.make("a", 1)
    left_behind(somebody, "a", 2)
    torn(store, "a", 2)
    assert store.upkeep.trust(SALES, dry_run=True).partition_keys == {"a": NOT_SIGNED}
    assert store.upkeep.trust(SALES).partition_keys == {"a": NOT_SIGNED}
    assert store.read("a") == 2


def test_what_is_signed_is_what_was_compared_whatever_comes_in_its_place(store, somebody, tmp_path, monkeypatch):
    somebody.make("a", "good")
    last = SqliteEventLog.last

    def swapping(*arguments):
        store.file("a").write_bytes(pickle.dumps(CreatesAFile(tmp_path / "proof")))
        return last(*arguments)

    monkeypatch.setattr(SqliteEventLog, "last", swapping)
    store.upkeep.trust(SALES)
    monkeypatch.undo()
    with pytest.raises(DamagedPartitionError, match=CHANGED):
        store.read("a")
    assert not (tmp_path / "proof").exists()


def test_values_trusted_keep_their_versions(tmp_path):
    somebody = Store(tmp_path, secret=b"theirs", versions=2)
    for value in (1, 2):
        somebody.make("a", value)
    somebody.close()
    store = Store(tmp_path, versions=2)
    store.upkeep.trust(SALES)
    store.make("a", 3)
    trusted = store.upkeep.versions(SALES, "a")[1]
    store.upkeep.restore(SALES, trusted)
    assert store.read("a") == 2
    store.close()


def test_a_folder_that_is_a_link_out_of_the_root_holds_nothing_to_let_in(store, tmp_path):
    store.make("a", 1)
    shutil.move(store.root / "storage" / "sales", tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "b").write_bytes(b"precious")
    (store.root / "storage" / "sales").symlink_to(tmp_path / "elsewhere")
    assert store.upkeep.trust(SALES).partition_keys == {}


def test_what_changes_while_it_is_being_let_in_is_refused_for_what_it_is_then(store, somebody, monkeypatch):
    somebody.make("a", 1)

    def changing(*arguments):
        store.file("a").unlink()
        return taken(*arguments)

    taken = Claims.take
    monkeypatch.setattr(Claims, "take", changing)
    trusted = store.upkeep.trust(SALES)
    assert (trusted.partition_keys, trusted.refused) == ({}, {"a": GONE})
