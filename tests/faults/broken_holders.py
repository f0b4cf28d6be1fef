"""Runs that hold claims on partitions are broken while others want the same ones.

Some are killed, some are stopped and then killed, and some lose the file of their claims, which is deleted over and
over. Each run is a process of its own. Nobody may wait for the dead, no value may fall back to an earlier one, and log
and files must agree.

    python -m tests.faults.broken_holders FOLDER --rounds 60 --seconds 20 --seed 1
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import ipyassets as ia
from ipyassets.engine.run import Run
from ipyassets.errors import DamagedPartitionError, UnwritableStoreError
from ipyassets.instance.composition import Instance
from tests.faults.kills import KEYS, assets, look

TOGETHER = 3  # runs that lose the file of their claims
PATIENCE = 60.0
DONE, WAITED, GAVE_UP, FAILED = range(4)


class Child:
    """A process that does some work, and exits with what comes of it."""

    def __init__(self, work: Callable[[], int]) -> None:
        self.process = os.fork()
        if self.process == 0:
            code = FAILED
            try:
                code = work()
            except Exception:  # noqa: BLE001 - it has no parent frame to go to
                traceback.print_exc()
            finally:
                os._exit(code)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process, number)

    def end(self) -> int:
        """Wait for its end; what came of it. SystemExit if it failed, or does not end."""
        deadline = time.monotonic() + PATIENCE
        while (status := os.waitpid(self.process, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                raise SystemExit(f"a run does not end: it has waited for {PATIENCE} s")
            time.sleep(0.01)
        if os.WIFEXITED(status[1]) and os.WEXITSTATUS(status[1]) == FAILED:
            raise SystemExit("a run failed")
        return os.waitstatus_to_exitcode(status[1])


def run_once(root: Path, watch: Callable[[Run], None] | None = None) -> None:
    """Make everything, with values that tell in which generation they were made: later ones are larger."""
    instance = Instance(root)
    result = ia.materialize(assets(time.monotonic_ns()), instance=instance, partition_keys=KEYS, watch=watch)
    instance.close()
    if result.progress.materialized != 2 * len(KEYS):
        raise AssertionError(result)


def run_for(root: Path, seconds: float) -> int:
    """Make everything again and again; GAVE_UP if a run said that its claims, or what it reads, is another's now."""
    end, code = time.monotonic() + seconds, DONE
    while time.monotonic() < end:
        try:
            run_once(root)
        except (UnwritableStoreError, DamagedPartitionError):
            code = GAVE_UP
    return code


def run_beside(root: Path) -> int:
    """Make everything beside another run; WAITED if it said, while it lasted, that it waits for that."""
    seen = set()

    def follow(run: Run) -> None:
        while run.wait(0.01) is None and run.error is None:
            seen.add(run.progress.waits_for)

    run_once(root, lambda run: Thread(target=follow, args=[run], daemon=True).start())
    return WAITED if "another run" in seen else DONE


def lose_holder(root: Path, chance: random.Random, *, stopped: bool) -> bool:
    """Kill a run at some moment, or stop it first, while another makes the same; whether that one said it waits."""
    holder = Child(lambda: run_for(root, PATIENCE))
    time.sleep(chance.uniform(0.02, 0.4))
    if stopped:
        holder.send(signal.SIGSTOP)
    other = Child(lambda: run_beside(root))
    time.sleep(chance.uniform(0.1, 0.5))
    holder.send(signal.SIGKILL)
    holder.end()
    return other.end() == WAITED


def lose_claims(root: Path, chance: random.Random, seconds: float) -> tuple[int, int]:
    """Delete the file of the claims under several runs; how often, and in how many of them a run gave up over it.

    Partitions may be made twice at once, then; but log and files agree in the end.
    """
    end, deleted = time.monotonic() + seconds, 0
    children = [Child(lambda: run_for(root, seconds)) for _ in range(TOGETHER)]
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.005, 0.06))
        (root / "claims.lock").unlink(missing_ok=True)
        deleted += 1
    gave_up = sum(child.end() == GAVE_UP for child in children)
    instance = Instance(root)
    if damaged := [each.damaged for each in ia.upkeep(instance).verify() if each.damaged]:
        raise SystemExit(f"after {deleted} deletions of the file of claims: {damaged}")
    instance.close()
    run_once(root)
    return deleted, gave_up


def main() -> None:
    """Break holders, look, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, figures = random.Random(given.seed), Counter[str]()
    least: dict[tuple[str, str], int] = {}
    for number in range(given.rounds):
        stopped = number % 2 == 1
        figures["runs that said they wait"] += lose_holder(given.folder, chance, stopped=stopped)
        figures["holders stopped and killed" if stopped else "holders killed"] += 1
        look(given.folder, least, figures)
    deleted, gave_up = lose_claims(given.folder, chance, given.seconds)
    look(given.folder, {}, figures)
    figures["times that the file of the claims was deleted"] = deleted
    figures[f"of {TOGETHER} processes gave a run up over it"] = gave_up
    seen = ", ".join(f"{count} {what}" for what, count in figures.items())
    print(f"0 values lost, 0 damaged, nobody waits for the dead; {seen}")


if __name__ == "__main__":
    main()
