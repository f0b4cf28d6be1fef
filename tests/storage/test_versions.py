from __future__ import annotations

import os
import pickle

import pytest
from blake3 import blake3

from ipyassets.errors import DamagedPartitionError, InvalidArgumentError
from ipyassets.events import Artifact
from ipyassets.storage.paths import identity
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer, content_of, seal_of
from ipyassets.storage.staging import put_in_place
from tests.conformance.io_manager import SALES, IOManagerConformance, output, wanted
from tests.storage.store import CreatesAFile

MINE = Signer(secret=b"mine")


@pytest.fixture
def manager(tmp_path):
    return FilesystemIOManager(tmp_path, signer=MINE, versions=2)


class TestWithVersions(IOManagerConformance):
    @pytest.fixture
    def manager(self, tmp_path):
        return FilesystemIOManager(tmp_path, signer=MINE, versions=2)


def stored(manager, value):
    context = output("a")
    manager.handle_output(context, value)
    return context.stored["a"]


def kept(manager, *artifacts):
    """Which values are still kept, as numbers of arguments, newest first."""
    paths = {path: i for i, artifact in enumerate(artifacts) for path in found(manager, artifact)}
    return [paths[path] for path in sorted(paths, reverse=True)]


def found(manager, artifact):
    return manager.files.versions.find(identity(SALES, "a"), artifact.digest)


def names(manager):
    return sorted(path.name for path in (manager.files.folder / ".versions" / identity(SALES, "a")).iterdir())


def test_the_last_values_are_kept_and_older_ones_are_not(manager):
    assert kept(manager, *[stored(manager, value) for value in range(5)]) == [4, 3, 2]


def test_the_number_of_values_to_keep_is_a_whole_number_from_0_on(tmp_path):
    for wrong in (-1, "3", 1.5, True):
        with pytest.raises(InvalidArgumentError, match="versions="):
            FilesystemIOManager(tmp_path, versions=wrong)  # type: ignore[arg-type]


def test_a_kept_version_takes_the_place_of_the_current_value(manager):
    first, second = stored(manager, "first"), stored(manager, "second")
    assert manager.load_input(wanted("a", artifacts={"a": first})) == "first"
    assert manager.load_input(wanted("a", artifacts={"a": second})) == "second"


def test_the_value_from_before_versions_were_asked_for_is_kept_too(manager, tmp_path):
    first = stored(FilesystemIOManager(tmp_path, signer=MINE), "first")
    stored(manager, "second")
    assert manager.load_input(wanted("a", artifacts={"a": first})) == "first"


def test_the_same_value_again_is_one_version(manager):
    x, y = stored(manager, "x"), stored(manager, "y")
    stored(manager, "x")
    assert len(names(manager)) == 2
    assert kept(manager, x, y) == [0, 1]


def test_no_value_is_left_out_that_a_script_makes_which_keeps_none_or_a_reader_finds_aside(manager, tmp_path):
    artifacts = [stored(manager, 0), stored(FilesystemIOManager(tmp_path, signer=MINE), 1), stored(manager, 2)]
    assert kept(manager, *artifacts) == [2, 1, 0]
    context = output("a")
    manager.stage(context, 3)  # and recorded, but its writer was stopped
    assert manager.load_input(wanted("a", artifacts=context.stored)) == 3
    artifact = context.stored["a"]
    assert isinstance(artifact, Artifact)
    assert put_in_place(manager.files, SALES, {"a": artifact}) != []
    artifacts += [artifact, stored(manager, 4)]
    assert kept(manager, *artifacts) == [4, 3, 2]


def test_what_lies_in_the_place_of_a_value_is_kept_and_not_signed(manager, tmp_path):
    """Else its seal would stand in the name of its file, for whoever has put it there to write into a record."""
    evil = pickle.dumps(CreatesAFile(tmp_path / "proof"))
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "a").write_bytes(evil)
    stored(manager, "good")
    digest = MINE.digest(SALES, "a", blake3(evil).hexdigest())
    assert not any(seal_of(digest) in str(path) for path in tmp_path.rglob("*"))
    assert [path.read_bytes() for path in found(manager, Artifact("sales/a", len(evil), digest))] == [evil]


def test_versions_named_by_their_seals_as_the_first_releases_did_are_found(manager, tmp_path):
    first, second = stored(manager, "first"), stored(manager, "second")
    [path] = found(manager, first)
    path.rename(path.with_name(f"00000001-{seal_of(first.digest)}"))
    assert manager.load_input(wanted("a", artifacts={"a": first})) == "first"
    manager.files.versions.hand_on(identity(SALES, "a"), identity(SALES, "b"))
    kept_of_b = manager.files.versions.find(identity(SALES, "b"), MINE.digest(SALES, "b", content_of(first.digest)))
    assert [pickle.loads(each.read_bytes()) for each in kept_of_b] == ["first"]
    assert manager.load_input(wanted("a", artifacts={"a": second})) == "second"


def test_without_versions_a_replaced_value_is_gone(tmp_path):
    manager = FilesystemIOManager(tmp_path, signer=MINE)
    first = stored(manager, "first")
    stored(manager, "second")
    with pytest.raises(DamagedPartitionError):
        manager.load_input(wanted("a", artifacts={"a": first}))


def test_deleting_a_value_leaves_nothing_of_a_version_that_was_never_complete(manager):
    stored(manager, "secret")
    folder = manager.files.versions.folder / identity(SALES, "a")
    for each in folder.iterdir():
        each.rename(folder / ".0123456789abcdef.part")
    manager.delete(SALES, ["a"])
    assert not folder.exists()


def test_the_current_value_takes_no_room_twice(manager, tmp_path):
    first = stored(manager, "x" * 1000)
    assert os.stat(tmp_path / "sales" / "a").st_nlink == 2  # noqa: PTH116
    assert manager.files.versions.size(identity(SALES, "a")) == 0
    stored(manager, "y")
    assert manager.files.versions.size(identity(SALES, "a")) == first.size


def test_a_file_system_without_second_names_keeps_copies(manager, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    first, second = stored(manager, "first"), stored(manager, "second")
    assert manager.load_input(wanted("a", artifacts={"a": first})) == "first"
    assert manager.load_input(wanted("a", artifacts={"a": second})) == "second"
