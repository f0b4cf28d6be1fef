"""Values on an object store: a real S3 server is started, and spoken to over HTTP."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest
import s3fs
from moto.server import ThreadedMotoServer
from upath import UPath

from ipyassets.errors import DamagedPartitionError, NotMaterializedError, UntrustedPartitionError
from ipyassets.storage.claims import NoClaims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.parquet_io import ParquetIOManager
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from ipyassets.storage.upkeep import Upkeep
from ipyassets.storage.value_files import CHANGED, GONE
from tests.conformance.event_log import made
from tests.conformance.io_manager import SALES, IOManagerConformance, output, wanted

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


def test_an_object_of_somebody_else_is_not_unpickled(manager, bucket):
    artifacts = stored(FilesystemIOManager(bucket, signer=Signer(secret=b"theirs")), "a", 1)
    with pytest.raises(UntrustedPartitionError, match="not signed by you"):
        manager.load_input(wanted("a", artifacts=artifacts))
    with pytest.raises(UntrustedPartitionError, match="nobody knows"):
        manager.load_input(wanted("a", artifacts={}))


def test_a_large_value_comes_back(manager):
    value = bytes(range(256)) * 50_000
    assert manager.load_input(wanted("a", artifacts=stored(manager, "a", value))) == value


def test_objects_are_verified_and_wiped(manager):
    log = SqliteEventLog(":memory:")
    for key in "ab":
        log.append([made(key, SALES, artifact=stored(manager, key, key)[key])])
    upkeep = Upkeep(log, lambda _: manager, lambda: 0.0, NoClaims)
    assert (upkeep.verify()[0].checked, upkeep.verify()[0].damaged) == (2, {})
    assert upkeep.wipe(SALES, ["a"]).files == 1
    assert manager.present(SALES, ["a", "b"]).tolist() == [False, True]
    with pytest.raises(NotMaterializedError):
        manager.load_input(wanted("a", artifacts={}))
    log.close()


def test_a_manager_of_a_remote_location_can_be_sent_to_a_worker(manager):
    artifacts = stored(manager, "a", 5)
    assert pickle.loads(pickle.dumps(manager)).load_input(wanted("a", artifacts=artifacts)) == 5
