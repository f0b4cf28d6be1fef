"""Puts a process that uses a store under hardship, each kind in a child of its own.

python -m tests.faults.hardship full-disk|read-only|read-while-written FOLDER
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Self

from ipyassets.errors import DamagedPartitionError, UnwritableStoreError
from ipyassets.storage.claims import Claims
from ipyassets.storage.damage import Damage
from ipyassets.storage.repair import repair
from ipyassets.storage.value_files import CHANGED
from tests.storage.store import SALES, Store

NOBODY = 65534
ROOM = 200_000


def full_disk(root: Path) -> None:
    """No file may grow beyond a certain size, as on a disk that is full: the values cannot first, then the log."""
    store = Store(root)
    store.make("a", "old")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    with refused(OSError):
        store.make("a", b"x" * (2 * ROOM))
    assert store.read("a") == "old"
    made = 0
    with refused(UnwritableStoreError):
        for made in range(10_000):
            store.make("b", made, output="y" * 1_000)
    assert store.read("a") == "old"
    assert store.read("b") == made - 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    store.close()
    print(f"a value of {2 * ROOM} bytes was refused, the log took {made} events and refused the next; nothing is lost")


def read_only(root: Path) -> None:
    """Somebody who may read a store but not write to it reads it, and is told clearly about everything else."""
    store = Store(root)
    store.make("a", "value")
    store.make("b", "damaged")
    store.file("b").write_bytes(b"changed")
    store.close()
    take_away_writing(root)
    reader = Store(root)
    assert reader.read("a") == "value"
    assert reader.log.records(SALES).keys == ["a", "b"]
    assert reader.manager.present(SALES, ["a", "c"]).tolist() == [True, False]
    assert reader.log.cursor() == 2
    with refused(UnwritableStoreError):
        reader.log.append(reader.log.since(0))
    with refused(OSError):
        reader.make("a", "another")
    assert reader.read("a") == "value"
    with refused(DamagedPartitionError) as damaged:
        reader.read("b")
    assert isinstance(damaged.raised, DamagedPartitionError)
    assert Damage(reader.log).note(damaged.raised)
    assert reader.upkeep.verify()[0].damaged == {"b": CHANGED}
    assert reader.upkeep.wipe(SALES, ["a", "b"], dry_run=True).files == 2
    assert reader.upkeep.compact(dry_run=True).files == 0
    for attempt in (
        lambda: reader.upkeep.wipe(SALES, ["a"]),
        lambda: Claims(root).take(SALES, ["a"]),
        lambda: repair(root / "events.sqlite"),
    ):
        with refused(UnwritableStoreError):
            attempt()
    assert repair(root / "events.sqlite", dry_run=True).events == 2
    reader.close()
    print("a read-only store is read, looked after in dry runs, and refuses to be written to")


def read_while_written(root: Path) -> None:
    """Somebody who may not write to a store reads it all the while that its owner goes on making values."""
    keys = [f"k{i}" for i in range(60)]
    store = Store(root)
    for key in keys:
        store.make(key, f"old {key}")
    store.close()
    turn, done = os.pipe(), os.pipe()
    if not (reader := os.fork()):
        try:
            _read_in_turns(root, keys, turn[0], done[1])
            os._exit(0)
        except BaseException:  # noqa: BLE001 - told here: the child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
    os.close(done[1])  # so that its end is seen
    os.close(turn[0])
    os.read(done[0], 1)
    for generation in ("new", "newer"):
        store = Store(root)
        for key in keys:
            store.make(key, f"{generation} {key}", output="x" * 10_000)
        store.close()
        os.write(turn[1], b".")
        os.read(done[0], 1)
    if os.waitpid(reader, 0)[1]:
        raise SystemExit("the reader has failed")
    print(f"{len(keys)} values were read, made anew by their owner, and read again, twice")


def _read_in_turns(root: Path, keys: list[str], turn: int, done: int) -> None:
    take_away_writing(root)
    reader = Store(root)
    assert [reader.read(key) for key in keys] == [f"old {key}" for key in keys]
    assert not reader.log.database.is_writable
    if os.geteuid() != NOBODY:
        let_everybody_read(root)
    for generation in ("new", "newer"):
        os.write(done, b".")
        os.read(turn, 1)
        assert [reader.read(key) for key in keys] == [f"{generation} {key}" for key in keys]
        assert len(reader.log.history(SALES, "k0")) == reader.log.cursor() // len(keys)
    reader.close()
    os.write(done, b".")


def take_away_writing(root: Path) -> None:
    """Nobody may write to a store any more; where permissions mean nothing to this user, it becomes another one."""
    let_everybody_read(root)
    root.as_uri()  # pathlib loads what it needs for this, while this process may still read Python's own files
    if os.geteuid() == 0:
        os.setuid(NOBODY)
        return
    for folder, _, names in os.walk(root, topdown=False):
        for name in (*names, ""):
            (Path(folder) / name).chmod(0o555)


def let_everybody_read(root: Path) -> None:
    """And its owner write."""
    root.chmod(0o755)
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            (Path(folder) / name).chmod(0o755)


class refused:  # noqa: N801 - reads as a sentence
    """Something raises this error, or the child ends in failure."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error
        self.raised: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, _: object) -> bool:
        if kind is None:
            raise SystemExit(f"{self.error.__name__} was not raised")
        self.raised = raised
        return issubclass(kind, self.error)


KINDS: dict[str, Callable[[Path], None]] = {
    "full-disk": full_disk,
    "read-only": read_only,
    "read-while-written": read_while_written,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[2]))
