"""How often a body is tried again, and how many partitions it is handed at a time: Dagster's policies."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from ipyassets.errors import InvalidDefinitionError
from ipyassets.partitions.arguments import whole_number


class Backoff(Enum):
    """How the delay grows from one retry to the next."""

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(Enum):
    """How chance changes a delay: FULL anything from none to all of it, PLUS_MINUS up to a delay more or less."""

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Try a failed partition again, up to `max_retries` times, after `delay` seconds (Dagster's RetryPolicy).

    Where one call makes several, those that failed are tried again without the others. LINEAR backoff waits once,
    twice, three times the delay; EXPONENTIAL 1, 3, 7 times.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        if self.max_retries < 0 or (self.delay is not None and self.delay < 0):
            raise InvalidDefinitionError(f"{self} cannot be followed: give a number of retries and a delay from 0 on")
        if self.delay is None and (self.backoff or self.jitter):
            raise InvalidDefinitionError("backoff and jitter change a delay: give RetryPolicy a delay in seconds too")

    def seconds_before(self, retry_number: int, chance: float | None = None) -> float:
        """How long to wait before the retry numbered from 1; `chance` in 0 to 1 stands in for a random number."""
        chance = random.random() if chance is None else chance  # noqa: S311 - nothing is guarded by it
        delay = self.delay or 0.0
        factor = {None: 1, Backoff.LINEAR: retry_number, Backoff.EXPONENTIAL: (1 << retry_number) - 1}[self.backoff]
        if self.jitter is Jitter.FULL:
            return delay * factor * chance
        if self.jitter is Jitter.PLUS_MINUS:
            return max(0.0, delay * factor + delay * (2 * chance - 1))
        return delay * factor


class RetryRequested(Exception):  # noqa: N818 - Dagster's name
    """Raise it in a body to be run again: at most `max_retries` times, after `seconds_to_wait`."""

    def __init__(self, max_retries: int = 1, seconds_to_wait: float | None = None) -> None:
        super().__init__(f"a retry was asked for, up to {max_retries} times")
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait

    def __reduce__(self) -> tuple[type[RetryRequested], tuple[int, float | None]]:
        return RetryRequested, (self.max_retries, self.seconds_to_wait)


@dataclass(frozen=True, slots=True)
class BackfillPolicy:
    """How many partitions one call of the body makes (Dagster's BackfillPolicy); without one, one partition a call.

    The body then finds its partitions in `context.partition_keys` and returns a dict with a value for each of them.
    """

    max_partitions_per_run: int | None = 1

    def __post_init__(self) -> None:
        if self.max_partitions_per_run is not None:
            whole_number("max_partitions_per_run", self.max_partitions_per_run, least=1)

    @classmethod
    def single_run(cls) -> BackfillPolicy:
        """One call for all partitions asked for, contiguous or not."""
        return cls(None)

    @classmethod
    def multi_run(cls, max_partitions_per_run: int = 1) -> BackfillPolicy:
        """Calls of up to so many partitions each."""
        return cls(max_partitions_per_run)
