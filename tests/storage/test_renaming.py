"""Renaming beside others: what they make meanwhile, what lies in the way, and what was interrupted before."""

from __future__ import annotations

import os
import pickle
import sys

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    BusyPartitionError,
    InvalidArgumentError,
    InvalidDefinitionError,
    UnknownAssetError,
    UnstorableValueError,
)
from ipyassets.events import Attempt
from ipyassets.storage import renaming
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.compacting import compact
from ipyassets.storage.paths import identity
from ipyassets.storage.value_files import ValueFiles
from tests.faults.crash_points import age, left_behind, torn
from tests.storage.store import SALES, TOTALS, Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


@pytest.fixture
def keeping(tmp_path):
    """A store that keeps versions."""
    store = Store(tmp_path / "root", versions=3)
    yield store
    store.close()


def during_rename(monkeypatch, act):
    """Have something done when the values are ready under their new name, and the log is about to be changed."""
    carry_out = renaming._rename_records

    def acting(*arguments):
        act()
        return carry_out(*arguments)

    monkeypatch.setattr(renaming, "_rename_records", acting)


def test_the_value_that_is_recorded_is_renamed_although_another_lies_in_its_place(store):
    store.make("a", 1)
    left_behind(store, "a", 2)
    store.upkeep.rename(SALES, TOTALS)
    assert store.read("a", TOTALS) == 2
    assert not store.file("a").exists()


def test_a_torn_file_under_the_new_name_is_not_taken_for_the_value(store):
    store.make("a", 1)
    torn(store, "a", 1, TOTALS)
    store.upkeep.rename(SALES, TOTALS)
    assert store.read("a", TOTALS) == 1


def test_nobody_makes_a_partition_of_either_name_meanwhile(store, monkeypatch):
    store.make("a", 1)
    other = Claims(store.root)
    seen = []
    during_rename(monkeypatch, lambda: seen.extend([other.take(SALES, ["a", "b"]), other.take(TOTALS, ["a", "c"])]))
    store.upkeep.rename(SALES, TOTALS)
    assert seen == [[], []]
    assert other.take(SALES, ["a"]) == ["a"]
    other.close()


@pytest.mark.parametrize("busy", [SALES, TOTALS])
def test_while_a_partition_of_either_is_being_made_nothing_is_renamed(store, busy):
    store.make("a", 1)
    maker = Claims(store.root)
    maker.take(busy, ["a"])
    with pytest.raises(BusyPartitionError, match="partitions of"):
        store.upkeep.rename(SALES, TOTALS)
    assert store.read("a") == 1
    maker.close()
    store.upkeep.rename(SALES, TOTALS)
    assert store.read("a", TOTALS) == 1


def test_what_somebody_without_a_claim_makes_meanwhile_is_noticed(store, monkeypatch):
    store.make("a", 1)
    during_rename(monkeypatch, lambda: store.make("a", 2))
    with pytest.raises(BusyPartitionError, match="made again meanwhile"):
        store.upkeep.rename(SALES, TOTALS)
    monkeypatch.undo()
    assert store.read("a") == 2
    store.upkeep.rename(SALES, TOTALS)
    assert store.read("a", TOTALS) == 2


def test_whoever_clears_away_meanwhile_does_not_take_old_values_for_leftovers(store, monkeypatch):
    store.make("a", 1)
    age(store.file("a"))
    now = store.file("a").parent.stat().st_mtime + 60
    during_rename(monkeypatch, lambda: compact(store.log, store.files, NoClaims(), now=now))
    store.upkeep.rename(SALES, TOTALS)
    assert store.read("a", TOTALS) == 1


def test_a_value_that_did_not_arrive_keeps_its_old_name(store, monkeypatch):
    store.make("a", 1)
    monkeypatch.setattr(ValueFiles, "publish", lambda *_: None)
    store.upkeep.rename(SALES, TOTALS)
    monkeypatch.undo()
    assert store.file("a").is_file()
    assert store.read("a", TOTALS) == 1


def test_a_refused_rename_changes_nothing_and_a_trial_is_refused_alike(keeping):
    for value in range(3):
        keeping.make("a", ("old", value))
        keeping.make("a", ("new", value), TOTALS)
    before = sorted((keeping.root / "storage").rglob("*"))
    for dry_run in (True, False):
        with pytest.raises(InvalidArgumentError, match="has values of its own: wipe them first"):
            keeping.upkeep.rename(SALES, TOTALS, dry_run=dry_run)
        with pytest.raises(UnknownAssetError):
            keeping.upkeep.rename(AssetKey("never"), AssetKey("new"), dry_run=dry_run)
    assert sorted((keeping.root / "storage").rglob("*")) == before
    assert len(keeping.upkeep.versions(TOTALS, "a")) == 3


def test_a_name_whose_values_are_wiped_is_free_and_its_history_goes_by_the_old_one(keeping):
    keeping.make("a", "new", TOTALS)
    for value in ("first", "second"):
        keeping.make("a", value)
    keeping.upkeep.wipe(TOTALS, ["a"])
    keeping.upkeep.rename(SALES, TOTALS)
    assert keeping.read("a", TOTALS) == "second"
    assert [event.attempt for event in keeping.log.history(SALES)] == [Attempt.WIPED, Attempt.MATERIALIZED]
    keeping.upkeep.restore(TOTALS, keeping.upkeep.versions(TOTALS, "a")[1])
    assert keeping.read("a", TOTALS) == "first"
    assert keeping.upkeep.versions(SALES, "a") == []


def test_a_file_that_nobody_recorded_is_not_overwritten(store):
    store.make("a", 1)
    stray = store.files.path(TOTALS, "a")
    stray.parent.mkdir(parents=True)
    stray.write_bytes(pickle.dumps("precious"))
    for dry_run in (True, False):
        with pytest.raises(InvalidArgumentError, match="is in the way, and nobody recorded it"):
            store.upkeep.rename(SALES, TOTALS, dry_run=dry_run)
    assert pickle.loads(stray.read_bytes()) == "precious"
    assert store.read("a") == 1


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [(["linked"], UnstorableValueError, "leads out of"), (["a"] * 1500, InvalidDefinitionError, "may have 2000")],
)
def test_a_name_under_which_values_have_no_place_is_refused_before_anything_changes(store, tmp_path, name, error, said):
    store.make("a", 1)
    (tmp_path / "outside").mkdir()
    (store.files.folder / "linked").symlink_to(tmp_path / "outside")
    for dry_run in (True, False):
        with pytest.raises(error, match=said):
            store.upkeep.rename(SALES, name, dry_run=dry_run)
    assert store.log.asset_keys() == [SALES]
    assert store.read("a") == 1


def test_versions_are_renamed_without_signing_what_they_hold(keeping):
    """Else whoever puts a file among the versions has it signed."""
    keeping.make("a", 1)
    keeping.make("a", 2)
    first = keeping.upkeep.versions(SALES, "a")[1].event.artifact
    [version] = keeping.files.versions.find(identity(SALES, "a"), first.digest)
    version.with_name(f"00000009-{'a' * 64}").write_bytes(b"evil")
    keeping.upkeep.rename(SALES, TOTALS)
    names = [path.name for path in (keeping.files.versions.folder).rglob("0*")]
    assert keeping.files.signer.key_id not in "".join(names)
    keeping.upkeep.restore(TOTALS, keeping.upkeep.versions(TOTALS, "a")[1])
    assert keeping.read("a", TOTALS) == 1


def test_where_files_have_no_second_names_the_disk_has_the_copies_before_the_originals_go(store, monkeypatch):
    store.make("a", 1)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    seen = []

    def profile(_frame, event, argument):
        if event == "c_call" and argument.__name__ in {"fsync", "unlink", "replace", "executemany"}:
            seen.append(argument.__name__)

    sys.setprofile(profile)
    try:
        store.upkeep.rename(SALES, TOTALS)
    finally:
        sys.setprofile(None)
    # The copy, its name, the record, its place; then the original.
    assert seen.index("fsync") < seen.index("replace") < seen.index("executemany") < len(seen) - 1
    assert seen[: seen.index("executemany")].count("fsync") == 2
    assert "fsync" in seen[seen.index("executemany") :]
    assert seen[-1] == "unlink"
    assert store.read("a", TOTALS) == 1
    assert not store.file("a").exists()
