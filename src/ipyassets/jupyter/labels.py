"""How the browser writes keys: calendars as arithmetic, everything else as a list.

A hundred thousand hours are a format and a few runs of (first second on the wall clock as if UTC, step, count).
"""

from __future__ import annotations

import re
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyassets.partitions.calendar_space import CalendarSpace, WallRuns
from ipyassets.partitions.definitions import DynamicPartitionsDefinition, PartitionsDefinition
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.product_space import SparseSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition

Json = dict[str, Any]

# What the browser's own formatting knows; a format with anything else is sent as a list.
_PLAIN = re.compile(r"(?:[^%]|%[YmdHMSyjbB%])*")
_WHEN = "%Y-%m-%d %H:%M"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MOST_TICKS = 2_000  # of one level; finer ones would not be read in any window


@singledispatch
def labels(space: PartitionSpace) -> Json:
    """The keys of a plain space."""
    return {"list": [str(key) for key in space]}


@labels.register
def _(space: CalendarSpace) -> Json:
    if not _PLAIN.fullmatch(space.fmt):
        return {"list": list(space.keys())}
    return _calendar(space.fmt, space.wall_runs())


@singledispatch
def ends(space: PartitionSpace) -> Json | None:  # noqa: ARG001 - a space without time has none
    """When the windows end, as labels; None for a space without time."""
    return None


@ends.register
def _(space: CalendarSpace) -> Json:
    return _calendar(space.fmt if _PLAIN.fullmatch(space.fmt) else _WHEN, space.end_wall_runs())


@singledispatch
def ticks(space: PartitionSpace) -> list[Json]:  # noqa: ARG001 - a space without time has none
    """What begins where, coarse to fine: years (level 0), months (1) and days (2) of keys that are no plain dates."""
    return []


@ticks.register
def _(space: CalendarSpace) -> list[Json]:
    if _PLAIN.fullmatch(space.fmt) or not len(space):
        return []
    days = walls(space.wall_runs()).astype("datetime64[s]").astype("datetime64[D]")
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    levels = np.where(_begins(years), 0, np.where(_begins(months), 1, np.where(_begins(days), 2, 3)))
    found: list[Json] = []
    for level, moments in enumerate((years, months, days)):
        places = np.flatnonzero(levels == level)
        if len(places) > _MOST_TICKS:
            break
        texts = [_tick(level, str(moment)) for moment in moments[places]]
        found += [{"index": i, "label": text, "level": level} for i, text in zip(places.tolist(), texts, strict=True)]
    return sorted(found, key=lambda tick: (tick["level"], tick["index"]))


@ticks.register
def _(space: SparseSpace) -> list[Json]:
    """Where the key of the outermost dimension changes."""
    if not len(space):
        return []
    outermost = space.product.coordinates(Spans.from_indices(space.members))[0]
    places = np.flatnonzero(_begins(outermost))
    if len(places) > _MOST_TICKS:
        return []
    names = space.product.dimensions[0].space
    numbers = outermost[places].tolist()
    return [
        {"index": i, "label": names.key(number), "level": 0} for i, number in zip(places.tolist(), numbers, strict=True)
    ]


def walls(times: WallRuns) -> npt.NDArray[np.int64]:
    """The times of all runs one after the other, in seconds on the wall clock as if UTC."""
    parts = [first + step * np.arange(count, dtype=np.int64) for first, step, count in times.runs]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _calendar(fmt: str, times: WallRuns) -> Json:
    exceptions = {str(index): label for index, label in times.exceptions.items()}
    return {"calendar": {"format": fmt, "runs": [list(run) for run in times.runs], "except": exceptions}}


def _begins(periods: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    return np.concatenate([[True], periods[1:] != periods[:-1]])


def _tick(level: int, moment: str) -> str:
    """`2013-02-03` as `2013`, `Feb` or `3`."""
    year, month, day = (moment + "-01-01").split("-")[:3]
    return (year, _MONTHS[int(month) - 1], str(int(day)))[level]


@singledispatch
def dimension_kinds(definition: PartitionsDefinition | None) -> dict[str, str]:  # noqa: ARG001 - a kind of the user's own
    """What each dimension of a definition is, by name: `time`, `static` or `dynamic`; `none` without partitions."""
    return {"": "static"}


@dimension_kinds.register
def _(_: None) -> dict[str, str]:
    return {"": "none"}


@dimension_kinds.register
def _(_: TimeWindowPartitionsDefinition) -> dict[str, str]:
    return {"": "time"}


@dimension_kinds.register
def _(_: DynamicPartitionsDefinition) -> dict[str, str]:
    return {"": "dynamic"}


@dimension_kinds.register
def _(definition: MultiPartitionsDefinition) -> dict[str, str]:
    return {each.name: dimension_kinds(each.partitions_def)[""] for each in definition.partitions_defs}
