# ruff: noqa: DTZ001 - naive datetimes are on the wall clock of a definition
import datetime as dt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError, UnknownPartitionError
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition

ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Asia/Kolkata",
]
CRONS = [
    "0 * * * *",
    "30 * * * *",
    "*/15 * * * *",
    "0 0 * * *",
    "30 2 * * *",
    "0 0 * * 1-5",
    "0 */6 * * *",
    "0 0 1 * *",
    "0 3 L * *",
]
FORMATS = ["%Y-%m-%d-%H:%M", "%Y-%m-%dT%H:%M%z", "%d.%m.%Y %H:%M", "%Y%m%d%H%M"]
NOON = AsOf(dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC))

definitions = st.builds(
    lambda cron, zone, fmt, day, days: TimeWindowPartitionsDefinition(
        start=dt.datetime(2011, 1, 1) + dt.timedelta(days=day),
        end=dt.datetime(2011, 1, 1) + dt.timedelta(days=day + days),
        cron_schedule=cron,
        timezone=zone,
        fmt=fmt,
    ),
    st.sampled_from(CRONS),
    st.sampled_from(ZONES),
    st.sampled_from(FORMATS),
    st.integers(0, 3000),
    st.integers(0, 60),
)


def keys(definition, now=NOON):
    return list(definition.space(now).keys())


@given(definitions)
@settings(deadline=None, max_examples=50)
def test_a_key_and_its_index_lead_to_each_other_in_every_zone(definition):
    space = definition.space(NOON)
    made = space.keys()
    assert len(made) == len(space) == len(set(made))
    assert space.indices(made).tolist() == list(range(len(space)))
    assert space.indices(made[::-1]).tolist() == list(range(len(space)))[::-1]
    assert [space.key(index) for index in range(0, len(space), 7)] == made[::7]
    assert [space.index(key) for key in made[::7]] == list(range(0, len(space), 7))


@given(definitions)
@settings(deadline=None, max_examples=50)
def test_windows_follow_each_other_without_a_gap(definition):
    space = definition.space(NOON)
    starts, ends = space.starts(), space.ends()
    assert (starts < ends).all()
    assert (ends[:-1] == starts[1:]).all()


@given(definitions, st.lists(st.integers(0, 3000), max_size=5))
@settings(deadline=None, max_examples=50)
def test_some_keys_are_those_of_all(definition, chosen):
    space = definition.space(NOON)
    spans = Spans.from_indices([index for index in chosen if index < len(space)])
    assert list(space.keys(spans)) == [space.keys()[index] for index in spans]


@given(definitions)
@example(
    TimeWindowPartitionsDefinition(
        start=dt.datetime(2011, 12, 28),
        end=dt.datetime(2012, 1, 2),
        cron_schedule="30 2 * * *",
        timezone="Pacific/Apia",
        fmt="%Y-%m-%d-%H:%M",
    )
)
@settings(deadline=None, max_examples=50)
def test_wall_runs_say_the_keys_again(definition):
    space = definition.space(NOON)
    progressions, exceptions = space.wall_runs()
    walls = [first + step * place for first, step, count in progressions for place in range(count)]
    said = [(dt.datetime(1970, 1, 1) + dt.timedelta(seconds=wall)).strftime(space.fmt) for wall in walls]
    told = len("+0000") if space.fmt.endswith("%z") else 0  # a wall knows no offset
    labels = [exceptions.get(place, each + "+0000"[:told]) for place, each in enumerate(said)]
    assert [label[: len(label) - told] for label in labels] == [key[: len(key) - told] for key in space]


def test_a_window_exists_from_the_moment_it_ends():
    days = DailyPartitionsDefinition("2024-01-01")
    midnight = dt.datetime(2024, 1, 5, tzinfo=dt.UTC)
    assert keys(days, AsOf(midnight))[-1] == "2024-01-04"
    assert keys(days, AsOf(midnight - dt.timedelta(microseconds=1)))[-1] == "2024-01-03"


def test_a_naive_now_is_on_the_wall_clock_of_the_definition():
    days = DailyPartitionsDefinition("2024-01-01", timezone="Asia/Tokyo")
    assert keys(days, AsOf(dt.datetime(2024, 1, 5)))[-1] == "2024-01-04"


@pytest.mark.parametrize(("offset", "last"), [(1, "2024-01-05"), (2, "2024-01-06"), (-1, "2024-01-03")])
def test_end_offset_adds_windows_or_takes_them_away(offset, last):
    assert keys(DailyPartitionsDefinition("2024-01-01", end_offset=offset))[-1] == last


def test_end_offset_can_take_everything_away():
    assert keys(DailyPartitionsDefinition("2024-01-01", end_offset=-10)) == []


def test_no_window_ends_after_the_end_date_whatever_the_offset():
    assert keys(DailyPartitionsDefinition("2024-01-01", "2024-01-03", end_offset=100)) == ["2024-01-01", "2024-01-02"]


def test_future_windows_exist_up_to_the_end_date_if_the_offset_reaches_them():
    assert keys(DailyPartitionsDefinition("2024-01-01", "2024-02-01", end_offset=100))[-1] == "2024-01-31"


def test_the_current_window_is_not_one_before_the_start():
    assert keys(DailyPartitionsDefinition("2024-01-06", end_offset=1)) == []


def test_the_first_window_starts_at_the_start_or_later():
    assert keys(DailyPartitionsDefinition(dt.datetime(2024, 1, 1, 8)))[0] == "2024-01-02"
    assert keys(WeeklyPartitionsDefinition("2023-12-13"))[0] == "2023-12-17"


def test_an_aware_start_is_a_moment():
    start = dt.datetime(2024, 1, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    assert keys(HourlyPartitionsDefinition(start))[0] == "2024-01-01-18:00"


def test_a_month_without_the_day_starts_no_window():
    space = MonthlyPartitionsDefinition("2023-01-01", day_offset=31).space(NOON)
    assert list(space.keys())[:3] == ["2023-01-31", "2023-03-31", "2023-05-31"]
    assert space.window(0).end == space.window(1).start


def test_a_leap_day_has_a_window_up_to_the_next():
    space = TimeWindowPartitionsDefinition(start="2008-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 29 2 *").space(NOON)
    assert list(space.keys()) == ["2008-02-29", "2012-02-29", "2016-02-29"]


def test_the_window_before_an_excluded_one_does_not_grow():
    space = DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 6,0"], end_offset=10).space(NOON)
    assert "2024-01-06" not in space
    friday = space.window(space.index("2024-01-05"))
    assert friday.duration == dt.timedelta(days=1)


def test_a_datetime_can_be_excluded():
    assert keys(DailyPartitionsDefinition("2024-01-01", exclusions=[dt.datetime(2024, 1, 2)])) == [
        "2024-01-01",
        "2024-01-03",
        "2024-01-04",
    ]


def test_excluding_everything_leaves_nothing():
    assert keys(DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * *"], end_offset=1)) == []


def test_an_hour_that_happens_twice_is_two_partitions():
    hours = HourlyPartitionsDefinition("2023-11-05-00:00", "2023-11-05-03:00", timezone="America/New_York")
    assert keys(hours) == ["2023-11-05-00:00", "2023-11-05-01:00", "2023-11-05-01:00-0500", "2023-11-05-02:00"]
    assert "2023-11-05-01:00-0400" not in hours.space(NOON)


def test_an_hour_that_does_not_exist_is_no_partition():
    hours = HourlyPartitionsDefinition("2023-03-12-01:00", "2023-03-12-04:00", timezone="America/New_York")
    assert keys(hours) == ["2023-03-12-01:00", "2023-03-12-03:00"]


@pytest.mark.parametrize(("day", "hours"), [("2023-03-12", 23), ("2023-11-05", 25), ("2023-11-06", 24)])
def test_a_day_has_as_many_hours_as_the_clock_shows(day, hours):
    space = DailyPartitionsDefinition("2023-01-01", timezone="America/New_York").space(NOON)
    assert space.window(space.index(day)).duration == dt.timedelta(hours=hours)


def test_hours_stay_on_the_hour_where_clocks_change_by_half_of_one():
    hours = HourlyPartitionsDefinition("2023-10-01-00:00", "2023-10-01-05:00", timezone="Australia/Lord_Howe")
    assert keys(hours) == ["2023-10-01-00:00", "2023-10-01-01:00", "2023-10-01-03:00", "2023-10-01-04:00"]


def test_a_day_that_never_was_is_no_partition():
    days = DailyPartitionsDefinition("2011-12-28", "2012-01-02", timezone="Pacific/Apia")
    assert keys(days) == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]


def test_a_format_that_names_two_windows_alike_is_refused():
    with pytest.raises(InvalidDefinitionError, match="several windows"):
        DailyPartitionsDefinition(dt.datetime(2024, 1, 1), fmt="%Y-%m").space(NOON)


def test_a_format_need_not_say_the_moment_as_long_as_keys_differ():
    space = WeeklyPartitionsDefinition(dt.datetime(2023, 1, 1), fmt="%Y, week %W").space(NOON)
    assert space.index("2023, week 10") == space.keys().index("2023, week 10")


def test_definitions_that_say_the_same_are_equal():
    days = DailyPartitionsDefinition("2024-01-01")
    windows = TimeWindowPartitionsDefinition(start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 * * *")
    assert days == windows
    assert hash(days) == hash(windows)
    assert days != DailyPartitionsDefinition("2024-01-02")


def test_asking_twice_gives_the_same_space():
    days = DailyPartitionsDefinition("2024-01-01")
    assert days.space(NOON) is days.space(NOON)


def test_spaces_are_equal_if_their_keys_are():
    days = DailyPartitionsDefinition("2024-01-01")
    later = AsOf(NOON.now + dt.timedelta(hours=3))
    assert days.space(NOON) == days.space(later)
    assert days.space(NOON) != days.space(AsOf(NOON.now + dt.timedelta(days=1)))


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_date": dt.date(2024, 1, 1)},
        {"start_date": "01.01.2024"},
        {"start_date": "2024-01-01", "end_date": ""},
        {"start_date": "2024-01-01", "end_offset": 1.5},
        {"start_date": "2024-01-01", "end_offset": True},
        {"start_date": "2024-01-01", "hour_offset": "5"},
        {"start_date": "2024-01-01", "timezone": ""},
        {"start_date": "2024-01-01", "exclusions": "0 0 * * *"},
        {"start_date": "2024-01-01", "fmt": 5},
    ],
)
def test_arguments_of_the_wrong_kind_are_refused(arguments):
    with pytest.raises(InvalidArgumentError):
        DailyPartitionsDefinition(**arguments)


def test_a_date_for_a_start_is_told_apart_from_a_datetime():
    with pytest.raises(InvalidArgumentError, match=r"did you mean datetime\(2024, 1, 1\)"):
        DailyPartitionsDefinition(dt.date(2024, 1, 1))  # type: ignore[arg-type]


def test_a_schedule_is_said_once():
    with pytest.raises(InvalidDefinitionError, match="already says"):
        TimeWindowPartitionsDefinition(start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 * * *", hour_offset=3)


def test_validation_finds_a_format_that_is_too_coarse():
    with pytest.raises(InvalidDefinitionError, match="finer fmt"):
        HourlyPartitionsDefinition(dt.datetime(2024, 1, 1), fmt="%Y-%m-%d").validate_partition_definition()


def test_an_unknown_schedule_type_is_refused_with_those_there_are():
    with pytest.raises(InvalidArgumentError, match=r"'DAYLY' is not one of \['HOURLY', 'DAILY'"):
        TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", schedule_type="DAYLY")


def test_what_is_no_text_is_no_key():
    with pytest.raises(UnknownPartitionError, match="5 is not a partition"):
        DailyPartitionsDefinition("2024-01-01").validate_partition_key(5)  # type: ignore[arg-type]
