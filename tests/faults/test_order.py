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


def watch(monkeypatch, log):
    """What is asked of the disk from now on, in order, and how many events another program can read at that moment."""
    seen = []

    def watched(name):
        real = getattr(os, name)

        def act(*arguments, **more):
            with contextlib.closing(sqlite3.connect(log)) as reader:
                seen.append((name, reader.execute("SELECT count(*) FROM event").fetchone()[0]))
            return real(*arguments, **more)

        monkeypatch.setattr(os, name, act)

    watched("fsync")
    watched("replace")
    return seen


def run(instance, size):
    @asset(partitions_def=StaticPartitionsDefinition(KEYS))
    def letters(context):
        return context.partition_key * size

    materialize([letters], partition_keys=KEYS, instance=instance)


@pytest.mark.parametrize("size", [1, 100_000])
def test_the_disk_has_every_value_before_any_is_recorded_and_put_in_place(tmp_path, monkeypatch, size):
    instance = Instance(tmp_path)
    run(instance, size)
    seen = watch(monkeypatch, tmp_path / "events.sqlite")
    run(instance, size + 1)
    monkeypatch.undo()
    instance.close()
    before = [name for name, recorded in seen if recorded == len(KEYS)]
    assert before.count("fsync") == len(KEYS)
    after = [name for name, recorded in seen if recorded == 2 * len(KEYS)]
    assert after == ["replace"] * len(KEYS)
    assert len(before) + len(after) == len(seen)


def test_a_fast_instance_waits_for_no_disk(tmp_path, monkeypatch):
    instance = Instance(tmp_path, durability="fast")
    run(instance, 1)
    seen = watch(monkeypatch, tmp_path / "events.sqlite")
    run(instance, 2)
    monkeypatch.undo()
    instance.close()
    assert seen == [("replace", 2 * len(KEYS))] * len(KEYS)


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


def test_what_the_disk_refuses_is_not_recorded_and_the_values_before_stay(tmp_path, monkeypatch):
    instance = Instance(tmp_path)
    run(instance, 1)
    seen = instance.event_log.cursor()

    def refuse(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UnwritableStoreError, match="could not take"):
        run(instance, 2)
    monkeypatch.undo()
    assert instance.event_log.cursor() == seen
    assert [(tmp_path / "storage" / "letters" / key).read_bytes().count(key.encode()) for key in KEYS] == [1, 1, 1]
    run(instance, 2)
    instance.close()
