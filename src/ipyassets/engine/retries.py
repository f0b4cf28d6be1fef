"""What is tried again by itself: what a call for several partitions has failed at, and what a worker has died of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.step import Step, StepResult
from ipyassets.engine.workshop import Workshop
from ipyassets.events import Event
from ipyassets.partitions.space import PartitionSpace


class Retries:
    """The steps that wait to be handed out once more, with some partitions alone and what these read.

    An exception that ends the whole call is met where it is raised: the worker calls the body again. A worker that
    dies takes all along that was handed out: each of these is suspect until it was tried with nothing beside it.
    """

    def __init__(self, workshop: Workshop, spaces: Mapping[AssetKey, PartitionSpace]) -> None:
        self._workshop = workshop
        self._spaces = spaces
        self._steps: list[Step] = []
        self._suspects: list[Step] = []
        self._is_trial = False

    def __len__(self) -> int:
        return len(self._steps) + len(self._suspects)

    def settled(self, result: StepResult) -> Sequence[Event]:
        """How those partitions of a step ended that are not tried again; the others wait here."""
        if (retry := result.retry) is None:
            return result.events
        key, again = result.events[0].asset_key, set(retry.places)
        step = self._workshop.step(key, [self._spaces[key].index_of(place) for place in retry.places])
        self._steps.append(replace(step, retry_number=retry.number, delay=retry.delay))
        return [event for event in result.events if event.partition_key not in again]

    def suspect(self, key: AssetKey, indices: Sequence[int]) -> bool:
        """A worker has died while these were in hand; whether it is to be found out if they were the reason."""
        if self._is_trial:
            return False
        is_one_call = self._workshop.body(key).asset.is_batched
        self._suspects += [self._workshop.step(key, each) for each in ([indices] if is_one_call else zip(indices))]
        return True

    def take(self, at_work: int) -> tuple[Step, ...] | None:
        """The next step to hand out, with so many tasks at work; () for none just now, None if others may be next."""
        if self._suspects or self._is_trial:
            if at_work:
                return ()
            self._is_trial = bool(self._suspects)
            if self._suspects:
                return (self._suspects.pop(0),)
        return (self._steps.pop(0),) if self._steps else None

    def drop(self) -> list[Step]:
        """All of them, which are not tried again."""
        left = self._suspects + self._steps
        self._suspects, self._steps = [], []
        return left
