"""Puts a process that uses a store under hardship, each kind in a child of its own.

python -m tests.faults.hardship full-disk|read-only FOLDER
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ipyassets.errors import UnwritableStoreError
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
    for folder, folders, names in os.walk(root, topdown=False):
        for name in (*names, *folders):
            (Path(folder) / name).chmod(0o555)
    root.chmod(0o555)
    root.as_uri()  # pathlib loads what it needs for this, while this process may still read Python's own files
    if os.geteuid() == 0:
        os.setuid(NOBODY)
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
    reader.close()
    print("a read-only store is read, and refuses to be written to")


class refused:  # noqa: N801 - reads as a sentence
    """Something raises this error, or the child ends in failure."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if kind is None:
            raise SystemExit(f"{self.error.__name__} was not raised")
        return issubclass(kind, self.error)


KINDS: dict[str, Callable[[Path], None]] = {"full-disk": full_disk, "read-only": read_only}

if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[2]))
