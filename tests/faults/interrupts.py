"""Interrupts a run at random instants, again and again in the same process, and looks at what that leaves.

A child makes five assets in generations that only grow: some of their bodies sleep, some compute in Python, some in
NumPy; one reads all of another, one reads itself. Its parent sends it SIGINT, as a terminal or a notebook server would,
sometimes two in a row. The child then looks at every state and value, and makes partitions again.

    python -m tests.faults.interrupts FOLDER --times 200 --seed 1 --how inline
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import numpy as np

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.capture import Stream
from ipyassets.events import Attempt, Event, State
from ipyassets.instance.composition import Instance

How = Literal["inline", "threads", "processes", "async", "many"]
HOWS: tuple[How, ...] = ("inline", "threads", "processes", "async", "many")

DAYS = ia.DailyPartitionsDefinition("2013-01-01", end_date="2013-01-11")
KEYS = list(DAYS.get_partition_keys())
MANY = ia.StaticPartitionsDefinition([f"{number:06}" for number in range(100_000)])
BEFORE = ia.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
LIES = {State.RUNNING, State.QUEUED, State.FAILED, State.BLOCKED, State.DAMAGED}
AFTERWARDS = 10  # how many times between two runs that make everything
PATIENCE = 60
SPAN = 1.2  # how much of an undisturbed run, and a little beyond it, interrupts are spread over


def compute(steps: int) -> None:
    """Keep Python itself busy."""
    for _ in range(steps):
        pass


def small(generation: int) -> ia.AssetsDefinition:
    """Small values, from bodies that sleep; one of them for long."""

    @ia.asset(partitions_def=DAYS, code_version="1")
    def small(context: ia.AssetExecutionContext) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        time.sleep(0.3 if context.partition_key == KEYS[3] else 0.01)
        return {"key": context.partition_key, "generation": generation}

    return small


def computed(generation: int) -> ia.AssetsDefinition:
    """Small values, from bodies that compute in Python; one of them for long."""

    @ia.asset(partitions_def=DAYS, code_version="1")
    def computed(context: ia.AssetExecutionContext, small: dict[str, object]) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        compute(3_000_000 if context.partition_key == KEYS[5] else 100_000)
        return {"key": small["key"], "generation": generation}

    return computed


def large(generation: int) -> ia.AssetsDefinition:
    """Large values, from bodies that compute in NumPy."""

    @ia.asset(partitions_def=DAYS, code_version="1")
    def large(context: ia.AssetExecutionContext, small: dict[str, object]) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        noise = np.sort(np.random.default_rng(generation).random(400_000))
        return {"key": small["key"], "generation": generation, "noise": noise}

    return large


def total(generation: int) -> ia.AssetsDefinition:
    """One value that reads all of an asset."""

    @ia.asset(code_version="1")
    def total(context: ia.AssetExecutionContext, computed: dict[str, dict[str, object]]) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        return {"key": "", "generation": generation, "read": len(computed)}

    return total


def chain(generation: int) -> ia.AssetsDefinition:
    """Each value reads the one before."""

    before = ia.AssetIn(partition_mapping=BEFORE)

    @ia.asset(partitions_def=DAYS, code_version="1", ins={"chain": before}, deps=["small"])
    def chain(context: ia.AssetExecutionContext, chain: dict[str, object] | None) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        time.sleep(0.005)
        return {"key": context.partition_key, "generation": generation, "after": chain and chain["key"]}

    return chain


def waiting(generation: int) -> ia.AssetsDefinition:
    """Small values, from bodies that wait on an event loop; one of them for long, one without letting go of it."""

    @ia.asset(partitions_def=DAYS, code_version="1")
    async def waiting(context: ia.AssetExecutionContext, small: dict[str, object]) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        await asyncio.sleep(0.3 if context.partition_key == KEYS[3] else 0.01)
        if context.partition_key == KEYS[7]:
            compute(3_000_000)
        return {"key": small["key"], "generation": generation}

    return waiting


def numerous(generation: int) -> ia.AssetsDefinition:
    """Very many partitions, of which a run can only begin to make a few."""

    @ia.asset(partitions_def=MANY, code_version="1")
    def numerous(context: ia.AssetExecutionContext) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        return {"key": context.partition_key, "generation": generation}

    return numerous


USUAL = (small, computed, large, total, chain)
ASSETS = {"async": (small, waiting), "many": (numerous,)}


@dataclass
class Child:
    """The process that is interrupted: it makes everything again and again, and looks at what it finds each time."""

    root: Path
    how: How
    chance: random.Random
    generation: int = 0
    is_open: bool = False
    unheard: int = 0
    late: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    finished: int = 0
    values: int = 0
    cancelled: int = 0

    def __post_init__(self) -> None:
        self.instance = Instance(self.root)
        signal.signal(signal.SIGINT, self.interrupted)

    def interrupted(self, _number: int, _frame: FrameType | None) -> None:
        """Python's own handler, as long as something runs that may be interrupted."""
        if self.is_open:
            raise KeyboardInterrupt
        self.unheard += 1

    @property
    def first(self) -> str:
        """The partition that is made after each interrupt."""
        return MANY.get_partition_keys()[0] if self.how == "many" else KEYS[0]

    @property
    def assets(self) -> list[ia.AssetsDefinition]:
        """The assets of this generation."""
        return [make(self.generation) for make in ASSETS.get(self.how, USUAL)]

    def make(self, partition_keys: str = "all") -> None:
        """Make partitions of everything."""
        pooled = {"threads": "threads", "processes": "processes"}.get(self.how)
        workers = None if pooled is None else 2
        executor: Any = pooled
        self.generation += 1

        def materialize() -> None:
            ia.materialize(
                self.assets,
                instance=self.instance,
                partition_keys=partition_keys,
                executor=executor,
                max_workers=workers,
                tags={"generation": str(self.generation)},
            )

        async def beside_a_loop() -> None:
            materialize()

        if self.how == "async" and self.generation % 2:
            asyncio.run(beside_a_loop())  # as in a kernel, whose own loop runs in this thread
        else:
            materialize()

    def measure(self) -> float:
        """How long everything takes undisturbed."""
        if self.how == "many":
            return 3.0
        self.make()  # starts processes, where there are any
        started = time.monotonic()
        self.make()
        return time.monotonic() - started

    def once(self, number: int) -> None:
        """Make everything, be interrupted, look, and go on."""
        cursor = self.instance.event_log.cursor()
        self.unheard, heard = 0, False
        print("begin", flush=True)
        try:
            try:
                self.is_open = True
                self.make()
            finally:
                self.is_open = False
        except KeyboardInterrupt:
            self.is_open = False
            heard = True
        ended = time.monotonic()
        sent = [float(each) for each in sys.stdin.readline().split()]
        if heard:
            self.late.append(ended - sent[0])
        else:
            self.finished += 1
            require(self.unheard > 0 or sent[0] > ended, "an interrupt was lost")
        self.look(cursor, heard=heard)
        started = time.monotonic()
        self.make(self.first)
        self.again.append(time.monotonic() - started)
        if number % AFTERWARDS == 0 and self.how != "many":
            self.make()
        self.look_around()

    def look(self, cursor: int, *, heard: bool) -> None:
        """Everything that must hold after an interrupt."""
        require(not self.instance.active, "a run is said to go on")
        require(signal.getsignal(signal.SIGINT) == self.interrupted, "SIGINT has another handler")
        facts = self.instance.facts(AssetGraph.of(self.assets))
        events: dict[tuple[str, str], list[Event]] = {}
        for event in self.instance.event_log.since(cursor):
            events.setdefault((str(event.asset_key), event.partition_key), []).append(event)
        for asset in self.assets:
            found = facts.counts(asset.key)
            require(not LIES & set(found), f"{asset.key} is shown as {found}")
            for index in facts.spans(asset.key, State.FRESH, State.STALE):
                self.read(asset, facts.space(asset.key).key(index))
        silent = [
            key
            for asset in self.assets
            for key in facts.space(asset.key).keys(facts.spans(asset.key, *set(State)) - facts.told(asset.key))
            if (str(asset.key), key) not in events
        ]
        # What has a value, or has failed, is left as it is where the run never came to it.
        require(self.how == "many" or not events or not silent, f"{silent} were never tried, and nothing says why")
        for (name, key), theirs in events.items():
            require(len(theirs) == 1, f"{name} {key} has ended {len(theirs)} times")
            _, standing = self.instance.event_log.last(ia.AssetKey(name), key)
            is_new = standing is not None and standing.run_id == theirs[0].run_id
            ended = Attempt.MATERIALIZED if is_new else Attempt.CANCELLED
            require(theirs[0].attempt is ended, f"{name} {key} is {theirs[0].attempt}, not {ended}")
            require(is_new or heard, f"{name} {key} is cancelled, though nobody interrupted the run")
            self.cancelled += not is_new

    def read(self, asset: ia.AssetsDefinition, key: str) -> None:
        """A value is what its record says, and whole."""
        _, standing = self.instance.event_log.last(asset.key, key)
        value: Any = self.instance.store.load(asset, key or None)
        require(standing is not None and value["generation"] == standing.metadata["generation"], f"{asset.key} {key}")
        require(value["key"] == key, f"{asset.key} {key} is {value['key']}")
        self.values += 1

    def look_around(self) -> None:
        """Nothing is left aside, and nobody goes on working."""
        files = self.instance.io_manager.files  # type: ignore[attr-defined]
        until(lambda: not list(Path(files.staging).iterdir()), "files are left aside")
        until(lambda: not isinstance(sys.stdout, Stream), "prints are still captured")
        until(lambda: not any(t.name == "ipyassets-record" for t in threading.enumerate()), "a run still records")


def require(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """End the child if something does not hold."""
    if not holds:
        raise SystemExit(what)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait a little for something to hold: a body that nobody could stop may still be running."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        require(time.monotonic() < deadline, what)
        time.sleep(0.01)


def be_interrupted(root: Path, how: How, times: int, seed: int) -> None:
    """What the child does."""
    child = Child(root, how, random.Random(seed))
    print(child.measure(), flush=True)
    for number in range(times):
        child.once(number)
    if how != "many":
        child.make()
        facts = child.instance.facts(AssetGraph.of(child.assets))
        for asset in child.assets:
            found = facts.counts(asset.key)
            require(set(found) == {State.FRESH}, f"in the end {asset.key} is {found}")
    child.instance.close()
    late, again = sorted(child.late), sorted(child.again)
    print(
        f"{how}: {len(late)} of {times} interrupts met a run ({child.finished} came after its end); "
        f"KeyboardInterrupt after {told(late)}; {child.cancelled} cancelled, {child.values} values read; "
        f"the next run took {told(again)}"
    )


def told(seconds: Sequence[float]) -> str:
    """Some durations, ascending, in words."""
    if not seconds:
        return "-"
    at95 = seconds[int(0.95 * (len(seconds) - 1))]
    return f"{statistics.median(seconds):.3f} s median, {at95:.3f} s 95%, {seconds[-1]:.3f} s at most"


def interrupt(arguments: Sequence[str], how: How, source: random.Random) -> None:
    """What the parent does: interrupt the child whenever it says that it begins."""
    program = [sys.executable, "-m", "tests.faults.interrupts", "--child", *arguments]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        seconds = SPAN * float(child.stdout.readline() or 0)
        for line in child.stdout:
            if line != "begin\n":
                print(line, end="")
                continue
            sent = []
            for pause in (source.uniform(0, seconds), source.choice([0.001, 0.1]) * source.random()):
                time.sleep(pause)
                sent.append(time.monotonic())
                os.killpg(child.pid, signal.SIGINT)
                if source.random() < 0.6:
                    break
            child.stdin.write(" ".join(map(str, sent)) + "\n")
            child.stdin.flush()
    if child.returncode:
        raise SystemExit(f"{how}: the child ended with {child.returncode}")


def main() -> None:
    """Interrupt, look, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--how", choices=HOWS, default="inline")
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    if given.child:
        be_interrupted(given.folder, given.how, given.times, given.seed)
    else:
        interrupt(sys.argv[1:], given.how, random.Random(given.seed))


if __name__ == "__main__":
    main()
