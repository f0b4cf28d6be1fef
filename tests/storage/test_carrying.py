"""Small values that the log carries until the disk has their files: what a power cut takes comes back from there."""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import signal
import sqlite3
import stat
import tempfile
import threading
import time
from pathlib import Path

import pytest

from ipyassets import Instance, StaticPartitionsDefinition, asset, materialize
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, InvalidInvocationError, NotMaterializedError
from ipyassets.events import State
from ipyassets.storage.carrying import FEW, LARGEST, MANY, Recorder, carry, recover
from ipyassets.storage.paths import identity
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.repair import repair
from ipyassets.storage.signature import Signer
from tests.faults.hardship import NOBODY
from tests.storage.store import SALES, Store

KEYS = ["a", "b", "c"]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


def carried(root):
    """How many values a log carries, as another program sees it."""
    with contextlib.closing(sqlite3.connect(root / "events.sqlite")) as reader:
        return reader.execute("SELECT count(*) FROM carried").fetchone()[0]


def opened_again(store, secret=b"mine"):
    """Open the log as the next process does, which finds whatever the last one left."""
    recover(store.log, lambda: Signer(secret=secret))


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def filled_with_zeros(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.parametrize("take", [emptied, filled_with_zeros, Path.unlink])
def test_what_a_power_cut_takes_is_written_again_and_put_in_place_by_the_next_housekeeping(store, take):
    store.make("a", {"number": 1})
    take(store.file("a"))
    opened_again(store)
    assert store.read("a") == {"number": 1}
    assert carried(store.root) == 0
    assert store.upkeep.compact().finished == 1
    assert store.read("a") == {"number": 1}
    assert store.aside == []


@pytest.mark.parametrize("take", [emptied, Path.unlink])
def test_a_power_cut_before_a_value_is_put_in_place_leaves_the_new_one(store, take):
    store.make("a", 1)
    store.record("a", 2)
    (name,) = store.aside
    take(Path(store.files.staging, name))
    opened_again(store)
    assert store.read("a") == 2
    assert store.upkeep.compact().finished == 1
    assert store.read("a") == 2


def test_values_that_are_there_are_let_alone_and_no_longer_carried(store):
    store.make("a", 1)
    store.record("b", 2)
    before = store.file("a").stat().st_ino, store.aside
    opened_again(store)
    assert (store.file("a").stat().st_ino, store.aside) == before
    assert carried(store.root) == 0
    assert [store.read(key) for key in "ab"] == [1, 2]


def test_a_value_that_was_replaced_does_not_come_back(store):
    store.make("a", 1)
    store.make("a", "x" * 2 * LARGEST)
    opened_again(store)
    assert (carried(store.root), store.aside) == (0, [])
    assert store.read("a") == "x" * 2 * LARGEST


def test_a_value_that_stands_by_another_record_comes_back(store):
    event = store.make("a", 1)
    store.log.append([event])  # as `settle` does
    emptied(store.file("a"))
    opened_again(store)
    assert store.read("a") == 1


def test_a_value_that_somebody_else_has_just_put_in_place_is_recorded(store):
    event = store.make("a", 1)
    store.recorder.record([event], [store.files.staged(SALES, "a", event.artifact.digest)], lambda: None)
    assert [each.artifact for each in store.log.history(SALES, "a")] == [event.artifact] * 2
    emptied(store.file("a"))
    opened_again(store)
    assert store.read("a") == 1


def test_a_wiped_value_is_carried_no_longer(store):
    store.make("a", 1)
    store.make("a", 2)
    store.make("b", 3)
    store.upkeep.wipe(SALES, ["a"])
    assert carried(store.root) == 1
    opened_again(store)
    with pytest.raises(NotMaterializedError):
        store.read("a")
    assert store.read("b") == 3


def test_a_value_that_is_wiped_while_the_log_is_opened_does_not_come_back(store):
    store.make("a", 1)
    emptied(store.file("a"))
    somebody = Store(store.root)
    wiping = threading.Thread(target=somebody.upkeep.wipe, args=(SALES, ["a"]))

    def signer():
        wiping.start()
        wiping.join(0.3)  # if it can: this thread is about to write the value again
        return Signer(secret=b"mine")

    recover(store.log, signer)
    wiping.join()
    assert (carried(store.root), store.aside) == (0, [])
    somebody.close()


def test_what_was_put_in_the_place_of_a_carried_value_by_hand_stays_there(store):
    store.make("a", 1)
    store.file("a").write_bytes(by_hand := pickle.dumps("by hand"))
    opened_again(store)
    with pytest.raises(DamagedPartitionError):
        store.read("a")
    store.upkeep.trust(SALES, ["a"])
    assert store.file("a").read_bytes() == by_hand
    assert store.read("a") == "by hand"


def test_a_renamed_asset_takes_what_the_log_carries_of_it_along(store):
    store.make("a", 1)
    store.upkeep.rename(SALES, "income")
    (file,) = (store.root / "storage" / "income").iterdir()
    emptied(file)
    opened_again(store)
    (artifact,) = store.log.artifacts(renamed := store.log.asset_keys()[0], ["a"]).values()
    with store.files.verified(renamed, "a", artifact) as found:
        assert store.manager.load(found) == 1


def test_an_asset_that_is_renamed_while_it_is_being_delivered_stays_carried(store, monkeypatch):
    store.make("a", 1)
    file, real, somebody = str(store.file("a")), os.open, Store(store.root)

    def renamed_first(path, *arguments, **more):
        if path == file:
            monkeypatch.setattr(os, "open", real)
            somebody.upkeep.rename(SALES, "income")
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", renamed_first)
    store.recorder.deliver()
    assert store.log.asset_keys() == [AssetKey("income")]
    assert carried(store.root) == 1
    somebody.close()


def test_what_stands_in_the_way_of_a_folder_is_found_there(store):
    store.make("a", 1)
    store.make("a|b", 2)
    assert store.file("a").name == "%value"
    opened_again(store)
    assert (carried(store.root), store.aside) == (0, [])
    assert [store.read(key) for key in ("a", "a|b")] == [1, 2]


def test_a_repaired_log_carries_what_the_damaged_one_did(store):
    store.make("a", 1)
    store.make("b", 2)
    store.record("c", 3)
    repair(store.root / "events.sqlite")
    assert carried(store.root) == 3
    for file in (store.file("a"), store.file("b"), Path(store.files.staging, *store.aside)):
        emptied(file)
    opened_again(store)
    assert [store.read(key) for key in KEYS] == [1, 2, 3]


def test_a_repaired_log_carries_what_was_made_again_after_it_was_wiped(store):
    store.make("a", 1)
    store.upkeep.wipe(SALES, ["a"])
    store.make("a", 2)
    repair(store.root / "events.sqlite")
    emptied(store.file("a"))
    opened_again(store)
    assert store.read("a") == 2


def test_what_somebody_else_signed_is_left_to_him(store):
    store.make("a", 1)
    emptied(store.file("a"))
    opened_again(store, b"another's")
    assert (carried(store.root), store.aside) == (1, [])
    with pytest.raises(DamagedPartitionError):
        store.read("a")
    opened_again(store)
    assert store.read("a") == 1


def changed(store, statement, *arguments):
    with contextlib.closing(sqlite3.connect(store.root / "events.sqlite")) as connection, connection:
        connection.execute(statement, arguments)


def test_bytes_that_are_not_those_recorded_are_not_written(store):
    store.make("a", 1)
    emptied(store.file("a"))
    changed(store, "UPDATE carried SET value = ?", b"cos\nsystem\n")
    opened_again(store)
    assert store.aside == []
    with pytest.raises(DamagedPartitionError):
        store.read("a")


@pytest.mark.parametrize("location", ["../outside", "{}/outside", "storage/../../outside", "s3://outside"])
def test_nothing_is_written_outside_of_the_root_whatever_a_log_says(store, tmp_path, location):
    store.make("a", 1)
    emptied(store.file("a"))
    changed(store, "UPDATE place SET location = ?", location.format(tmp_path))
    (tmp_path / "outside").mkdir()
    opened_again(store)
    assert list((tmp_path / "outside").iterdir()) == []
    assert carried(store.root) == 1


def test_nothing_is_written_through_a_link_that_leads_out_of_the_root(store, tmp_path):
    store.make("a", 1)
    emptied(store.file("a"))
    Path(store.files.staging).rmdir()
    (tmp_path / "outside").mkdir()
    Path(store.files.staging).symlink_to(tmp_path / "outside")
    opened_again(store)
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET path = '../../outside'", "UPDATE event SET digest = substr(digest, 1, 64) || ?"]
)
def test_nothing_outside_of_the_root_is_opened_whatever_a_log_says(store, tmp_path, monkeypatch, statement):
    store.make("a", 1)
    (tmp_path / "outside").touch()
    (tmp_path / "root" / "storage" / ".staging" / f"{identity(SALES, 'a')}-").mkdir()  # a name may lead through it
    changed(store, "UPDATE latest SET made = NULL")
    changed(store, statement, *["/../../../../outside"] * statement.count("?"))
    seen, real = [], os.open

    def watched(path, *arguments, **more):
        seen.append(os.path.realpath(path))
        return real(path, *arguments, **more)

    monkeypatch.setattr(os, "open", watched)
    opened_again(store)
    assert str(tmp_path / "outside") not in seen


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE carried SET value = 'text'",
        "UPDATE event SET digest = NULL",
        "UPDATE event SET path = NULL",
        "UPDATE event SET path = 'x' || char(0)",
        "UPDATE place SET location = 'x' || char(0)",
        "UPDATE place SET location = x'00'",
        "UPDATE asset SET key = 'x'",
        "UPDATE asset SET key = '7'",
        "UPDATE asset SET key = x'ff'",
    ],
)
def test_a_damaged_log_can_be_opened_whatever_it_says_of_what_it_carries(store, damage):
    store.make("a", 1)
    emptied(store.file("a"))
    changed(store, damage)
    opened_again(store)
    assert carried(store.root) == 1


def test_what_keeps_one_value_from_being_written_again_keeps_no_other(store):
    store.make("a", 1)
    store.make("b", 2)
    emptied(store.file("a"))
    emptied(store.file("b"))
    changed(store, "INSERT INTO place (location, manager) VALUES ('events.sqlite', '')")  # no folder
    changed(store, "UPDATE event SET place = 2 WHERE partition = 'a'")
    opened_again(store)
    assert store.read("b") == 2
    assert carried(store.root) == 1


def test_only_few_and_small_values_are_carried(store):
    values = {"small": 1, "large": "x" * LARGEST, **{str(number): number for number in range(FEW)}}
    events = {key: store.record(key, value) for key, value in values.items()}
    files = {key: store.files.staged(SALES, key, event.artifact.digest) for key, event in events.items()}

    def of(*keys):
        staged = [files[key] for key in keys]
        found, flushed = carry(store.log, [events[key] for key in keys], staged, lambda: store.files.signer)
        return [keys[i] for i in found], sorted(flushed)

    assert of("small", "large") == (["small"], [files["large"]])
    assert of(*map(str, range(FEW))) == ([str(number) for number in range(FEW)], [])
    assert of("small", *map(str, range(FEW))) == ([], sorted(files[key] for key in files if key != "large"))


def test_the_log_forgets_what_it_carries_once_that_is_much(store):
    for number in range(MANY - 1):
        store.make(str(number), number)
    assert carried(store.root) == MANY - 1
    store.make("last", 1)
    assert carried(store.root) == 0


def test_a_version_has_reached_the_disk_before_it_is_one(tmp_path, monkeypatch):
    store = Store(tmp_path / "root", versions=2)
    flushed, fsync = [], os.fsync

    def watched(descriptor):
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    for number in range(3):
        store.make("a", number)
    kept = [each for each in store.files.versions.folder.rglob("*") if each.is_file()]
    assert len(kept) == 3
    assert {each.stat().st_ino for each in kept} <= set(flushed)
    store.close()


def letters(partitions=KEYS):
    @asset(partitions_def=StaticPartitionsDefinition(partitions))
    def letters(context):
        return context.partition_key * 3

    return letters


def test_the_next_instance_finds_all_that_a_run_has_made_though_a_power_cut_took_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(Recorder, "deliver_soon", lambda _: None)  # it never comes to that
    made = letters()
    materialize([made], partition_keys="all", instance=Instance(tmp_path))
    assert carried(tmp_path) == len(KEYS)
    monkeypatch.undo()
    for key in KEYS:
        emptied(tmp_path / "storage" / "letters" / key)
    instance, graph = Instance(tmp_path), AssetGraph.of([made])
    assert instance.facts(graph).counts(made.key) == {State.FRESH: 3}
    assert [instance.store.load(made, key) for key in KEYS] == ["aaa", "bbb", "ccc"]
    materialize([made], partition_keys=["a"], instance=instance)
    assert [(tmp_path / "storage" / "letters" / key).stat().st_size > 0 for key in KEYS] == [True] * 3
    instance.close()
    assert carried(tmp_path) == 0


def test_what_an_io_manager_signs_with_a_key_of_its_own_is_not_carried(tmp_path, monkeypatch):
    monkeypatch.setattr(Recorder, "deliver_soon", lambda _: None)
    instance = Instance(tmp_path, io_manager=FilesystemIOManager(signer=Signer(secret=b"its own")))
    materialize([letters()], partition_keys="all", instance=instance)
    assert carried(tmp_path) == 0  # nobody who opens the log could tell whose it is
    instance.close()


def test_a_run_that_has_ended_leaves_nothing_for_the_log_to_carry(tmp_path):
    instance = Instance(tmp_path)
    materialize([letters()], partition_keys="all", instance=instance)
    instance.close()
    assert carried(tmp_path) == 0


def test_closing_waits_for_what_is_being_delivered(tmp_path, monkeypatch):
    begun, fsync = threading.Event(), os.fsync

    def slowly(descriptor):
        begun.set()
        time.sleep(0.1)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slowly)
    instance = Instance(tmp_path)
    materialize([letters()], partition_keys="all", instance=instance)
    assert begun.wait(5)
    instance.close()
    assert carried(tmp_path) == 0


def refuse(_descriptor):
    raise OSError(errno.EIO, "Input/output error")


def test_values_are_recorded_though_the_disk_refuses_the_files_of_those_before(store, monkeypatch):
    monkeypatch.setattr(os, "fsync", refuse)
    for number in range(MANY + 1):
        store.make(str(number), number)
    assert carried(store.root) == MANY + 1


@contextlib.contextmanager
def without_privileges(folder):
    """As somebody to whom permissions mean something."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, -1)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="permissions are others there")
@pytest.mark.parametrize(("mode", "left"), [(0o444, 0), (0o000, 1)])
def test_the_log_forgets_all_values_but_those_whose_files_are_shut_to_this_user(mode, left):
    with tempfile.TemporaryDirectory() as folder:  # pytest's are shut to everybody else
        store = Store(Path(folder))
        store.make("a", 1)
        store.make("b", 2)
        store.file("a").chmod(mode)
        with without_privileges(store.root):
            store.recorder.deliver()
        assert carried(store.root) == left
        store.close()


def test_the_log_forgets_values_where_the_file_system_cannot_be_asked_to_flush_a_folder(store, monkeypatch):
    fsync = os.fsync

    def of_files_alone(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", of_files_alone)
    store.make("a", 1)
    store.recorder.deliver()
    assert carried(store.root) == 0


def test_an_interrupt_comes_once_what_is_being_delivered_is(store, monkeypatch):
    fsync = os.fsync

    def interrupted(descriptor):
        signal.raise_signal(signal.SIGINT)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", interrupted)
    store.make("a", 1)
    with pytest.raises(KeyboardInterrupt):
        store.recorder.deliver()
    assert carried(store.root) == 0


def test_an_instance_lets_go_of_a_log_that_was_damaged_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setattr(Recorder, "deliver_soon", lambda _: None)
    instance = Instance(tmp_path)
    materialize([letters()], partition_keys="all", instance=instance)
    with contextlib.closing(sqlite3.connect(tmp_path / "events.sqlite")) as connection:
        connection.execute("DROP TABLE carried")
    instance.close()
    with pytest.raises(InvalidInvocationError, match="closed"):
        instance.event_log.cursor()


def test_a_store_that_cannot_be_written_to_is_read_all_the_same(store, monkeypatch):
    store.make("a", 1)
    store.make("b", 2)
    emptied(store.file("a"))
    monkeypatch.setattr(os, "fsync", refuse)
    opened_again(store)
    assert store.read("b") == 2
    assert carried(store.root) == 2
    monkeypatch.undo()
    opened_again(store)
    assert [store.read(key) for key in "ab"] == [1, 2]


def test_a_disk_that_is_full_when_a_value_is_written_again_leaves_it_to_the_log(store, monkeypatch):
    store.make("a", "x" * 3000)
    emptied(store.file("a"))
    room, write = [1000], os.write

    def written(descriptor, data):
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = write(descriptor, bytes(data)[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", written)
    opened_again(store)
    assert (carried(store.root), store.aside) == (1, [])
    monkeypatch.undo()
    opened_again(store)
    assert store.read("a") == "x" * 3000
