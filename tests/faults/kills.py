"""Kills processes that make partitions at random instants, and looks at what they leave.

Each worker is a real process with an instance and an engine of its own, forked from this one so that hundreds can
be killed in a short time. It makes two assets again and again, in generations that only grow. After each SIGKILL the
store is opened anew and everything in it is read.

    python -m tests.faults.kills FOLDER --kills 500 --seed 1
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.instance.composition import Instance
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.value_files import ValueFiles

KEYS = [f"2013-01-{day:02d}" for day in range(1, 5)]
DAYS = ia.StaticPartitionsDefinition(KEYS)


def assets(generation: int) -> list[ia.AssetsDefinition]:
    """Two assets, small and large values, whose values tell in which generation they were made."""

    @ia.asset(partitions_def=DAYS, code_version="1")
    def small(context: ia.AssetExecutionContext) -> dict[str, object]:
        context.add_output_metadata({"generation": generation})
        return {"key": context.partition_key, "generation": generation}

    @ia.asset(partitions_def=DAYS, code_version="1")
    def large(context: ia.AssetExecutionContext, small: dict[str, object]) -> tuple[object, int, bytes]:
        context.add_output_metadata({"generation": generation})
        return small["key"], generation, os.urandom(100_000)

    return [small, large]


def work(root: Path, generation: int) -> None:
    """What a worker does until it is killed."""
    instance = Instance(root)
    while True:
        generation += 1
        ia.materialize(assets(generation), instance=instance, partition_keys=KEYS)


def kill_one(root: Path, generation: int, seconds: float) -> None:
    """Start a worker and kill it after so many seconds."""
    child = os.fork()
    if child == 0:
        try:
            work(root, generation)
        finally:
            os._exit(3)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit("a worker failed before it could be killed")


def look(root: Path, least: dict[tuple[str, str], int], figures: Counter[str]) -> None:
    """Everything that must hold of a store, whoever died over it; SystemExit says what does not."""
    instance = Instance(root)
    both = assets(0)
    log, files = instance.event_log, instance.io_manager.files  # type: ignore[attr-defined]
    assert isinstance(log, SqliteEventLog)
    assert isinstance(files, ValueFiles)
    figures["files left aside"] = len(list(Path(files.staging).iterdir())) if Path(files.staging).exists() else 0
    facts = instance.facts(AssetGraph.of(both))
    for asset in both:
        states = {str(state) for state in facts.counts(asset.key)}
        if strange := states & {"running", "queued", "damaged", "failed"}:
            raise SystemExit(f"{asset.key} is shown as {strange}")
        for key in KEYS:
            _, standing = log.last(asset.key, key)
            if standing is None:
                if (str(asset.key), key) in least:
                    raise SystemExit(f"the record of {asset.key} {key} is lost")
                continue
            in_place = files.path(asset.key, key).is_file()
            value = instance.store.load(asset, key)
            generation = value["generation"] if isinstance(value, dict) else value[1]  # type: ignore[index]
            if generation != standing.metadata["generation"]:
                raise SystemExit(f"{asset.key} {key} holds {generation}, its record says {standing.metadata}")
            if generation < least.get((str(asset.key), key), 0):
                raise SystemExit(f"{asset.key} {key} fell back to generation {generation}")
            least[str(asset.key), key] = generation
            figures["values read"] += 1
            figures["values put in place for a dead worker"] += not in_place
    instance.close()


def main() -> None:
    """Kill, look, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=0.5)
    given = parser.parse_args()
    source, figures = random.Random(given.seed), Counter[str]()
    least: dict[tuple[str, str], int] = {}
    for number in range(given.kills):
        kill_one(given.folder, number * 1_000, source.uniform(0, given.longest))
        look(given.folder, least, figures)
    figures["generations of values seen"] = len(set(least.values()))
    print(f"{given.kills} kills, 0 values lost, 0 damaged;", ", ".join(f"{n} {what}" for what, n in figures.items()))


if __name__ == "__main__":
    main()
