"""What bar and browser say to each other: run-length text down and up, and the browser's intents.

Run-length text is bytes. Byte 0 tells the format: 0 raw, one byte a partition follows; 1 run-length, pairs of value
(one byte below 128) and length (unsigned LEB128) follow. It carries masks (0 or 1), and states: the code of a State,
or a number from 10 on for a state with the reason for it, in the order in which such pairs are listed beside the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ipyassets.errors import InvalidMessageError, OutdatedDrawingError
from ipyassets.partitions.spans import Spans

Buffer = bytes | bytearray | memoryview
Value = TypeVar("Value")

RAW, RUNS = 0, 1
CONTINUES = 0x80  # set in every byte of a LEB128 number but the last
MOST_VALUES = CONTINUES  # that a run-length text can tell apart
LONGEST_NUMBER = 9  # bytes: 63 bits, what int64 holds
LONGER_FROM = 128 ** np.arange(1, LONGEST_NUMBER, dtype=np.int64)  # the lengths at which a number takes one byte more


def encode(values: npt.NDArray[np.uint8]) -> bytes:
    """Run-length text of `values`, each below 128; raw where that is shorter."""
    starts = np.flatnonzero(np.diff(values, prepend=values[:1] ^ 1)) if len(values) else np.empty(0, np.intp)
    lengths = np.diff(starts, append=len(values))
    sizes = np.searchsorted(LONGER_FROM, lengths, side="right") + 1
    total = int(sizes.sum()) + len(starts)
    if len(values) < total:
        return bytes([RAW]) + values.tobytes()
    text = np.empty(total, dtype=np.uint8)
    places = np.cumsum(sizes + 1) - sizes - 1
    text[places] = values[starts]
    for byte in range(int(sizes.max(initial=0))):
        long = sizes > byte
        rest = lengths[long] >> (7 * byte)
        text[places[long] + 1 + byte] = np.where(sizes[long] > byte + 1, rest & 0x7F | CONTINUES, rest)
    return bytes([RUNS]) + text.tobytes()


def decode(text: Buffer, length: int) -> npt.NDArray[np.uint8]:
    """The values of a run-length text of `length` partitions; raises InvalidMessageError for anything else."""
    values, lengths = _runs(text, length)
    return np.repeat(values, lengths)


def encode_selection(spans: Spans, length: int) -> bytes:
    """The mask of selected partitions as run-length text; empty where none is."""
    return encode(spans.mask(length).view(np.uint8)) if spans else b""


def decode_selection(text: Buffer, length: int) -> Spans:
    """The partitions that a mask selects; raises InvalidMessageError for a text that is no mask of `length`."""
    values, lengths = _runs(text, length)
    if values.max(initial=0) > 1:
        raise InvalidMessageError(f"a mask has the value {values.max()}: 0 and 1 are what it may hold")
    if len(values) == length:
        return Spans.from_mask(values == 1)
    stops = np.cumsum(lengths)
    return Spans.of(np.column_stack([stops - lengths, stops])[values == 1])


def _runs(text: Buffer, length: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The values of a text of `length` partitions, and how often each comes."""
    body = np.frombuffer(text, dtype=np.uint8)
    if not len(body) or body[0] not in (RAW, RUNS):
        raise InvalidMessageError(f"{bytes(text[:1])!r} does not begin a run-length text: the first byte is 0 or 1")
    values, lengths = (body[1:], np.ones(len(body) - 1, np.int64)) if body[0] == RAW else _numbered(body[1:])
    if lengths.max(initial=0) > length or lengths.sum() != length:
        raise InvalidMessageError(f"the text does not tell of {length} partitions, which the bar has")
    return values, lengths


def _numbered(body: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    # a value and the last byte of a number lack the top bit, so that they alternate among the bytes without it
    ends = np.flatnonzero(body < CONTINUES)
    values, lasts = ends[0::2], ends[1::2]
    expected = np.concatenate([[0], lasts + 1])
    if len(values) != len(lasts) or not np.array_equal(np.append(values, len(body)), expected):
        raise InvalidMessageError("the run-length text is cut off, or holds a value above 127")
    sizes = lasts - values
    if sizes.max(initial=0) > LONGEST_NUMBER:
        raise InvalidMessageError(f"a length takes {sizes.max()} bytes: {LONGEST_NUMBER} are the most")
    lengths = np.zeros(len(values), dtype=np.int64)
    for byte in range(int(sizes.max(initial=0))):
        long = sizes > byte
        lengths[long] |= (body[values[long] + 1 + byte].astype(np.int64) & 0x7F) << (7 * byte)
    return body[values], lengths


class IntentTarget(Protocol):
    """What a browser's intents are carried out on."""

    def select(self, spans: Spans, serial: int) -> None:
        """Replace the selection; `serial` is echoed with it."""

    def select_text(self, text: str, serial: int) -> None:
        """Replace the selection by what a text says."""

    def materialize(self, spans: Spans) -> None:
        """Select these partitions and run what they need."""

    def cancel(self) -> None:
        """Stop what this bar started."""

    def describe(self, index: int) -> None:
        """Open the detail of a partition."""

    def close_detail(self) -> None:
        """Close the detail."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the browser asks for, and the fingerprint of the space it was drawn from."""

    kind: str
    fingerprint: str
    arguments: tuple[object, ...] = ()

    def carry_out(self, target: IntentTarget) -> None:
        """Call the target's method of this kind."""
        getattr(target, self.kind)(*self.arguments)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the browser has drawn: the fingerprint of a space and how many partitions it has."""

    title: str
    fingerprint: str
    length: int

    def refuse_outdated(self, fingerprint: str) -> None:
        """Raise OutdatedDrawingError unless a message drawn from `fingerprint` is about this space."""
        if fingerprint != self.fingerprint:
            raise OutdatedDrawingError(f"the partitions of {self.title} have changed: select again")


def parse(content: Mapping[str, object], buffers: Sequence[Buffer], drawing: Drawing) -> Intent:
    """The intent in a message of the browser.

    Raises OutdatedDrawingError for a message about another space, InvalidMessageError for one that cannot be meant.
    """
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in _ARGUMENTS:
        raise InvalidMessageError(f"{kind!r} is not a kind of message: {', '.join(_ARGUMENTS)} are")
    fingerprint = _field(content, "fingerprint", str)
    drawing.refuse_outdated(fingerprint)
    return Intent(kind, fingerprint, _ARGUMENTS[kind](content, buffers, drawing))


def _field(content: Mapping[str, object], name: str, kind: type[Value]) -> Value:
    value = content.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidMessageError(f"{name!r} of a {content.get('kind')} message is {value!r}, not {kind.__name__}")
    return value


def _mask(content: Mapping[str, object], buffers: Sequence[Buffer], drawing: Drawing) -> Spans:
    if len(buffers) != 1:
        raise InvalidMessageError(f"a {content.get('kind')} message came with {len(buffers)} masks, not one")
    return decode_selection(buffers[0], drawing.length)


def _index(content: Mapping[str, object], drawing: Drawing) -> int:
    index = _field(content, "index", int)
    if not 0 <= index < drawing.length:
        raise InvalidMessageError(f"{index} is no partition of {drawing.title}: there are {drawing.length}, from 0")
    return index


_Arguments = Callable[[Mapping[str, object], Sequence[Buffer], Drawing], tuple[object, ...]]

_ARGUMENTS: Mapping[str, _Arguments] = {
    "select": lambda content, buffers, drawing: (_mask(content, buffers, drawing), _field(content, "serial", int)),
    "select_text": lambda content, _buffers, _drawing: (_field(content, "text", str), _field(content, "serial", int)),
    "materialize": lambda content, buffers, drawing: (_mask(content, buffers, drawing),),
    "cancel": lambda _content, _buffers, _drawing: (),
    "describe": lambda content, _buffers, drawing: (_index(content, drawing),),
    "close_detail": lambda _content, _buffers, _drawing: (),
}
