from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions import AsOf, StaticPartitionsDefinition
from ipyassets.storage import orphans
from ipyassets.storage.claims import Claims
from ipyassets.storage.orphans import BUSY, GONE, NO_ASSET, NO_PARTITION, NO_RECORD, RECORDED
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
    assert {orphan.reason for orphan in found} == {NO_RECORD}
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
    deleted = orphans.delete(store.log, store.manager.files, found, claims)
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
