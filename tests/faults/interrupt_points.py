"""Interrupts an operation at every single point at which Python would let an interrupt in, and looks what that leaves.

Python handles a signal where a function begins and where a call into C has returned. Its profiler tells of both, and
calls the handler of SIGINT there, as the interpreter would. The exception is kept meanwhile, as IPython keeps it for
`%debug`, and all looking is done in another thread: what the interrupted one still holds would be in its way.

    python -m tests.faults.interrupt_points FOLDER [OPERATION ...] [--every 1]
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.capture import Stream
from ipyassets.events import State
from ipyassets.instance.composition import Instance
from ipyassets.partitions.spans import Spans

LETTERS = ia.StaticPartitionsDefinition(["a", "b"])
KEYS = LETTERS.get_partition_keys()
LIES = {State.RUNNING, State.QUEUED, State.FAILED, State.BLOCKED, State.DAMAGED}
POINTS = ("call", "c_return", "c_exception")
WORKERS = ("ipyassets-record", "ipyassets_0", "ipyassets_1")
PATIENCE = 60


class Store:
    """An instance with two assets, whose values tell in which generation they were made."""

    def __init__(self, root: Path) -> None:
        self.instance = Instance(root, durability="fast")
        self.generation = 0

    @property
    def assets(self) -> list[ia.AssetsDefinition]:
        """The assets of this generation."""
        generation = self.generation

        @ia.asset(partitions_def=LETTERS, code_version="1")
        def source(context: ia.AssetExecutionContext) -> tuple[str, int]:
            context.add_output_metadata({"generation": generation})
            return context.partition_key, generation

        @ia.asset(partitions_def=LETTERS, code_version="1")
        def reader(context: ia.AssetExecutionContext, source: tuple[str, int]) -> tuple[str, int]:
            context.add_output_metadata({"generation": generation})
            return source[0], generation

        return [source, reader]

    @property
    def graph(self) -> AssetGraph:
        """The graph of both."""
        return AssetGraph.of(self.assets)

    def run(self) -> None:
        """Make everything in this thread."""
        ia.materialize(self.assets, instance=self.instance, partition_keys="all")

    def run_in_threads(self) -> None:
        """Make everything in two others."""
        ia.materialize(self.assets, instance=self.instance, partition_keys="all", max_workers=2)

    def run_elsewhere(self) -> None:
        """Make everything as another process would."""
        other = Instance(self.instance.root, durability="fast")
        ia.materialize(self.assets, instance=other, partition_keys="all")
        other.close()

    def move(self) -> None:
        """Go on in another folder, in which there is nothing yet."""
        self.instance.close()
        self.instance = Instance(self.instance.root.with_name(f"root-{self.generation}"), durability="fast")

    def start(self) -> None:
        """Make everything in the background."""
        graph = self.graph
        self.instance.start(self.instance.plan(graph, {key: Spans.range(0, 2) for key in graph.assets}))

    def look(self) -> None:
        """Ask for all states."""
        facts = self.instance.facts(self.graph)
        for key in facts.spaces:
            facts.states(key)

    def wipe(self) -> None:
        """Delete a value."""
        with ia.use_instance(self.instance):
            self.assets[1].wipe("a")

    def check(self) -> None:
        """Everything that must hold, whatever was interrupted."""
        deadline = time.monotonic() + PATIENCE
        while self.instance.active or any(thread.name in WORKERS for thread in threading.enumerate()):
            require(time.monotonic() < deadline, "a run goes on")
            time.sleep(0.001)
        require(not isinstance(sys.stdout, Stream), "prints are still captured")
        require(signal.getsignal(signal.SIGINT) is signal.default_int_handler, "SIGINT has another handler")
        require(not list((self.instance.root / "storage" / ".staging").glob("*")), "something is left aside")
        anew = Instance(self.instance.root)
        facts, truth = self.instance.facts(self.graph), anew.facts(self.graph)
        for asset in self.assets:
            found = facts.counts(asset.key)
            require(found == truth.counts(asset.key), f"{asset.key} is shown as {found}, not {truth.counts(asset.key)}")
            require(not LIES & set(found), f"{asset.key} is shown as {found}")
            for index in facts.spans(asset.key, State.FRESH, State.STALE):
                self._check_value(asset, KEYS[index])
        anew.close()

    def _check_value(self, asset: ia.AssetsDefinition, key: str) -> None:
        _, standing = self.instance.event_log.last(asset.key, key)
        value = self.instance.store.load(asset, key)
        recorded = standing.metadata["generation"] if standing is not None else None
        require(value == (key, recorded), f"{asset.key} {key} holds {value}, its record says {recorded}")


Act = Callable[[Store], None]

# What is done before, undisturbed, and what is then interrupted.
OPERATIONS: dict[str, tuple[Act, Act]] = {
    "begin": (Store.move, Store.look),
    "look": (Store.run_elsewhere, Store.look),
    "run": (Store.look, Store.run),
    "run-in-threads": (Store.look, Store.run_in_threads),
    "start": (Store.look, Store.start),
    "wipe": (Store.look, Store.wipe),
}


def require(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """End if something does not hold."""
    if not holds:
        raise SystemExit(what)


@contextmanager
def interrupted_at(point: int, where: list[str]) -> Iterator[None]:
    """Within this block, an interrupt comes at that point; the list is told where that is, once it is reached."""
    left = point

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        if event not in POINTS:
            return
        left -= 1
        if left == 0:
            sys.setprofile(None)
            where.append(f"{frame.f_code.co_filename}:{frame.f_lineno} ({event})")
            handler = signal.getsignal(signal.SIGINT)
            assert callable(handler)
            handler(signal.SIGINT, frame)

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


def elsewhere(store: Store, *acts: Act) -> None:
    """Do some things in another thread."""
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            for act in acts:
                act(store)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - told by the thread that waits for this one
            wrong.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(2 * PATIENCE)
    require(not thread.is_alive(), "a lock is held")
    require(not wrong, str(wrong))


def everywhere(store: Store, prepare: Act, act: Act, every: int) -> Counter[str]:
    """Interrupt an operation at every point until it gets through; how it went each time."""
    figures, point = Counter[str](), 1
    store.run()
    while True:
        store.generation += 1
        prepare(store)
        where, raised = list[str](), None
        try:
            with interrupted_at(point, where):
                act(store)
        except (KeyboardInterrupt, RuntimeError) as error:
            # Python 3.11 raises a RuntimeError from whatever is raised while a class names its attributes: so here,
            # when the interrupt comes while a module is imported.
            if not any(isinstance(each, KeyboardInterrupt) for each in (error, error.__cause__)):
                raise
            raised = error
        if not where:
            return figures
        figures["interrupted" if raised else "finished"] += 1
        store.generation += 1
        try:
            elsewhere(store, Store.check, Store.run, Store.check)
        except SystemExit as error:
            raise SystemExit(f"after an interrupt at point {point}, {where[0]}: {error}") from raised
        point += every


def main() -> None:
    """Interrupt, look, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("operations", nargs="*", default=list(OPERATIONS))
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_intermixed_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in given.operations:
        figures = everywhere(Store(given.folder / name / "root"), *OPERATIONS[name], given.every)
        told = " and ".join(f"{count} times it {what}" for what, count in figures.items())
        print(f"{name}: {told}", flush=True)


if __name__ == "__main__":
    main()
