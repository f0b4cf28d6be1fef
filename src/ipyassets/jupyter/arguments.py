"""What is written behind a magic: split into words as one would read it, then parsed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from ipyassets.errors import IpyassetsError, nearest

_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""
_QUOTED = re.compile(r"""(['"])((?:\\.|(?!\1)[^\\])*)\1""", re.DOTALL)


def words(line: str) -> Iterator[str]:
    """The words of a line, as they stand: white space separates them, except in brackets and quotes.

    So `--partitions Daily(start_date="2013-01-01", timezone="UTC")` is two words, and the second is Python. A word that
    begins with `#` begins a comment; a backslash within quotes takes the next character as it is.
    """
    word, quote, depth, is_escaped = "", "", 0, False
    for character in line:
        if character.isspace() and not quote and depth == 0:
            if word:
                yield word
            word = ""
            continue
        if character == "#" and not word:
            return
        if quote:
            quote = "" if character == quote and not is_escaped else quote
            is_escaped = character == "\\" and not is_escaped
        elif character in _QUOTES:
            quote = character
        else:
            depth = max(depth + (character in _OPENING) - (character in _CLOSING), 0)
        word += character
    if quote:
        raise UsageError(f"the quote {quote} is opened and not closed in: {line.strip()}")
    if word:
        yield word


def unquoted(word: str) -> str:
    """A word without the quotes around the whole of it, and without the backslashes before such inside."""
    found = _QUOTED.fullmatch(word)
    return word if found is None else found[2].replace(f"\\{found[1]}", found[1])


def header(line: str, body: str) -> tuple[str, int]:
    r"""A magic's line with the lines of the body that continue it after a `\`, and how many those are."""
    lines, count = body.splitlines(), 0
    while line.rstrip().endswith("\\") and count < len(lines):
        line = f"{line.rstrip()[:-1].rstrip()} {lines[count].strip()}"
        count += 1
    return line, count


def options(parser: MagicArgumentParser) -> dict[str, argparse.Action]:
    """The options that a magic takes, by name."""
    return dict(parser._option_string_actions)  # noqa: SLF001 - argparse tells it in no other way


def parse(parser: MagicArgumentParser, line: str, rest: str) -> argparse.Namespace:
    """The arguments of a magic, options anywhere; raises UsageError in words of our own.

    What is no option goes to the argument `rest`, as it stands. Values of options lose the quotes around them.
    """
    given, known = list(words(line)), options(parser)
    for word in given:
        option = word.partition("=")[0]
        if option.startswith("--") and option not in known:
            raise UsageError(f"{option} is not an option here{nearest(option, known)} (-h shows them all)")
    try:
        arguments, others = parser.parse_known_args(given)
    except UsageError as error:
        raise UsageError(f"{error} (-h shows how to use it)") from None
    for name, value in vars(arguments).items():
        if name == rest:
            setattr(arguments, name, [*value, *others])
        elif isinstance(value, str):
            setattr(arguments, name, unquoted(value))
        elif isinstance(value, list):
            setattr(arguments, name, list(map(unquoted, value)))
    return arguments


def evaluate(option: str, text: str, variables: Mapping[str, object]) -> object:
    """The value of a Python expression given to an option; raises UsageError where it has none.

    What fails in code that the expression calls is raised as it is.
    """
    try:
        code = compile(text.strip(), f"<{option}>", "eval")
        return eval(code, dict(variables))  # noqa: S307 - the user's own line, in the user's own notebook
    except SyntaxError as error:
        raise UsageError(f"{option} {text}: this is not a Python expression ({error.msg})") from None
    except NameError as error:
        name = str(error.name)
        raise UsageError(f"{option} {text}: {name!r} is not defined{nearest(name, variables)}") from None
    except IpyassetsError as error:
        raise UsageError(f"{option} {text}: {error}") from error
    except Exception as error:
        trace = error.__traceback__ and error.__traceback__.tb_next
        if trace is not None and trace.tb_next is not None:  # in code that the line calls: its traceback is needed
            raise
        raise UsageError(f"{option} {text}: {type(error).__name__}: {error}") from error
