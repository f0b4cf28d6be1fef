"""What counts as a value that is there: nothing but a file that can be opened."""

from __future__ import annotations

import os

import pytest

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.events import State
from ipyassets.instance.statebook import WORTH_A_THREAD
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from tests.conformance.io_manager import SALES, output


@pytest.fixture
def manager(tmp_path):
    manager = FilesystemIOManager(tmp_path, signer=Signer(secret=b"mine"))
    for key in ("a", "b", "a|b"):
        manager.handle_output(output(key), key)
    return manager


def present(manager: FilesystemIOManager, *keys: str) -> list[bool]:
    found: list[bool] = manager.present(SALES, keys).tolist()
    return found


def test_files_are_values_and_a_value_may_be_inside_of_a_folder_of_its_name(manager):
    assert manager.path(SALES, "a").parent.name == "a"
    assert present(manager, "a", "b", "a|b", "c") == [True, True, True, False]


def test_a_folder_in_the_place_of_a_value_is_none(manager, tmp_path):
    (tmp_path / "sales" / "b").unlink()
    (tmp_path / "sales" / "b").mkdir()
    assert present(manager, "b") == [False]


@pytest.mark.parametrize("target", ["nowhere", "b", "."])
def test_a_link_that_leads_to_no_file_is_no_value(manager, tmp_path, target):
    (tmp_path / "sales" / "b").unlink()
    (tmp_path / "sales" / "b").symlink_to(target)
    assert present(manager, "b") == [False]


def test_a_link_to_a_file_is_a_value(manager, tmp_path):
    (tmp_path / "sales" / "b").rename(tmp_path / "moved")
    (tmp_path / "sales" / "b").symlink_to(tmp_path / "moved")
    assert present(manager, "b") == [True]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_in_the_place_of_a_value_is_none(manager, tmp_path):
    (tmp_path / "sales" / "b").unlink()
    os.mkfifo(tmp_path / "sales" / "b")
    assert present(manager, "b") == [False]


class Unreachable(ia.InMemoryIOManager):
    def present(self, asset_key, partition_keys):
        raise PermissionError(13, "Permission denied")


def test_where_values_cannot_be_looked_for_their_states_say_so_and_those_of_others_are_told(tmp_path):
    letters = ia.StaticPartitionsDefinition(["a", "b"])
    shut = ia.asset(name="shut", partitions_def=letters, io_manager_def=Unreachable())(lambda: 1)
    seen = ia.asset(name="seen", partitions_def=letters)(lambda: 1)
    instance, graph = ia.Instance(tmp_path), AssetGraph.of([shut, seen])
    ia.materialize([seen], instance=instance, partition_keys="all")
    ia.materialize([shut], instance=instance, partition_key="a")
    facts = instance.facts(graph)
    assert facts.counts(seen.key) == {State.FRESH: 2}
    assert facts.counts(shut.key) == {State.DAMAGED: 1, State.MISSING: 1}
    assert instance.describe(graph, "shut", "a").reason == "it cannot be looked for: Permission denied"
    instance.close()


def test_a_folder_that_cannot_be_listed_is_said_to_be_so_until_it_can(tmp_path):
    numbers = ia.StaticPartitionsDefinition([str(number) for number in range(WORTH_A_THREAD)])
    many = ia.asset(name="many", partitions_def=numbers)(lambda: 1)
    instance, graph = ia.Instance(tmp_path, durability="fast"), AssetGraph.of([many])
    ia.materialize([many], instance=instance, partition_keys="all")
    instance.close()
    folder, moved = tmp_path / "storage" / "many", tmp_path / "moved"
    folder.rename(moved)
    folder.symlink_to(folder)
    instance = ia.Instance(tmp_path)
    assert instance.facts(graph).counts(many.key) == {State.DAMAGED: WORTH_A_THREAD}
    folder.unlink()
    moved.rename(folder)
    assert instance.facts(graph).counts(many.key) == {State.FRESH: WORTH_A_THREAD}
    instance.close()
