"""How a plan is worked off, and what a run has to do with the instance it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from ipyassets.assets.config import Config
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.plan import Plan
from ipyassets.engine.ports import Claims
from ipyassets.errors import DamagedPartitionError, InvalidArgumentError
from ipyassets.events import Event

OnError = Literal["continue", "stop", "trim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a run tells the instance, and asks of it.

    `renew` plans the same again with the facts of now; `record` writes events into the log, not before the disk has
    some files, and then calls what puts the values in place; `claims` keep others from making the same partitions;
    `tidy` drops what bodies that failed or were given up have stored aside, once nobody claims their partitions;
    `cursor` and `since` tell what others have recorded; `load` reads a stored value; `note` hears of a damaged one, and
    tells whether it was merely made again since it was looked up (False); `changed` hears whose states may differ.
    """

    renew: Callable[[Plan], Plan]
    record: Callable[[Sequence[Event], Iterable[str], Callable[[], None]], None]
    claims: Claims
    tidy: Callable[[AssetKey, Sequence[str]], None]
    cursor: Callable[[], int]
    since: Callable[[int], Sequence[Event]]
    load: Callable[[AssetKey, str | None], object]
    note: Callable[[DamagedPartitionError], bool]
    changed: Callable[[frozenset[AssetKey]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a plan is worked off.

    `executor` None means the calling thread. `in_flight` is how many tasks the executor is handed at a time, `chunk`
    how many short partitions go into one task. `on_error` says what a failure does to the rest: "continue" leaves out
    only what needs it, "trim" also lets no more partitions of the failed asset start, "stop" lets nothing start any
    more. `tags` and `configs` are recorded with each partition; `resources` are at hand in bodies, those that are I/O
    managers store values. `kill` ends what the executor is at when the run is cancelled; `close` is called at the end.
    """

    executor: Executor | None = None
    in_flight: int = 1
    chunk: int = 1
    on_error: OnError = "continue"
    tags: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, object] = field(default_factory=dict)
    configs: Mapping[AssetKey, Config] = field(default_factory=dict)
    kill: Callable[[], None] | None = None
    close: Callable[[], None] | None = None

    @property
    def stays_here(self) -> bool:
        """Whether bodies are sure to run in this process."""
        return self.executor is None or isinstance(self.executor, ThreadPoolExecutor)

    def __post_init__(self) -> None:
        if self.on_error not in ("continue", "stop", "trim"):
            raise InvalidArgumentError(f"on_error={self.on_error!r} is not one of 'continue', 'stop' and 'trim'")
