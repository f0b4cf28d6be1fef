"""What running changes - a cache, a counter - counts as it was before.

The objects are those of the process, whichever instance runs the code: so is what is known of them.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

_PLAIN = (int, float, complex, str, bytes, frozenset)


class Parts(NamedTuple):
    """What an object holds at one moment: how many elements, and which, if they are not too many."""

    size: int
    elements: tuple[Any, ...] = ()


Look = Callable[[Any, int], Parts]  # at most so many elements


@dataclass(slots=True, eq=False)
class Held:
    """An object that can change, what it held when it was looked at, how to look again, and how many runs go on."""

    value: object
    parts: Parts
    look: Look
    most: int
    runs: int = 0


# By id, since lists and dicts can be found in no other way, and by how many elements were looked at.
_HELD: dict[tuple[int, int], Held] = {}
_LOCK = threading.Lock()


def as_before(value: object, look: Look, most: int) -> tuple[Parts, bool]:
    """What an object counts by: what it holds, or what it held before running changed it; whether it did."""
    now = look(value, most)
    held = _HELD.get((id(value), most))
    return (now, False) if held is None else (held.parts, not _same(held.parts, now))


@contextmanager
def running(reached: Iterable[Held]) -> Iterator[None]:
    """A block that may change objects: from now on they count as they are, unless somebody else changes them later."""
    with _LOCK:
        _forget_what_is_gone()
        mine = [_HELD.setdefault((id(each.value), each.most), each) for each in reached]
        for held in mine:
            held.runs += 1
    try:
        yield
    finally:
        with _LOCK:
            for held in mine:
                held.runs -= 1
                if not held.runs and _is_as_before(held):
                    del _HELD[id(held.value), held.most]


def _forget_what_is_gone() -> None:
    """Let go of objects that nobody else holds: a list cannot be referred to weakly."""
    ours = Counter(number for number, _ in _HELD)
    for place, held in list(_HELD.items()):
        if not held.runs and sys.getrefcount(held.value) <= ours[place[0]] + 1:  # the question's own
            ours[place[0]] -= 1
            del _HELD[place]


def _is_as_before(held: Held) -> bool:
    try:
        return _same(held.parts, held.look(held.value, held.most))
    except Exception:  # noqa: BLE001 - it cannot be looked at any more: that is a change
        return False


def _same(before: Parts, now: Parts) -> bool:
    """Whether two looks saw the same objects, or equal plain ones."""
    return before.size == now.size and all(
        one is other or (type(one) is type(other) and isinstance(one, _PLAIN) and one == other)
        for one, other in zip(before.elements, now.elements, strict=True)
    )
