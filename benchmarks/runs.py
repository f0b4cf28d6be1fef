"""What a partition costs beyond its own work: made, signed, stored, recorded; against a bare loop that only writes."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np

from benchmarks.engine import HOURS, chain, recorded
from benchmarks.table import Row, seconds, touch_memory
from ipyassets import (
    Instance,
    StaticPartitionsDefinition,
    asset,
    materialize,
    use_instance,
)

TINY, ROUNDS = 300, 5
KEYS = [f"key-{number:05}" for number in range(TINY * ROUNDS)]
LARGE = 64 * 2**20


def write(path: Path, value: object, *, durable: bool) -> None:
    """The least that leaves no half-written file: a temporary file, perhaps fsync, and a rename."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        pickle.dump(value, file, protocol=5)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    partial.rename(path)


def bare(folder: Path, *, durable: bool) -> Callable[[], None]:
    """A loop that writes some tiny values, others each time, and does nothing else."""
    folder.mkdir()

    keys = iter(KEYS)

    def loop() -> None:
        for key in islice(keys, TINY):
            write(folder / key, {"key": key}, durable=durable)

    return loop


@asset(partitions_def=StaticPartitionsDefinition(KEYS))
def tiny(context):
    return {"key": context.partition_key}


@asset
def large():
    return np.arange(LARGE // 8)


def some(instance: Instance) -> Callable[[], object]:
    """A run of tiny partitions, others each time: what an old file costs to give up is the file system's alone."""
    keys = iter(KEYS)
    return lambda: materialize([tiny], partition_keys=list(islice(keys, TINY)), instance=instance)


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbers = count()
        durable, fast = (Instance(root=folder / str(next(numbers)), durability=each) for each in ("full", "fast"))
        ours, theirs, quick, plain = seconds(
            some(durable),
            bare(folder / "durable", durable=True),
            some(fast),
            bare(folder / "fast", durable=False),
            rounds=ROUNDS,
        )
        yield Row("a tiny partition, durable, to a bare write-fsync-rename", ours / theirs, "x", most=2)
        yield Row("the same", ours / TINY * 1e6, "us")
        # No budget: nothing is waited for, so that a body, its context, its claim and its record are what is measured
        yield Row("a tiny partition, fast, to a bare write-rename", quick / plain, "x")
        yield Row("the same", quick / TINY * 1e6, "us")
        touch_memory()
        kept, bared = seconds(
            lambda: materialize([large], instance=durable),
            lambda: write(folder / "large", np.arange(LARGE // 8), durable=True),
        )
        yield Row("a value of 64 MB, bare pickle to ours", bared / kept, "x", least=0.7)
        yield from tables(folder / "tables")


def tables(root: Path) -> Iterator[Row]:
    """Status tables of assets all of whose partitions were once made."""
    plain, told = chain(HOURS, 2), chain(HOURS, 1)
    made, stale = plain
    [described] = told
    instance = Instance(root / "plain", durability="fast")
    recorded(instance, plain)
    instance.store.graphs[stale.key] = plain
    other = Instance(root / "told", durability="fast")
    recorded(other, told, {"rows": 12, "share": 0.25})
    with use_instance(instance):
        fresh, outdated = seconds(made.status, stale.status)
    with use_instance(other):
        (with_metadata,) = seconds(described.status)
    yield Row("status() of 100,000 partitions, all made", fresh, "s", most=0.6)
    yield Row("  all stale, as an input has changed", outdated, "s", most=1)
    yield Row("  with two metadata entries each", with_metadata, "s", most=1.5)
