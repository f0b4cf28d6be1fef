"""Everything about one partition: when, how long, how big, why, and what it put out."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable, Mapping, Sequence

from ipyassets.engine.words import duration, moment, volume
from ipyassets.events import Event, State
from ipyassets.jupyter.labels import Json

LONGEST = 200  # characters of one metadata value
LONGEST_ADDRESS = 2_000  # the same, if it is an address of the web: cut, it would lead nowhere
MOST_OF_PICTURES = 1_000_000  # characters of all the pictures that one partition shows
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def detail(
    *,
    index: int,
    key: str,
    state: State,
    why: str,
    last: Event | None,
    made: Event | None,
    named: Callable[[str], str] = str,
) -> Json:
    """Everything about one partition.

    `last` is the last attempt, `made` the materialization that still stands; `named` names places in a traceback.
    """
    failure = last.failure if last is not None else None
    return {
        "detail": {
            "index": index,
            "key": key,
            "state": str(state),
            "rows": [[name, value] for name, value in _rows(last, made) if value],
            "reason": f"{failure.type}: {failure.message}".rstrip(": ") if failure is not None else why,
            "traceback": "" if failure is None else named(failure.traceback),
            "output": [] if last is None else put_out(last),
        }
    }


def put_out(event: Event) -> list[Json]:
    """What a body printed and displayed: texts, and pictures in the places of their own texts, as far as these stand.

    A piece is a `text`, or an `image` of some MIME type whose `data` is in base64 and whose `text` stands for it.
    """
    pieces: list[Json] = []
    late: list[Json] = []
    start = read = 0  # the text up to here is among the pieces, or was looked at
    room = MOST_OF_PICTURES
    for bundle in event.displays:
        words = str(bundle.get("text/plain", ""))
        place = event.output.find(f"{words}\n", read) if words else -1
        read = max(read, place + len(words) + 1 if place >= 0 else 0)
        if (picture := _picture(bundle)) is None:
            continue
        kind, data = picture
        piece = {"image": kind, "data": data, "text": words or kind}
        if len(data) > room:
            piece = {"text": f"[{kind}, {volume(len(data))}: too much to show here, see {_call(event)}.displays]\n"}
        room -= len(data) if len(data) <= room else 0
        if place < 0:
            late.append(piece)
        else:
            pieces += [{"text": event.output[start:place]}, piece]
            start = read
    return [piece for piece in [*pieces, {"text": event.output[start:]}, *late] if piece["text"]]


def _picture(bundle: Mapping[str, object]) -> tuple[str, str] | None:
    """The MIME type and the base64 text of a display that an image element can show without running anything."""
    for kind in PICTURES:
        if isinstance(data := bundle.get(kind), str) and data:
            is_text = kind.endswith("xml")
            return kind, base64.b64encode(data.encode()).decode() if is_text else "".join(data.split())
    return None


def _call(event: Event) -> str:
    """The call that gives all that was put out."""
    key = repr(event.partition_key) if event.partition_key else ""
    return f"{event.asset_key.to_python_identifier()}.output({key})"


def _rows(last: Event | None, made: Event | None) -> Sequence[tuple[str, str]]:
    if last is None:
        return ()
    rows = [("when", moment(last.timestamp)), ("took", duration(last.seconds))]
    if made is not None and made.artifact is not None:
        size = volume(made.artifact.size)
        rows.append(("size", size) if made == last else ("kept", f"value of {moment(made.timestamp)}, {size}"))
    given = {**{f"config {name}": each for name, each in last.config.items()}, **last.tags}
    return [*rows, *_metadata({**last.metadata, **given})]


def _metadata(metadata: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    return [(str(name), _cut(str(value))) for name, value in metadata.items()]


def _cut(text: str) -> str:
    is_address = text.startswith(("http://", "https://")) and len(text) <= LONGEST_ADDRESS
    return text if is_address else textwrap.shorten(text, LONGEST, placeholder=" ...")
