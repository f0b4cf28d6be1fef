"""Stores a large array and reads it, interrupted at random instants, while several threads fill the memory it is for.

Operating systems read no more than 2 GiB at a time: an array of more than that is read as well as any other.

    python -m tests.faults.large FOLDER --size 3000000000 --times 50
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import threading
import time
from pathlib import Path

import numpy as np

import ipyassets as ia
from ipyassets.instance.composition import Instance

BEYOND = 1.2  # how much of an undisturbed reading, and a little beyond it, interrupts are spread over


class Late:
    """How long the interrupts take that come while something is read."""

    def __init__(self) -> None:
        self.sent = 0.0
        self.seconds: list[float] = []

    def send(self) -> None:
        """Interrupt the main thread."""
        self.sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)


def stored(instance: Instance, size: int) -> ia.AssetsDefinition:
    """An asset whose value is an array of so many bytes that tell where they stand."""

    @ia.asset
    def numbers() -> object:
        return np.arange(size // 8)

    ia.materialize([numbers], instance=instance)
    return numbers


def read(instance: Instance, asset: ia.AssetsDefinition, size: int) -> float:
    """Read all of it, and see that it is all there; the seconds that reading took."""
    began = time.monotonic()
    value = instance.store.load(asset, None)
    seconds = time.monotonic() - began
    if not np.array_equal(np.asarray(value), np.arange(size // 8)):
        raise SystemExit("it is not what was stored")
    return seconds


def interrupt(instance: Instance, asset: ia.AssetsDefinition, seconds: float, late: Late) -> None:
    """Read it, and be interrupted after so many seconds, perhaps just after the end."""
    timer = threading.Timer(seconds, late.send)
    is_reading = False
    try:
        timer.start()  # within, for on a busy machine it may not have returned when the interrupt comes
        is_reading = True
        instance.store.load(asset, None)
        is_reading = False
        timer.join()
        time.sleep(10)
    except KeyboardInterrupt:
        if is_reading:
            late.seconds.append(time.monotonic() - late.sent)
        return
    raise SystemExit("the interrupt never came")


def main() -> None:
    """Store, read, interrupt, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=64 << 20)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chance, late = random.Random(given.seed), Late()
    instance = Instance(given.folder)
    asset = stored(instance, given.size)
    seconds = min(read(instance, asset, given.size) for _ in range(2))
    for _ in range(given.times):
        interrupt(instance, asset, chance.uniform(0, BEYOND * seconds), late)
    read(instance, asset, given.size)
    if not late.seconds:
        raise SystemExit("no interrupt met the reading")
    print(
        f"{given.size / 1e9:.2f} GB read in {seconds:.2f} s; interrupted {len(late.seconds)} of {given.times} times,"
        f" after {max(late.seconds):.3f} s at most, and read whole afterwards"
    )


if __name__ == "__main__":
    main()
