"""What is written behind a magic."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from ipyassets.jupyter.arguments import evaluate, header, parse, unquoted, words


def parser() -> MagicArgumentParser:
    made = MagicArgumentParser("made")
    made.add_argument("names", nargs="*")
    made.add_argument("--partitions")
    made.add_argument("--with", dest="keywords", action="append", default=[])
    made.add_argument("--dry-run", action="store_true")
    made.add_argument("--upstream", choices=["missing", "none"])
    return made


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flights  delays", ["flights", "delays"]),
        (
            'a Daily(start_date="2013-01-01", timezone="UTC") b',
            ["a", 'Daily(start_date="2013-01-01", timezone="UTC")', "b"],
        ),
        ("delays [2013-01-01 ... 2013-01-31], missing", ["delays", "[2013-01-01 ... 2013-01-31],", "missing"]),
        ("'a b' \"it's\"", ["'a b'", '"it\'s"']),
        (r'"it\"s a" b', [r'"it\"s a"', "b"]),
        (r'"a\\" b', [r'"a\\"', "b"]),
        ("a) b", ["a)", "b"]),
        ("delays missing  # and it's done", ["delays", "missing"]),
        ("a#b '# c'", ["a#b", "'# c'"]),
        ("", []),
    ],
)
def test_white_space_separates_words_except_in_brackets_and_quotes(line, expected):
    assert list(words(line)) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (r'"it\"s"', 'it"s'),
        (r"'\d'", r"\d"),
        ("'a b'", "a b"),
        ('"it\'s"', "it's"),
        ("f('a')", "f('a')"),
        ("'a' + 'b'", "'a' + 'b'"),
        ("'", "'"),
        ("''", ""),
    ],
)
def test_quotes_around_a_whole_word_are_taken_off(word, expected):
    assert unquoted(word) == expected


def test_a_quote_that_is_not_closed_is_an_error():
    with pytest.raises(UsageError, match="the quote ' is opened and not closed in: --description Bob's"):
        list(words("--description Bob's"))


def test_a_line_that_ends_with_a_backslash_goes_on_in_the_body():
    assert header("flights \\", "  --partitions days \\\n  --group raw\nx \\\n") == (
        "flights --partitions days --group raw",
        2,
    )


def test_a_line_without_a_backslash_is_the_whole_header():
    assert header("flights", "x\n") == ("flights", 0)


def test_options_may_stand_anywhere_and_their_values_lose_their_quotes():
    arguments = parse(parser(), "--partitions='a b' x 'y z' --dry-run w --with a=1 --with 'b=2'", "names")
    assert (arguments.names, arguments.partitions, arguments.dry_run) == (["x", "'y z'", "w"], "a b", True)
    assert arguments.keywords == ["a=1", "b=2"]


def test_an_unknown_option_is_an_error_that_names_the_nearest():
    with pytest.raises(UsageError, match="--partition is not an option here; did you mean '--partitions'"):
        parse(parser(), "x --partition days", "names")


@pytest.mark.parametrize("line", ["x --upstream fresh", "x --partitions"])
def test_an_option_without_a_fitting_value_is_an_error_that_says_where_to_look(line):
    with pytest.raises(UsageError, match="-h shows how to use it"):
        parse(parser(), line, "names")


def test_an_expression_is_evaluated_among_the_variables():
    assert evaluate("--partitions", "[n + 1 for n in days]", {"days": [1, 2]}) == [2, 3]


def test_an_unknown_name_in_an_expression_is_an_error_that_names_the_nearest():
    with pytest.raises(UsageError, match="--partitions dayz: 'dayz' is not defined; did you mean 'days'"):
        evaluate("--partitions", "dayz", {"days": 1})


def test_what_is_no_expression_is_an_error():
    with pytest.raises(UsageError, match=r"--partitions days\(: this is not a Python expression"):
        evaluate("--partitions", "days(", {})


def test_an_error_of_the_expression_itself_is_told_in_one_line():
    with pytest.raises(UsageError, match=r"--partitions \[\].x: AttributeError: 'list' object has no attribute 'x'"):
        evaluate("--partitions", "[].x", {})


def test_an_error_in_what_an_expression_calls_stays_itself():
    def days():
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        evaluate("--partitions", "days()", {"days": days})
