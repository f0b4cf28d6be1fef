"""Several processes make the same partitions at once, as two kernels and a script on one root would.

Each body holds a file of its partition's name, made exclusively, for as long as it runs: a second body of the same
partition at the same time cannot make it, and says so. At the end every value is compared with its record.

    python -m tests.faults.hammer FOLDER --seconds 60 --partitions 200
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import ipyassets as ia
from ipyassets.instance.composition import Instance
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.upkeep import Upkeep


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


def work(root: Path, count: int, who: str, seconds: float) -> dict[str, object]:
    """Make all partitions again and again for a while; how often, and what went wrong."""
    both, end, rounds, wrong = assets(root, count, who), time.monotonic() + seconds, 0, []
    instance = Instance(root)
    while time.monotonic() < end:
        result = ia.materialize(both, instance=instance, partition_keys="all", raise_on_error=False)
        wrong += [f"{one.asset_key} {one.partition_key}: {one.reason}" for one in result.troubles]
        rounds += 1
    made = sum(event.run_id != "" for event in instance.event_log.since(0))
    instance.close()
    return {"who": who, "rounds": rounds, "wrong": wrong, "recorded by all": made}


def main() -> None:
    """Run the processes, wait, and look at what they leave."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--partitions", type=int, default=200)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--who")
    given = parser.parse_args()
    if given.who:
        print(json.dumps(work(given.folder, given.partitions, given.who, given.seconds)))
        return
    (given.folder / "held").mkdir(parents=True)
    names = [f"process {i}" for i in range(given.processes)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.hammer", *sys.argv[1:], "--who", name], stdout=subprocess.PIPE
        )
        for name in names
    ]
    results = [json.loads(each.communicate()[0]) for each in running]
    wrong = [line for result in results for line in result["wrong"]]
    if wrong:
        raise SystemExit(f"{len(wrong)} partitions went wrong, such as: {wrong[:3]}")
    instance = Instance(given.folder)
    log = instance.event_log
    assert isinstance(log, SqliteEventLog)
    verified = Upkeep(log, lambda _: instance.io_manager, time.time).verify()
    instance.close()
    damaged = {f"{each.asset_key} {key}": why for each in verified for key, why in each.damaged.items()}
    if damaged or list((given.folder / "held").iterdir()):
        raise SystemExit(f"{len(damaged)} values are not what was recorded: {damaged}")
    made = max(result["recorded by all"] for result in results)
    print(
        f"{given.processes} processes, {made} values made of {2 * given.partitions} partitions, none twice at once;"
        f" {sum(each.checked for each in verified)} verified, 0 different from their record"
    )


if __name__ == "__main__":
    main()
