from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ipyassets.errors import InvalidArgumentError
from ipyassets.partitions.zones import offset_changes, year_start, zone

ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Casablanca",
]


@pytest.mark.parametrize("name", ZONES)
def test_offsets_are_those_of_the_time_zone_database_in_every_hour(name):
    instants = np.arange(year_start(2011), year_start(2013), 3600)
    found = offset_changes(name, 2011, 2013).at(instants)
    there = [datetime.fromtimestamp(instant, ZoneInfo(name)) for instant in instants.tolist()]
    expected = [int(moment.replace(tzinfo=UTC).timestamp()) - int(moment.timestamp()) for moment in there]
    assert found.tolist() == expected


@pytest.mark.parametrize("name", ZONES)
def test_a_wall_clock_time_that_exists_leads_back_to_its_earlier_moment(name):
    changes = offset_changes(name, 2011, 2013)
    instants = np.arange(year_start(2011), year_start(2013), 1800)
    back = changes.instants_of(changes.walls_of(instants))
    assert (back <= instants).all()
    assert (changes.walls_of(back) == changes.walls_of(instants)).all()


def test_a_day_that_never_was_is_one_change_of_a_day():
    changes = offset_changes("Pacific/Apia", 2011, 2012)
    assert 86_400 in np.diff(changes.offsets)


@pytest.mark.parametrize("name", ["Mars/Phobos", "america/new_york", "+01:00", "", 5])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(InvalidArgumentError):
        zone(name)


def test_the_nearest_zone_is_named():
    with pytest.raises(InvalidArgumentError, match="did you mean 'Europe/Berlin'"):
        zone("Europe/Berlim")
