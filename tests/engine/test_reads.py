from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.engine.reads import Reads, ReadsBook, reads
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.earlier_mapping import EarlierPartitionsMapping
from ipyassets.partitions.function_mapping import FunctionPartitionMapping
from ipyassets.partitions.mapping import AllPartitionMapping, IdentityPartitionMapping, LastPartitionMapping
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
)
from ipyassets.partitions.space import WholeSpace
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.static_mapping import StaticPartitionMapping
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

AS_OF = AsOf(datetime(2024, 4, 1, tzinfo=UTC))
ZONE = "America/New_York"
HOURS = HourlyPartitionsDefinition("2024-03-08-00:00", timezone=ZONE, end_date="2024-03-13-00:00").space(AS_OF)
DAYS = DailyPartitionsDefinition("2024-03-01", timezone=ZONE).space(AS_OF)
WORKDAYS = DailyPartitionsDefinition("2024-03-01", timezone=ZONE, exclusions=["0 0 * * 6"]).space(AS_OF)
WEEKS = WeeklyPartitionsDefinition("2024-01-01", timezone=ZONE).space(AS_OF)
MONTHS = MonthlyPartitionsDefinition("2024-01-01", timezone=ZONE).space(AS_OF)
ABC = StaticPartitionsDefinition(["a", "b", "c"]).space(AS_OF)
BCD = StaticPartitionsDefinition(["b", "c", "d"]).space(AS_OF)
BOX = MultiPartitionsDefinition(
    {"day": DailyPartitionsDefinition("2024-03-20"), "letter": StaticPartitionsDefinition(["a", "b", "c"])}
).space(AS_OF)
PLAIN_DAYS = DailyPartitionsDefinition("2024-03-20").space(AS_OF)
NEVER = DailyPartitionsDefinition("2025-01-01", timezone=ZONE).space(AS_OF)

CASES = {
    "the same day": (IdentityPartitionMapping(), DAYS, DAYS),
    "the same key": (IdentityPartitionMapping(), ABC, BCD),
    "all": (AllPartitionMapping(), WholeSpace(), DAYS),
    "from one": (AllPartitionMapping(), DAYS, WholeSpace()),
    "the newest": (LastPartitionMapping(2), ABC, DAYS),
    "a day's hours": (TimeWindowPartitionMapping(), DAYS, HOURS),
    "an hour's day": (TimeWindowPartitionMapping(), HOURS, DAYS),
    "a month's days": (TimeWindowPartitionMapping(), MONTHS, DAYS),
    "weeks of months": (TimeWindowPartitionMapping(), MONTHS, WEEKS),
    "the day before": (TimeWindowPartitionMapping(start_offset=-1, end_offset=-1), DAYS, DAYS),
    "the last seven": (TimeWindowPartitionMapping(start_offset=-6), DAYS, DAYS),
    "ahead": (TimeWindowPartitionMapping(end_offset=1), DAYS, HOURS),
    "never": (TimeWindowPartitionMapping(start_offset=1, end_offset=0), DAYS, DAYS),
    "with gaps": (TimeWindowPartitionMapping(start_offset=-2), WORKDAYS, WORKDAYS),
    "empty": (TimeWindowPartitionMapping(), NEVER, DAYS),
    "earlier": (EarlierPartitionsMapping(), DAYS, DAYS),
    "the one before": (EarlierPartitionsMapping(nearest_only=True), WEEKS, DAYS),
    "listed": (StaticPartitionMapping({"b": ["a", "c"], "c": "c"}), ABC, BCD),
    "by function": (FunctionPartitionMapping(lambda key: [key, "d"]), BCD, BCD),
    "a row of a box": (MultiToSingleDimensionPartitionMapping("day"), PLAIN_DAYS, BOX),
    "a column of a box": (MultiToSingleDimensionPartitionMapping("letter"), ABC, BOX),
    "a side of a box": (MultiToSingleDimensionPartitionMapping("letter"), BOX, ABC),
    "yesterday of a box": (
        MultiPartitionMapping(
            {
                "day": DimensionPartitionMapping("day", TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)),
                "letter": DimensionPartitionMapping("letter", IdentityPartitionMapping()),
            }
        ),
        BOX,
        BOX,
    ),
    "half a box": (
        MultiPartitionMapping(
            {"letter": DimensionPartitionMapping("letter", StaticPartitionMapping({"a": ["a", "b"], "c": "b"}))}
        ),
        BOX,
        BOX,
    ),
}


@pytest.mark.parametrize(("mapping", "down", "up"), CASES.values(), ids=CASES.keys())
def test_every_partition_reads_what_its_mapping_says_of_it_alone(mapping, down, up):
    found = reads(mapping, down, up)
    for index in range(len(down)):
        assert Spans.of(found.of(index)) == mapping.upstream(Spans.range(index, index + 1), down, up).spans


@pytest.mark.parametrize(("mapping", "down", "up"), CASES.values(), ids=CASES.keys())
def test_a_total_is_the_sum_over_what_is_read_modulo_the_word(mapping, down, up):
    values = np.random.default_rng(1).integers(0, 2**64, len(up), np.uint64)
    totals = reads(mapping, down, up).totals(values)
    for index in range(len(down)):
        members = mapping.upstream(Spans.range(index, index + 1), down, up).spans.indices()
        assert int(totals[index]) == sum(map(int, values[members])) % 2**64


@pytest.mark.parametrize(("mapping", "down", "up"), CASES.values(), ids=CASES.keys())
def test_the_first_of_some_that_a_partition_reads_is_the_first_in_order(mapping, down, up):
    mask = np.random.default_rng(1).random(len(up)) < 0.3
    found = reads(mapping, down, up)
    first = found.first(mask).tolist()
    for index in range(len(down)):
        hits = [each for each in Spans.of(found.of(index)) if mask[each]]
        assert first[index] == (hits[0] if hits else -1)


@pytest.mark.parametrize(("mapping", "down", "up"), CASES.values(), ids=CASES.keys())
def test_what_a_partition_alone_reads_is_known_where_it_reads_a_single_one(mapping, down, up):
    found = reads(mapping, down, up)
    only = found.only().tolist()
    for index in range(len(down)):
        members = list(Spans.of(found.of(index)))
        assert only[index] in (members if len(members) == 1 else [-1])


def test_reading_backwards_is_seen():
    before = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    assert reads(before, DAYS, DAYS).is_backward
    assert not reads(IdentityPartitionMapping(), DAYS, DAYS).is_backward


def test_reads_are_worked_out_once():
    book = ReadsBook()
    mapping = TimeWindowPartitionMapping()
    assert book.of(mapping, DAYS, HOURS) is book.of(TimeWindowPartitionMapping(), DAYS, HOURS)
    assert book.of(mapping, HOURS, DAYS) is not book.of(mapping, DAYS, HOURS)


@st.composite
def selves(draw):
    """What each of some partitions reads of its own asset, in any direction or only backwards."""
    length, backward = draw(st.integers(0, 12)), draw(st.booleans())
    rows = []
    for index in range(length):
        ends = st.integers(0, index if backward else length)
        rows.append([sorted(pair) for pair in draw(st.lists(st.tuples(ends, ends), max_size=2))])
    flat = np.array([pair for row in rows for pair in row], np.int64).reshape(-1, 2)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    return Reads(offsets, flat[:, 0], flat[:, 1])


@given(selves(), st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_the_closure_is_what_following_each_read_finds(reads, asked, wanting):
    length = len(reads.offsets) - 1
    front = [index for index in asked if index < length]
    found = set(front)
    while front:
        for start, stop in reads.of(front.pop()):
            new = {index for index in range(start, stop) if index in wanting} - found
            found |= new
            front += new
    masks = [np.isin(np.arange(length), list(each)) for each in (asked, wanting)]
    assert np.flatnonzero(reads.closure(*masks)).tolist() == sorted(found)
