from __future__ import annotations

import os

import pytest

from ipyassets.errors import DamagedPartitionError
from ipyassets.storage.paths import identity
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer, seal_of
from tests.conformance.io_manager import SALES, IOManagerConformance, output, wanted

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


def seals(manager):
    return manager.files.versions.seals(identity(SALES, "a"))


def test_the_last_values_are_kept_and_older_ones_are_not(manager):
    artifacts = [stored(manager, value) for value in range(5)]
    assert seals(manager) == [seal_of(artifact.digest) for artifact in reversed(artifacts[2:])]


def test_a_kept_version_takes_the_place_of_the_current_value(manager):
    first, second = stored(manager, "first"), stored(manager, "second")
    assert manager.load_input(wanted("a", artifacts={"a": first})) == "first"
    assert manager.load_input(wanted("a", artifacts={"a": second})) == "second"


def test_the_value_from_before_versions_were_asked_for_is_kept_too(manager, tmp_path):
    first = stored(FilesystemIOManager(tmp_path, signer=MINE), "first")
    stored(manager, "second")
    assert manager.load_input(wanted("a", artifacts={"a": first})) == "first"


def test_the_same_value_again_is_one_version(manager):
    for value in ("x", "y", "x"):
        stored(manager, value)
    assert len(seals(manager)) == 2
    assert seals(manager)[0] == seal_of(stored(manager, "x").digest)


def test_without_versions_a_replaced_value_is_gone(tmp_path):
    manager = FilesystemIOManager(tmp_path, signer=MINE)
    first = stored(manager, "first")
    stored(manager, "second")
    with pytest.raises(DamagedPartitionError):
        manager.load_input(wanted("a", artifacts={"a": first}))


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
