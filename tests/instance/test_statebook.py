from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import DamagedPartitionError, InvalidResultError, UnknownPlaceError
from ipyassets.storage.event_log import SqliteEventLog

LETTERS = ia.StaticPartitionsDefinition(["a", "b"])


class Folder(ia.IOManager):
    """As a user would write one: it reports nothing of what it stores."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def file(self, key):
        return self.folder / key

    def handle_output(self, context, obj):
        self.file(context.partition_key).write_bytes(pickle.dumps(obj))

    def load_input(self, context):
        return pickle.loads(self.file(context.partition_key).read_bytes())


class Looking(Folder):
    def present(self, asset_key, partition_keys):
        return [self.file(key).exists() for key in partition_keys]


class Miscounting(Folder):
    def present(self, asset_key, partition_keys):
        return np.ones(1, np.bool_)


class Empty(ia.UPathIOManager):
    """Its values are files without a byte in them."""

    def dump_to_path(self, context, obj, path):
        path.touch()

    def load_from_path(self, context, path):
        return None


@pytest.fixture
def instance(tmp_path):
    instance = ia.Instance(tmp_path / "root")
    yield instance
    instance.close()


def made(instance, manager=None, **more):
    @ia.asset(partitions_def=LETTERS, io_manager_def=manager, code_version="1")
    def letters(context):
        return context.partition_key

    ia.materialize([letters], instance=instance, partition_keys="all", **more)
    return letters


def states(instance, asset):
    facts = instance.facts(AssetGraph.of([asset]))
    return {str(state): count for state, count in facts.counts(asset.key).items()}


def test_values_in_memory_are_gone_with_their_process(instance):
    letters = made(instance, ia.InMemoryIOManager())
    assert states(instance, letters) == {"fresh": 2}
    assert states(instance, letters.with_io_manager(ia.InMemoryIOManager())) == {"damaged": 2}


def test_an_io_manager_that_reports_nothing_is_asked_what_is_there(instance, tmp_path):
    manager = Looking(tmp_path / "kept")
    letters = made(instance, manager)
    manager.file("a").unlink()
    assert states(instance, letters) == {"damaged": 1, "fresh": 1}


def test_without_a_way_to_tell_values_are_believed_to_be_there(instance, tmp_path):
    manager = Folder(tmp_path / "kept")
    letters = made(instance, manager)
    manager.file("a").unlink()
    assert states(instance, letters) == {"fresh": 2}


def test_an_answer_that_does_not_fit_the_question_is_told(instance, tmp_path):
    with pytest.raises(InvalidResultError, match=r"Miscounting\.present gave 1 answers about 2 partitions"):
        states(instance, made(instance, Miscounting(tmp_path / "kept")))


def test_an_empty_file_that_is_deleted_is_missed(instance):
    letters = made(instance, Empty())
    assert states(instance, letters) == {"fresh": 2}
    (instance.root / "storage" / "letters" / "a").unlink()
    assert states(instance, letters) == {"damaged": 1, "fresh": 1}


def test_a_body_that_returns_nothing_is_done_without_a_value(instance):
    @ia.asset(partitions_def=LETTERS)
    def nothing() -> None:
        pass

    ia.materialize([nothing], instance=instance, partition_keys="all")
    assert states(instance, nothing) == {"fresh": 2}


@pytest.fixture
def again(instance, tmp_path):
    """Another process on the same root."""
    again = ia.Instance(tmp_path / "root")
    yield again
    again.close()


@pytest.mark.parametrize("kind", [ia.FilesystemIOManager, ia.ParquetIOManager])
def test_what_a_run_stored_with_a_manager_of_its_own_is_found_again(instance, again, tmp_path, kind):
    pd = pytest.importorskip("pandas")

    @ia.asset(code_version="1")
    def table():
        return pd.DataFrame({"n": [1]})

    @ia.asset(code_version="1")
    def total(table):
        return int(table.n.sum())

    ia.materialize([table], instance=instance, resources={"io_manager": kind(tmp_path / "other")})
    assert states(again, table) == {"fresh": 1}
    assert again.store.load(table, None).n.tolist() == [1]
    ia.materialize([table, total], selection=[total], instance=again)
    assert again.store.load(total, None) == 1


def test_values_stay_readable_where_they_were_after_their_folder_was_changed(instance, tmp_path):
    letters = made(instance, ia.FilesystemIOManager(tmp_path / "old"))
    moved = letters.with_io_manager(ia.FilesystemIOManager(tmp_path / "new"))
    assert states(instance, moved) == {"fresh": 2}
    assert instance.store.load(moved, "a") == "a"
    (tmp_path / "old" / "letters" / "a").unlink()
    assert states(instance, moved) == {"damaged": 1, "fresh": 1}


def test_values_that_were_moved_along_with_their_folder_are_found(instance, tmp_path):
    letters = made(instance, ia.FilesystemIOManager(tmp_path / "old"))
    shutil.move(tmp_path / "old", tmp_path / "new")
    moved = letters.with_io_manager(ia.FilesystemIOManager(tmp_path / "new"))
    assert states(instance, moved) == {"fresh": 2}
    assert instance.store.load(moved, "a") == "a"


def test_a_root_that_was_moved_has_all_that_is_inside_of_it(instance, tmp_path):
    letters = made(instance, ia.FilesystemIOManager(tmp_path / "root" / "beside"))
    instance.close()
    shutil.move(tmp_path / "root", tmp_path / "elsewhere")
    moved = ia.Instance(tmp_path / "elsewhere")
    assert states(moved, letters.with_io_manager(ia.FilesystemIOManager())) == {"fresh": 2}
    assert moved.store.load(letters.with_io_manager(ia.FilesystemIOManager()), "a") == "a"
    moved.close()


class TextIOManager(ia.UPathIOManager):
    def dump_to_path(self, context, obj, path):
        path.write_text(obj)

    def load_from_path(self, context, path):
        return path.read_text()


def test_only_pickles_are_taken_for_pickles(instance, again):
    letters = made(instance, resources={"io_manager": TextIOManager()})
    assert instance.store.load(letters, "a") == "a"
    with pytest.raises(UnknownPlaceError, match=r"letters 'a' was stored by .*TextIOManager, not by .*Filesystem"):
        again.store.load(letters, "a")
    with pytest.raises(UnknownPlaceError, match=r"stored by .*TextIOManager, not by .*ParquetIOManager"):
        again.store.load(letters.with_io_manager(ia.ParquetIOManager()), "a")


class RenamedIOManager(TextIOManager):
    """Another name for the same way of storing."""


def test_an_io_manager_may_change_its_name(instance, again):
    letters = made(instance, TextIOManager())
    assert again.store.load(letters.with_io_manager(RenamedIOManager()), "a") == "a"


def test_what_is_out_of_sight_is_believed_there_and_told_when_it_is_read(instance, again):
    pytest.importorskip("fsspec")
    letters = made(instance, resources={"io_manager": ia.FilesystemIOManager("memory://somewhere")})
    assert states(again, letters) == {"fresh": 2}
    with pytest.raises(UnknownPlaceError, match="letters 'a' was stored at memory://somewhere, which cannot be seen"):
        again.store.load(letters, "a")


def test_what_another_io_manager_has_is_believed_there_while_it_is_not_at_hand(instance, again, tmp_path):
    letters = made(instance, resources={"io_manager": Folder(tmp_path / "kept")})
    assert states(again, letters) == {"fresh": 2}
    with pytest.raises(UnknownPlaceError, match=r"letters 'a' was stored by .*Folder, not by .*FilesystemIOManager"):
        again.store.load(letters, "a")
    assert states(again, letters.with_io_manager(ia.FilesystemIOManager())) == {"damaged": 2}


def test_a_resource_is_given_before_states_are_looked_at(instance, again, tmp_path):
    manager = Looking(tmp_path / "kept")
    letters = made(instance, resources={"io_manager": manager})
    manager.file("a").unlink()
    resources = {"io_manager": Looking(tmp_path / "kept")}
    planned = ia.materialize([letters], instance=again, partition_keys="unfinished", resources=resources, dry_run=True)
    assert len(planned.pending[letters.key]) == 1


def test_an_asset_may_name_its_resource(instance, again, tmp_path):
    @ia.asset(io_manager_key="warehouse")
    def whole():
        return 1

    ia.materialize([whole], instance=instance, resources={"warehouse": ia.FilesystemIOManager(tmp_path / "warehouse")})
    assert instance.store.load(whole, None) == 1
    assert states(again, whole) == {"fresh": 1}
    assert again.store.load(whole, None) == 1


def test_a_reader_who_does_not_know_where_a_value_is_does_not_call_it_damaged(instance, again, tmp_path):
    letters = made(instance, ia.FilesystemIOManager(tmp_path / "other"))
    log = instance.event_log
    assert isinstance(log, SqliteEventLog)
    with log.database.write() as connection:  # as a log of the first format has it
        connection.execute("UPDATE event SET place = NULL")
    down = ia.asset(name="down", partitions_def=LETTERS)(lambda letters: letters)
    undecided = ia.asset(name="letters", partitions_def=LETTERS)(lambda: 1)
    with pytest.raises(DamagedPartitionError, match="gone"):
        again.store.load(undecided, "a")
    with pytest.raises(DamagedPartitionError, match="gone"):
        ia.materialize([down], instance=again, partition_key="a")
    assert states(instance, letters) == {"fresh": 2}
    with pytest.raises(DamagedPartitionError, match="gone"):
        again.store.load(letters.with_io_manager(ia.FilesystemIOManager()), "a")
    assert states(instance, letters) == {"fresh": 2}
