from __future__ import annotations

import calendar
import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from ipyassets.jupyter.labels import dimension_kinds, ends, labels, ticks
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
)
from ipyassets.partitions.definitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from ipyassets.partitions.multi import MultiPartitionsDefinition

CONTRACT = json.loads((Path(__file__).parent.parent / "contract" / "labels.json").read_text())
AS_OF = AsOf(datetime(2026, 1, 1, tzinfo=UTC), {"cities": ("Oslo", "Rome")})
DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01", timezone="America/New_York")


def in_order(key):
    born, seen = key.keys_by_dimension.values()
    return born <= seen


def never(_key):
    return False


def listed(start, end, fmt="%a %Y-%m-%d"):
    """Days whose keys the browser cannot write itself."""
    midnight = time()
    start, end = (datetime.combine(day, midnight) for day in (start, end))
    return DailyPartitionsDefinition(start, end_date=end, fmt=fmt)


def written(message, length):
    """What a browser makes of labels: the formatting of the contract, in Python."""
    if "list" in message:
        return message["list"]
    walls = [first + step * i for first, step, count in message["calendar"]["runs"] for i in range(count)]
    moments = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=wall) for wall in walls]
    texts = [moment.strftime(message["calendar"]["format"]) for moment in moments]
    for index, text in message["calendar"]["except"].items():
        texts[int(index)] = text
    assert len(texts) == length
    return texts


@pytest.mark.parametrize("case", CONTRACT["cases"], ids=[case["name"] for case in CONTRACT["cases"]])
def test_the_contract_is_written_by_the_same_rule(case):
    texts = written(case["labels"], case["length"])
    assert {index: texts[int(index)] for index in case["expect"]} == case["expect"]


@pytest.mark.parametrize(
    "definition",
    [
        DAYS,
        HourlyPartitionsDefinition("2024-03-09-00:00", end_date="2024-03-12-00:00", timezone="America/New_York"),
        HourlyPartitionsDefinition("2024-11-02-00:00", end_date="2024-11-05-00:00", timezone="America/New_York"),
        MonthlyPartitionsDefinition("2013-01-01", end_date="2016-01-01"),
        listed(date(2013, 1, 1), date(2013, 3, 1)),
        StaticPartitionsDefinition(["EWR", "JFK", 'a "b" é']),
        DynamicPartitionsDefinition(name="cities"),
    ],
)
def test_the_browser_writes_the_same_keys_as_python(definition):
    space = definition.space(AS_OF)
    assert written(labels(space), len(space)) == list(space.keys())


def test_every_directive_of_the_contract_travels_as_a_calendar_and_no_other():
    for directive, sent in [*((each, "calendar") for each in CONTRACT["directives"]), ("%a", "list")]:
        days = listed(date(2013, 1, 1), date(2013, 1, 5), fmt="%Y-%m-%d".replace(directive, "") + directive)
        assert list(labels(days.space(AS_OF))) == [sent]


def test_a_million_hours_are_sent_in_a_few_hundred_bytes():
    hours = HourlyPartitionsDefinition("1900-01-01-00:00", end_date="2014-02-01-00:00").space(AS_OF)
    assert len(hours) > 1_000_000
    assert len(json.dumps(labels(hours))) < 300


def test_a_window_ends_where_the_next_one_begins():
    space = DAYS.space(AS_OF)
    assert written(ends(space), len(space))[:-1] == list(space.keys())[1:]


def test_a_space_without_time_has_no_ends_and_no_ticks():
    space = StaticPartitionsDefinition(["EWR", "JFK"]).space(AS_OF)
    assert ends(space) is None
    assert ticks(space) == []


def test_calendars_need_no_ticks_from_here():
    assert ticks(DAYS.space(AS_OF)) == []


def test_listed_dates_are_marked_where_years_months_and_days_begin():
    space = listed(date(2013, 12, 30), date(2014, 2, 3)).space(AS_OF)
    marks = {tick["index"]: (tick["level"], tick["label"]) for tick in ticks(space)}
    assert marks[0] == (0, "2013")
    assert marks[2] == (0, "2014")
    assert marks[33] == (1, "Feb")
    assert marks[34] == (2, "2")
    assert len(marks) == len(space)


def test_too_many_days_are_left_out_of_the_marks():
    space = listed(date(1990, 1, 1), date(2020, 1, 1)).space(AS_OF)
    assert {tick["level"] for tick in ticks(space)} == {0, 1}
    assert sum(tick["level"] == 0 for tick in ticks(space)) == 30
    assert {tick["label"] for tick in ticks(space) if tick["level"] == 1} == set(calendar.month_abbr[2:])


def test_combinations_of_which_only_some_exist_are_marked_where_the_outermost_key_changes():
    years = StaticPartitionsDefinition(["2024", "2025", "2026"])
    definition = MultiPartitionsDefinition({"born": years, "seen": years}, where=in_order)
    marks = [(tick["index"], tick["label"]) for tick in ticks(definition.space(AS_OF))]
    assert marks == [(0, "2024"), (3, "2025"), (5, "2026")]


def test_no_combinations_have_no_marks():
    years = StaticPartitionsDefinition(["2024", "2025"])
    definition = MultiPartitionsDefinition({"born": years, "seen": years}, where=never)
    assert ticks(definition.space(AS_OF)) == []


def test_the_kind_of_each_dimension_is_told():
    cities = DynamicPartitionsDefinition(name="cities")
    both = MultiPartitionsDefinition({"day": DAYS, "city": cities})
    assert dimension_kinds(None) == {"": "none"}
    assert dimension_kinds(DAYS) == {"": "time"}
    assert dimension_kinds(StaticPartitionsDefinition(["a"])) == {"": "static"}
    assert dimension_kinds(both) == {"city": "dynamic", "day": "time"}


def test_a_label_never_needs_a_directive_that_the_browser_lacks():
    monthly = json.dumps(labels(MonthlyPartitionsDefinition("2013-01-01", end_date="2014-01-01").space(AS_OF)))
    assert set(re.findall(r"%.", monthly)) <= set(CONTRACT["directives"])
