from __future__ import annotations

import os
import pickle
import stat
import threading
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from upath import UPath

from ipyassets import Instance, asset, materialize
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidInvocationError,
    NotMaterializedError,
    UnknownPlaceError,
    UnstorableValueError,
    UntrustedPartitionError,
)
from ipyassets.events import Artifact
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from ipyassets.storage.value_files import ValueFiles
from tests.conformance.io_manager import SALES, IOManagerConformance, output, wanted

MINE = Signer(secret=b"mine")


@pytest.fixture
def manager(tmp_path):
    return FilesystemIOManager(tmp_path, signer=MINE)


class TestOnDisk(IOManagerConformance):
    @pytest.fixture
    def manager(self, tmp_path):
        return FilesystemIOManager(tmp_path, signer=MINE)


class TestWithoutWaitingForTheDisk(IOManagerConformance):
    @pytest.fixture
    def manager(self, tmp_path):
        return FilesystemIOManager(tmp_path, signer=MINE, durable=False)


def stored(manager: FilesystemIOManager, key: str | None, value: object) -> dict[str, Artifact]:
    context = output(key)
    manager.handle_output(context, value)
    return {name: artifact for name, artifact in context.stored.items() if isinstance(artifact, Artifact)}


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_partition_is_one_plain_pickle_at_the_plain_path(manager, tmp_path):
    stored(manager, "2013-01-01", {"n": 1})
    with (tmp_path / "sales" / "2013-01-01").open("rb") as file:
        assert pickle.load(file) == {"n": 1}
    assert names(tmp_path) == {".staging", "sales"}
    assert names(tmp_path / ".staging") == set()


def test_the_artifact_says_where_how_large_and_what(manager, tmp_path):
    [artifact] = stored(manager, "a", {"n": 1}).values()
    assert artifact.path == "sales/a"
    assert artifact.size == (tmp_path / "sales" / "a").stat().st_size


def test_the_same_content_is_known_as_such_wherever_it_lies(manager, tmp_path):
    elsewhere = FilesystemIOManager(tmp_path / "other", signer=Signer(secret=b"somebody else"))
    contents = {
        artifact.content
        for where, key in ((manager, "a"), (manager, "b"), (elsewhere, "a"))
        for artifact in stored(where, key, [1, 2, 3]).values()
    }
    assert len(contents) == 1


def test_a_value_that_cannot_be_pickled_leaves_the_previous_one(manager, tmp_path):
    artifacts = stored(manager, "a", 1)
    with pytest.raises(UnstorableValueError, match=r"function cannot be pickled.*name the function"):
        stored(manager, "a", lambda: None)
    assert manager.load_input(wanted("a", artifacts=artifacts)) == 1
    assert names(tmp_path / ".staging") == set()


def test_a_value_that_fails_halfway_leaves_no_file(manager, tmp_path):
    with pytest.raises(UnstorableValueError):
        stored(manager, "a", [np.zeros(1 << 20), (i for i in range(3))])
    assert names(tmp_path / ".staging") == set()
    assert not (tmp_path / "sales").exists()


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ((i for i in range(3)), "return a list or a frame"),
        (open(os.devnull), "not the handle"),  # noqa: PTH123, SIM115
        ([threading.Lock()], "return the data in it"),
        (asset(key="up")(lambda: 1), "run this asset's cell again"),
    ],
)
def test_the_error_says_what_to_return_instead(manager, value, advice):
    with pytest.raises(UnstorableValueError, match=advice):
        stored(manager, "a", value)


def test_a_changed_byte_is_noticed_before_unpickling(manager, tmp_path):
    artifacts = stored(manager, "a", {"n": 1})
    path = tmp_path / "sales" / "a"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedPartitionError, match="sales 'a': its file is not what was stored"):
        manager.load_input(wanted("a", artifacts=artifacts))


def test_a_changed_byte_of_a_large_value_is_noticed(manager, tmp_path):
    artifacts = stored(manager, "a", np.zeros(1 << 20))
    with (tmp_path / "sales" / "a").open("r+b") as file:
        file.seek(4_000_000)
        file.write(b"\x01")
    with pytest.raises(DamagedPartitionError):
        manager.load_input(wanted("a", artifacts=artifacts))


def test_a_file_that_is_gone_is_damage_not_absence(manager, tmp_path):
    artifacts = stored(manager, "a", 1)
    (tmp_path / "sales" / "a").unlink()
    with pytest.raises(DamagedPartitionError, match="is gone") as caught:
        manager.load_input(wanted("a", artifacts=artifacts))
    error = pickle.loads(pickle.dumps(caught.value))  # as a worker sends it
    assert (error.asset_key, error.partition_key, error.reason) == (SALES, "a", "its file is gone")
    assert str(error) == str(caught.value)


def test_two_swapped_files_are_noticed(manager, tmp_path):
    artifacts = stored(manager, "a", 1) | stored(manager, "b", 2)
    a, b = tmp_path / "sales" / "a", tmp_path / "sales" / "b"
    content = a.read_bytes()
    a.write_bytes(b.read_bytes())
    b.write_bytes(content)
    for key in "ab":
        with pytest.raises(DamagedPartitionError):
            manager.load_input(wanted(key, artifacts=artifacts))


class CreatesAFile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_a_pickle_signed_with_another_key_is_never_unpickled(manager, tmp_path):
    theirs = FilesystemIOManager(tmp_path, signer=Signer(secret=b"theirs"))
    artifacts = stored(theirs, "a", CreatesAFile(tmp_path / "proof"))
    with pytest.raises(UntrustedPartitionError, match="not signed by you"):
        manager.load_input(wanted("a", artifacts=artifacts))
    assert not (tmp_path / "proof").exists()
    theirs.load_input(wanted("a", artifacts=artifacts))
    assert (tmp_path / "proof").exists()


def test_a_pickle_without_a_record_is_never_unpickled(manager, tmp_path):
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "a").write_bytes(pickle.dumps(CreatesAFile(tmp_path / "proof")))
    with pytest.raises(UntrustedPartitionError, match=r"trust\(\) lets it in"):
        manager.load_input(wanted("a", artifacts={}))
    assert not (tmp_path / "proof").exists()


def test_a_record_of_another_partition_does_not_let_a_file_in(manager):
    artifacts = stored(manager, "a", 1)
    stored(manager, "b", 1)
    with pytest.raises(UntrustedPartitionError):
        manager.load_input(wanted("b", artifacts={"b": artifacts["a"]}))


def test_a_recorded_value_whose_writer_died_before_putting_it_in_place_is_found(manager, tmp_path):
    context = output("a")
    manager.stage(context, "new")
    assert manager.present(SALES, ["a", "b"]).tolist() == [True, False]
    for _ in range(2):
        assert manager.load_input(wanted("a", artifacts=context.stored)) == "new"
    assert not (tmp_path / "sales").exists()  # a reader changes nothing


def test_whoever_writes_into_a_file_while_it_is_read_changes_nothing(manager, tmp_path):
    artifacts = stored(manager, "a", [b"x" * 100_000] * 9)
    evil = pickle.dumps(CreatesAFile(tmp_path / "proof"))
    with (
        manager.files.verified(SALES, "a", artifacts["a"]) as file,
        (tmp_path / "sales" / "a").open("r+b") as writer,
    ):
        writer.write(evil)
        writer.flush()
        assert manager.load(file) == [b"x" * 100_000] * 9
    assert not (tmp_path / "proof").exists()


def test_a_recorded_overwrite_whose_writer_died_is_found_too(manager):
    stored(manager, "a", "old")
    context = output("a")
    manager.stage(context, "new")
    assert manager.load_input(wanted("a", artifacts=context.stored)) == "new"


def test_presence_is_told_for_every_kind_of_key(manager):
    for key in ("a", "red|2024-01-01", "x/y", "con", None):
        stored(manager, key, 1)
    asked = ["a", "b", "red|2024-01-01", "red|2024-01-02", "blue|2024-01-01", "x/y", "x/z", "con", ""]
    # With partitions in its folder, the asset's own file is set aside in it.
    assert manager.present(SALES, asked).tolist() == [True, False, True, False, False, True, False, True, True]
    assert manager.present(AssetKey("never"), ["a"]).tolist() == [False]
    assert manager.present(SALES, []).tolist() == []


def test_missing_partitions_can_be_left_out(manager):
    artifacts = stored(manager, "a", 1)
    loaded = manager.load_input(wanted("b", "a", artifacts=artifacts, gives_one=False, allow_missing_partitions=True))
    assert loaded == {"a": 1}
    with pytest.raises(NotMaterializedError):
        manager.load_input(wanted("b", "a", artifacts=artifacts, gives_one=False))


def test_partitions_whose_files_are_gone_can_be_left_out_and_changed_ones_cannot(manager, tmp_path):
    artifacts = stored(manager, "a", 1) | stored(manager, "b", 2)
    (tmp_path / "sales" / "b").unlink()
    loosely = partial(wanted, artifacts=artifacts, allow_missing_partitions=True)
    assert manager.load_input(loosely("b", "a", gives_one=False)) == {"a": 1}
    assert manager.load_input(loosely("b")) is None
    with pytest.raises(DamagedPartitionError, match="its file is gone"):
        manager.load_input(wanted("b", artifacts=artifacts))
    (tmp_path / "sales" / "b").write_bytes(b"changed")
    for asked in (loosely("b", "a", gives_one=False), loosely("b")):
        with pytest.raises(DamagedPartitionError, match="not what was stored"):
            manager.load_input(asked)


def test_a_value_that_is_elsewhere_by_its_record_is_not_left_out(manager, tmp_path):
    elsewhere = FilesystemIOManager(tmp_path / "elsewhere", signer=MINE)
    artifacts = stored(elsewhere, "a", 1) | stored(elsewhere, "b", 2)
    elsewhere.delete(SALES, ["b"])
    loosely = partial(wanted, artifacts=artifacts, allow_missing_partitions=True)
    assert manager.load_input(loosely("a", "b", gives_one=False)) == {"a": 1}


class Defaulting(FilesystemIOManager):
    """Gives a default for what is not stored, as I/O managers that go by files do."""

    def load_input(self, context):
        try:
            return super().load_input(context)
        except FileNotFoundError:
            return "default"


def test_what_was_never_stored_is_a_file_that_is_not_found(tmp_path):
    manager = Defaulting(tmp_path, signer=MINE)
    assert manager.load_input(wanted("a", artifacts={})) == "default"
    with pytest.raises(NotMaterializedError) as caught:
        FilesystemIOManager(tmp_path, signer=MINE).load_input(wanted("a", artifacts={}))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert str(caught.value).startswith("sales 'a' is not materialized: nothing is stored at ")


def test_what_was_never_stored_is_told_the_same_beside_dask():
    import distributed  # noqa: F401 - has every exception pickled in a way of its own from then on

    error = pickle.loads(pickle.dumps(NotMaterializedError("nothing is stored")))
    assert isinstance(error, NotMaterializedError)
    assert str(error) == "nothing is stored"


def test_large_partitions_of_a_slice_are_all_loaded(manager):
    artifacts: dict[str, Artifact] = {}
    for i, key in enumerate("abc"):
        artifacts |= stored(manager, key, np.full(1 << 16, i))
    loaded = manager.load_input(wanted("c", "a", "b", artifacts=artifacts, gives_one=False))
    assert [int(value[0]) for value in loaded.values()] == [2, 0, 1]


def test_a_class_that_is_gone_is_explained(manager, tmp_path):
    artifacts = stored(manager, "a", CreatesAFile)
    try:
        del globals()["CreatesAFile"]
        with pytest.raises(AttributeError) as caught:
            manager.load_input(wanted("a", artifacts=artifacts))
    finally:
        globals()["CreatesAFile"] = CREATES
    assert "run the cell that defines it" in caught.value.__notes__[0]


CREATES = CreatesAFile


def test_a_manager_without_a_folder_says_so():
    with pytest.raises(InvalidInvocationError, match="base_dir"):
        FilesystemIOManager().path(SALES, "a")


def test_an_instance_gives_a_manager_what_it_lacks(tmp_path):
    assert FilesystemIOManager().bound(tmp_path, MINE).path(SALES, "a") == tmp_path / "sales" / "a"
    kept = FilesystemIOManager(tmp_path / "mine", durable=False).bound(tmp_path, MINE)
    assert kept.path(SALES, "a") == tmp_path / "mine" / "sales" / "a"
    assert not kept.durable


@pytest.mark.parametrize("kind", [str, UPath])
@pytest.mark.parametrize("prefix", ["", "file://", "local://"])
def test_a_folder_of_this_machine_is_one_however_it_is_written(tmp_path, kind, prefix):
    manager = FilesystemIOManager(kind(f"{prefix}{tmp_path}"), signer=MINE, versions=1)
    assert isinstance(manager.files, ValueFiles)
    assert manager.files.folder == tmp_path
    artifacts = stored(manager, None, 1) | stored(manager, "a", 2)
    assert manager.load_input(wanted(None, artifacts=artifacts)) == 1
    assert manager.load_input(wanted("a", artifacts=artifacts)) == 2


@pytest.mark.parametrize("kind", [str, Path])
def test_a_tilde_begins_the_folder_of_the_user(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    manager = FilesystemIOManager(kind("~/values"), signer=MINE)
    assert manager.load_input(wanted("a", artifacts=stored(manager, "a", 1))) == 1
    assert manager.kept_at == str(tmp_path / "home" / "values")
    assert [each.name for each in tmp_path.iterdir()] == ["home"]


def test_a_manager_can_be_sent_to_a_worker_without_the_key(tmp_path):
    manager = FilesystemIOManager(tmp_path, signer=Signer(key_file=tmp_path / "key"))
    artifacts = stored(manager, "a", 5)
    sent = pickle.dumps(manager)
    assert (tmp_path / "key").read_bytes() not in sent
    assert pickle.loads(sent).load_input(wanted("a", artifacts=artifacts)) == 5


def test_files_are_readable_as_the_user_wants(manager, tmp_path):
    before = os.umask(0o027)
    try:
        stored(manager, "a", 1)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "sales" / "a").stat().st_mode) == 0o640


class Compressed(FilesystemIOManager):
    """Changes values on their way, in Dagster's two methods."""

    def handle_output(self, context, obj):
        super().handle_output(context, zlib.compress(pickle.dumps(obj)))

    def load_input(self, context):
        packed = super().load_input(context)
        assert isinstance(packed, bytes)
        return pickle.loads(zlib.decompress(packed))


def test_a_run_goes_through_the_handle_output_of_a_subclass(tmp_path):
    @asset(io_manager_def=Compressed())
    def made():
        return [1, 2, 3]

    instance = Instance(tmp_path)
    materialize([made], instance=instance)
    assert zlib.decompress(pickle.loads((tmp_path / "storage" / "made").read_bytes())) == pickle.dumps([1, 2, 3])
    assert instance.store.load(made, None) == [1, 2, 3]
    instance.close()


def test_what_a_subclass_hands_on_is_staged_as_any_other_value(tmp_path):
    manager = Compressed(tmp_path, signer=MINE)
    before, later = output("a"), output("a")
    manager.handle_output(before, 1)
    manager.stage(later, 2)
    assert manager.load_input(wanted("a", artifacts=before.stored)) == 1
    manager.publish(SALES, later.stored)
    assert manager.load_input(wanted("a", artifacts=later.stored)) == 2


CUT = pickle.dumps(["a", "b"], 5)[:2], pickle.dumps("x" * 100_000, 5)[:-7]


@pytest.mark.parametrize("content", [b"PAR1", b"", b"I12x\n.", b"\x80\x63", *CUT])
def test_what_is_no_pickle_is_told_where_nobody_recorded_who_stored_it(manager, content):
    artifact = manager.files.stage(SALES, "a", lambda file: file.write(content))
    manager.publish(SALES, {"a": artifact})
    with pytest.raises(UnknownPlaceError, match="is no pickle"):
        manager.load_input(wanted("a", artifacts={"a": artifact}))


class Choosy:
    """Does not take back the state it was stored with."""

    def __init__(self, error):
        self.error = error

    def __setstate__(self, state):
        raise state["error"]


@pytest.mark.parametrize("error", [EOFError, ValueError, IndexError, OSError])
def test_what_a_value_raises_when_it_is_unpickled_is_its_own_error(manager, error):
    context = output("a")
    manager.handle_output(context, Choosy(error("mine")))
    with pytest.raises(error, match="mine"):
        manager.load_input(wanted("a", artifacts=context.stored))
