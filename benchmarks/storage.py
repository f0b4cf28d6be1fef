"""What storing a value costs beside a bare loop, pickle and joblib, and what it costs to look at many."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Memory

from benchmarks.table import Row, seconds, touch_memory
from ipyassets.assets.io_manager import InputContext, OutputContext
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.events import Artifact, Attempt, Event, InputUse, data_version
from ipyassets.interrupt import shielded
from ipyassets.storage.carrying import Recorder
from ipyassets.storage.damage import Damage
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer

ASSET = AssetKey("asset")
TINY = 300
GROUP = 50
GIB = 2**30
FRAMES = 64
MANY = 100_000
SIGNER = Signer(secret=b"benchmark")


class Store:
    """A log and an I/O manager, used as a run uses them."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.log = SqliteEventLog(folder / "events.sqlite", durable=durable)
        self.recorder = Recorder(lambda: self.log, lambda: SIGNER)
        self.manager = FilesystemIOManager(signer=SIGNER).bound(folder / "storage", SIGNER, durable=durable)

    def made(self, key: str, value: object) -> Event:
        """Stage a value; its event is to be recorded."""
        context = OutputContext(asset_key=ASSET, scope=PartitionScope("asset", (key,)))
        self.manager.stage(context, value)
        artifact = context.stored[key]
        assert isinstance(artifact, Artifact)
        return Event(
            attempt=Attempt.MATERIALIZED,
            asset_key=ASSET,
            partition_key=key,
            run_id="run",
            timestamp=0.0,
            data_version=data_version(key, artifact.content),
            artifact=artifact,
        )

    def keep(self, events: list[Event]) -> None:
        """Record what was staged, and put it in place."""
        artifacts = {event.partition_key: event.artifact for event in events}
        unflushed = self.manager.unflushed(ASSET, artifacts)
        self.recorder.record(events, unflushed, lambda: self.manager.publish(ASSET, artifacts))

    def read(self, keys: list[str]) -> object:
        """The values of some partitions."""
        artifacts = self.log.artifacts(ASSET, keys)
        scope = PartitionScope("asset", tuple(keys))
        context = InputContext(asset_key=ASSET, scope=scope, artifacts=artifacts, gives_one=len(keys) == 1)
        return self.manager.load_input(context)


def bare(folder: Path, *, durable: bool, named: bool = False) -> Callable[[Sequence[int]], None]:
    """Temporary file, perhaps fsync, rename: the least that leaves no half-written file.

    A power cut may take the last names back, unless the folder is waited for as well, as it is for `named` ones.
    """
    folder.mkdir()
    names = os.open(folder, os.O_RDONLY)

    def loop(numbers: Sequence[int]) -> None:
        for number in numbers:
            unfinished = folder / "partial"
            with unfinished.open("wb") as file:
                pickle.dump({"number": number}, file, protocol=5)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            unfinished.rename(folder / f"key-{number}")
            if named:
                os.fsync(names)

    return loop


def one_by_one(store: Store, numbers: Sequence[int]) -> None:
    """Tiny partitions, each of them recorded before the next is begun."""
    for number in numbers:
        store.keep([store.made(f"key-{number}", {"number": number})])


def in_groups(store: Store, numbers: Sequence[int]) -> None:
    """Tiny partitions, recorded so many at a time, as in a run."""
    for start in range(0, TINY, GROUP):
        store.keep([store.made(f"key-{n}", {"number": n}) for n in numbers[start : start + GROUP]])


def anew(action: Callable[[Sequence[int]], object]) -> Callable[[], object]:
    """An action on other numbers each time: what an old file costs to give up is the file system's alone.

    It is shielded from interrupts as a run is, once rather than at every write.
    """
    numbers = count()

    def act() -> None:
        with shielded():
            action([next(numbers) for _ in range(TINY)])

    return act


def tiny(folder: Path) -> Iterator[Row]:
    """What a tiny partition costs."""
    durable, fast = Store(folder / "durable", durable=True), Store(folder / "fast", durable=False)
    together, quickly = Store(folder / "together", durable=True), Store(folder / "quickly", durable=False)
    memory = Memory(folder / "joblib", verbose=0).cache(lambda number: {"number": number})
    single, grouped, fsynced, lasting, quick, quicker, renamed, cached = seconds(
        anew(partial(one_by_one, durable)),
        anew(partial(in_groups, together)),
        anew(bare(folder / "bare-durable", durable=True)),
        anew(bare(folder / "bare-lasting", durable=True, named=True)),
        anew(partial(one_by_one, fast)),
        anew(partial(in_groups, quickly)),
        anew(bare(folder / "bare", durable=False)),
        anew(lambda numbers: [memory(number) for number in numbers]),
    )
    yield Row("tiny, durable, one by one, to bare write-fsync-rename", single / fsynced, "x", most=2)
    yield Row("  to one that waits for the name, too, as ours does", single / lasting, "x")
    yield Row("tiny, durable, recorded in groups, to bare write-fsync-rename", grouped / fsynced, "x", most=1.2)
    yield Row("tiny, fast, recorded in groups, to bare write-rename", quicker / renamed, "x", most=2)
    yield Row("tiny, fast, one by one, to joblib.Memory", quick / cached, "x", most=1)
    yield Row("tiny, durable, one by one", single / TINY * 1e6, "us")
    yield Row("tiny, fast, one by one", quick / TINY * 1e6, "us")
    yield Row("tiny, fast, recorded in groups", quicker / TINY * 1e6, "us")
    reading, plain = seconds(
        lambda: [fast.read([f"key-{n}"]) for n in range(TINY)],
        lambda: [pickle.loads((folder / "bare" / f"key-{n}").read_bytes()) for n in range(TINY)],
    )
    yield Row("reading a tiny one, verified, to bare pickle", reading / plain, "x")


def large(folder: Path, what: str, values: list[pd.DataFrame]) -> Iterator[Row]:
    """Writing and reading large frames, without and with waiting for the disk."""
    keys = [str(i) for i in range(len(values))]
    bared = folder / "bare"
    bared.mkdir()

    def write(*, durable: bool) -> None:
        for key, value in zip(keys, values, strict=True):
            with (bared / "partial").open("wb") as file:
                pickle.dump(value, file, protocol=5)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            (bared / "partial").replace(bared / key)

    def read() -> list[object]:
        found = []
        for key in keys:
            with (bared / key).open("rb") as file:
                found.append(pickle.load(file))
        return found

    def each_kept(store: Store) -> None:
        for key, value in zip(keys, values, strict=True):
            store.keep([store.made(key, value)])

    fast, durable = Store(folder / "fast", durable=False), Store(folder / "durable", durable=True)
    flushed, fsynced = seconds(lambda: each_kept(durable), lambda: write(durable=True))
    # Only now: what these leave for the disk to do, nobody who waits for it should have to wait for as well.
    stored, plain = seconds(lambda: each_kept(fast), lambda: write(durable=False))
    os.sync()
    yield Row(f"writing {what}, bare pickle to ours", plain / stored, "x", least=0.7)
    yield Row(f"writing {what}, with fsync, bare pickle to ours", fsynced / flushed, "x", least=0.7)
    loaded, unpickled = seconds(lambda: fast.read(keys), read)
    yield Row(f"reading {what}, verified, bare pickle to ours", unpickled / loaded, "x", least=0.7)


def memory() -> Iterator[Row]:
    """The most memory that writing, and then reading, a large frame takes beyond the frame, in frames."""
    for what in ("writing", "reading"):
        program = [sys.executable, "-m", "benchmarks.storage", what]
        done = subprocess.run(program, capture_output=True, text=True, check=True)
        yield Row(f"memory beyond the frame itself when {what} 256 MiB", float(done.stdout), "frames", most=0.2)


def peak(what: str) -> float:
    """How much more memory writing or reading a frame takes at its peak than the frame itself, in frames."""
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name), durable=False)
        value = frame(GIB // 4)
        size = int(value.memory_usage().sum())
        if what == "reading":
            store.keep([store.made("0", value)])
            del value
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        before = in_memory("VmRSS")
        if what == "reading":
            assert isinstance(store.read(["0"]), pd.DataFrame)
            return (in_memory("VmHWM") - before) / size - 1
        store.keep([store.made("0", value)])
        return (in_memory("VmHWM") - before) / size


def in_memory(which: str) -> int:
    """The bytes that this process has in memory now ("VmRSS"), or has had at most ("VmHWM")."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


def frame(size: int) -> pd.DataFrame:
    """A frame of random numbers of about so many bytes."""
    return pd.DataFrame(np.random.default_rng(1).random((size // 128, 16)))


def looking(folder: Path) -> Iterator[Row]:
    """What it costs to look at many partitions at once."""
    log = SqliteEventLog(folder / "many.sqlite", durable=False)
    keys = [f"2013-{i:06d}" for i in range(MANY)]
    digest = SIGNER.digest(ASSET, "", "0" * 64)
    log.append(
        [
            Event(
                attempt=Attempt.MATERIALIZED,
                asset_key=ASSET,
                partition_key=key,
                run_id="run",
                timestamp=float(i),
                artifact=Artifact(f"asset/{key}", 100, digest),
                inputs=(InputUse(AssetKey("up"), 1, i),),
            )
            for i, key in enumerate(keys)
        ]
    )
    manager = FilesystemIOManager(folder / "many", signer=SIGNER)
    (folder / "many" / "asset").mkdir(parents=True)
    for key in keys:
        (folder / "many" / "asset" / key).touch()
    os.sync()  # what was just made is on disk when it is looked at
    connection = sqlite3.connect(folder / "many.sqlite")
    records, fetched, present, listed, found, cursor = seconds(
        lambda: log.records(ASSET),
        lambda: connection.execute("SELECT partition, event, made, facts, inputs FROM latest").fetchall(),
        lambda: manager.present(ASSET, keys),
        lambda: os.listdir(folder / "many" / "asset"),  # noqa: PTH208 - the least that tells
        lambda: Damage(log).found(ASSET, SIGNER.key_id),
        lambda: [log.cursor() for _ in range(1000)],
    )
    connection.close()
    yield Row("records of 100,000 partitions as columns, to fetching their rows", records / fetched, "x", most=1)
    yield Row("records of 100,000 partitions", records, "s")
    yield Row("which of 100,000 files are there, to listing their folder", present / listed, "x", most=3)
    yield Row("which of them are known to be damaged", found * 1e6, "us")
    yield Row("asking whether anything was recorded", cursor * 1e3, "us", most=100)


def rows() -> Iterator[Row]:
    """All of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from tiny(folder)
        yield from looking(folder)
        touch_memory(8 * GIB)
        for what, count_, size in (("1 x 1 GiB", 1, GIB), ("64 x 16 MiB", FRAMES, GIB // FRAMES)):
            (folder / what).mkdir()
            yield from large(folder / what, what, [frame(size) for _ in range(count_)])
        yield from memory()


if __name__ == "__main__":
    print(peak(sys.argv[1]))
