"""Values on an object store: a real S3 server is started, and spoken to over HTTP."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest
import s3fs
from moto.server import ThreadedMotoServer
from upath import UPath

from ipyassets import Instance, StaticPartitionsDefinition, asset, materialize, use_instance
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidArgumentError,
    InvalidInvocationError,
    NotMaterializedError,
    UntrustedPartitionError,
)
from ipyassets.events import InputUse
from ipyassets.storage.claims import NoClaims
from ipyassets.storage.disk_use import DiskUse
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.parquet_io import ParquetIOManager
from ipyassets.storage.paths import identity
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import NOT_SIGNED, Signer
from ipyassets.storage.upkeep import Upkeep
from ipyassets.storage.value_files import CHANGED, GONE
from tests.conformance.event_log import made
from tests.conformance.io_manager import SALES, IOManagerConformance, output, wanted

A = AssetKey("a")
MINE = Signer(secret=b"mine")
pytestmark = pytest.mark.filterwarnings("default")  # those of the S3 client and the test server are not ours


@pytest.fixture(scope="module")
def options():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield {"key": "k", "secret": "s", "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    server.stop()


@pytest.fixture
def bucket(options, request):
    """An empty bucket, as a UPath."""
    name = f"bucket-{abs(hash(request.node.nodeid))}"
    s3fs.S3FileSystem(**options).mkdir(name)
    return UPath(f"s3://{name}/storage", **options)


@pytest.fixture
def manager(bucket):
    return FilesystemIOManager(bucket, signer=MINE)


class TestPicklesOnAnObjectStore(IOManagerConformance):
    @pytest.fixture
    def manager(self, bucket):
        return FilesystemIOManager(bucket, signer=MINE)


class TestFramesOnAnObjectStore(IOManagerConformance):
    @pytest.fixture
    def manager(self, bucket):
        return ParquetIOManager(bucket, signer=MINE)

    @pytest.fixture
    def samples(self):
        return [pd.DataFrame({"n": [i]}) for i in range(3)]

    def same(self, one, other):
        return one.equals(other)


class TestPicklesOnASystemOfFolders(IOManagerConformance):
    @pytest.fixture
    def manager(self, folders):
        return folders


@pytest.fixture
def folders(request):
    """An I/O manager where a value and a folder cannot have one name, as on most systems that are no object stores."""
    return FilesystemIOManager(f"memory://{abs(hash(request.node.nodeid))}", signer=MINE)


def stored(manager, key, value):
    context = output(key)
    manager.handle_output(context, value)
    return context.stored


def test_the_object_is_a_plain_pickle_at_the_plain_path(manager, bucket):
    stored(manager, "2013-01-01", [1])
    assert pickle.loads((bucket / "sales" / "2013-01-01").read_bytes()) == [1]
    assert [str(each).rpartition("/")[2] for each in bucket.iterdir()] == ["sales"]


def test_presence_is_told_of_objects_in_place_and_aside(manager):
    stored(manager, "a", 1)
    stored(manager, "red|x", 1)
    manager.stage(output("staged"), 1)
    asked = ["a", "b", "red|x", "red|y", "staged"]
    assert manager.present(SALES, asked).tolist() == [True, False, True, False, True]


def test_a_changed_object_is_noticed_and_one_that_is_gone_too(manager, bucket):
    artifacts = stored(manager, "a", b"abcdef") | stored(manager, "b", 2)
    content = (bucket / "sales" / "a").read_bytes()
    (bucket / "sales" / "a").write_bytes(content.replace(b"abc", b"abd"))
    (bucket / "sales" / "b").unlink()
    for key, reason in (("a", CHANGED), ("b", GONE)):
        with pytest.raises(DamagedPartitionError) as caught:
            manager.load_input(wanted(key, artifacts=artifacts))
        assert caught.value.reason == reason


def test_a_folder_of_its_name_is_no_value(manager, bucket):
    stored(manager, "a", 1)
    stored(manager, "a|x", 2)
    assert manager.present(SALES, ["a", "a|x", "a|a"]).tolist() == [True, True, False]
    (bucket / "sales" / "a").unlink()
    assert manager.present(SALES, ["a", "a|x"]).tolist() == [False, True]


def test_an_object_is_not_taken_for_one_of_the_same_name_in_a_folder(manager):
    stored(manager, "a", 1)
    assert manager.present(SALES, ["a", "a|a"]).tolist() == [True, False]


def test_a_key_that_looks_like_a_version_of_another_is_one_of_its_own(manager, folders):
    for each in (manager, folders):
        artifacts: dict[str, object] = {}
        keys = ["x", "x?versionId=7", "x?versionid=7", "x%3FversionId=7", "x?y*[1]#2"]
        for key in keys:
            artifacts |= stored(each, key, key)
        assert each.present(SALES, keys).all()
        assert [each.load_input(wanted(key, artifacts=artifacts)) for key in keys] == keys


def test_what_a_folder_is_in_the_way_of_is_found_aside_and_wiped_there(log, folders):
    for key in ("a|x", "a", "b", "b|x"):
        made_by(log, folders, key, key)
        assert read(log, folders, key) == key
    assert [name for name in objects(folders) if not name.startswith(".staging/")] == ["sales/a/x", "sales/b"]
    assert keeping(log, folders).wipe(SALES, ["a", "b|x"]).files == 2
    assert objects(folders) == ["sales/a/x", "sales/b"]


def test_a_value_is_not_damaged_for_its_maker_because_somebody_else_may_not_read_it(tmp_path, folders):
    theirs = FilesystemIOManager(folders.base_dir, signer=Signer(secret=b"theirs"))
    made = asset(name="shared", io_manager_def=folders)(lambda: 1)
    read = asset(name="shared", io_manager_def=theirs)(made.compute)
    instance = Instance(tmp_path)
    materialize([made], instance=instance)
    with use_instance(instance):
        with pytest.raises(UntrustedPartitionError):
            read.value()
        assert list(made.status()["state"]) == ["fresh"]
        assert made.value() == 1
    instance.close()


def test_an_object_of_somebody_else_is_not_unpickled(manager, bucket):
    artifacts = stored(FilesystemIOManager(bucket, signer=Signer(secret=b"theirs")), "a", 1)
    with pytest.raises(UntrustedPartitionError, match="not signed by you"):
        manager.load_input(wanted("a", artifacts=artifacts))
    with pytest.raises(UntrustedPartitionError, match="nobody knows"):
        manager.load_input(wanted("a", artifacts={}))


def test_a_large_value_comes_back(manager):
    value = bytes(range(256)) * 50_000
    assert manager.load_input(wanted("a", artifacts=stored(manager, "a", value))) == value


@pytest.fixture
def log():
    log = SqliteEventLog(":memory:")
    yield log
    log.close()


def keeping(log, manager):
    return Upkeep(log, lambda _: manager, lambda: 7.0, NoClaims)


def made_by(log, manager, key, value):
    """Store and record a value as a run does."""
    log.append([made(key, SALES, artifact=stored(manager, key, value)[key])])


def left_by(log, manager, key, value):
    """Record a value as a run does that is killed before it has put it in place."""
    context = output(key)
    manager.stage(context, value)
    log.append([made(key, SALES, artifact=context.stored[key])])


@pytest.fixture
def elsewhere(bucket, options):
    """The same location as another process sees it: with listings of its own."""
    other = UPath(str(bucket), **options, skip_instance_cache=True)
    assert other.fs is not bucket.fs
    return FilesystemIOManager(other, signer=MINE)


def objects(manager):
    """The names of all objects, as they are now."""
    system, top = manager.files.folder.fs, manager.files.folder.path
    system.invalidate_cache()
    return sorted(name.removeprefix(top).lstrip("/") for name in system.find(top))


def read(log, manager, key):
    return manager.load_input(wanted(key, artifacts=log.artifacts(SALES, [key])))


def test_objects_are_verified_and_wiped(log, manager):
    for key in "ab":
        made_by(log, manager, key, key)
    upkeep = keeping(log, manager)
    assert (upkeep.verify()[0].checked, upkeep.verify()[0].damaged) == (2, {})
    assert upkeep.wipe(SALES, ["a"]).files == 1
    assert manager.present(SALES, ["a", "b"]).tolist() == [False, True]
    with pytest.raises(NotMaterializedError):
        read(log, manager, "a")


def test_what_another_process_has_made_since_the_listing_is_wiped_too(log, manager, elsewhere):
    made_by(log, manager, "a", 1)
    manager.present(SALES, ["a", "b"])
    made_by(log, elsewhere, "b", 2)
    assert keeping(log, manager).wipe(SALES, ["a", "b"]).files == 2
    assert objects(manager) == []


def test_what_another_process_has_staged_since_the_listing_is_put_in_place(manager, elsewhere):
    manager.stage(output("a"), 1)
    manager.present(SALES, ["b"])
    context = output("b")
    elsewhere.stage(context, 2)
    manager.publish(SALES, context.stored)
    assert manager.load_input(wanted("b", artifacts=context.stored)) == 2
    assert "sales/b" in objects(manager)


def test_a_value_that_is_not_in_place_is_wiped_where_it_is(log, manager):
    left_by(log, manager, "a", 1)
    manager.stage(output("b"), 2)
    keeping(log, manager).wipe(SALES, ["a"])
    [name] = objects(manager)
    assert name.startswith(f".staging/{identity(SALES, 'b')}")


def test_recorded_values_are_put_in_place_and_nothing_is_deleted(log, manager):
    left_by(log, manager, "a", 1)
    manager.stage(output("b"), 2)  # perhaps recorded in the log of another root
    upkeep = keeping(log, manager)
    assert upkeep.compact(dry_run=True).finished == 1
    assert len(objects(manager)) == 2
    assert upkeep.compact().finished == 1
    assert [name for name in objects(manager) if not name.startswith(".staging/")] == ["sales/a"]
    assert len(objects(manager)) == 2
    assert read(log, manager, "a") == 1


@pytest.mark.parametrize("error", [PermissionError("read only"), RuntimeError("no connection")])
def test_values_that_cannot_be_put_in_place_are_read_from_aside_and_put_there_later(
    tmp_path, folders, monkeypatch, error
):
    letters = StaticPartitionsDefinition(["a", "b", "c"])
    made = asset(name="made", partitions_def=letters, io_manager_def=folders)(lambda context: context.partition_key)
    system = type(folders.files.folder.fs)
    copy = system.cp_file

    def failing(self, source, place, **more):
        if place.endswith("/b"):
            raise error
        copy(self, source, place, **more)

    monkeypatch.setattr(system, "cp_file", failing)
    instance = Instance(tmp_path)
    assert materialize([made], instance=instance, partition_keys="all").success
    assert [name for name in objects(folders) if not name.startswith(".staging/")] == ["made/a", "made/c"]
    with use_instance(instance):
        assert list(made.status()["state"]) == ["fresh"] * 3
        assert [made[key] for key in "abc"] == ["a", "b", "c"]
    monkeypatch.undo()
    assert keeping(instance.event_log, folders).compact().finished == 1
    assert objects(folders) == ["made/a", "made/b", "made/c"]
    instance.close()


def test_disk_use_is_told_of_each_asset(log, manager):
    size = 0
    for key in ("a", "b", "k" * 300):
        made_by(log, manager, key, "x" * 100)
        size += log.artifacts(SALES, [key])[key].size
    assert keeping(log, manager).disk_use() == [DiskUse(SALES, 3, size, 0)]


def test_what_another_user_made_is_let_in_by_trusting_it(log, manager, bucket):
    theirs = FilesystemIOManager(bucket, signer=Signer(secret=b"theirs"))
    for key in ("a", "b", "flipped", "gone"):
        made_by(log, theirs, key, [key, "abcdef"])
    left_by(log, theirs, "aside", 5)
    versions = [log.last(SALES, key)[1].data_version for key in ("a", "aside")]
    flipped = bucket / "sales" / "flipped"
    flipped.write_bytes(flipped.read_bytes().replace(b"abc", b"abd"))
    (bucket / "sales" / "gone").unlink()
    upkeep = keeping(log, manager)
    tried = upkeep.trust(SALES, dry_run=True)
    assert dict(tried.partition_keys) == dict.fromkeys(["a", "b", "aside"], NOT_SIGNED)
    assert dict(tried.refused) == {"flipped": CHANGED, "gone": GONE}
    with pytest.raises(UntrustedPartitionError):
        read(log, manager, "a")
    assert upkeep.trust(SALES) == tried
    assert (read(log, manager, "a"), read(log, manager, "aside")) == (["a", "abcdef"], 5)
    assert [log.last(SALES, key)[1].data_version for key in ("a", "aside")] == versions
    assert log.history(SALES, "a")[0].reason == "trusted"
    assert "sales/aside" in objects(manager)
    assert upkeep.trust(SALES).partition_keys == {}


def test_what_differs_from_its_record_or_has_none_is_trusted_only_by_name(log, manager, bucket):
    made_by(log, manager, "flipped", "abcdef")
    flipped = bucket / "sales" / "flipped"
    flipped.write_bytes(flipped.read_bytes().replace(b"abc", b"abd"))
    stored(manager, "stray", 3)
    upkeep = keeping(log, manager)
    assert upkeep.trust(SALES).partition_keys == {}
    used = (InputUse(A, 1, 2),)
    named = ["flipped", "stray", "never"]
    trusted = upkeep.trust(SALES, named, code_version="v7", made_from=lambda _: used)
    assert dict(trusted.refused) == {"never": GONE}
    assert (read(log, manager, "flipped"), read(log, manager, "stray")) == ("abddef", 3)
    stray = log.last(SALES, "stray")[1]
    assert (stray.code_version, stray.inputs) == ("v7", used)


def test_versions_are_refused_where_none_can_be_kept(bucket, log, manager):
    with pytest.raises(InvalidArgumentError, match="no versions can be kept at s3://"):
        FilesystemIOManager(bucket, versions=2)
    made_by(log, manager, "a", 1)
    for refused in (lambda: keeping(log, manager).versions(SALES, "a"), lambda: keeping(log, manager).rename(SALES, A)):
        with pytest.raises(InvalidInvocationError, match="only there are versions kept, and assets renamed"):
            refused()


def test_a_manager_of_a_remote_location_can_be_sent_to_a_worker(manager):
    artifacts = stored(manager, "a", 5)
    assert pickle.loads(pickle.dumps(manager)).load_input(wanted("a", artifacts=artifacts)) == 5
