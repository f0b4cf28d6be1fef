"""Jupyter kernels and scripts make the same partitions of one root at once.

Each body holds a file of its partition's name, made exclusively, for as long as it runs: a second body of the same
partition at the same time cannot make it, and says so. At the end every value is compared with its record, and the bars
of the kernels, which have followed all of it, with the log.

    python -m tests.faults.hammer FOLDER --seconds 60 --partitions 200
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.instance.composition import Instance
from tests.jupyter.live_kernel import live_kernel

HERE = Path(__file__).parent.parent.parent
PATIENCE = 120.0  # seconds, beyond those of the hammering


def assets(root: Path, count: int, who: str) -> list[ia.AssetsDefinition]:
    """One asset, and another that reads it; what they hold is different every time."""
    numbers = ia.StaticPartitionsDefinition([f"p{i:03d}" for i in range(count)])

    def alone(asset: str, key: str) -> Path:
        held = root / "held" / f"{asset}-{key}"
        os.close(os.open(held, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        return held

    @ia.asset(partitions_def=numbers, code_version="1")
    def source(context: ia.AssetExecutionContext) -> dict[str, object]:
        held = alone("source", context.partition_key)
        time.sleep(0.001)
        value: dict[str, object] = {"key": context.partition_key, "by": who, "noise": os.urandom(2_000)}
        held.unlink()
        return value

    @ia.asset(partitions_def=numbers, code_version="1")
    def derived(context: ia.AssetExecutionContext, source: dict[str, object]) -> dict[str, object]:
        held = alone("derived", context.partition_key)
        if source["key"] != context.partition_key:
            raise AssertionError(f"{context.partition_key} was given {source['key']}")
        value: dict[str, object] = {"key": context.partition_key, "of": source["by"], "by": who}
        held.unlink()
        return value

    return [source, derived]


def work(instance: Instance, both: Sequence[ia.AssetsDefinition], seconds: float) -> str:
    """Make all partitions again and again for a while; how often, and what went wrong, as JSON."""
    end, rounds, wrong = time.monotonic() + seconds, 0, []
    while time.monotonic() < end:
        result = ia.materialize(both, instance=instance, partition_keys="all", raise_on_error=False)
        wrong += [f"{one.asset_key} {one.partition_key}: {one.reason}" for one in result.troubles]
        rounds += 1
    return json.dumps({"rounds": rounds, "wrong": wrong})


def in_script(given: argparse.Namespace, who: str, ended: threading.Barrier) -> dict[str, Any]:
    """Hammer in a script."""
    program = [sys.executable, "-m", "tests.faults.hammer", *sys.argv[1:], "--who", who]
    done = subprocess.run(program, stdout=subprocess.PIPE, check=True, timeout=given.seconds + PATIENCE)
    ended.wait(PATIENCE)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


CELLS = """
%load_ext ipyassets
from pathlib import Path
import ipyassets as ia
from tests.faults.hammer import assets, work
source, derived = assets(Path({folder!r}), {partitions}, {who!r})
---
source
---
derived
---
print(work(ia.current_instance(), [source, derived], {seconds}))
"""


def in_kernel(given: argparse.Namespace, who: str, ended: threading.Barrier) -> dict[str, Any]:
    """Hammer in a Jupyter kernel that shows both assets on bars."""
    folder = given.folder / "kernels" / who
    folder.mkdir(parents=True)
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    with live_kernel(folder, IPYASSETS_HOME=str(given.folder), PYTHONPATH=path) as kernel:
        *before, hammering = CELLS.format(**(vars(given) | {"who": who, "folder": str(given.folder)})).split("---\n")
        for cell in before:
            kernel.run(cell)
        result: dict[str, Any] = json.loads(kernel.finish(kernel.begin(hammering), given.seconds + PATIENCE).text)
        ended.wait(PATIENCE)
        shown = {name: kernel.bar(name) for name in ("source", "derived")}
        true = states(given)
        kernel.until(lambda: {name: bar.traits["counts"] for name, bar in shown.items()} == true, PATIENCE)
        return result | {"bars": len(shown)}


def states(given: argparse.Namespace) -> dict[str, dict[str, int]]:
    """How many partitions of each asset are in which state."""
    instance, both = Instance(given.folder), assets(given.folder, given.partitions, "")
    facts = instance.facts(AssetGraph.of(both))
    instance.close()
    return {str(one.key): {str(state): n for state, n in facts.counts(one.key).items()} for one in both}


def verified(given: argparse.Namespace) -> tuple[int, int]:
    """How often a value was made, and how many of those that stand are what was recorded; SystemExit unless all are."""
    instance = Instance(given.folder)
    made = sum(event.run_id != "" for event in instance.event_log.since(0))
    found = ia.upkeep(instance).verify()
    instance.close()
    damaged = {f"{each.asset_key} {key}": why for each in found for key, why in each.damaged.items()}
    if damaged or list((given.folder / "held").iterdir()):
        raise SystemExit(f"{len(damaged)} values are not what was recorded: {damaged}")
    return made, sum(each.checked for each in found)


def main() -> None:
    """Run them all, wait, and look at what they leave."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--partitions", type=int, default=200)
    parser.add_argument("--kernels", type=int, default=2)
    parser.add_argument("--scripts", type=int, default=1)
    parser.add_argument("--who")
    given = parser.parse_args()
    if given.who:
        instance = Instance(given.folder)
        print(work(instance, assets(given.folder, given.partitions, given.who), given.seconds))
        instance.close()
        return
    (given.folder / "held").mkdir(parents=True)
    count = given.kernels + given.scripts
    ended = threading.Barrier(count)
    with ThreadPoolExecutor(count) as pool:
        kernels = [pool.submit(in_kernel, given, f"kernel {i}", ended) for i in range(given.kernels)]
        scripts = [pool.submit(in_script, given, f"script {i}", ended) for i in range(given.scripts)]
        results = [each.result() for each in (*kernels, *scripts)]
    if wrong := [line for result in results for line in result["wrong"]]:
        raise SystemExit(f"{len(wrong)} partitions went wrong, such as: {wrong[:3]}")
    made, checked = verified(given)
    # every run makes both assets, so that whoever was the last to make a source has made what reads it after that
    if (left := states(given)) != {name: {"fresh": given.partitions} for name in ("source", "derived")}:
        raise SystemExit(f"not everything is fresh: {left}")
    rounds, bars = (sum(result.get(what, 0) for result in results) for what in ("rounds", "bars"))
    print(
        f"{given.kernels} kernels and {given.scripts} script(s) in {given.seconds:.0f} s: {rounds} rounds,"
        f" {made} values made of {2 * given.partitions} partitions, none twice at once;"
        f" {checked} verified, 0 different from their record, all fresh, as {bars} bars show"
    )


if __name__ == "__main__":
    main()
