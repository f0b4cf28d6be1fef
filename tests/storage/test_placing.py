from __future__ import annotations

import os

import pytest

from ipyassets.errors import UnstorableValueError
from ipyassets.storage.placing import duplicate, move, put, unlink_twin
from tests.storage.store import SALES, Store


@pytest.fixture
def outside(tmp_path):
    """A store in which the folder of an asset is a link to somewhere else, where a file lies."""
    store = Store(tmp_path / "root")
    store.make("a", 1)
    store.file("a").parent.rename(tmp_path / "elsewhere")
    (store.root / "storage" / "sales").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "b").write_bytes(b"precious")
    store.close()
    store = Store(tmp_path / "root")
    yield store
    store.close()


def test_nothing_is_written_through_a_link_out_of_the_root(outside):
    with pytest.raises(UnstorableValueError, match=r"leads out of .*, to .*elsewhere: nothing is written"):
        outside.make("b", 2)
    assert outside.file("b").read_bytes() == b"precious"
    assert outside.aside == []


def test_nothing_is_deleted_through_a_link_out_of_the_root_nor_said_to_be(outside):
    for dry_run in (True, False):
        with pytest.raises(UnstorableValueError, match="leads out"):
            outside.upkeep.wipe(SALES, ["a"], dry_run=dry_run)
    assert outside.read("a") == 1  # what was written by somebody else is read where it is
    assert outside.file("a").exists()


@pytest.mark.parametrize(("key", "moved"), [("a", "sales"), ("a|b", "sales"), ("a|b", "sales/a")])
def test_a_link_that_is_made_later_is_followed_no_more_than_one_that_was_there(tmp_path, key, moved):
    store = Store(tmp_path / "root")
    store.make(key, 1)
    folder = store.files.folder / moved
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    before = store.file(key).read_bytes()
    for act in (
        lambda: store.make(key, 2),
        lambda: store.upkeep.wipe(SALES, [key]),
        lambda: store.files.delete(SALES, [key]),
        lambda: store.upkeep.rename(SALES, "other"),
    ):
        with pytest.raises(UnstorableValueError, match="leads out of"):
            act()
    assert store.file(key).read_bytes() == before
    assert store.read(key) == 1
    store.close()


def test_a_link_that_stays_within_the_root_is_as_good_as_a_folder(tmp_path):
    store = Store(tmp_path)
    store.make("a", 1)
    store.file("a").parent.rename(tmp_path / "storage" / "renamed by hand")
    (tmp_path / "storage" / "sales").symlink_to(tmp_path / "storage" / "renamed by hand")
    store.make("b", 2)
    assert [store.read(key) for key in "ab"] == [1, 2]
    assert store.upkeep.wipe(SALES, ["a"]).files == 1
    store.close()


def test_a_second_name_replaces_whatever_had_it_and_leaves_nothing_else(tmp_path):
    (tmp_path / "one").write_bytes(b"one")
    (tmp_path / "two").write_bytes(b"torn")
    for _ in range(2):
        duplicate(str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "partial"))
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}
    assert (tmp_path / "two").samefile(tmp_path / "one")
    with pytest.raises(FileNotFoundError):
        duplicate(str(tmp_path / "none"), str(tmp_path / "two"), str(tmp_path / "partial"))


@pytest.mark.parametrize("has_links", [True, False])
def test_moving_replaces_nothing(tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", refused)
    (tmp_path / "old").write_bytes(b"old")
    move(str(tmp_path / "old"), str(tmp_path / "place"))
    assert (tmp_path / "place").read_bytes() == b"old"
    (tmp_path / "older").write_bytes(b"older")
    move(str(tmp_path / "older"), str(tmp_path / "place"))
    move(str(tmp_path / "gone"), str(tmp_path / "place"))
    assert (tmp_path / "place").read_bytes() == b"old"
    assert not (tmp_path / "old").exists()


def refused(*_):
    raise PermissionError


def test_only_a_second_name_of_the_same_file_is_dropped(tmp_path):
    (tmp_path / "one").write_bytes(b"equal")
    (tmp_path / "equal").write_bytes(b"equal")
    os.link(tmp_path / "one", tmp_path / "two")
    for name in ("two", "equal", "none"):
        unlink_twin(str(tmp_path / name), str(tmp_path / "one"))
    assert {path.name for path in tmp_path.iterdir()} == {"equal", "one"}


def test_what_stands_in_the_way_for_ever_is_said_to_do_so(tmp_path):
    (tmp_path / "source").write_bytes(b"value")
    os.mkfifo(tmp_path / "x")
    with pytest.raises(UnstorableValueError, match="cannot be reached"):
        put(str(tmp_path / "source"), str(tmp_path / "x" / "k"), tmp_path, str(tmp_path))
    assert (tmp_path / "source").read_bytes() == b"value"
