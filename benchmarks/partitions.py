"""Partition arithmetic at up to a million hours; beside Dagster's in `partitions_dagster`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np

from benchmarks.table import Row, seconds
from ipyassets import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
)
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.selection_text import parse, text
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

SIZES = (25_000, 100_000, 1_000_000)
START = datetime(1910, 1, 1, tzinfo=UTC)
ZONE = "America/New_York"
LOOKUPS = 20


def rows() -> Iterator[Row]:
    """Keys, mappings and products."""
    yield from keys()
    yield from mappings()
    yield from products()


def keys() -> Iterator[Row]:
    """Listing beside NumPy's own strings; what should take the same time however many keys there are."""
    flat: dict[str, list[float]] = {}
    for size in SIZES:
        space = HourlyPartitionsDefinition("1910-01-01-00:00").space(AsOf(START + timedelta(hours=size)))
        listed, strings = seconds(space.keys, partial(string_table, size))
        yield Row(f"list {size:,} hours, beside NumPy's own strings", listed / strings, "x", most=3)
        yield Row("  each key", listed / size * 1e9, "ns")
        some = list(space.keys())[:: size // LOOKUPS]
        looked, indexed, length = seconds(
            partial(all_known, space, some), partial(there_and_back, space, some), partial(lengths, space)
        )
        for name, each in (
            ("whether a key exists", looked / len(some)),
            ("a key to its index and back", indexed / len(some)),
            ("the number of keys", length / 1000),
        ):
            flat.setdefault(name, []).append(each * 1e6)
    for name, (few, _, many) in flat.items():
        yield Row(f"{name}, of 1,000,000", many, "us")
        yield Row("  beside 25,000", many / few, "x", most=3)


def string_table(size: int) -> list[str]:
    """The same number of keys out of NumPy's own formatting: what arithmetic alone costs."""
    moments = np.datetime64("1910-01-01T00") + np.arange(size)
    return [str(each) for each in np.datetime_as_string(moments, unit="m").tolist()]


def all_known(space: PartitionSpace, keys: Sequence[str]) -> bool:
    return all(key in space for key in keys)


def there_and_back(space: PartitionSpace, keys: Sequence[str]) -> list[str]:
    return [space.key(space.index(key)) for key in keys]


def lengths(space: PartitionSpace) -> list[int]:
    return [len(space) for _ in range(1000)]


def mappings() -> Iterator[Row]:
    """Hours and days, both ways, whole and as scattered as can be."""
    mapping = TimeWindowPartitionMapping()
    for size in SIZES:
        now = AsOf(START + timedelta(hours=size))
        hours = HourlyPartitionsDefinition("1910-01-01-00:00", timezone=ZONE).space(now)
        days = DailyPartitionsDefinition("1910-01-01", timezone=ZONE).space(now)
        all_hours, all_days = Spans.range(0, len(hours)), Spans.range(0, len(days))
        some_hours = Spans.from_indices(np.arange(0, len(hours), 2))
        some_days = Spans.from_indices(np.arange(0, len(days), 2))
        asked: dict[str, Callable[[], object]] = {
            "all days to their hours": partial(mapping.upstream, all_days, days, hours),
            "every other day to its hours": partial(mapping.upstream, some_days, days, hours),
            "all hours to the days that read them": partial(mapping.downstream, all_hours, hours, days),
            "every other hour to the days that read it": partial(mapping.downstream, some_hours, hours, days),
            "all hours to their days": partial(mapping.upstream, all_hours, hours, days),
            "every other hour to its day": partial(mapping.upstream, some_hours, hours, days),
            "every other day to the hours that read it": partial(mapping.downstream, some_days, days, hours),
        }
        for name, each in zip(asked, seconds(*asked.values()), strict=True):
            yield Row(f"{name}, of {size:,} hours", each * 1000, "ms", most=50)


def products() -> Iterator[Row]:
    """A product of days and values, and selections of it."""
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
