"""One tiny partition beside Dagster's `materialize`, in one run: `python -m benchmarks.engine_dagster PYTHON`.

PYTHON is an interpreter of an environment that has Dagster, which this project never depends on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.table import Row, seconds, show
from ipyassets import AssetExecutionContext, Instance, StaticPartitionsDefinition, asset, materialize

TINY, ROUNDS = 300, 5
KEYS = [f"key-{number:05}" for number in range(TINY * ROUNDS)]

# Run by the other interpreter: seconds of each of some materializations on an instance that keeps its log in SQLite.
THERE = """
import json, logging, sys, tempfile, time, warnings
warnings.simplefilter("ignore")
from dagster import DagsterInstance, StaticPartitionsDefinition, asset, materialize
logging.disable(logging.CRITICAL)
keys = [f"key-{number:05}" for number in range(300)]

@asset(partitions_def=StaticPartitionsDefinition(keys))
def tiny(context):
    return {"key": context.partition_key}

taken = []
with tempfile.TemporaryDirectory() as folder, DagsterInstance.local_temp(folder) as instance:
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
    with tempfile.TemporaryDirectory() as name:
        instance = Instance(Path(name))
        # Neither makes a partition twice: what an old file costs to give up is the file system's alone
        keys = iter(KEYS)
        (some,) = seconds(
            lambda: materialize([tiny], partition_keys=list(islice(keys, TINY)), instance=instance), rounds=ROUNDS
        )
        (one,) = seconds(lambda: materialize([tiny], partition_key=KEYS[0], instance=instance))
        instance.close()
        # Before anything is deleted, which makes new files slow for a while
        done = subprocess.run([interpreter, "-c", THERE], capture_output=True, text=True, check=True)
        theirs = sorted(json.loads(done.stdout.splitlines()[-1]))[4]
    yield Row(
        "a tiny partition among 300, durable, less than Dagster's materialize",
        theirs / (some / TINY),
        "x",
        least=500,
    )
    yield Row("  ours", some / TINY * 1e6, "us")
    yield Row("  Dagster's, on its SQLite instance", theirs * 1e6, "us")
    yield Row("  one partition in a run of its own, less than Dagster's", theirs / one, "x")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("name the Python of an environment that has Dagster")
    sys.exit(1 if show("A partition, beside Dagster", beside_dagster(sys.argv[1])) else 0)
