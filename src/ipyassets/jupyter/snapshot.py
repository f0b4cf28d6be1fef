"""The bar where nothing is alive: HTML without script, and a few lines of text.

What GitHub, nbconvert, an untrusted notebook and a terminal show. Styles are inline and may be stripped: the bar is
then drawn by the characters inside its segments, and the counts stand as text in any case.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape

import numpy as np
import numpy.typing as npt

from ipyassets.engine.facts import counted
from ipyassets.engine.plan import listed
from ipyassets.engine.words import amount
from ipyassets.events import State
from ipyassets.partitions.space import PartitionSpace

States = npt.NDArray[np.uint8]

GLYPHS = {
    State.RUNNING: ">",
    State.QUEUED: ":",
    State.FAILED: "X",
    State.BLOCKED: "/",
    State.DAMAGED: "!",
    State.STALE: "▒",
    State.FRESH: "█",
    State.SKIPPED: "-",
    State.CANCELLED: "~",
    State.MISSING: "░",
}
# Those of the bar (js/src/bar.css). One style has to serve on white and on near-black, with 3:1 on each: a colour that
# does not is taken halfway between those of the bar's two themes, as is that of what is queued, between fill and line.
COLOURS = {
    State.RUNNING: "#1a73d9",
    State.QUEUED: "#5a8fca",
    State.FAILED: "#d33b2a",
    State.BLOCKED: "#7554ad",
    State.DAMAGED: "#be5589",
    State.STALE: "#c28400",
    State.FRESH: "#0f8a68",
    State.SKIPPED: "#7c919b",
    State.CANCELLED: "#8a8580",
    State.MISSING: "rgba(128,128,128,.22)",
}
# Faults that must not drown among many: where a column of the text has one, the column shows it.
LOUD = frozenset({State.FAILED, State.BLOCKED, State.DAMAGED})

_GUTTER = "flex:0 0 7em;overflow:hidden;text-overflow:ellipsis"
_TROUGH = "display:flex;flex:1;border:1px solid rgba(128,128,128,.5);border-radius:3px;overflow:hidden;font-size:0"

COLUMNS = 60  # characters of the text bar
SEGMENTS = 240  # coloured boxes of one row: beyond, neighbours share one
ROWS = 12  # rows of a grid: beyond, the rest is named by its number


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is known of an asset at one moment: its name, its partitions and their states."""

    title: str
    space: PartitionSpace
    states: States

    @property
    def counts(self) -> dict[State, int]:
        """How many partitions are in each state, without zeros."""
        return counted(self.states)

    @property
    def heading(self) -> str:
        """How many partitions, from which key to which."""
        if not (total := len(self.space)):
            return "no partitions yet"
        first, last = self.space.key(0), self.space.key(total - 1)
        if total == 1:
            return first
        return f"{amount(total, 'partition')}, {first} to {last}"


def text(picture: Picture, at: datetime) -> str:
    """The bar in characters, under its name and above its counts, with the time at which this was so."""
    return f"{characters(picture)}  ({at:%Y-%m-%d %H:%M})"


def characters(picture: Picture) -> str:
    """The bar in characters, under its name and above its counts."""
    lines = [f"{picture.title}: {heading}" if (heading := picture.heading) else picture.title]
    rows, hidden = _rows(picture)
    width = max(len(label) for label, _ in rows) if len(rows) > 1 else 0
    lines += [f"{label:{width}} {_characters(states)}".lstrip() for label, states in rows if len(states)]
    if hidden:
        lines.append(f"and {hidden:,} more rows")
    if legend := "  ".join(f"{GLYPHS[state]} {number:,} {state}" for state, number in picture.counts.items()):
        lines.append(legend)
    return "\n".join(lines)


def html(picture: Picture, at: datetime) -> str:
    """The bar as boxes with inline styles: nothing in it runs, and nothing is fetched."""
    rows, hidden = _rows(picture)
    many = len(rows) > 1
    drawn = "".join(_row_html(picture, row, label if many else "", states) for row, (label, states) in enumerate(rows))
    more = f"<div>and {hidden:,} more rows</div>" if hidden else ""
    legend = " &nbsp; ".join(
        f'<span style="color:{_solid(state)}">{GLYPHS[state]}</span> {number:,} {state}'
        for state, number in picture.counts.items()
    )
    return (
        '<div style="font:13px/1.6 system-ui,sans-serif;margin:4px 0;max-width:100%">'
        f"<div><b>{escape(picture.title)}</b> {escape(picture.heading)}</div>{drawn}{more}"
        f'<div>{legend} <span style="opacity:.65">({at:%Y-%m-%d %H:%M})</span></div></div>'
    )


def _rows(picture: Picture) -> tuple[list[tuple[str, States]], int]:
    """A row of states along the longest dimension for each combination of the others; and how many are left out."""
    axes = picture.space.dimensions
    lengths = [len(axis.space) for axis in axes]
    if len(axes) == 1 or not all(lengths):
        return [("", picture.states)], 0
    along = int(np.argmax(lengths))
    table = np.moveaxis(picture.states.reshape(lengths), along, -1).reshape(-1, lengths[along])
    across = [axis.space for place, axis in enumerate(axes) if place != along]
    shown = min(len(table), ROWS)
    places = np.unravel_index(np.arange(shown), [len(space) for space in across])
    columns = [[space.key(i) for i in column.tolist()] for space, column in zip(across, places, strict=True)]
    names = ["|".join(parts) for parts in zip(*columns, strict=True)]
    return list(zip(names, table[:shown], strict=True)), len(table) - shown


def _characters(states: States) -> str:
    edges = np.linspace(0, len(states), min(COLUMNS, len(states)) + 1).round().astype(int)
    return "".join(GLYPHS[_spokesman(states[a:b])] for a, b in itertools.pairwise(edges))


def _spokesman(states: States) -> State:
    """The state that stands for some partitions: a fault if there is one, else what most are."""
    present = counted(states)
    return min(present.keys() & LOUD, default=max(present, key=present.__getitem__))


def _row_html(picture: Picture, row: int, label: str, states: States) -> str:
    if not len(states):
        return ""
    name = f'<span style="{_GUTTER}">{escape(label)}&nbsp;</span>' if label else ""
    alone = len(picture.space.dimensions) == 1
    boxes = "".join(_box(picture if alone else None, states, a, b) for a, b in _segments(states))
    spoken = escape(f"{label} {listed(counted(states))}".strip())
    return (
        f'<div style="display:flex;align-items:center" data-row="{row}">{name}'
        f'<div role="img" aria-label="{spoken}" style="{_TROUGH};height:{22 if alone else 14}px">{boxes}</div></div>'
    )


def _segments(states: States) -> Iterator[tuple[int, int]]:
    """Stretches of equal states, or of equal length where there are too many of those."""
    edges = np.flatnonzero(np.diff(states)) + 1
    if len(edges) >= SEGMENTS:
        edges = np.linspace(0, len(states), SEGMENTS + 1).round().astype(int)[1:-1]
    bounds = [0, *edges.tolist(), len(states)]
    return itertools.pairwise(bounds)


def _box(picture: Picture | None, states: States, start: int, stop: int) -> str:
    present = counted(states[start:stop])
    length = max(1, round(COLUMNS * stop / len(states)) - round(COLUMNS * start / len(states)))
    hover = ""
    if picture is not None:
        first, last = picture.space.key(start), picture.space.key(stop - 1)
        keys = first if start + 1 == stop else f"{first} to {last}"
        hover = f' title="{escape(f"{keys}: {listed(present)}")}"'
    return (
        f'<span style="flex:{stop - start} 1 0;min-width:{2 if present.keys() & LOUD else 0}px;'
        f'background:{_stack(present)}"{hover}>{GLYPHS[_spokesman(states[start:stop])] * length}</span>'
    )


def _stack(present: dict[State, int]) -> str:
    """One colour, or several stacked by their share, with at least a sixth for each fault."""
    if len(present) == 1:
        return COLOURS[next(iter(present))]
    total = sum(present.values())
    shares = [max(number / total, 1 / 6 if state in LOUD else 0.0) for state, number in present.items()]
    stops, reached = [], 0.0
    for state, share in zip(present, shares, strict=True):
        begin, reached = reached, reached + 100 * share / sum(shares)
        stops.append(f"{COLOURS[state]} {begin:.0f}% {reached:.0f}%")
    return f"linear-gradient(to top,{','.join(stops)})"


def _solid(state: State) -> str:
    return "inherit" if state is State.MISSING else COLOURS[state]
