"""What a call that makes several partitions has failed at, on its way to be tried again by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.step import Step, StepResult
from ipyassets.engine.workshop import Workshop
from ipyassets.events import Event
from ipyassets.partitions import PartitionSpace


class Retries:
    """The steps that wait to be handed out once more, with the failed partitions alone and what these read.

    An exception that ends the whole call is met where it is raised: the worker calls the body again.
    """

    def __init__(self, workshop: Workshop, spaces: Mapping[AssetKey, PartitionSpace]) -> None:
        self._workshop = workshop
        self._spaces = spaces
        self._steps: list[Step] = []

    def __len__(self) -> int:
        return len(self._steps)

    def settled(self, result: StepResult) -> Sequence[Event]:
        """How those partitions of a step ended that are not tried again; the others wait here."""
        if (retry := result.retry) is None:
            return result.events
        key, again = result.events[0].asset_key, set(retry.places)
        step = self._workshop.step(key, [self._spaces[key].index_of(place) for place in retry.places])
        self._steps.append(replace(step, retry_number=retry.number, delay=retry.delay))
        return [event for event in result.events if event.partition_key not in again]

    def take(self) -> tuple[Step, ...]:
        """The next step, if there is one, to be handed out or given up."""
        return (self._steps.pop(0),) if self._steps else ()
