"""In which order a run touches the disk: what a power cut may take is never what was recorded."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import sqlite3

import pytest

from ipyassets import BackfillPolicy, Instance, StaticPartitionsDefinition, asset, materialize
from ipyassets.errors import UnwritableStoreError

KEYS = ["a", "b", "c"]
MANY_KEYS = [str(number) for number in range(20)]
SMALL, LARGE = 1, 100_000
COUNT = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM carried)"


@pytest.fixture(autouse=True)
def runs_are_short():
    """However long a run takes, it records all when it ends, and other processes are told nothing of it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ipyassets.engine.accounts.COMMIT_SECONDS", 600.0)
        patched.setattr("ipyassets.instance.announcing.FIRST_SECONDS", 600.0)
        yield


def watch(monkeypatch, log):
    """What is asked of the disk from now on, in order, with how many events, and values, the log has at that moment.

    That is what another program can read, so that it is committed.
    """
    seen = []

    def watched(name):
        real = getattr(os, name)

        def act(*arguments, **more):
            with contextlib.closing(sqlite3.connect(log)) as reader:
                seen.append((name, *reader.execute(COUNT).fetchone()))
            return real(*arguments, **more)

        monkeypatch.setattr(os, name, act)

    watched("fsync")
    watched("replace")
    return seen


def run(instance, size, keys=KEYS):
    @asset(partitions_def=StaticPartitionsDefinition(keys))
    def letters(context):
        return context.partition_key * size

    materialize([letters], partition_keys=keys, instance=instance)


@pytest.mark.parametrize(("keys", "size"), [(KEYS, LARGE), (MANY_KEYS, SMALL)])
def test_the_disk_has_every_file_before_any_value_is_recorded_and_put_in_place(tmp_path, monkeypatch, keys, size):
    instance = Instance(tmp_path)
    run(instance, size, keys)
    instance.close()
    instance = Instance(tmp_path)
    seen = watch(monkeypatch, tmp_path / "events.sqlite")
    run(instance, size + 1, keys)
    monkeypatch.undo()
    instance.close()
    before = [name for name, *counts in seen if counts == [len(keys), 0]]
    after = [name for name, *counts in seen if counts == [2 * len(keys), 0]]
    assert before.count("fsync") == len(keys)
    assert after == ["replace"] * len(keys)
    assert len(before) + len(after) == len(seen)


def test_few_small_values_are_recorded_along_with_their_bytes_and_flushed_afterwards(tmp_path, monkeypatch):
    instance = Instance(tmp_path)
    run(instance, SMALL)
    instance.close()
    instance = Instance(tmp_path)
    instance.event_log.cursor()
    seen = watch(monkeypatch, tmp_path / "events.sqlite")
    run(instance, SMALL + 1)
    instance.close()
    monkeypatch.undo()
    recorded = (2 * len(KEYS), len(KEYS))
    folders = 1
    assert seen == [("replace", *recorded)] * len(KEYS) + [("fsync", *recorded)] * (len(KEYS) + folders)
    with contextlib.closing(sqlite3.connect(tmp_path / "events.sqlite")) as reader:
        assert reader.execute(COUNT).fetchone() == (2 * len(KEYS), 0)


def test_a_fast_instance_waits_for_no_disk(tmp_path, monkeypatch):
    instance = Instance(tmp_path, durability="fast")
    run(instance, 1)
    seen = watch(monkeypatch, tmp_path / "events.sqlite")
    run(instance, 2)
    instance.close()
    monkeypatch.undo()
    assert seen == [("replace", 2 * len(KEYS), 0)] * len(KEYS)


def test_more_values_than_files_may_be_open_are_flushed_before_they_are_recorded(tmp_path):
    instance = Instance(tmp_path)
    keys = [str(number) for number in range(400)]

    @asset(partitions_def=StaticPartitionsDefinition(keys), backfill_policy=BackfillPolicy.single_run())
    def numbers(context):
        return {key: int(key) for key in context.partition_keys}

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
    try:
        result = materialize([numbers], partition_keys="all", instance=instance)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert result.success
    assert instance.store.load(numbers, "399") == 399
    instance.close()


def refuse(_descriptor):
    raise OSError(errno.EIO, "Input/output error")


def test_what_the_disk_refuses_is_not_recorded_and_the_values_before_stay(tmp_path, monkeypatch):
    instance = Instance(tmp_path)
    run(instance, 3, MANY_KEYS)
    seen = instance.event_log.cursor()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UnwritableStoreError, match="could not take"):
        run(instance, 4, MANY_KEYS)
    monkeypatch.undo()
    assert instance.event_log.cursor() == seen
    files = [tmp_path / "storage" / "letters" / key for key in MANY_KEYS]
    assert [file.read_bytes().count(file.name.encode() * 3) for file in files] == [1] * len(MANY_KEYS)
    run(instance, 4, MANY_KEYS)
    instance.close()


def test_small_values_whose_files_the_disk_refuses_stay_in_the_log(tmp_path, monkeypatch):
    instance = Instance(tmp_path)
    monkeypatch.setattr(os, "fsync", refuse)
    run(instance, SMALL)
    instance.close()
    monkeypatch.undo()
    with contextlib.closing(sqlite3.connect(tmp_path / "events.sqlite")) as reader:
        assert reader.execute(COUNT).fetchone() == (len(KEYS), len(KEYS))
