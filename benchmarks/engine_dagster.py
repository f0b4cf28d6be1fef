"""One tiny partition beside Dagster's `materialize`, in one run: `python -m benchmarks.engine_dagster PYTHON`.

PYTHON is an interpreter of an environment that has Dagster, which this project never depends on.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.table import Row, seconds, show
from ipyassets import AssetExecutionContext, Instance, StaticPartitionsDefinition, asset, materialize

TINY, ROUNDS = 1000, 6
KEYS = [f"key-{number:05}" for number in range(TINY * ROUNDS)]

# Run by the other interpreter: seconds of each of some materializations on an instance that keeps its log in SQLite.
THERE = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore")
from dagster import DagsterInstance, StaticPartitionsDefinition, asset, materialize
logging.disable(logging.CRITICAL)
keys = [f"key-{number:05}" for number in range(300)]

@asset(partitions_def=StaticPartitionsDefinition(keys))
def tiny(context):
    return {"key": context.partition_key}

taken = []
with DagsterInstance.local_temp(sys.argv[1]) as instance:
    for key in keys[:10]:
        began = time.perf_counter()
        assert materialize([tiny], partition_key=key, instance=instance).success
        taken.append(time.perf_counter() - began)
print(json.dumps(taken))
"""


@asset(partitions_def=StaticPartitionsDefinition(KEYS))
def tiny(context: AssetExecutionContext) -> dict[str, str]:
    return {"key": context.partition_key}


def beside_dagster(interpreter: str) -> Iterator[Row]:
    # Neither makes a partition twice, and nothing is deleted before the end: what an old file costs to give up, and
    # what it costs the next ones, is the file system's alone. Half of ours come before theirs and half after, so that
    # a slow moment of the machine hits both.
    with tempfile.TemporaryDirectory() as name:
        instance, keys = Instance(Path(name, "ours")), iter(KEYS)
        taken = [once(instance, list(islice(keys, TINY))) for _ in range(ROUNDS // 2)]
        Path(name, "theirs").mkdir()
        done = subprocess.run(
            [interpreter, "-c", THERE, str(Path(name, "theirs"))], capture_output=True, text=True, check=True
        )
        theirs = statistics.median(json.loads(done.stdout.splitlines()[-1]))
        taken += [once(instance, list(islice(keys, TINY))) for _ in range(ROUNDS // 2)]
        ours = statistics.median(taken) / TINY
        (one,) = seconds(lambda: materialize([tiny], partition_key=KEYS[0], instance=instance))
        instance.close()
    yield Row("a tiny partition among 1,000, durable, less than Dagster's materialize", theirs / ours, "x", least=500)
    yield Row("  ours", ours * 1e6, "us")
    yield Row("  Dagster's, on its SQLite instance", theirs * 1e6, "us")
    yield Row("  one partition in a run of its own, less than Dagster's", theirs / one, "x")


def once(instance: Instance, keys: list[str]) -> float:
    """Seconds of a run of some partitions."""
    (taken,) = seconds(lambda: materialize([tiny], partition_keys=keys, instance=instance), rounds=1)
    return taken


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("name the Python of an environment that has Dagster")
    sys.exit(1 if show("A partition, beside Dagster", beside_dagster(sys.argv[1])) else 0)
