"""Partition arithmetic beside Dagster's and NumPy's, in one run: `python -m benchmarks.partitions_dagster PYTHON`.

PYTHON is an interpreter of an environment that has Dagster, which this project never depends on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np

from benchmarks.table import Row, seconds, show
from ipyassets import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
)
from ipyassets.partitions import AsOf, PartitionSpace, Spans
from ipyassets.partitions.selection_text import parse, text

SIZES = (25_000, 100_000, 1_000_000)
START = datetime(1910, 1, 1, tzinfo=UTC)

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
        began = time.perf_counter()
        for key in keys[:: size // 20]:
            assert hours.has_partition_key(key)
        found[size] = listed, (time.perf_counter() - began) / len(keys[:: size // 20])
print(json.dumps(found))
"""


def string_table(size: int) -> list[str]:
    moments = np.datetime64("1910-01-01T00") + np.arange(size)
    return [str(each) for each in np.datetime_as_string(moments, unit="m").tolist()]


def all_known(space: PartitionSpace, keys: Sequence[str]) -> bool:
    return all(key in space for key in keys)


def there_and_back(space: PartitionSpace, keys: Sequence[str]) -> list[str]:
    return [space.key(space.index(key)) for key in keys]


def lengths(space: PartitionSpace) -> list[int]:
    return [len(space) for _ in range(1000)]


def beside_dagster(interpreter: str) -> Iterator[Row]:
    moments = [(size, (START + timedelta(hours=size)).isoformat()) for size in SIZES]
    answer = subprocess.run([interpreter, "-c", THERE, json.dumps(moments)], capture_output=True, check=True, text=True)
    theirs = json.loads(answer.stdout)
    hours = HourlyPartitionsDefinition("1910-01-01-00:00")
    for size, now in moments:
        space = hours.space(AsOf(datetime.fromisoformat(now)))
        listed, strings = seconds(space.keys, partial(string_table, size))
        keys = list(space.keys())[:: size // 20]
        looked, indexed, length = seconds(
            partial(all_known, space, keys), partial(there_and_back, space, keys), partial(lengths, space)
        )
        yield Row(f"list {size:,} hours, faster than Dagster", theirs[str(size)][0] / listed, "x", least=20)
        yield Row("  a key", listed / size * 1e9, "ns")
        yield Row("  beside NumPy's own strings", listed / strings, "x", most=3)
        yield Row("  has a key, faster than Dagster", theirs[str(size)][1] / (looked / len(keys)), "x")
        yield Row("  has a key", looked / len(keys) * 1e6, "us")
        yield Row("  a key to its index and back", indexed / len(keys) * 1e6, "us")
        yield Row("  the length", length * 1e6, "ns")


def mappings() -> Iterator[Row]:
    for size in SIZES:
        now = AsOf(START + timedelta(hours=size))
        hours = HourlyPartitionsDefinition("1910-01-01-00:00", timezone="America/New_York").space(now)
        days = DailyPartitionsDefinition("1910-01-01", timezone="America/New_York").space(now)
        mapping = TimeWindowPartitionMapping()
        every, alternate = Spans.range(0, len(days)), Spans.from_indices(np.arange(0, len(days), 2))
        whole = Spans.range(0, len(hours))
        taken = seconds(
            partial(mapping.upstream, every, days, hours),
            partial(mapping.upstream, alternate, days, hours),
            partial(mapping.downstream, whole, hours, days),
            partial(mapping.upstream, whole, hours, days),
        )
        names = (
            "every day to its hours",
            "every other day to its hours",
            "all hours to the days that read them",
            "all hours to their days",
        )
        for name, each in zip(names, taken, strict=True):
            yield Row(f"{name}, of {size:,} hours", each * 1000, "ms", most=50)


def products() -> Iterator[Row]:
    now = AsOf(datetime(2024, 6, 1, tzinfo=UTC))
    days = DailyPartitionsDefinition("2014-01-01", "2024-01-02")
    values = StaticPartitionsDefinition([f"value-{number}" for number in range(300)])
    (built,) = seconds(lambda: MultiPartitionsDefinition({"day": days, "value": values}).space(now))
    yield Row("3,653 days x 300 values, built", built * 1000, "ms", most=1)
    space = MultiPartitionsDefinition({"day": days, "value": values}).space(now)
    for selection in (
        "all",
        "*|value-7",
        "2020-01-*|value-1*",
        "latest 30|{value-3, value-9}",
        "2020-01-*|*, *|value-3",
    ):
        spans = parse(selection, space)
        read, written = seconds(partial(parse, selection, space), partial(text, spans, space))
        yield Row(f"select `{selection}`", read * 1000, "ms", most=50)
        yield Row(f"write `{selection}`", written * 1000, "ms", most=50)


def main() -> None:
    missed = [*show("Windows in time, beside Dagster", beside_dagster(sys.argv[1]))] if len(sys.argv) > 1 else []
    missed += [*show("Windows onto windows", mappings()), *show("Several dimensions", products())]
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
