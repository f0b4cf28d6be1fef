import datetime as dt

import numpy as np

from ipyassets.partitions.cadence import Cadence, windows

DAYS = Cadence("0 0 * * *", "America/New_York")
WORKDAYS = Cadence("0 0 * * *", "America/New_York", ("0 0 * * 6,0",))


def test_windows_end_where_the_next_tick_is():
    made = windows(DAYS, 2020, 2022)
    numbers = np.arange(len(made))
    assert (made.ends(numbers)[:-1] == made.starts(numbers)[1:]).all()


def test_windows_are_counted_by_start_and_by_end():
    for cadence in (DAYS, WORKDAYS):
        made = windows(cadence, 2020, 2022)
        numbers = np.arange(len(made))
        assert (made.starting_before(made.starts(numbers)) == numbers).all()
        assert (made.ended_by(made.ends(numbers)) == numbers + 1).all()
        assert (made.ended_by(made.ends(numbers) - 1) == numbers).all()


def test_excluded_windows_are_not_there():
    made = windows(WORKDAYS, 2020, 2022)
    walls = made.walls(np.arange(len(made)))
    assert set(((walls // 86_400 + 4) % 7).tolist()) == {1, 2, 3, 4, 5}


def test_a_naive_moment_is_on_the_wall_clock():
    naive = dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - that is the point
    assert DAYS.timestamp(naive) == naive.replace(tzinfo=dt.UTC).timestamp() + 5 * 3600
    assert DAYS.moment(int(DAYS.timestamp(naive))).isoformat() == "2024-01-01T12:00:00-05:00"


def test_the_years_around_two_moments_grow_until_they_are_enough():
    first, last = (
        int(DAYS.timestamp(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))),
        int(DAYS.timestamp(dt.datetime(2021, 1, 1, tzinfo=dt.UTC))),
    )
    near = DAYS.windows(first, last, lambda found: found.reaches(last))
    far = DAYS.windows(first, last, lambda found: len(found) > 20_000)
    assert near.covers(first)
    assert near.covers(last)
    assert len(far) > 20_000 > len(near)


def test_what_can_never_be_enough_ends_with_the_calendar():
    monthly = Cadence("0 0 1 * *", "UTC")
    assert len(monthly.windows(0, 0, lambda found: False)) == 9999 * 12 - 1


def test_the_text_of_a_schedule_does_not_matter():
    assert Cadence("@daily", "UTC").canonical == Cadence("0 0 * * *", "UTC").canonical
    assert Cadence("0 0 * * *", "UTC").canonical != Cadence("0 0 * * *", "Asia/Tokyo").canonical
