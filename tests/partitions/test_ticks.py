import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.partitions.ticks import ticks
from ipyassets.partitions.zones import offset_changes

ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
]
SCHEDULES = [
    "0 * * * *",
    "*/20 * * * *",
    "0 0 * * *",
    "30 2 * * *",
    "45 23 * * *",
    "0 0 29 * *",
    "0 0 * * 1#1",
    "0 0,12 * * 1-5",
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_ticks_go_up_and_are_counted(schedule, zone):
    made = ticks(schedule, zone, 2010, 2013)
    numbers = np.arange(len(made))
    instants = made.at(numbers)
    assert (np.diff(instants) > 0).all()
    assert (made.before(instants) == numbers).all()
    assert (made.before(instants + 1) == numbers + 1).all()


@pytest.mark.parametrize("zone", ZONES)
def test_every_tick_is_at_its_time_on_the_wall_unless_that_does_not_exist(zone):
    made = ticks("30 2 * * *", zone, 2010, 2013)
    walls = offset_changes(zone, 2010, 2013).walls_of(made.at(np.arange(len(made))))
    moved = walls % 86_400 != 2 * 3600 + 30 * 60
    assert moved.sum() <= 3
    assert (np.diff(walls // 86_400) >= 0).all()


@given(st.sampled_from(ZONES), st.integers(0, 40_000))
def test_an_hourly_schedule_goes_on_where_the_clock_is_put_back(zone, number):
    made = ticks("*/15 * * * *", zone, 2010, 2013)
    at = made.at(np.array([number, number + 1]))
    assert at[1] - at[0] <= 1800


def test_the_second_of_two_equal_times_is_known():
    made = ticks("0 * * * *", "America/New_York", 2011, 2012)
    second = np.flatnonzero(made.second_time(np.arange(len(made))))
    walls = made.walls(np.concatenate([second - 1, second]))
    assert len(second) == 1
    assert walls[0] == walls[1]


def test_a_daily_schedule_takes_the_later_of_two_times():
    made = ticks("30 1 * * *", "America/New_York", 2011, 2012)
    number = made.before(np.array([1_320_559_200]))  # 6 November, 01:00 EST
    assert made.at(number)[0] == 1_320_559_200 + 1800
    assert made.second_time(number)[0]


def test_a_schedule_that_never_fires_has_no_ticks():
    made = ticks("0 0 29 2 *", "UTC", 2009, 2012)
    assert len(made) == 0
    assert made.before(np.array([0])).tolist() == [0]
