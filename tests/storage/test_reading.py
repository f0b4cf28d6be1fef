from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ipyassets.errors import DamagedPartitionError
from ipyassets.storage import reading
from ipyassets.storage.reading import WHOLE, ValueFile, by_path, looked_at
from ipyassets.storage.value_files import CHANGED, UNREADABLE
from tests.storage.store import SALES, Store

MIB = 1 << 20
FORKED = """
import os, sys
from ipyassets.storage.reading import ValueFile, looked_at

def read():
    looked_at(sys.argv[1])
    assert ValueFile(sys.argv[1]).readinto(bytearray(8 << 20)) == 8 << 20

read()
if (child := os.fork()) == 0:
    read()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


def test_a_forked_child_reads_a_large_file_although_the_threads_stay_with_its_parent(tmp_path):
    (tmp_path / "large").write_bytes(bytes(8 * MIB))
    program = [sys.executable, "-c", FORKED, str(tmp_path / "large")]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "0\n"


@pytest.mark.parametrize("size", [4 * MIB - 1, 4 * MIB, 5 * MIB + 1, 20 * MIB])
@pytest.mark.parametrize("skipped", [0, 7])
@pytest.mark.parametrize("there", [4 * MIB + 3, 11 * MIB])
def test_large_pieces_are_read_in_parts_as_they_would_be_in_one(tmp_path, monkeypatch, size, skipped, there):
    monkeypatch.setattr(reading, "_STRETCH", 6 * MIB)
    content = os.urandom(there)
    (tmp_path / "large").write_bytes(content)
    piece = bytearray(size)
    with ValueFile(tmp_path / "large") as file:
        file.seek(skipped)
        count = file.readinto(piece)
        assert count == min(size, 6 * MIB, there - skipped)
        assert piece[:count] == content[skipped : skipped + count]
        assert file.read() == content[skipped + count :]


def test_a_value_of_many_stretches_is_read_whole(store, monkeypatch):
    monkeypatch.setattr(reading, "_STRETCH", 5 * MIB)
    value = os.urandom(17 * MIB)
    store.make("a", bytearray(value))
    assert store.read("a") == value


@pytest.mark.parametrize("size", [0, 1, WHOLE - 100, WHOLE + 100])
def test_the_bytes_that_were_compared_are_read_whatever_their_number(store, size):
    value = bytes(size)
    store.make("a", value)
    assert store.read("a") == value


def test_a_pipe_in_the_place_of_a_value_is_not_waited_for(store):
    store.make("a", 1)
    store.file("a").unlink()
    os.mkfifo(store.file("a"))
    with pytest.raises(DamagedPartitionError):
        store.read("a")


def test_a_folder_in_the_place_of_a_value_is_damage(store):
    store.make("a", 1)
    store.file("a").unlink()
    store.file("a").mkdir()
    with pytest.raises(DamagedPartitionError):
        store.read("a")


def test_a_file_that_cannot_be_read_is_damage_and_is_said_to_be_so(store):
    store.make("a", 1)
    store.file("a").unlink()
    store.file("a").symlink_to(store.file("a"))
    with pytest.raises(DamagedPartitionError, match=UNREADABLE) as caught:
        store.read("a")
    assert caught.value.digest
    assert store.upkeep.verify()[0].damaged["a"].startswith(UNREADABLE)


def test_a_lack_of_this_process_is_no_damage(store, monkeypatch):
    store.make("a", 1)

    def refuse(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many"):
        store.read("a")


def test_whoever_reads_by_path_reads_what_was_compared(store):
    store.make("a", "value")
    artifact = store.log.artifacts(SALES, ["a"])["a"]
    with store.files.verified(SALES, "a", artifact) as file, by_path(file, "value.bin") as path:
        store.file("a").write_bytes(b"changed")
        assert path.name == "value.bin"
        assert path.read_bytes() != b"changed"
        assert path.stat().st_size == artifact.size
    assert not path.exists()
    with pytest.raises(DamagedPartitionError, match=CHANGED):
        store.read("a")


def test_what_is_no_file_has_no_content(tmp_path):
    assert looked_at(tmp_path) is None
    assert looked_at(tmp_path / "nothing") is None
