"""That folders are looked at again only where they have been touched, and then at once."""

from __future__ import annotations

import os
import time

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.storage import presence
from ipyassets.storage.paths import identity
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.presence import list_ahead, look
from ipyassets.storage.signature import Signer

SALES = AssetKey("sales")
KEYS = ["a", "b", "red|1", "red|2"]
OLD = 1_000_000_000


@pytest.fixture
def manager(tmp_path):
    return FilesystemIOManager(tmp_path / "values", signer=Signer(b"k" * 32))


@pytest.fixture
def folder(manager):
    """Files of all partitions but the last, in folders that nobody has touched for long."""
    made = manager.path(SALES, "a").parent
    for key in KEYS[:3]:
        manager.path(SALES, key).parent.mkdir(parents=True, exist_ok=True)
        manager.path(SALES, key).touch()
    staging = made.parent / ".staging"
    staging.mkdir()
    for each in (made, made / "red", staging):
        os.utime(each, (OLD, OLD))
    return made


@pytest.fixture
def listed(monkeypatch):
    """The folders that are listed."""
    found: list[str] = []
    scandir = os.scandir

    def noted(folder):
        found.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", noted)
    return found


def looked(manager, before=None, keys=KEYS):
    return look(manager.files, SALES, lambda: keys, before)


def test_a_look_at_folders_that_nobody_has_touched_is_believed_for_a_while(manager, folder, listed):
    first = looked(manager)
    assert first.found.tolist() == [True, True, True, False]
    assert len(listed) == 3
    assert looked(manager, first) is first
    assert len(listed) == 3


@pytest.mark.parametrize("key", KEYS[:3])
def test_a_file_that_has_gone_is_missed_at_once(manager, folder, key):
    first = looked(manager)
    manager.path(SALES, key).unlink()
    assert looked(manager, first).found.tolist() == [each != key for each in KEYS[:3]] + [False]


def test_a_file_that_has_come_is_seen_at_once(manager, folder):
    first = looked(manager)
    (folder / "red" / "2").touch()
    assert looked(manager, first).found.all()


def test_a_file_that_waits_to_be_put_in_place_is_seen_at_once(manager, folder):
    first = looked(manager)
    name = identity(SALES, "red|2")
    (folder.parent / ".staging" / f"{name}-seal").touch()
    assert looked(manager, first).found.all()


def test_a_folder_that_was_touched_just_now_is_listed_again(manager, folder, monkeypatch):
    monkeypatch.setattr(presence, "SETTLED", 60.0)  # that is just now on a slow machine, too
    now = time.time()
    os.utime(folder, (now, now))
    first = looked(manager)
    (folder / "b").unlink()
    os.utime(folder, (now, now))
    assert looked(manager, first).found.tolist() == [True, False, True, False]


def test_folders_that_never_look_different_are_listed_again_after_a_while(manager, folder, monkeypatch):
    first = looked(manager)
    (folder / "b").unlink()
    os.utime(folder, (OLD, OLD))
    assert looked(manager, first) is first
    monkeypatch.setattr(presence, "TRUSTED", 0.0)
    assert looked(manager, first).found.tolist() == [True, False, True, False]


def test_of_folders_that_hold_the_same_as_before_nothing_is_worked_out(manager, folder, monkeypatch):
    first = looked(manager)
    monkeypatch.setattr(presence, "TRUSTED", 0.0)

    def refuse():
        raise AssertionError("no keys are needed")

    assert look(manager.files, SALES, refuse, first).found is first.found


def test_a_folder_that_is_not_there_yet_is_looked_for_again(manager):
    first = looked(manager)
    assert not first.found.any()
    manager.path(SALES, "a").parent.mkdir(parents=True)
    manager.path(SALES, "a").touch()
    assert looked(manager, first).found.tolist() == [True, False, False, False]


def test_the_file_of_an_asset_without_partitions_is_always_looked_for(manager, folder):
    (folder / "%value").touch()
    os.utime(folder, (OLD, OLD))
    first = looked(manager, keys=[""])
    assert first.found.all()
    (folder / "%value").unlink()
    os.utime(folder, (OLD, OLD))
    assert not looked(manager, first, keys=[""]).found.any()


def test_a_folder_that_was_listed_ahead_is_not_listed_again_where_everything_is_there(manager, folder, listed):
    ahead = list_ahead(manager.files, SALES)
    assert look(manager.files, SALES, lambda: ["a", "b"], ahead=ahead).found.all()
    assert listed == [str(folder)]


def test_what_is_put_in_place_after_a_listing_ahead_is_seen(manager, folder):
    ahead = list_ahead(manager.files, SALES)
    ahead.result()
    (folder / "c").touch()
    assert look(manager.files, SALES, lambda: ["a", "c"], ahead=ahead).found.all()
