"""Cuts the power of a disk at random instants while partitions are made on it, and looks at what it still has.

The disk is a file system of its own in a file. It is shut down as its kernel would leave it without power: what was
not waited for is gone, what was journaled comes back when it is mounted again. Only root may do that, on Linux.

    python -m tests.faults.power FOLDER --cuts 200 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.instance.composition import Instance

KEYS = [f"{letter}{number}" for letter in "abc" for number in range(40)]
PARTITIONS = ia.StaticPartitionsDefinition(KEYS)
SIZES = {"a": 10, "b": 10_000, "c": 100_000}  # carried by the log, at its edge, and waited for by themselves
_SHUT_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_WITHOUT_JOURNAL = 2  # nothing is written any more, not even the journal
_MEGABYTES = 256


def numbers(generation: int) -> ia.AssetsDefinition:
    """An asset whose values tell when they were made."""

    @ia.asset(partitions_def=PARTITIONS, code_version="1")
    def numbers(context: ia.AssetExecutionContext) -> tuple[str, int, bytes]:
        size = SIZES[context.partition_key[0]]
        return context.partition_key, generation, generation.to_bytes(4, "big") * (size // 4)

    return numbers


def work(root: Path, generation: int, seed: int) -> None:
    """Make partitions, one or some at a time, and say which are recorded."""
    source = random.Random(seed)
    instance = Instance(root)
    while True:
        generation += 1
        keys = source.sample(KEYS, source.choice([1, 1, 1, 3, 30]))
        ia.materialize([numbers(generation)], instance=instance, partition_keys=keys)
        for key in keys:
            print(key, generation, flush=True)


@contextlib.contextmanager
def mounted(disk: Path, place: Path) -> Iterator[None]:
    """The file system in a file, at a folder."""
    subprocess.run(["mount", "-o", "loop", str(disk), str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def cut(place: Path) -> None:
    """Take the power from a file system."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, _SHUT_DOWN, struct.pack("I", _WITHOUT_JOURNAL))
    finally:
        os.close(descriptor)


def cut_while_at_work(place: Path, least: dict[str, int], seconds: float, seed: int) -> int:
    """Let a worker work, cut the power, and take note of what it had been told is recorded; how much that was."""
    program = [sys.executable, "-m", "tests.faults.power", str(place / "root"), "--child"]
    generation = max(least.values(), default=0)
    arguments = ["--generation", str(generation), "--seed", str(seed)]
    with subprocess.Popen(
        [*program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        told = [child.stdout.readline()]  # it is at work
        time.sleep(seconds)
        cut(place)
        child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    for key, made in (line.split() for line in told if line.endswith("\n")):
        least[key] = int(made)
    return len(told)


def look(root: Path, least: dict[str, int]) -> int:
    """See that everything is there that was said to be recorded, or something later; how much the log wrote again."""
    asset, began = numbers(0), time.time() - 0.05  # the clock of files is a coarse one
    with contextlib.closing(Instance(root)) as instance:
        states = {str(state) for state in instance.facts(AssetGraph.of([asset])).counts(asset.key)}
        if strange := states - {"fresh", "missing", "cancelled"}:
            raise SystemExit(f"partitions are {strange}")
        for key, generation in least.items():
            made: int = instance.store.load(asset, key)[1]  # type: ignore[index]
            if made < generation:
                raise SystemExit(f"{key} is of generation {made}, though {generation} was recorded")
    return sum(file.stat().st_mtime >= began for file in (root / "storage" / ".staging").glob("*"))


def main() -> None:
    """Cut the power again and again, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generation", type=int, default=0)
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    if given.child:
        work(given.folder, given.generation, given.seed)
    source, least, recorded, again = random.Random(given.seed), dict[str, int](), 0, 0
    disk, place = given.folder / "disk", given.folder / "mounted"
    place.mkdir(parents=True)
    with disk.open("wb") as file:
        file.truncate(_MEGABYTES << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(disk)], check=True)
    for number in range(given.cuts):
        with mounted(disk, place):
            recorded += cut_while_at_work(place, least, source.uniform(0, 0.7), given.seed + number)
        with mounted(disk, place):
            again += look(place / "root", least)
    print(
        f"the power was cut {given.cuts} times while {recorded} values were recorded: 0 lost, 0 damaged,"
        f" and {again} files that the disk did not have were written again"
    )


if __name__ == "__main__":
    main()
