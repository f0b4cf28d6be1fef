"""Completion of asset names, options and partition keys, in magics and in `asset["..."]`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from typing import Protocol, cast

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.magic_arguments import MagicArgumentParser

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.errors import IpyassetsError
from ipyassets.events import State
from ipyassets.instance import Instance
from ipyassets.instance.executors import NAMES
from ipyassets.jupyter.arguments import options
from ipyassets.jupyter.namespace import Namespace
from ipyassets.jupyter.options import ASSET, MATERIALIZE
from ipyassets.partitions.as_of import as_of
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.selection_text import key_text, quoted
from ipyassets.partitions.space import PartitionSpace

Matcher = Callable[[CompletionContext], SimpleMatcherResult]

LISTED = 20_000  # partitions: the keys of a larger space are looked up, not listed
SHOWN = 200  # keys offered at a time

_SUBSCRIPT = re.compile(r"""([^\W\d]\w*)\[(?:[^\[\]'"]|'[^']*'|"[^"]*")*(['"])([^'"]*)$""")
_MAGIC = re.compile(r"\s*(%%?asset|%materialize|%cancel)\s(.*)", re.DOTALL)
_SEPARATORS = re.compile(r"\.\.\.|[\s,\[{|&!]")  # what comes before a key in a selection
_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_ESCAPED = re.compile(r"\\(.)")
_NAMED = ("all", "latest", "unfinished", *map(str, State))


class Kernel(Protocol):
    """What completion asks of a notebook's kernel."""

    namespace: Namespace

    @property
    def instance(self) -> Instance:
        """Where dynamic partition keys are kept."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may replace the text being typed: words, each with its kind, such as "asset" or "partition"."""

    typed: str
    words: Mapping[str, str]

    @classmethod
    def of(cls, typed: str, **kinds: Iterable[str]) -> Offer:
        """The words that begin with what is typed, by their kind."""
        return cls(typed, {word: kind for kind, words in kinds.items() for word in words if word.startswith(typed)})


def matcher(kernel: Kernel) -> Matcher:
    """What IPython's completer asks for offers."""

    def match(context: CompletionContext) -> SimpleMatcherResult:
        before = context.full_text.split("\n")[: context.cursor_line]
        try:
            offer = offered(kernel, before, context.text_until_cursor)
        except IpyassetsError:  # assets that do not fit together: that is said where a cell runs, not while one types
            offer = None
        if offer is None:
            return {"completions": []}
        completions = [SimpleCompletion(word, type=kind) for word, kind in offer.words.items()]
        return {"completions": completions, "matched_fragment": offer.typed, "suppress": True}

    mark = cast("Callable[[Matcher], Matcher]", context_matcher(identifier="ipyassets", priority=200))
    return mark(match)


def offered(kernel: Kernel, before: list[str], line: str) -> Offer | None:
    """What completes a line up to the cursor, given the lines before it; None where that is not for us to say."""
    if found := _MAGIC.fullmatch(_with_heading(before, line)):
        magic, rest = found.groups()
        if magic == "%%asset":
            return _in_asset(kernel.namespace, rest)
        if magic == "%materialize":
            return _in_materialize(kernel, rest)
        return Offer.of(_typed(rest), asset=kernel.namespace.assets)
    if found := _SUBSCRIPT.search(line):
        name, _, typed = found.groups()
        if (asset := kernel.namespace.assets.get(name)) is not None and asset.partitions_def is not None:
            offer = Offer.of(typed, partition=_keys(_space(kernel, asset), typed))
            return offer if offer.words else None  # it may have been a string that only looks like a subscript
    return None


def _with_heading(before: list[str], line: str) -> str:
    """The line, put behind those that it continues after a backslash."""
    for earlier in reversed(before):
        if not earlier.rstrip().endswith("\\"):
            break
        line = f"{earlier.rstrip()[:-1]} {line}"
    return line


def _in_asset(namespace: Namespace, rest: str) -> Offer | None:
    """Options of a heading, and their values."""
    option, typed = _option(ASSET, rest), _typed(rest)
    if option == "--partitions":
        return Offer.of(typed, instance=namespace.holding(PartitionsDefinition))
    if option == "--deps":
        return Offer.of(typed, asset=namespace.assets)
    return None if option else Offer.of(typed, param=options(ASSET) if typed.startswith("-") else ())


def _in_materialize(kernel: Kernel, rest: str) -> Offer | None:
    """Assets, then partitions of the last of them, and options anywhere."""
    option, typed = _option(MATERIALIZE, rest), _typed(rest)
    if option:
        choices = NAMES if option == "--executor" else options(MATERIALIZE)[option].choices or ()
        return Offer.of(typed, value=choices)
    if typed.startswith("--"):
        return Offer.of(typed, param=options(MATERIALIZE))
    words = list(_positional(rest[: len(rest) - len(typed)]))
    named = list(takewhile(kernel.namespace.has, words))
    names = kernel.namespace.assets if len(named) == len(words) else ()
    asset = kernel.namespace.find(named[-1]) if named else None
    if asset is None or asset.partitions_def is None:
        return Offer.of(typed, asset=names)
    return _in_selection(_space(kernel, asset), rest, names)


def _in_selection(space: PartitionSpace, rest: str, names: Iterable[str]) -> Offer:
    """Keys as a selection has them, quoted where they need it; and the words that may stand in their place."""
    told = _STRING.sub(lambda found: "x" * len(found[0]), rest)  # what is in quotes separates nothing
    start = told.find('"') if '"' in told else len(told) - len(_SEPARATORS.split(told)[-1])
    typed, part = rest[start:], _parts_before(told)
    if len(space.dimensions) > 1:  # a selection has a part for each
        space = space.dimensions[min(part, len(space.dimensions) - 1)].space
    words_here = _NAMED[:2] if part else _NAMED
    begun = _ESCAPED.sub(r"\1", typed.removeprefix('"'))
    written = quoted if typed.startswith('"') else partial(key_text, words=words_here)
    keys = dict.fromkeys(map(written, _keys(space, begun)), "partition")
    return Offer(typed, {**keys, **Offer.of(typed, keyword=words_here, asset=names).words})


def _parts_before(selection: str) -> int:
    """How many `|` stand before the cursor in the item of a selection that it is in."""
    depth = parts = 0
    for character in selection:
        depth += (character in "[{") - (character in "]}")
        if depth <= 0 and character in ",&":
            parts = 0
        parts += depth <= 0 and character == "|"
    return parts


def _typed(rest: str) -> str:
    """The word at the cursor, without what a comma separates from it."""
    return re.split(r"[\s,]", rest)[-1]


def _positional(text: str) -> Iterator[str]:
    """The words of a line of %materialize that are neither options nor their values."""
    words = iter(re.split(r"[\s,]+", text))
    for word in words:
        option = options(MATERIALIZE).get(word)
        if option is not None and option.nargs != 0:
            next(words, "")
        elif word and not word.startswith("-"):
            yield word


def _option(parser: MagicArgumentParser, rest: str) -> str:
    """The option whose value is being typed; "" where it is none."""
    before = rest.split()[:-1] if rest and not rest[-1].isspace() else rest.split()
    action = options(parser).get(before[-1]) if before else None
    return before[-1] if action is not None and action.nargs != 0 else ""


def _space(kernel: Kernel, asset: AssetsDefinition) -> PartitionSpace:
    return asset.space(as_of(dynamic_partitions_store=kernel.instance))


def _keys(space: PartitionSpace, typed: str) -> Iterator[str]:
    """Keys that begin with what is typed, in definition order."""
    if len(space) <= LISTED:
        return islice((key for key in space.keys(None) if key.startswith(typed)), SHOWN)
    # keys of a calendar are sorted; of other large spaces some may not be found
    start = bisect_left(range(len(space)), typed, key=space.key)
    following = map(space.key, range(start, len(space)))
    return islice(takewhile(lambda key: key.startswith(typed), following), SHOWN)
