from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cronsim import CronSim
from hypothesis import assume, given
from hypothesis import strategies as st

from ipyassets.errors import InvalidDefinitionError
from ipyassets.partitions.cron import Cron

START = datetime(2023, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

minutes = st.sampled_from(["0", "15", "*/20", "5,35", "10/25", "*"])
hours = st.sampled_from(["0", "9-17/4", "*/6", "22,23", "*", "0-4"])
days = st.sampled_from(["*", "1", "15", "29", "31", "L", "1,15"])
months = st.sampled_from(["*", "2", "*/3", "JAN,JUL"])
weekdays = st.sampled_from(["*", "1-5", "7", "SUN", "1#1", "5L", "0,6"])


def moments(text: str, days: int) -> list[datetime]:
    cron = Cron.parse(text)
    first = (START - EPOCH).days
    table = np.add.outer(cron.matching_days(first, first + days) * 86_400, cron.times).ravel()
    return [EPOCH + timedelta(seconds=int(second)) for second in table]


@given(minutes, hours, days, months, weekdays)
def test_the_tables_hold_what_cronsim_finds_one_by_one(minute, hour, day, month, weekday):
    assume((day, month) != ("31", "2"))
    text = f"{minute} {hour} {day} {month} {weekday}"
    found = moments(text, 400)[:40]
    ticks = CronSim(text, START - timedelta(minutes=1))
    assert found == [next(ticks) for _ in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [("@daily", "0 0 * * *"), ("0 0 * * 7", "0 0 * * SUN"), (" 0  0 ? * *", "0 0 * * *"), ("0 0 * * L5", "0 0 * * 5L")],
)
def test_two_texts_for_one_schedule_are_equal(one, other):
    assert Cron.parse(one) == Cron.parse(other)


def test_a_range_may_go_over_midnight():
    assert Cron.parse("0 22-2 * * *").hours == (0, 1, 2, 22, 23)


@pytest.mark.parametrize(
    "text",
    ["", "x", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "0 0 30 2 *", "0 0 31 4 *", "*/90 * * * *", 5],
)
def test_what_cannot_be_read_or_never_matches_is_refused(text):
    with pytest.raises(InvalidDefinitionError, match="cron schedule"):
        Cron.parse(text)
