"""Waiting for the disk: every file is waited for, whatever happens to others, and a drive is asked once for all."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from ipyassets.errors import UnwritableStoreError
from ipyassets.storage import flushing
from ipyassets.storage.flushing import Flush


@pytest.fixture(params=[1, 3, 50, 250])
def files(tmp_path, request):
    made = [tmp_path / str(number) for number in range(request.param)]
    for file in made:
        file.write_bytes(b"value")
    return made


@pytest.fixture
def flushed(monkeypatch):
    """The inodes that the disk was asked for."""
    seen, fsync = [], os.fsync

    def watched(descriptor):
        seen.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    return seen


def test_every_file_is_flushed_once_however_many_there_are(files, flushed):
    Flush(map(str, files)).wait()
    assert sorted(flushed) == sorted(file.stat().st_ino for file in files)


def test_what_is_no_file_any_more_is_left_out(files, flushed, tmp_path):
    gone = [tmp_path / "gone", files[0] / "below"]
    Flush(map(str, [*gone, *files])).wait()
    assert len(flushed) == len(files)


def test_the_drive_is_asked_once_for_all_files_that_are_open(files, monkeypatch):
    asked = []
    monkeypatch.setattr(flushing, "_WHOLLY", 51)  # as on macOS
    monkeypatch.setattr(fcntl, "fcntl", lambda _, operation: asked.append(operation))
    Flush(map(str, files)).wait()
    assert asked == [51] * -(-len(files) // flushing._OPEN)


def open_files():
    return len(list(Path("/dev/fd").iterdir()))


def test_a_file_that_cannot_be_flushed_is_told_once_all_others_are(files, monkeypatch):
    asked, bad = [], files[len(files) // 2].stat().st_ino

    def failing(descriptor):
        asked.append(os.fstat(descriptor).st_ino)
        if asked[-1] == bad:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    before = open_files()
    with pytest.raises(UnwritableStoreError, match="could not take"):
        Flush(map(str, files)).wait()
    assert bad in asked
    assert open_files() == before
