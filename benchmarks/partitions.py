"""Partition arithmetic at a million hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from benchmarks.table import Row, seconds
from ipyassets import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
)
from ipyassets.partitions import AsOf, Spans

HOURS = 1_000_000
AS_OF = AsOf(datetime(2026, 1, 1, tzinfo=UTC), {})
START = "1910-01-01"
ZONE = "America/New_York"


def string_table() -> list[str]:
    """The same number of keys out of NumPy's own formatting: what arithmetic alone costs."""
    moments = np.datetime64(START, "h") + np.arange(HOURS)
    return [str(text) for text in np.datetime_as_string(moments, unit="m").tolist()]


def rows() -> Iterator[Row]:
    hourly = HourlyPartitionsDefinition(start_date=f"{START}-00:00", timezone=ZONE)
    daily = DailyPartitionsDefinition(start_date=START, timezone=ZONE)
    hours, days = hourly.space(AS_OF), daily.space(AS_OF)
    million = Spans.range(0, HOURS)
    listing, table = seconds(lambda: hours.keys(million), string_table)
    yield Row("list 1,000,000 hours, to NumPy's own strings of them", listing / table, "x", most=3)
    yield Row("the same, for each key", listing / HOURS * 1e9, "ns")
    keys = hours.keys(million)
    (lookup,) = seconds(lambda: hours.indices(keys))
    yield Row("1,000,000 keys to indices", lookup / HOURS * 1e9, "ns")
    last = hours.key(HOURS - 1)
    (one,) = seconds(lambda: [hours.index(last) for _ in range(1000)])
    yield Row("one key to its index, of 1,000,000", one * 1000, "us")
    mapping = TimeWindowPartitionMapping()
    alternate = Spans.of([(day, day + 1) for day in range(0, HOURS // 24, 2)])
    up, down = seconds(
        lambda: mapping.upstream(alternate, days, hours),
        lambda: mapping.downstream(million, hours, days),
    )
    yield Row("every other day to its hours", up * 1000, "ms", most=50)
    yield Row("1,000,000 hours to their days", down * 1000, "ms", most=50)
    colours = StaticPartitionsDefinition([f"colour-{number}" for number in range(300)])
    (product,) = seconds(lambda: MultiPartitionsDefinition({"day": daily, "colour": colours}).space(AS_OF))
    yield Row(f"a product of {len(days):,} days and 300 values", product * 1000, "ms", most=1)
