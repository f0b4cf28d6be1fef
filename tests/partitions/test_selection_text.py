import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.errors import InvalidSelectionError
from ipyassets.partitions.as_of import as_of
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.definitions import PartitionsDefinition, StaticPartitionsDefinition
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.selection_text import parse, text
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

DAYS = DailyPartitionsDefinition("2024-01-01", "2024-03-01")
ODD = StaticPartitionsDefinition(
    ["plain", "a b", "all", "", 'say "hi"', "back\\slash", "x,y", "[z]", "*", "é", "missing", "{q}", "a&b", "!"]
)
COLORS = StaticPartitionsDefinition(["red", "dark red", "blue", "latest"])


def space_of(definition: PartitionsDefinition):
    return definition.space(as_of())


SPACES = {
    "days": space_of(DAYS),
    "odd": space_of(ODD),
    "two": space_of(MultiPartitionsDefinition({"date": DAYS, "color": COLORS})),
    "three": space_of(
        MultiPartitionsDefinition({"a": COLORS, "b": COLORS, "c": StaticPartitionsDefinition(["1", "2"])})
    ),
    "sparse": space_of(MultiPartitionsDefinition({"a": COLORS, "b": COLORS}, where=lambda key: key != "red|red")),
}
NAMED = {"missing": Spans.range(2, 6), "failed": Spans.range(0, 3)}


def read(selection, name="days"):
    return list(SPACES[name].keys(parse(selection, SPACES[name], NAMED)))


@given(st.sampled_from(sorted(SPACES)), st.data())
def test_a_text_reads_back_as_the_partitions_it_was_made_of(name, data):
    space = SPACES[name]
    ranges = st.tuples(st.integers(0, len(space)), st.integers(0, len(space)))
    spans = Spans.of(data.draw(st.lists(ranges, max_size=6))) & Spans.range(0, len(space))
    assert parse(text(spans, space, list(NAMED)), space, NAMED) == spans


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        ("", []),
        ("2024-01-03", ["2024-01-03"]),
        (" 2024-01-03 ,2024-01-01 ", ["2024-01-01", "2024-01-03"]),
        ("[2024-01-03...2024-01-05]", ["2024-01-03", "2024-01-04", "2024-01-05"]),
        ("2024-02-2*", [f"2024-02-{day}" for day in range(20, 30)]),
        ("*-02-01", ["2024-02-01"]),
        ("2025-*", []),
        ("latest", ["2024-02-29"]),
        ("latest 2, 2024-01-01", ["2024-01-01", "2024-02-28", "2024-02-29"]),
        ("missing", ["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-06"]),
        ("missing & failed", ["2024-01-03"]),
        ("failed & !missing", ["2024-01-01", "2024-01-02"]),
        ("2024-01-01, 2024-01-01", ["2024-01-01"]),
        ('"2024-01-01"', ["2024-01-01"]),
    ],
)
def test_the_grammar(selection, keys):
    assert read(selection) == keys


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        ("red|2024-01-03", ["red|2024-01-03"]),
        ('"dark red" | latest 2', ["dark red|2024-02-28", "dark red|2024-02-29"]),
        ("*|2024-01-01", ["red|2024-01-01", "dark red|2024-01-01", "blue|2024-01-01", "latest|2024-01-01"]),
        (
            "{red, blue}|[2024-01-01...2024-01-02]",
            ["red|2024-01-01", "red|2024-01-02", "blue|2024-01-01", "blue|2024-01-02"],
        ),
        ('"latest"|2024-01-01', ["latest|2024-01-01"]),
        ("latest|2024-01-01", ["latest|2024-01-01"]),
        ("[red|2024-01-01...red|2024-01-02]", ["red|2024-01-01", "red|2024-01-02"]),
        ("latest 1", ["latest|2024-02-29"]),
        ("all & red|2024-01-0* & !red|2024-01-0*", []),
    ],
)
def test_several_dimensions_have_a_part_each(selection, keys):
    assert read(selection, "two") == keys


def test_a_key_that_is_a_word_of_the_grammar_is_quoted():
    assert read('"all"', "odd") == ["all"]
    assert read('"missing"', "odd") == ["missing"]
    assert len(read("all", "odd")) == len(SPACES["odd"])


def test_an_asterisk_in_quotes_is_a_key():
    assert read('"*"', "odd") == ["*"]


def test_what_a_filter_leaves_out_is_not_selected():
    assert read("red|*", "sparse") == ["red|dark red", "red|blue", "red|latest"]


@pytest.mark.parametrize(
    ("selection", "position", "words"),
    [
        ("2024-01-32", 0, "did you mean '2024-01-3"),
        ("2024-01-01, nothing", 12, "is not a partition"),
        ("missng", 0, "did you mean 'missing'"),
        ("[2024-01-01...2025-01-01]", 14, "'2025-01-01' is not a partition"),
        ("[2024-01-05...2024-01-01]", 0, "reversed"),
        ("[2024-01-01]", 0, r"\[first...last\]"),
        ("[2024-01-01...2024-01-02", 0, "not closed"),
        ('"2024-01-01', 0, "not closed"),
        ("2024-01-01,", 11, "expected after the comma"),
        ("2024-01-01 2024-01-02", 11, "comma was expected"),
        (",", 0, "key or a name was expected"),
        ("!", 1, "key or a name was expected"),
    ],
)
def test_an_error_tells_where_and_what(selection, position, words):
    with pytest.raises(InvalidSelectionError, match=words) as raised:
        read(selection)
    assert raised.value.position == position


@pytest.mark.parametrize("selection", ["red", "red|2024-01-01|x", "{red|2024-01-01"])
def test_a_combination_needs_every_part(selection):
    with pytest.raises(InvalidSelectionError):
        read(selection, "two")


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (Spans.empty(), ""),
        (Spans.range(0, 60), "all"),
        (Spans.range(0, 31), "[2024-01-01...2024-01-31]"),
        (Spans.range(0, 2), "2024-01-01, 2024-01-02"),
        (Spans.of([(0, 1), (3, 6)]), "2024-01-01, [2024-01-04...2024-01-06]"),
    ],
)
def test_texts_are_short(spans, expected):
    assert text(spans, SPACES["days"]) == expected


def test_a_pattern_over_dimensions_is_one_item():
    space = SPACES["two"]
    assert text(parse("*|2024-01-0*", space), space) == "*|[2024-01-01...2024-01-09]"
    assert text(parse("{red, blue}|latest", space), space) == "{red, blue}|2024-02-29"


@pytest.mark.parametrize(("selection", "length"), [("latest 7", 7), ("*-01-*, latest 2", 33), ("!latest 2", 58)])
def test_a_set_named_like_a_word_of_the_grammar_takes_nothing_from_it(selection, length):
    space = SPACES["days"]
    named = {"latest": Spans.range(len(space) - 1, len(space)), "all": Spans.range(0, len(space))}
    assert len(parse(selection, space, named)) == length


def test_keys_are_quoted_where_they_must_be():
    assert text(Spans.range(1, 3), SequenceSpace(["x", "a b", 'c"', "y"])) == '"a b", "c\\""'


class Listed(SequenceSpace):
    times = 0

    def __iter__(self):
        self.times += 1
        return super().__iter__()


def test_a_shape_that_is_read_again_does_not_look_at_every_key_again():
    space = Listed(["listed-a", "listed-b", "c"])
    again = Listed(["listed-a", "listed-b", "c"])
    assert parse("listed-*", space) == parse("listed-* & listed-*", space) == parse("listed-*", again)
    assert (space.times, again.times) == (1, 0)


def test_a_shape_is_read_anew_in_other_keys():
    assert parse("new-*", SequenceSpace(["new-a", "b"])) == Spans.range(0, 1)
    assert parse("new-*", SequenceSpace(["new-a", "b", "new-c"])) == Spans.of([(0, 1), (2, 3)])
