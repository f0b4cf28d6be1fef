"""The law of every mapping: d is downstream of {u} exactly if u is upstream of {d}; a set is the union of members."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

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
from ipyassets.partitions.mapping import (
    AllPartitionMapping,
    IdentityPartitionMapping,
    LastPartitionMapping,
    Mapped,
    PartitionMapping,
)
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
)
from ipyassets.partitions.space import WholeSpace
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.static_mapping import SpecificPartitionsPartitionMapping, StaticPartitionMapping
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition

NOW = AsOf(dt.datetime(2023, 3, 20, 12, tzinfo=dt.UTC))
ZONE = "America/New_York"  # 12 March has 23 hours


@dataclass(frozen=True)
class Mirrored(PartitionMapping):
    """A mapping of the user's own, in one direction only."""

    def upstream(self, spans, down, up):
        found = len(up) - 1 - spans.indices()
        return Mapped(Spans.from_indices(found[found >= 0]))


def before_and_with(key):
    return [key, f"{int(key) - 1:02}"]


def windows(draw):
    start = f"2023-03-{draw(st.integers(1, 14)):02}"
    end = draw(st.sampled_from([None, "2023-03-12", "2023-03-16"]))
    kind = draw(st.sampled_from(["hours", "days", "workdays", "weekend", "weeks", "months", "halves"]))
    if kind == "hours":
        return HourlyPartitionsDefinition(f"{start}-00:00", timezone=ZONE, end_date=f"{end or '2023-03-14'}-00:00")
    if kind == "weeks":
        return WeeklyPartitionsDefinition("2023-02-10", day_offset=draw(st.integers(0, 6)), timezone=ZONE)
    if kind == "months":
        return MonthlyPartitionsDefinition("2022-11-01", timezone=ZONE)
    cron = {"days": "0 0 * * *", "halves": "0 0,13 * * *", "workdays": "0 0 * * 1-5", "weekend": "0 0 * * *"}[kind]
    return TimeWindowPartitionsDefinition(
        start=f"{start}-00:00",
        end=end and f"{end}-00:00",
        fmt="%Y-%m-%d-%H:%M",
        cron_schedule=cron,
        timezone=ZONE,
        exclusions=["0 0 * * 6,0"] if kind == "weekend" else None,
    )


@st.composite
def pairs_in_time(draw):
    mapping = draw(
        st.one_of(
            st.builds(
                TimeWindowPartitionMapping,
                st.integers(-3, 3),
                st.integers(-3, 3),
                st.booleans(),
                st.sampled_from(["downstream", "upstream"]),
            ),
            st.builds(EarlierPartitionsMapping, st.booleans()),
        )
    )
    return mapping, windows(draw).space(NOW), windows(draw).space(NOW)


NUMBERS = [f"{number:02}" for number in range(12)]
statics = st.lists(st.sampled_from(NUMBERS), unique=True, max_size=8).map(
    lambda keys: StaticPartitionsDefinition(keys).space(NOW)
)


@st.composite
def pairs_of_keys(draw):
    down, up = draw(statics), draw(statics)
    pairs = draw(
        st.dictionaries(
            st.sampled_from(list(up.keys()) or ["x"]), st.lists(st.sampled_from(list(down.keys()) or ["x"]))
        )
    )
    static = StaticPartitionMapping(pairs if len(up) and len(down) else {})
    mapping = draw(
        st.sampled_from(
            [
                IdentityPartitionMapping(),
                AllPartitionMapping(),
                LastPartitionMapping(),
                LastPartitionMapping(3),
                SpecificPartitionsPartitionMapping(["01", "05", "nothing"]),
                EarlierPartitionsMapping(),
                EarlierPartitionsMapping(nearest_only=True),
                FunctionPartitionMapping(before_and_with),
                Mirrored(),
                static,
            ]
        )
    )
    return mapping, down, up


DAYS = DailyPartitionsDefinition("2023-03-10", timezone=ZONE)
LATER = DailyPartitionsDefinition("2023-03-12", timezone=ZONE)
COLORS = StaticPartitionsDefinition(["red", "green", "blue"])
SIZES = StaticPartitionsDefinition(["s", "m"])
BACK = DimensionPartitionMapping("day", TimeWindowPartitionMapping(-2, -1))
SAME = DimensionPartitionMapping("color", IdentityPartitionMapping())


def is_cold(key):
    return key.keys_by_dimension["color"] != "red" or key.endswith(("11", "12"))


def several(days, *, where=None, **others):
    return MultiPartitionsDefinition({"day": days, "color": COLORS, **others}, where=where).space(NOW)


pairs_of_dimensions = st.sampled_from(
    [
        (MultiToSingleDimensionPartitionMapping(), several(DAYS), DAYS.space(NOW)),
        (MultiToSingleDimensionPartitionMapping(), DAYS.space(NOW), several(DAYS, size=SIZES)),
        (
            MultiToSingleDimensionPartitionMapping(),
            several(DAYS),
            WeeklyPartitionsDefinition("2023-03-01", timezone=ZONE).space(NOW),
        ),
        (MultiToSingleDimensionPartitionMapping("color"), several(DAYS, where=is_cold), COLORS.space(NOW)),
        (MultiPartitionMapping({"day": BACK, "color": SAME}), several(DAYS), several(LATER)),
        (MultiPartitionMapping({"day": BACK}), several(DAYS, size=SIZES), several(LATER)),
        (MultiPartitionMapping({"color": SAME}), several(DAYS, where=is_cold), several(LATER, where=is_cold)),
        (MultiPartitionMapping({}), several(DAYS), several(LATER)),
        (IdentityPartitionMapping(), several(DAYS), several(LATER)),
        (AllPartitionMapping(), WholeSpace(), several(DAYS)),
        (AllPartitionMapping(), several(DAYS), WholeSpace()),
    ]
)


def one(index: int) -> Spans:
    return Spans.range(index, index + 1)


def check_the_law(mapping, down, up):
    table = np.array([mapping.upstream(one(d), down, up).spans.mask(len(up)) for d in range(len(down))], dtype=bool)
    back = np.array([mapping.downstream(one(u), up, down).mask(len(down)) for u in range(len(up))], dtype=bool)
    assert (table.reshape(len(down), len(up)) == back.reshape(len(up), len(down)).T).all()
    ranges = mapping.ranges(down, up)
    if ranges is not None:
        assert [Spans.of([each]) for each in ranges.tolist()] == [Spans.from_mask(row) for row in table]


def check_sets(chosen, mapping, down, up):
    spans = Spans.from_indices([index for index in chosen if index < len(down)])
    parts = [mapping.upstream(one(d), down, up) for d in spans]
    whole = mapping.upstream(spans, down, up)
    assert set(whole.spans) == {index for part in parts for index in part.spans}
    assert set(whole.missing) == {key for part in parts for key in part.missing}
    assert set(mapping.lacking(spans, down, up)) == {d for d, part in zip(spans, parts, strict=True) if part.missing}
    spans = Spans.from_indices([index for index in chosen if index < len(up)])
    assert set(mapping.downstream(spans, up, down)) == {d for u in spans for d in mapping.downstream(one(u), up, down)}


CHOSEN = st.sets(st.integers(0, 60))


@given(pairs_in_time(), CHOSEN)
@settings(deadline=None, max_examples=150)
def test_mappings_in_time_keep_the_law(pair, chosen):
    check_the_law(*pair)
    check_sets(chosen, *pair)


@given(pairs_of_keys(), CHOSEN)
@settings(deadline=None)
def test_mappings_of_keys_keep_the_law(pair, chosen):
    check_the_law(*pair)
    check_sets(chosen, *pair)


@given(pairs_of_dimensions, CHOSEN)
@settings(deadline=None)
def test_mappings_of_several_dimensions_keep_the_law(pair, chosen):
    check_the_law(*pair)
    check_sets(chosen, *pair)
