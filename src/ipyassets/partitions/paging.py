"""Pages: a long list of keys, some at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ipyassets.errors import InvalidArgumentError
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans


@dataclass(frozen=True, slots=True)
class PaginatedResults:
    """One page: its `results`, the `cursor` to ask for the next one with, and whether there is one."""

    results: Sequence[str]
    cursor: str
    has_more: bool


def page_of(space: PartitionSpace, limit: int, cursor: str | None, *, ascending: bool) -> PaginatedResults:
    """At most `limit` keys after those of the page that `cursor` came with.

    A cursor remembers the last key shown, not its number, so that keys added meanwhile are neither skipped nor
    repeated.
    """
    if limit < 1:
        raise InvalidArgumentError(f"limit must be at least 1, not {limit}")
    if cursor is None:
        done = 0
    else:
        last, place = _read(cursor)
        found = space.index_of(last)
        # the last key shown may be gone: go on at its place
        done = (found if found >= 0 else place - 1) + 1 if ascending else len(space) - (found if found >= 0 else place)
    start, stop = (done, done + limit) if ascending else (len(space) - done - limit, len(space) - done)
    keys = list(space.keys(Spans.range(max(start, 0), min(stop, len(space)))))
    if not ascending:
        keys.reverse()
    if not keys:
        return PaginatedResults(keys, cursor or "", has_more=False)
    more = stop < len(space) if ascending else start > 0
    return PaginatedResults(keys, json.dumps([keys[-1], space.index_of(keys[-1])]), has_more=more)


def _read(cursor: str) -> tuple[str, int]:
    try:
        key, place = json.loads(cursor)
        return str(key), int(place)
    except (ValueError, TypeError):
        raise InvalidArgumentError(f"{cursor!r} is not a cursor: pass the `cursor` of the page before") from None
