"""Listing and looking up keys beside Dagster, in one run: `python -m benchmarks --dagster PYTHON`.

PYTHON is an interpreter of an environment that has Dagster, which this project never depends on.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from benchmarks.partitions import LOOKUPS, SIZES, START, all_known
from benchmarks.table import Row, seconds
from ipyassets import HourlyPartitionsDefinition
from ipyassets.partitions.as_of import AsOf

# Run by the other interpreter: seconds to list all hours up to a moment, and to ask for one of them.
THERE = """
import json, sys, time, warnings
from datetime import datetime
warnings.simplefilter("ignore")
from dagster import HourlyPartitionsDefinition, partition_loading_context
found = {}
for size, now in json.loads(sys.argv[1]):
    hours = HourlyPartitionsDefinition("1910-01-01-00:00")
    with partition_loading_context(datetime.fromisoformat(now)):
        began = time.perf_counter()
        keys = hours.get_partition_keys()
        listed = time.perf_counter() - began
        assert len(keys) == size
        some = keys[:: size // int(sys.argv[2])]
        began = time.perf_counter()
        for key in some:
            assert hours.has_partition_key(key)
        found[size] = listed, (time.perf_counter() - began) / len(some)
print(json.dumps(found))
"""


def beside_dagster(interpreter: str) -> Iterator[Row]:
    """Both list and look up the same keys, one after the other."""
    moments = [(size, (START + timedelta(hours=size)).isoformat()) for size in SIZES]
    asked = [interpreter, "-c", THERE, json.dumps(moments), str(LOOKUPS)]
    theirs = json.loads(subprocess.run(asked, capture_output=True, check=True, text=True).stdout)
    for size, now in moments:
        space = HourlyPartitionsDefinition("1910-01-01-00:00").space(AsOf(datetime.fromisoformat(now)))
        some = list(space.keys())[:: size // LOOKUPS]
        listed, looked = seconds(space.keys, partial(all_known, space, some))
        their_listing, their_lookup = theirs[str(size)]
        yield Row(f"list {size:,} hours, faster than Dagster", their_listing / listed, "x", least=20)
        yield Row("  each key", listed / size * 1e9, "ns")
        yield Row("  whether a key exists, faster than Dagster", their_lookup / (looked / len(some)), "x")
