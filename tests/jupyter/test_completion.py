"""Completion of names, options and keys."""

from __future__ import annotations

import pytest
from IPython.core.completer import CompletionContext

from ipyassets.assets.decorator import asset
from ipyassets.instance import Instance
from ipyassets.jupyter.completion import LISTED, SHOWN, matcher, offered
from ipyassets.jupyter.namespace import Namespace
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition, HourlyPartitionsDefinition
from ipyassets.partitions.definitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from ipyassets.partitions.multi import MultiPartitionsDefinition

DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2013-03-01")
HOURS = HourlyPartitionsDefinition(start_date="2010-01-01-00:00", end_date="2014-01-01-00:00", timezone="UTC")
AIRPORTS = StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
CITIES = DynamicPartitionsDefinition(name="cities")


@asset(partitions_def=DAYS)
def flights():
    return 1


@asset(partitions_def=HOURS)
def weather():
    return 1


@asset(partitions_def=MultiPartitionsDefinition({"airport": AIRPORTS, "day": DAYS}))
def delays():
    return 1


@asset(partitions_def=CITIES)
def cities():
    return 1


@asset(partitions_def=StaticPartitionsDefinition(["all", "a b", 'it"s', "x,y", "b"]))
def odd():
    return 1


@asset
def total():
    return 1


class Kernel:
    def __init__(self, instance: Instance) -> None:
        self.namespace = Namespace(
            {
                "flights": flights,
                "weather": weather,
                "delays": delays,
                "cities": cities,
                "odd": odd,
                "total": total,
                "days": DAYS,
            }
        )
        self.instance = instance


@pytest.fixture
def kernel():
    instance = Instance.ephemeral()
    yield Kernel(instance)
    instance.close()


def words(kernel, line, before=()):
    offer = offered(kernel, list(before), line)
    return None if offer is None else [*offer.words]


ASSETS = ["flights", "weather", "delays", "cities", "odd", "total"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%materialize ", ASSETS),
        ("%materialize fl", ["flights"]),
        ("%materialize total, de", ["delays"]),
        ("%cancel w", ["weather"]),
        ("%asset to", ["total"]),
        ("%materialize nothing fl", []),
        ("%%asset late --partitions d", ["days"]),
        ("%%asset late --deps total,fl", ["flights"]),
        ("%%asset late --par", ["--partitions"]),
        ("%%asset late ", []),
        ("%materialize flights --up", ["--upstream"]),
        ("%materialize flights --upstream s", ["stale"]),
        ("%materialize flights --executor ", ["threads", "processes"]),
        ("%materialize --dry-run fl", ["flights"]),
        ("%materialize --upstream none --on-error=stop fl", ["flights"]),
    ],
)
def test_names_and_options_are_offered_where_they_can_stand(kernel, line, expected):
    assert words(kernel, line) == expected


@pytest.mark.parametrize(
    ("line", "typed", "expected"),
    [
        ('flights["2013-01-0', "2013-01-0", [f"2013-01-0{day}" for day in range(1, 10)]),
        ("x = flights['2013-02-28", "2013-02-28", ["2013-02-28"]),
        ('flights["2013-01-01":"2013-02-27', "2013-02-27", ["2013-02-27"]),
        ('flights["2013-01-01"] + flights["2013-01-02', "2013-01-02", ["2013-01-02"]),
        ('delays["JFK|2013-01-01', "JFK|2013-01-01", ["JFK|2013-01-01"]),
        ("%materialize flights 2013-01-01", "2013-01-01", ["2013-01-01"]),
        ("%materialize flights [2013-01-01...2013-02-0", "2013-02-0", [f"2013-02-0{day}" for day in range(1, 10)]),
        ("%materialize flights [2013-01-01...2013-01-03], 2013-01-04", "2013-01-04", ["2013-01-04"]),
        ("%materialize flights mis", "mis", ["missing"]),
        ("%materialize delays J", "J", ["JFK"]),
        ("%materialize delays mis", "mis", ["missing"]),
        ("%materialize delays JFK|2013-02-2", "2013-02-2", [f"2013-02-2{day}" for day in range(9)]),
        ("%materialize delays {EWR, L", "L", ["LGA"]),
        ("%materialize delays {EWR, LGA}|2013-01-01, J", "J", ["JFK"]),
        ("%materialize delays *|[2013-01-01...2013-01-3", "2013-01-3", ["2013-01-30", "2013-01-31"]),
        ("%materialize delays LGA|la", "la", ["latest"]),
        ("%materialize odd x", "x", ['"x,y"']),
        ('%materialize odd "a b', '"a b', ['"a b"']),
        ('%materialize odd b, "it\\"', '"it\\"', ['"it\\"s"']),
        ('%materialize odd "x,y", b', "b", ["b", "blocked"]),
        ("%materialize flights missing, wea", "wea", []),
        ("%materialize flights wea", "wea", ["weather"]),
    ],
)
def test_keys_are_offered_in_subscripts_and_selections(kernel, line, typed, expected):
    offer = offered(kernel, [], line)
    assert offer is not None
    assert (offer.typed, [*offer.words]) == (typed, expected)


@pytest.mark.parametrize(
    "line", ["flights", "flights[", "other['2013", "total['", "print('flights[')", "x %materialize "]
)
def test_elsewhere_python_is_left_alone(kernel, line):
    assert offered(kernel, [], line) is None


def test_keys_are_offered_as_a_selection_has_them(kernel):
    assert words(kernel, "%materialize odd ")[:6] == ['"all"', '"a b"', '"it\\"s"', '"x,y"', "b", "all"]


def test_options_are_offered_in_a_heading_that_goes_on(kernel):
    assert words(kernel, "    --partitions d", ["%%asset late \\"]) == ["days"]
    assert words(kernel, "    --partitions d", ["%%asset late"]) is None


def test_keys_of_a_large_space_are_found_without_listing_them(kernel):
    assert len(HOURS.get_partition_keys()) > LISTED
    assert words(kernel, 'weather["2013-12-31-2') == [f"2013-12-31-2{hour}:00" for hour in range(4)]
    assert len(words(kernel, 'weather["')) == SHOWN


def test_keys_added_at_run_time_are_offered(kernel):
    kernel.instance.add_dynamic_partitions("cities", ["Paris", "Rome"])
    assert words(kernel, 'cities["') == ["Paris", "Rome"]


def test_the_completer_is_told_what_to_replace(kernel):
    line = "%materialize flights [2013-01-01...2013-02-2"
    context = CompletionContext(
        token="", full_text=f"x = 1\n{line}", cursor_position=len(line), cursor_line=1, limit=None
    )
    result = matcher(kernel)(context)
    assert result["matched_fragment"] == "2013-02-2"
    assert next((each.text, each.type) for each in result["completions"]) == ("2013-02-20", "partition")
    assert result["suppress"] is True


def test_assets_that_do_not_fit_together_do_not_disturb_typing(kernel):
    kernel.namespace = Namespace({"total": total, "x": asset(key="total")(lambda: 1)})
    assert words(kernel, "%materialize to") == ["total"]
