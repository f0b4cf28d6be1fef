"""Selections as text: `[2024-01-01...2024-01-31], 2024-03-*, failed` to partitions, and back.

    selection   item, item, ...             any of them
    item        factor & factor & ...       all of them
    factor      !factor                     everything else
                all | latest | latest 7     every partition, the last one, the last seven
                missing | failed | ...      a named set, as passed in
                part | part | ...           several dimensions: a part for each, in the order of their names
    part        key                         one partition
                [key...key]                 a range, both ends included
                2024-*                      every key of that shape; `*` alone is every key
                {part, part}                any of them
                all | latest | latest 7     within the dimension

A key of other characters than letters, digits and `_ : . / @ + -` is written in double quotes, as is one that is a
word of this grammar; a backslash takes the next character as it is. Space around items does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

import numpy as np

from ipyassets.errors import InvalidSelectionError, nearest
from ipyassets.partitions.boxes import boxes
from ipyassets.partitions.keys import MultiPartitionKey
from ipyassets.partitions.product_space import ProductSpace, SparseSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

_WORDS = ("all", "latest")
_PLAIN = re.compile(r"[A-Za-z0-9_:./@-]+")
_BARE = re.compile(r'(?:(?!\.\.\.)[^\s,|&!\[\]{}"\\])+')
_NUMBER = re.compile(r"\s+(\d+)(?=\s*(?:[,|&}]|$))")
_EMPTY: Mapping[str, Spans] = {}


def parse(text: str, space: PartitionSpace, named: Mapping[str, Spans] = _EMPTY) -> Spans:
    """The partitions of `space` that a selection text means; `named` gives sets such as `missing` by their names.

    InvalidSelectionError tells the position of what cannot be read, and the nearest key where one does not exist. An
    empty text selects nothing; so does a shape that fits no key.
    """
    return _Reader(text, space, named).selection()


def text(spans: Spans, space: PartitionSpace, named: Sequence[str] = ()) -> str:
    """The shortest list of keys and ranges that `parse` reads back as the same partitions of `space`.

    `named` are the names that `parse` will be given, which a key must not be mistaken for.
    """
    if not spans:
        return ""
    if len(spans) == len(space):
        return "all"
    words = {*_WORDS, *named}
    if isinstance(space, SparseSpace):
        return ", ".join(key_text(key, words) for key in space.keys(spans))
    if not isinstance(space, ProductSpace):
        return ", ".join(_pieces(spans, space, words))
    return ", ".join(
        "|".join(_side(side, each.space, words) for side, each in zip(box, space.dimensions, strict=True))
        for box in boxes(space, spans)
    )


class _Reader:
    """A selection text being read from left to right; `at` is the position of the next character."""

    def __init__(self, text: str, space: PartitionSpace, named: Mapping[str, Spans]) -> None:
        self.text, self.space, self.named = text, space, named
        self.at = 0

    def selection(self) -> Spans:
        """All of the text."""
        self._skip()
        found = self._items(self._factors, "") if self.at < len(self.text) else Spans.empty()
        if self.at < len(self.text):
            raise self._error("a comma was expected", self.at)
        return found

    def _items(self, read: Callable[[], Spans], closing: str) -> Spans:
        """A list of items separated by commas, up to `closing` or the end."""
        found = []
        while True:
            found.append(read())
            self._skip()
            if not self._take(","):
                break
            self._skip()
            if self.at == len(self.text) or (closing and self._peek() == closing):
                raise self._error("a key or a name was expected after the comma", self.at)
        return Spans.of(np.concatenate([each.bounds for each in found]).reshape(-1, 2))

    def _factors(self) -> Spans:
        """Factors joined by &."""
        found = self._factor()
        self._skip()
        while self._take("&"):
            found &= self._factor()
            self._skip()
        return found

    def _factor(self) -> Spans:
        """One factor, of the whole space."""
        self._skip()
        if self._take("!"):
            return self._factor().complement(len(self.space))
        word = self._word()
        if word in self.named and word not in _WORDS:
            self.at += len(word)
            return self.named[word]
        start = self.at
        last = self._last(self.space)
        self._skip()
        if last is not None and self._peek() != "|":
            return last
        self.at = start  # it was the part of a dimension
        sparse = self.space if isinstance(self.space, SparseSpace) else None
        product = sparse.product if sparse else self.space
        if not isinstance(product, ProductSpace):
            return self._part(product)
        found = self._parts(product)
        return sparse.within(found) if sparse else found

    def _parts(self, product: ProductSpace) -> Spans:
        """A part for each dimension, or a box between two corners."""
        start = self.at
        if self._peek() == "[":
            corners = self._corners(product)
            if corners is not None:
                return corners
        sides = []
        for place, each in enumerate(product.dimensions):
            self._skip()
            sides.append(self._part(each.space))
            self._skip()
            if place < len(product.dimensions) - 1 and not self._take("|"):
                names = "|".join(dimension.name for dimension in product.dimensions)
                raise self._error(f"a part for each dimension was expected, as in {names}", start)
        return product.box(sides)

    def _corners(self, product: ProductSpace) -> Spans | None:
        """`[a|b...c|d]`, or None where the bracket holds the range of one dimension."""
        start = self.at
        self.at += 1
        ends = []
        for closing in ("...", "]"):
            keys = [self._key()]
            while self._take("|"):
                keys.append(self._key())
            if len(keys) != len(product.dimensions) or not self._take(closing):
                self.at = start
                return None
            ends.append(MultiPartitionKey.of(tuple(each.name for each in product.dimensions), keys))
        return self._between(product, ends[0], ends[1], start)

    def _part(self, space: PartitionSpace) -> Spans:
        """One part, of the space of one dimension."""
        last = self._last(space)
        if last is not None:
            return last
        start = self.at
        if self._take("{"):
            self._skip()
            found = self._items(lambda: self._part(space), "}")
            if not self._take("}"):
                raise self._error("the group is not closed by a brace", start)
            return found
        if self._take("["):
            first = self._key()
            if not self._take("..."):
                raise self._error("a range is written [first...last]", start)
            end = self._key()
            if not self._take("]"):
                raise self._error("the range is not closed by a bracket", start)
            return self._between(space, first, end, start)
        is_quoted = self._peek() == '"'
        key = self._key()
        if "*" in key and not is_quoted:
            return _fitting(key, space)
        index = space.index_of(key)
        if index < 0:
            raise self._unknown(space, key, start)
        return Spans.range(index, index + 1)

    def _last(self, space: PartitionSpace) -> Spans | None:
        """`all`, `latest` or `latest 7`, or None where the next word is none of them."""
        word = self._word()
        if word not in _WORDS:
            return None
        self.at += len(word)
        if word == "all":
            return Spans.range(0, len(space))
        number = _NUMBER.match(self.text, self.at)
        self.at = number.end() if number else self.at
        return Spans.range(max(len(space) - (int(number[1]) if number else 1), 0), len(space))

    def _between(self, space: PartitionSpace, first: str, end: str, start: int) -> Spans:
        """A range, whose ends must exist and be in order."""
        for key in (first, end):
            if key not in space:
                raise self._unknown(space, key, self.text.find(key, start))
        found = space.between(first, end)
        if not found:
            raise self._error(f"the range is reversed: {end!r} comes before {first!r}", start)
        return found

    def _key(self) -> str:
        """A key, quoted or bare."""
        self._skip()
        start = self.at
        if not self._take('"'):
            key = self._word()
            if not key:
                raise self._error("a key or a name was expected", start)
            self.at += len(key)
            self._skip()
            return key
        taken = []
        while self.at < len(self.text) and self.text[self.at] != '"':
            self.at += self.text[self.at] == "\\"
            taken.append(self.text[self.at : self.at + 1])
            self.at += 1
        if not self._take('"'):
            raise self._error("the quoted key is not closed", start)
        self._skip()
        return "".join(taken)

    def _word(self) -> str:
        """The bare characters from here on, without taking them."""
        found = _BARE.match(self.text, self.at)
        return found[0] if found else ""

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self, sign: str) -> bool:
        taken = self.text.startswith(sign, self.at)
        self.at += len(sign) if taken else 0
        return taken

    def _skip(self) -> None:
        while self._peek().isspace():
            self.at += 1

    def _unknown(self, space: PartitionSpace, key: str, position: int) -> InvalidSelectionError:
        reason = str(space.unknown(key))
        hint = "" if "did you mean" in reason else nearest(key, [*self.named, *_WORDS])
        return self._error(f"{reason}{hint}", position)

    def _error(self, reason: str, position: int) -> InvalidSelectionError:
        where = f"at position {position}: " if self.text else ""
        return InvalidSelectionError(f"cannot read selection {self.text!r} {where}{reason}", self.text, position)


@lru_cache(maxsize=16)  # a bar reads its text again at every change, and a shape looks at every key
def _fitting(shape: str, space: PartitionSpace) -> Spans:
    """The keys that are like a shape in which an asterisk stands for anything."""
    if not shape.strip("*"):
        return Spans.range(0, len(space))
    pattern = re.compile(".*".join(re.escape(each) for each in shape.split("*")), re.DOTALL)
    return Spans.from_mask(np.fromiter((pattern.fullmatch(key) is not None for key in space), np.bool_, len(space)))


def _pieces(spans: Spans, space: PartitionSpace, words: set[str]) -> list[str]:
    """A text for each range: its key, two keys, or a range."""
    pieces = []
    for start, stop in spans.ranges():
        ends = [key_text(space.key(start), words), key_text(space.key(stop - 1), words)]
        pieces += [f"[{ends[0]}...{ends[1]}]"] if stop - start > 2 else ends[: stop - start]  # noqa: PLR2004 - two keys are shorter
    return pieces


def _side(side: Spans, space: PartitionSpace, words: set[str]) -> str:
    if len(side) == len(space):
        return "*"
    pieces = _pieces(side, space, words)
    return pieces[0] if len(pieces) == 1 else f"{{{', '.join(pieces)}}}"


def key_text(key: str, words: Collection[str]) -> str:
    """A key as `parse` reads it back: in quotes where it needs them, or is one of `words`."""
    if isinstance(key, MultiPartitionKey):
        return "|".join(key_text(part, words) for part in key.keys_by_dimension.values())
    return key if _PLAIN.fullmatch(key) and key not in words else quoted(key)


def quoted(key: str) -> str:
    """A key in quotes."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
