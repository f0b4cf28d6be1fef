import datetime as dt

import pytest

from ipyassets.errors import UnknownPartitionError
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition, HourlyPartitionsDefinition
from ipyassets.partitions.spans import Spans

NOON = AsOf(dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC))
DAYS = DailyPartitionsDefinition("2024-01-01").space(NOON)


def test_starts_and_ends_are_in_epoch_seconds():
    assert DAYS.starts(Spans.range(1, 2)).tolist() == [1_704_153_600]
    assert DAYS.ends(Spans.range(1, 2)).tolist() == [1_704_240_000]


@pytest.mark.parametrize("index", [4, -5])
def test_an_index_outside_is_an_error(index):
    with pytest.raises(IndexError):
        DAYS.key(index)
    with pytest.raises(IndexError):
        DAYS.window(index)


def test_many_keys_are_found_whatever_their_order():
    clock = HourlyPartitionsDefinition("2024-11-03-00:00", timezone="America/New_York", end_date="2024-11-04-00:00")
    space = clock.space(AsOf(dt.datetime(2025, 1, 1, tzinfo=dt.UTC)))
    keys = [*space.keys()]
    assert len(keys) == 25
    assert space.indices(keys).tolist() == list(range(25))
    assert space.indices(keys[::-1]).tolist() == list(range(25))[::-1]
    assert space.indices([*keys[1:4], "2024-11-03-24:00", "2024-11-02-23:00", ""]).tolist() == [1, 2, 3, -1, -1, -1]


def test_early_years_are_found_too():
    space = DailyPartitionsDefinition("0999-12-31", end_date="1000-01-02").space(NOON)
    assert space.indices(list(space.keys())[::-1]).tolist() == [1, 0]


def test_an_unknown_key_is_refused_with_the_first_the_last_and_the_nearest():
    with pytest.raises(UnknownPartitionError, match="run from '2024-01-01' to '2024-01-04'; did you mean '2024-01-04'"):
        DAYS.index("2024-01-4")


def test_a_bar_is_told_in_a_few_progressions():
    hours = HourlyPartitionsDefinition("2023-01-01-00:00", "2024-01-01-00:00", timezone="America/New_York").space(NOON)
    runs, exceptions = hours.wall_runs()
    assert [count for _, _, count in runs] == [1682, 5711, 1367]
    assert exceptions == {7393: "2023-11-05-01:00-0500"}
    ends, none = hours.end_wall_runs()
    assert sum(count for _, _, count in ends) == len(hours)
    assert none == {}


def test_a_wider_calendar_is_the_same_space():
    wider = DAYS.covering(DailyPartitionsDefinition("1970-01-01", "2035-01-01", end_offset=9999).space(NOON))
    assert wider == DAYS
    assert wider.keys() == DAYS.keys()


def test_the_same_window_is_found_in_a_space_that_starts_elsewhere():
    later = DailyPartitionsDefinition("2024-01-03").space(NOON)
    assert later.shift_from(DAYS) == -2
    assert DAYS.shift_from(later) == 2
    assert DAYS.shift_from(HourlyPartitionsDefinition("2024-01-03-00:00").space(NOON)) is None
