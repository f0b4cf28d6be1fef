from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ipyassets.events import State
from ipyassets.jupyter.snapshot import COLOURS, COLUMNS, GLYPHS, SEGMENTS, Picture, html, text
from ipyassets.partitions.product_space import ProductSpace
from ipyassets.partitions.space import SequenceSpace, WholeSpace

AT = datetime(2013, 2, 3, 10, 11, tzinfo=UTC)
CSS = (Path(__file__).parents[2] / "js" / "src" / "bar.css").read_text()
COLOURED = [state for state in State if state is not State.MISSING]
GROUNDS = ["#ffffff", "#111111"]


class Tags(HTMLParser):
    """The elements of a document, and whether each is closed in turn."""

    def __init__(self, document):
        super().__init__()
        self.found, self.open, self.attributes = [], [], []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.open.append(tag)
        self.attributes.append(dict(attrs))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def days(*states):
    return Picture("delays", SequenceSpace([f"d{i}" for i in range(len(states))]), np.array(states, np.uint8))


def many(length, **faults):
    states = np.full(length, State.FRESH, np.uint8)
    for name, indices in faults.items():
        states[indices] = State[name.upper()]
    return days(*states)


def boxes(picture):
    return [
        each
        for each in Tags(html(picture, AT)).attributes
        if "flex:" in each.get("style", "") and "background" in each["style"]
    ]


def test_the_text_names_the_asset_its_keys_its_counts_and_the_time():
    picture = days(State.FRESH, State.FRESH, State.MISSING)
    assert text(picture, AT) == "delays: 3 partitions, d0 to d2\n██░\n█ 2 fresh  ░ 1 missing  (2013-02-03 10:11)"


def test_every_state_has_a_character_and_a_colour_of_its_own():
    assert len(set(GLYPHS.values())) == len(set(COLOURS.values())) == len(State)


def test_an_asset_without_partitions_is_one_word():
    picture = Picture("calendar", WholeSpace(), np.array([State.STALE], np.uint8))
    assert text(picture, AT) == "calendar\n▒\n▒ 1 stale  (2013-02-03 10:11)"


def test_an_asset_whose_keys_are_yet_to_come_says_so():
    picture = Picture("delays", SequenceSpace([]), np.empty(0, np.uint8))
    assert text(picture, AT) == "delays: no partitions yet  (2013-02-03 10:11)"
    assert "no partitions yet" in html(picture, AT)


def test_one_failure_among_many_is_never_rounded_away():
    picture = many(100_000, failed=[77_777])
    line = text(picture, AT).splitlines()[1]
    assert len(line) == COLUMNS
    assert line.count(GLYPHS[State.FAILED]) == 1
    assert sum(COLOURS[State.FAILED] in box["style"] for box in boxes(picture)) == 1


def test_a_box_of_many_partitions_gives_each_state_its_share_and_a_fault_at_least_a_sixth():
    states = np.tile(np.array([State.FRESH, State.MISSING], np.uint8), 5000)
    states[5] = State.FAILED
    first, second, *_ = boxes(days(*states))
    assert [round(int(end), -1) for _, end in re.findall(r"(\d+)% (\d+)%", second["style"])] == [50, 100]
    begin, end = re.findall(r"(\d+)% (\d+)%", first["style"])[0]
    assert COLOURS[State.FAILED] in first["style"]
    assert int(end) - int(begin) >= 14


def test_neighbours_in_one_state_share_one_box_that_names_them():
    first, second = boxes(days(*[State.FRESH] * 31, *[State.MISSING] * 334))
    assert (first["title"], second["title"]) == ("d0 to d30: 31 fresh", "d31 to d364: 334 missing")
    assert first["style"].startswith("flex:31 ")


def test_a_million_partitions_stay_a_small_document():
    states = np.random.default_rng(0).integers(0, len(State), 1_000_000).astype(np.uint8)
    picture = Picture("delays", ProductSpace({"a": SequenceSpace([str(i) for i in range(1_000_000)])}), states)
    assert len(boxes(picture)) <= SEGMENTS
    assert len(html(picture, AT)) < 150_000


def test_two_dimensions_are_rows_of_the_longer_one():
    space = ProductSpace({"day": SequenceSpace(["d0", "d1", "d2"]), "origin": SequenceSpace(["EWR", "JFK"])})
    states = np.array([State.FRESH, State.MISSING, State.FRESH, State.FAILED, State.FRESH, State.FRESH], np.uint8)
    lines = text(Picture("flights", space, states), AT).splitlines()
    assert lines[1:3] == ["EWR ███", "JFK ░X█"]


def test_three_dimensions_name_a_row_by_its_other_keys():
    space = ProductSpace({name: SequenceSpace(keys) for name, keys in {"a": "xy", "b": "pq", "c": "1234"}.items()})
    lines = text(Picture("flights", space, np.full(16, State.FRESH, np.uint8)), AT).splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["x|p", "x|q", "y|p", "y|q"]


def test_rows_beyond_a_dozen_are_counted():
    space = ProductSpace(
        {"a": SequenceSpace([str(i) for i in range(50)]), "b": SequenceSpace([str(i) for i in range(60)])}
    )
    picture = Picture("grid", space, np.full(3000, State.FRESH, np.uint8))
    assert "and 38 more rows" in text(picture, AT)
    assert "and 38 more rows" in html(picture, AT)


@pytest.mark.parametrize("picture", [many(400, failed=[3], stale=[9]), days(State.MISSING), days()])
def test_the_html_is_well_formed_and_has_nothing_that_runs_or_is_fetched(picture):
    document = html(picture, AT)
    tags = Tags(document)
    assert not tags.open
    assert set(tags.found) <= {"div", "span", "b"}
    assert not re.search(r"https?:|url\(|<script|<svg|\son\w+=", document)


def test_names_and_keys_are_text_never_markup():
    picture = Picture("<b>", SequenceSpace(['"><script>', "<i>"]), np.array([State.FRESH, State.MISSING], np.uint8))
    document = html(picture, AT)
    assert "<script>" not in document
    assert "&lt;b&gt;" in document
    assert set(Tags(document).found) <= {"div", "span", "b"}


def test_without_styles_the_characters_still_draw_the_bar():
    shown = re.sub(r"<[^>]+>", "", html(many(365, failed=[100]), AT))
    assert GLYPHS[State.FAILED] in shown
    assert shown.count(GLYPHS[State.FRESH]) >= COLUMNS - 5


def test_a_screen_reader_hears_the_counts():
    described = [
        each["aria-label"] for each in Tags(html(many(365, failed=[100]), AT)).attributes if "aria-label" in each
    ]
    assert described == ["364 fresh, 1 failed"]


def luminance(colour):
    parts = [part / 255 for part in rgb(colour)]
    return sum(
        weight * (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4)
        for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


def contrast(colour, ground):
    dark, light = sorted((luminance(colour), luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def between(one, other):
    return "#" + "".join(f"{(a + b + 1) // 2:02x}" for a, b in zip(rgb(one), rgb(other), strict=True))


def bar_colours(selector):
    """The colour of each state in one of the bar's themes; of what is queued, between fill and line."""
    block = CSS[CSS.index(f"{selector} {{") :].partition("}")[0]
    named = dict(re.findall(r"--ipa-([a-z-]+): (#[0-9a-f]{6});", block))
    return named | {"queued": between(named["queued"], named["queued-ink"])}


@pytest.mark.parametrize("state", COLOURED)
@pytest.mark.parametrize("ground", GROUNDS)
def test_colours_stand_out_from_white_and_from_near_black(state, ground):
    assert contrast(COLOURS[state], ground) >= 3


@pytest.mark.parametrize("state", COLOURED)
def test_a_colour_is_that_of_the_bar_or_where_it_would_not_stand_out_between_those_of_its_themes(state):
    light, dark = bar_colours(".ipa-bar")[str(state)], bar_colours('.ipa-bar[data-theme="dark"]')[str(state)]
    readable = [each for each in (light, between(light, dark)) if all(contrast(each, on) >= 3 for on in GROUNDS)]
    assert COLOURS[state] == readable[0]
