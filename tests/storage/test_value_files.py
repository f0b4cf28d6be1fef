from __future__ import annotations

from typing import Any

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import UnstorableValueError
from ipyassets.storage.placing import make_room
from ipyassets.storage.signature import Signer
from ipyassets.storage.value_files import ValueFiles

X = AssetKey("x")


@pytest.fixture
def files(tmp_path):
    return ValueFiles(tmp_path, Signer(secret=b"mine"))


def put(files, key, content, asset=X):
    artifact = files.stage(asset, key, lambda file: file.write(content))
    files.publish(asset, {key: artifact})
    return artifact


def read(files, key, artifact, asset=X):
    with files.verified(asset, key, artifact) as file:
        return file.read()


def test_a_key_and_one_below_it_after_the_definition_changed_keep_both_values(files, tmp_path):
    one = put(files, "a", b"one dimension")
    two = put(files, "a|b", b"two dimensions")
    assert read(files, "a", one) == b"one dimension"
    assert read(files, "a|b", two) == b"two dimensions"
    assert (tmp_path / "x" / "a" / "b").read_bytes() == b"two dimensions"


def test_the_same_the_other_way_round(files):
    two = put(files, "a|b", b"two dimensions")
    one = put(files, "a", b"one dimension")
    again = put(files, "a", b"once more")
    assert read(files, "a|b", two) == b"two dimensions"
    assert read(files, "a", again) == b"once more"
    assert one != again


def test_an_asset_that_becomes_partitioned_keeps_its_value(files, tmp_path):
    whole = put(files, "", b"whole")
    assert (tmp_path / "x").read_bytes() == b"whole"
    part = put(files, "2013-01-01", b"part")
    assert read(files, "", whole) == b"whole"
    assert read(files, "2013-01-01", part) == b"part"


def test_a_process_killed_while_making_room_loses_nothing(files, tmp_path, monkeypatch):
    whole = put(files, "", b"whole")
    monkeypatch.setattr("pathlib.Path.mkdir", killed)
    artifact = files.stage(X, "k", lambda file: file.write(b"part"))
    with pytest.raises(KeyboardInterrupt):
        files.publish(X, {"k": artifact})
    monkeypatch.undo()
    assert not (tmp_path / "x").exists()
    assert read(files, "", whole) == b"whole"
    assert read(files, "k", artifact) == b"part"


def test_a_value_put_in_place_between_two_looks_is_found(files, monkeypatch):
    put(files, "k", b"old")
    artifact = files.stage(X, "k", lambda file: file.write(b"new"))
    looks = ValueFiles.staged

    def publishing(self, *arguments):
        monkeypatch.undo()
        self.publish(X, {"k": artifact})
        return looks(self, *arguments)

    monkeypatch.setattr(ValueFiles, "staged", publishing)
    assert read(files, "k", artifact) == b"new"


def killed(*_, **__):
    raise KeyboardInterrupt


def test_a_file_of_somebody_else_in_the_way_is_not_touched(files, tmp_path):
    (tmp_path / "a%~0123").write_bytes(b"theirs")
    with pytest.raises(UnstorableValueError, match="in the way"):
        make_room(tmp_path / "a%~0123" / "k", tmp_path, files.staging)
    assert (tmp_path / "a%~0123").read_bytes() == b"theirs"


def test_publishing_twice_is_harmless(files):
    artifact = put(files, "k", b"v")
    files.publish(X, {"k": artifact})
    assert read(files, "k", artifact) == b"v"


@pytest.mark.parametrize("size", [1, 100_000, 3_000_000])
def test_nothing_is_left_where_writing_was_interrupted(files, tmp_path, size):
    def interrupted(file):
        file.write(bytes(size))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.stage(X, "k", interrupted)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_staging_the_same_value_twice_is_one_staged_file(files, tmp_path):
    artifact = files.stage(X, "k", lambda file: file.write(b"v"))
    assert files.stage(X, "k", lambda file: file.write(b"v")) == artifact
    assert len(list((tmp_path / ".staging").iterdir())) == 1
    files.publish(X, {"k": artifact})
    assert read(files, "k", artifact) == b"v"


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_every_size_comes_back(files, size):
    content = bytes(range(256)) * (size // 256 + 1)
    assert read(files, "k", put(files, "k", content[:size])) == content[:size]


def test_pieces_of_every_size_are_written_and_hashed_alike(files):
    pieces: list[Any] = [b"a", b"b" * 3_000_000, bytearray(b"c" * 10), memoryview(b"d" * 2_000_000)]

    def dump(file):
        for piece in pieces:
            file.write(piece)

    in_pieces = files.stage(X, "k", dump)
    at_once = files.stage(X, "k", lambda file: file.write(b"".join(pieces)))
    assert in_pieces == at_once
