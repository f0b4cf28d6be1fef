# ruff: noqa: DTZ001 - a wall clock has no zone
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.partitions.key_format import KeyFormat

FORMATS = [
    "%Y-%m-%d",
    "%Y-%m-%d-%H:%M",
    "day %Y-%m-%d!",
    "%H:%M on %d.%m.%Y",
    "%d %b %Y %I%p",
    "%Y-%j",
    "100%% %Y",
    "%Y%m%d%H%M%S",
    "%c",
    "no date",
]
EPOCH = dt.datetime(1970, 1, 1)
moments = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2080, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
walls = st.lists(moments)


def seconds(moments):
    return np.array([(moment - EPOCH) // dt.timedelta(seconds=1) for moment in moments], dtype=np.int64)


def eastern(places):
    return np.full(len(places), -18_000)


@given(st.sampled_from(FORMATS), walls)
def test_many_keys_are_what_strftime_gives_one_by_one(fmt, moments):
    assert KeyFormat(fmt).render(seconds(moments), eastern) == [moment.strftime(fmt) for moment in moments]


@given(st.sampled_from([*FORMATS, "{%Y} {0}"]), st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1)))
def test_one_key_is_what_strftime_gives(fmt, moment):
    moment = moment.replace(microsecond=0)
    wall = (moment - EPOCH) // dt.timedelta(seconds=1)
    assert KeyFormat(fmt).render_one(wall, 0, second=False) == moment.strftime(fmt)


@given(walls)
def test_an_offset_is_shown_where_the_format_has_one(moments):
    found = KeyFormat("%Y-%m-%d %H:%M%z").render(seconds(moments), eastern)
    assert found == [moment.strftime("%Y-%m-%d %H:%M-0500") for moment in moments]


def test_an_offset_is_appended_to_the_second_of_two_equal_times():
    twice = seconds([dt.datetime(2023, 11, 5, 1)] * 2)
    keys = KeyFormat("%H:%M").render(twice, eastern, np.array([False, True]))
    assert keys == ["01:00", "01:00-0500"]


@given(st.sampled_from(["%Y-%m-%d-%H:%M:%S", "%Y%m%d%H%M%S", "%S.%M.%H %d/%m/%Y"]), walls)
def test_keys_of_numbers_are_read_at_once(fmt, moments):
    made = KeyFormat(fmt)
    parsed = made.parse_many(made.render(seconds(moments), eastern))
    assert parsed.fits.all()
    assert parsed.walls.tolist() == seconds(moments).tolist()


@given(
    st.sampled_from(["%Y-%m-%d-%H:%M:%S", "%Y%m%d%H%M%S", "%S.%M.%H %d/%m/%Y", "%Y-%m-%d", "%Y, %M", "%d %Y"]),
    st.lists(st.tuples(moments, moments | st.none())),
)
def test_what_was_read_shows_the_times_that_give_the_same_keys(fmt, pairs):
    made = KeyFormat(fmt)
    read, other = seconds([one for one, _ in pairs]), seconds([other or one for one, other in pairs])
    keys, others = made.render(read, eastern), made.render(other, eastern)
    same = [one == another for one, another in zip(keys, others, strict=True)]
    assert made.parse_many(keys).show(other).tolist() == same


def test_of_early_years_it_is_not_sure_how_they_are_written():
    early = seconds([dt.datetime(999, 12, 31), dt.datetime(1000, 1, 1)])
    assert KeyFormat("%Y-%m-%d").parse_many(["0999-12-31", "1000-01-01"]).show(early).tolist() == [False, True]


@pytest.mark.parametrize("key", ["2024-13-01", "2023-12-32", "2024-1b-01", "٢024-01-01"])
def test_a_key_that_no_time_gives_shows_none(key):
    parsed = KeyFormat("%Y-%m-%d").parse_many([key])
    assert not parsed.show(parsed.walls).any()


def test_what_does_not_fit_is_left_to_be_read_by_itself():
    parsed = KeyFormat("%Y-%m-%d").parse_many(["2024-01-01", "2024-1-1", "2024/01/01", "2024-01-0x", ""])
    assert parsed.fits.tolist() == [True, False, False, False, False]


def test_a_key_with_an_offset_says_it():
    assert KeyFormat("%Y-%m-%d").parse("1970-01-02-0500") == (86_400, -18_000)
    assert KeyFormat("%Y-%m-%d").parse("1970-01-02") == (86_400, None)


@pytest.mark.parametrize("key", ["2024-13-01", "2024-02-30", "0000-01-01", "2024-00-10"])
def test_a_date_that_is_none_is_refused(key):
    with pytest.raises(ValueError):
        KeyFormat("%Y-%m-%d").parse(key)


def test_what_is_not_in_the_format_is_refused():
    with pytest.raises(ValueError, match="does not match"):
        KeyFormat("%Y-%m-%d").parse("nonsense")


def test_a_day_without_a_year_is_of_the_year_that_python_takes_for_it():
    read = KeyFormat("%d.%m. %H:%M").parse("05.03. 06:30")
    assert EPOCH + dt.timedelta(seconds=read.wall) == dt.datetime(1900, 3, 5, 6, 30)
    with pytest.raises(ValueError, match=r"29\.02\."):
        KeyFormat("%d.%m.").parse("29.02.")
