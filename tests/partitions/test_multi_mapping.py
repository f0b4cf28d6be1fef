import datetime as dt

import pytest

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition, WeeklyPartitionsDefinition
from ipyassets.partitions.definitions import StaticPartitionsDefinition
from ipyassets.partitions.mapping import AllPartitionMapping, IdentityPartitionMapping
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
)
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

NOW = AsOf(dt.datetime(2024, 1, 10, 12, tzinfo=dt.UTC))
DAYS = DailyPartitionsDefinition("2024-01-01")
LATER = DailyPartitionsDefinition("2024-01-05")
COLORS = StaticPartitionsDefinition(["red", "blue"])
BOTH = MultiPartitionsDefinition({"date": DAYS, "color": COLORS})
SINCE = MultiPartitionsDefinition({"date": LATER, "color": COLORS})
ONLY_RED = StaticPartitionsDefinition(["red"])
TWINS = MultiPartitionsDefinition({"p": COLORS, "q": COLORS})
BY_DATE = {"date": DimensionPartitionMapping("date", TimeWindowPartitionMapping(-1, -1))}
BY_COLOR = {"color": DimensionPartitionMapping("color", IdentityPartitionMapping())}


def read(mapping, key, down, up):
    here, there = down.space(NOW), up.space(NOW)
    index = here.index(key)
    found = mapping.upstream(Spans.range(index, index + 1), here, there)
    return list(there.keys(found.spans)), list(found.missing)


def test_a_combination_reads_the_key_of_its_dimension():
    assert read(MultiToSingleDimensionPartitionMapping(), "red|2024-01-03", BOTH, DAYS) == (["2024-01-03"], [])


def test_a_key_reads_every_combination_that_has_it():
    keys = ["red|2024-01-03", "blue|2024-01-03"]
    assert read(MultiToSingleDimensionPartitionMapping(), "2024-01-03", DAYS, BOTH) == (keys, [])


def test_windows_of_the_only_dimension_of_time_overlap():
    weeks = WeeklyPartitionsDefinition("2023-12-25")
    assert read(MultiToSingleDimensionPartitionMapping(), "red|2024-01-03", BOTH, weeks) == (["2023-12-31"], [])


def test_a_dimension_that_is_named_settles_what_is_ambiguous():
    with pytest.raises(InvalidMappingError, match=r"\['p', 'q'\] all match"):
        MultiToSingleDimensionPartitionMapping().validate_partition_mapping(COLORS, TWINS)
    assert read(MultiToSingleDimensionPartitionMapping("q"), "red|blue", TWINS, COLORS) == (["blue"], [])


def test_an_unknown_dimension_is_refused():
    with pytest.raises(InvalidMappingError, match=r"no dimension 'dat'.*did you mean 'date'"):
        MultiToSingleDimensionPartitionMapping("dat").validate_partition_mapping(DAYS, BOTH)


@pytest.mark.parametrize(
    ("up", "down"), [(DAYS, DAYS), (BOTH, BOTH), (StaticPartitionsDefinition(["x"]), BOTH), (DAYS, None)]
)
def test_sides_that_do_not_match_are_refused(up, down):
    with pytest.raises(InvalidMappingError):
        MultiToSingleDimensionPartitionMapping().validate_partition_mapping(up, down)


def test_one_of_the_plain_side_is_a_value():
    assert MultiToSingleDimensionPartitionMapping().gives_one(BOTH, DAYS)
    assert not MultiToSingleDimensionPartitionMapping().gives_one(DAYS, BOTH)


def test_each_dimension_is_mapped_by_itself():
    mapping = MultiPartitionMapping({**BY_DATE, **BY_COLOR})
    assert read(mapping, "red|2024-01-03", BOTH, BOTH) == (["red|2024-01-02"], [])
    assert mapping.gives_one(BOTH, BOTH)


def test_a_dimension_that_is_not_named_is_read_whole():
    assert read(MultiPartitionMapping(BY_DATE), "red|2024-01-03", BOTH, BOTH) == (
        ["red|2024-01-02", "blue|2024-01-02"],
        [],
    )
    assert not MultiPartitionMapping(BY_DATE).gives_one(BOTH, BOTH)


def test_missing_keys_are_whole_keys():
    mapping = MultiPartitionMapping(
        {"date": DimensionPartitionMapping("date", TimeWindowPartitionMapping()), **BY_COLOR}
    )
    assert read(mapping, "blue|2024-01-04", BOTH, SINCE) == ([], ["blue|2024-01-04"])


def test_what_reads_nothing_in_one_dimension_lacks_nothing_in_another():
    mapping = MultiPartitionMapping({**BY_DATE, **BY_COLOR})
    down, up = BOTH.space(NOW), MultiPartitionsDefinition({"date": LATER, "color": ONLY_RED}).space(NOW)
    nowhere = MultiPartitionsDefinition({"date": LATER, "color": StaticPartitionsDefinition([])}).space(NOW)
    every = Spans.range(0, len(down))
    assert set(mapping.lacking(every, down, up)) == {
        each for each in every if mapping.upstream(Spans.range(each, each + 1), down, up).missing
    }
    by_date = MultiPartitionMapping(BY_DATE)
    assert by_date.upstream(every, down, nowhere) == (Spans.empty(), ())
    assert by_date.lacking(every, down, nowhere) == Spans.empty()


def test_dimensions_may_have_other_names_downstream():
    mapping = MultiPartitionMapping({"color": DimensionPartitionMapping("p", IdentityPartitionMapping())})
    keys, _ = read(mapping, "red|blue", TWINS, BOTH)
    assert {key.split("|")[0] for key in keys} == {"red"}


@pytest.mark.parametrize(
    "pairs",
    [
        {"nothing": DimensionPartitionMapping("date", AllPartitionMapping())},
        {"date": DimensionPartitionMapping("nothing", AllPartitionMapping())},
        {"date": DimensionPartitionMapping("color", TimeWindowPartitionMapping())},
    ],
)
def test_pairs_that_do_not_fit_are_refused(pairs):
    with pytest.raises(InvalidMappingError):
        MultiPartitionMapping(pairs).validate_partition_mapping(BOTH, BOTH)


def test_a_downstream_dimension_reads_one_dimension():
    with pytest.raises(InvalidMappingError, match="names one twice"):
        MultiPartitionMapping({**BY_DATE, "color": DimensionPartitionMapping("date", AllPartitionMapping())})


def test_both_sides_have_several_dimensions():
    with pytest.raises(InvalidMappingError, match="both sides"):
        MultiPartitionMapping(BY_DATE).validate_partition_mapping(DAYS, BOTH)


@pytest.mark.parametrize("pairs", [None, {"a": IdentityPartitionMapping()}])
def test_pairs_are_dimension_mappings(pairs):
    with pytest.raises(InvalidArgumentError):
        MultiPartitionMapping(pairs)


def test_a_dimension_mapping_has_a_name_and_a_mapping():
    with pytest.raises(InvalidArgumentError):
        DimensionPartitionMapping(5, IdentityPartitionMapping())  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError):
        DimensionPartitionMapping("a", None)  # type: ignore[arg-type]


def test_one_dimension_that_points_backward_is_enough_to_depend_on_oneself():
    MultiPartitionMapping(BY_DATE).validate_self_dependency(BOTH)
    with pytest.raises(InvalidMappingError):
        MultiPartitionMapping(BY_COLOR).validate_self_dependency(BOTH)


def test_equal_mappings_hash_alike_whatever_the_order_of_their_dimensions():
    one, other = MultiPartitionMapping({**BY_DATE, **BY_COLOR}), MultiPartitionMapping({**BY_COLOR, **BY_DATE})
    assert one == other
    assert hash(one) == hash(other)
