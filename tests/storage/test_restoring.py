from __future__ import annotations

import pytest

from ipyassets.errors import BusyPartitionError, DamagedPartitionError, UntrustedPartitionError
from ipyassets.storage.claims import Claims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.paths import identity
from tests.faults.crash_points import left_behind, torn
from tests.storage.store import SALES, Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root", versions=3)
    yield store
    store.close()


def version_of(store, number):
    """The n-th value of "a", counted from 0 for the newest."""
    return store.upkeep.versions(SALES, "a")[number]


def file_of(store, version):
    return store.files.versions.find(identity(SALES, "a"), version.event.artifact.digest)[0]


def test_a_version_that_has_changed_is_refused_and_the_current_value_stays(store):
    store.make("a", "first")
    store.make("a", "second")
    version = version_of(store, 1)
    content = bytearray(file_of(store, version).read_bytes())
    content[-3] ^= 1
    file_of(store, version).write_bytes(content)
    seen = store.log.cursor()
    for dry_run in (True, False):
        with pytest.raises(DamagedPartitionError):
            store.upkeep.restore(SALES, version, dry_run=dry_run)
    assert store.log.cursor() == seen
    assert store.read("a") == "second"


def test_a_version_that_somebody_else_signed_is_refused(store):
    store.make("a", "first")
    somebody = Store(store.root, secret=b"theirs", versions=3)
    somebody.make("a", "second")
    with pytest.raises(UntrustedPartitionError):
        somebody.upkeep.restore(SALES, version_of(somebody, 1))
    assert somebody.read("a") == "second"
    somebody.close()


def test_a_trial_says_what_would_be_recorded_and_does_nothing(store):
    store.make("a", "first")
    store.make("a", "second")
    assert store.upkeep.restore(SALES, version_of(store, 1), dry_run=True).reason == "restored"
    assert store.read("a") == "second"
    assert len(store.log.history(SALES)) == 2


def test_a_partition_that_somebody_is_making_is_not_restored(store):
    store.make("a", "first")
    store.make("a", "second")
    maker = Claims(store.root)
    maker.take(SALES, ["a"])
    with pytest.raises(BusyPartitionError):
        store.upkeep.restore(SALES, version_of(store, 1))
    assert store.read("a") == "second"
    maker.close()


def test_a_value_that_is_not_in_place_yet_is_kept_when_another_is_restored(store):
    store.make("a", 1)
    store.make("a", 2)
    left_behind(store, "a", 3)
    torn(store, "a", 1)
    store.upkeep.restore(SALES, version_of(store, 2))
    assert store.read("a") == 1
    store.upkeep.restore(SALES, version_of(store, 1))
    assert store.read("a") == 3
    assert store.aside == []


def test_the_value_that_stands_can_be_restored_too(store):
    store.make("a", 1)
    store.upkeep.restore(SALES, version_of(store, 0))
    assert store.read("a") == 1
    assert store.aside == []


def test_looking_at_an_earlier_value_changes_nothing_even_after_a_restore_was_interrupted(store, monkeypatch):
    store.make("a", 1)
    store.make("a", 2)

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(SqliteEventLog, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        store.upkeep.restore(SALES, version_of(store, 1))
    monkeypatch.undo()
    before = store.file("a").read_bytes()
    version = version_of(store, 1)
    with store.files.verified(SALES, "a", version.event.artifact) as file:
        assert store.manager.load(file) == 1
    assert store.file("a").read_bytes() == before
    assert store.read("a") == 2
