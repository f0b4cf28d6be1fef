"""How far a run has come, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

from ipyassets.engine.words import amount, duration


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at one moment: counts of partitions, and the time that is probably left.

    `done` counts every partition that ended, whatever way; `seconds` is how long the run has lasted, `seconds_left`
    None where that is not known; `waits_for` says what has to end elsewhere before it goes on, if anything.
    """

    total: int
    done: int = 0
    failed: int = 0
    blocked: int = 0
    skipped: int = 0
    cancelled: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    active: bool = True
    waits_for: str = ""

    @property
    def fraction(self) -> float:
        """The part that is done, from 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def materialized(self) -> int:
        """How many partitions got a value."""
        return self.done - self.failed - self.blocked - self.skipped - self.cancelled

    @property
    def text(self) -> str:
        """`12 of 31, about 4 s left`, `12 of 31, waits for another run`, or at the end `31 materialized in 2.1 s`."""
        bad = [
            f"{count:,} {word}"
            for count, word in (
                (self.failed, "failed"),
                (self.blocked, "blocked"),
                (self.skipped, "skipped"),
                (self.cancelled, "cancelled"),
            )
            if count
        ]
        if self.active:
            left = "" if self.seconds_left is None else f"about {duration(self.seconds_left)} left"
            outlook = f"waits for {self.waits_for}" if self.waits_for else left
            return ", ".join([f"{self.done:,} of {self.total:,}", *bad, *filter(None, [outlook])])
        return ", ".join([f"{self.materialized:,} materialized", *bad]) + f" in {duration(self.seconds)}"

    def __str__(self) -> str:
        return f"{amount(self.total, 'partition')}: {self.text}"
