from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.storage import orphans
from ipyassets.storage.claims import Claims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.orphans import GONE, NO_ASSET, NO_PARTITION, RECORDED, Orphan
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.trusting import BUSY, NOT_RECORDED
from ipyassets.storage.whereabouts import Whereabouts
from tests.storage.store import SALES, TOTALS, Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


def put(store, key, asset=SALES):
    path = store.file(key, asset)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    return path


def everything(*_):
    return True


def test_what_was_recorded_since_it_was_found_is_not_deleted(store):
    for key in ("trusted", "made", "stray"):
        put(store, key)
    found = store.upkeep.orphans(everything)
    assert {orphan.reason for orphan in found} == {NOT_RECORDED}
    store.upkeep.trust(SALES, ["trusted"])
    store.make("made", 1)
    deleted = store.upkeep.delete_orphans(found)
    assert deleted.left == {store.file("trusted"): RECORDED, store.file("made"): RECORDED}
    assert (deleted.files, deleted.size) == (1, 5)
    assert store.file("trusted").read_bytes() == b"12345"
    assert store.read("made") == 1
    assert not store.file("stray").exists()


def test_what_is_recorded_while_others_are_deleted_is_not_deleted(store, monkeypatch):
    monkeypatch.setattr(orphans, "_AT_ONCE", 1)
    for key in ("a", "b"):
        put(store, key)
    found = store.upkeep.orphans(everything)

    class TrustsInBetween(Claims):
        def release_names(self, names):
            super().release_names(names)
            if not store.file("a").exists() and store.file("b").exists():
                store.upkeep.trust(SALES, ["b"])

    claims = TrustsInBetween(store.root)
    deleted = orphans.delete(
        store.log, store.files, found, lambda key: Whereabouts(store.log, key, store.manager), claims
    )
    claims.close()
    assert (deleted.files, deleted.left) == (1, {store.file("b"): RECORDED})
    assert store.file("b").read_bytes() == b"12345"


def test_what_somebody_is_making_is_left_to_him(store):
    put(store, "a")
    found = store.upkeep.orphans(everything)
    maker = Claims(store.root)
    maker.take(SALES, ["a"])
    assert store.upkeep.delete_orphans(found).left == {store.file("a"): BUSY}
    maker.close()
    assert store.upkeep.delete_orphans(found).files == 1
    assert store.upkeep.delete_orphans(found).left == {store.file("a"): GONE}


def test_a_recorded_value_whose_file_name_does_not_tell_its_key_is_no_orphan(store):
    store.make("k" * 300, 1)
    assert store.upkeep.orphans(everything) == []
    [orphan] = store.upkeep.orphans(lambda *_: False)
    assert (orphan.asset_key, orphan.partition_key, orphan.reason) == (SALES, "k" * 300, NO_PARTITION)
    assert store.upkeep.delete_orphans([orphan]).left == {store.file("k" * 300): RECORDED}
    store.upkeep.wipe(SALES, ["k" * 300])
    stray = put(store, "k" * 300)
    assert store.upkeep.delete_orphans(store.upkeep.orphans(everything)).files == 1
    assert not stray.exists()


def test_a_file_behind_a_link_out_of_the_root_is_not_deleted(store, tmp_path):
    put(store, "a")
    found = store.upkeep.orphans(everything)
    store.file("a").parent.rename(tmp_path / "elsewhere")
    (store.root / "storage" / "sales").symlink_to(tmp_path / "elsewhere")
    assert store.upkeep.delete_orphans(found).left == {store.file("a"): GONE}
    assert (tmp_path / "elsewhere" / "a").exists()


def keeping(store, folder, asset=SALES):
    """Another I/O manager of the same root, and looking after an asset that has it."""
    manager = FilesystemIOManager(folder).bound(store.root / "storage", store.files.signer)
    return manager, replace(store.upkeep, manager=lambda key: manager if key == asset else store.manager)


def make_with(manager, store, key, value, asset=SALES):
    own, store.manager = store.manager, manager
    store.make(key, value, asset)
    store.manager = own


@pytest.mark.parametrize("is_without_dotted_files", [False, True])
def test_a_value_whose_io_manager_has_a_folder_among_the_values_is_no_orphan(store, is_without_dotted_files):
    manager, upkeep = keeping(store, store.root / "storage" / "big")
    make_with(manager, store, "a", 1)
    if is_without_dotted_files:
        shutil.rmtree(manager.files.staging)
    assert upkeep.orphans(everything) == []
    before = Orphan(manager.path(SALES, "a"), None, "", 16, NOT_RECORDED)
    assert upkeep.delete_orphans([before]).left == {before.path: RECORDED}


def test_a_value_that_is_reached_by_a_link_is_no_orphan(store, tmp_path):
    make_with(keeping(store, store.root / "storage" / "big")[0], store, "a", 1)
    (tmp_path / "link").symlink_to(store.root / "storage" / "big")
    manager, upkeep = keeping(store, tmp_path / "link")
    make_with(manager, store, "a", 1)
    shutil.rmtree(manager.files.staging)
    assert upkeep.orphans(everything) == []


def test_values_of_another_root_among_ours_are_no_orphans(store):
    make_with(store.manager, store, "a", 1)
    other = Store(store.root / "storage" / "theirs")
    other.manager = FilesystemIOManager(store.root / "storage" / "team", signer=other.files.signer)
    other.make("b", 2)
    with closing(other.upkeep.claims()) as claims:
        claims.take(SALES, ["b"])
    assert store.upkeep.orphans(everything) == []
    other.close()


def test_the_log_is_no_orphan_where_values_lie_beside_it(store):
    store.manager, upkeep = keeping(store, store.root)
    store.make("a", 1)
    (store.root / "runs").mkdir()
    for name in ("claims.lock", "events.sqlite.damaged-1", "events.sqlite.format-1.backup", "runs/live.lock", "stray"):
        (store.root / name).touch()
    assert [orphan.path.name for orphan in upkeep.orphans(everything)] == ["stray"]


def test_the_value_that_was_left_where_an_asset_was_stored_before_is_an_orphan(store, tmp_path):
    store.make("a", 1)
    old = store.file("a")
    manager, upkeep = keeping(store, tmp_path / "elsewhere")
    make_with(manager, store, "a", 2)
    assert store.upkeep.orphans(everything) == []  # who does not know of its I/O manager leaves it alone
    found = upkeep.orphans(everything)
    assert [(orphan.path, orphan.reason) for orphan in found] == [(old, NOT_RECORDED)]
    assert upkeep.delete_orphans(found).files == 1
    assert manager.path(SALES, "a").is_file()


def test_a_value_that_was_moved_to_where_its_io_manager_is_now_is_no_orphan(store, tmp_path):
    manager, _ = keeping(store, tmp_path / "elsewhere")
    make_with(manager, store, "a", 1)
    store.file("a").parent.mkdir(parents=True)
    manager.path(SALES, "a").rename(store.file("a"))
    assert store.upkeep.orphans(everything) == []
    assert store.read("a") == 1


def test_a_log_in_memory_knows_of_no_folder_whose_values_are_nobody_s(store):
    store.make("a", 1)
    forgetful = replace(store.upkeep, log=SqliteEventLog(":memory:"))
    with pytest.raises(InvalidInvocationError, match="another root may have recorded"):
        forgetful.delete_orphans(forgetful.orphans(everything))
    forgetful.log.close()
    assert store.read("a") == 1


def test_a_folder_that_is_below_the_root_by_its_name_alone_is_not_its_own(store):
    store.make("a", 1)
    store.manager, upkeep = keeping(store, store.root / ".." / "shared")
    with pytest.raises(InvalidInvocationError, match="another root may have recorded"):
        upkeep.delete_orphans([])


def test_definitions_have_to_be_known_or_told(store):
    with pytest.raises(InvalidInvocationError, match="give upkeep"):
        store.upkeep.orphans()
    store.make("a", 1)
    store.make("b", 1)
    store.make(None, 1, TOTALS)
    spaces = {SALES: StaticPartitionsDefinition(["a"]).space(AsOf(datetime.now(UTC)))}
    knowing = replace(store.upkeep, assets=frozenset(spaces), space=spaces.get)
    found = {(orphan.asset_key, orphan.partition_key): orphan.reason for orphan in knowing.orphans()}
    assert found == {(SALES, "b"): NO_PARTITION, (TOTALS, ""): NO_ASSET}
