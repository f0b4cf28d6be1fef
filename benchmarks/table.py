"""Rows of what was measured beside its budget: ratios within one run, so that the speed of the machine cancels out."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Row:
    """One measured value, in the unit of its budget: at most `most`, or at least `least`."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the budget is kept; what has none is only told."""
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def budget(self) -> str:
        """The budget as text."""
        if self.most is not None:
            return f"at most {self.most:,g}"
        return f"at least {self.least:,g}" if self.least is not None else ""


def seconds(*actions: Callable[[], object], rounds: int = 5) -> list[float]:
    """Median seconds of each action; the rounds are interleaved, so that a slow moment hits all of them alike."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, times in zip(actions, taken, strict=True):
            gc.collect()
            began = time.perf_counter()
            action()
            times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in taken]


def touch_memory(size: int = 4 * 2**30) -> None:
    """Have memory that is about to be used behind so many bytes of this machine.

    A virtual machine is given each page when it first touches it, which costs twenty times as much as any later touch:
    that is neither ours nor the peer's, and falls on whoever comes first.
    """
    np.ones(size // 8)


def show(title: str, rows: Iterable[Row]) -> Sequence[Row]:
    """Print the rows as they come; the rows whose budget is not kept are returned."""
    print(f"\n## {title}\n\n| what | measured | budget | |\n|---|---|---|---|")
    missed = []
    for row in rows:
        print(
            f"| {row.what} | {row.value:,.3g} {row.unit} | {row.budget} | {'' if row.is_met else 'MISSED'} |",
            flush=True,
        )
        if not row.is_met:
            missed.append(row)
    return missed
