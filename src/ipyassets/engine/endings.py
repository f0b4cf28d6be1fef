"""What it means for the other partitions of a run that one has ended."""

from __future__ import annotations

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.accounts import Accounts
from ipyassets.engine.frontier import Frontier
from ipyassets.engine.manner import OnError
from ipyassets.events import Attempt, Event
from ipyassets.partitions.spans import Spans

# What a partition is believed to take until one has ended, and what a task of several should take.
SHORT_SECONDS = 0.02


class Endings:
    """Takes note of how partitions end: those behind them can begin then, or are blocked, or nothing more begins."""

    def __init__(self, on_error: OnError, frontier: Frontier, accounts: Accounts) -> None:
        self._on_error = on_error
        self._frontier = frontier
        self._accounts = accounts
        self._seconds: dict[AssetKey, float] = {}

    def seconds(self, key: AssetKey) -> float:
        """What a partition of an asset takes, as of late."""
        return self._seconds.get(key, SHORT_SECONDS)

    def take(self, event: Event, index: int, error: BaseException | None = None) -> None:
        """A partition has ended; `error` is the exception that it failed with, where there is one."""
        key = event.asset_key
        self._accounts.end(event, index, error)
        self._seconds[key] = 0.8 * self._seconds.get(key, event.seconds) + 0.2 * event.seconds
        if event.attempt is not Attempt.FAILED:
            self._frontier.finish(key, index)
            return
        why = f"{key.naming(event.partition_key)} failed"
        for down, spans in self._frontier.lose(key, Spans.range(index, index + 1)).items():
            self._accounts.end_all(Attempt.BLOCKED, down, spans, why)
        if self._on_error == "stop":
            self.withdraw(None, f"stopped, because {why}")
        elif self._on_error == "trim":
            self.withdraw(key, f"left out, because {why}")

    def withdraw(self, key: AssetKey | None, why: str) -> None:
        """Let nothing more of an asset begin, or of any for None."""
        for each, spans in self._frontier.withdraw(key).items():
            self._accounts.end_all(Attempt.CANCELLED, each, spans, why)
            if key is not None:
                for down, blocked in self._frontier.lose(each, spans).items():
                    self._accounts.end_all(Attempt.BLOCKED, down, blocked, f"{each} was {why}")
