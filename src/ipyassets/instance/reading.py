"""Reading stored partitions back: one, a range of them as a lazy mapping, and tables of what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.stored import PartitionValues
from ipyassets.engine.facts import Facts
from ipyassets.errors import InvalidArgumentError, InvalidInvocationError, NotMaterializedError
from ipyassets.instance.composition import Instance
from ipyassets.instance.current import current_instance, neighbourhood
from ipyassets.instance.read_ahead import ReadAhead
from ipyassets.instance.shown import Shown
from ipyassets.instance.stored_upkeep import StoredVersion, known, known_key, trust, versions, wipe
from ipyassets.instance.tables import concatenated, errors_table, history_table, plotted, status_table
from ipyassets.instance.trial import Trial, trial
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.storage.trusting import Trusted
from ipyassets.storage.wiping import Wiped

if TYPE_CHECKING:
    import pandas as pd


class Partitions(PartitionValues):
    """The stored values of some partitions, by key in definition order; each is loaded when asked for.

    Those that are asked for one after another, as by a loop or `concat()`, are loaded a few at a time where that takes
    a while. Partitions that have no value are in the mapping too: asking for one raises NotMaterializedError.
    `stored()` leaves them out.
    """

    def __init__(self, asset: AssetsDefinition, instance: Instance, space: PartitionSpace, spans: Spans) -> None:
        self._asset = asset
        self._instance = instance
        self._space = space
        self._spans = spans

    def __getitem__(self, key: str) -> Any:
        if (index := self._space.index(key)) not in self._spans:
            raise KeyError(key)
        if not self._instance.store.at_hand(self._asset).loads_at_once:
            return self._instance.store.load(self._asset, key)
        return self._in_order.value(int(np.searchsorted(self._indices, index)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._space.keys(self._spans))

    def __len__(self) -> int:
        return len(self._spans)

    def __contains__(self, key: object) -> bool:
        return key in self._space and self._space.index(str(key)) in self._spans

    def stored(self) -> Partitions:
        """The same without the partitions that have no value."""
        readable = _facts(self._asset, self._instance).condition(self._asset.key).readable
        return Partitions(self._asset, self._instance, self._space, self._spans & Spans.from_mask(readable))

    def concat(self) -> pd.DataFrame:
        """All values as one pandas frame, with the partition key in a column for each dimension."""
        names = [dimension.name for dimension in self._space.dimensions]
        return concatenated(self.items(), names)

    @cached_property
    def _indices(self) -> NDArray[np.int64]:
        return self._spans.indices()

    @cached_property
    def _in_order(self) -> ReadAhead:
        store, log, asset = self._instance.store, self._instance.event_log, self._asset
        return ReadAhead(list(self), lambda key: store.load(asset, key), partial(log.artifacts, asset.key), log.cursor)

    def __repr__(self) -> str:
        ends = f" {self._space.key(self._spans.first)!r}..{self._space.key(self._spans.last)!r}" if self._spans else ""
        return f"<{len(self)} partitions of {self._asset.key}{ends}>"


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """What can be asked of the stored partitions of an asset: see `ipyassets.assets.stored`."""

    asset: AssetsDefinition
    instance: Instance

    def __getitem__(self, selection: str | slice) -> Any:
        """One value, or a lazy mapping over an inclusive slice of keys: a box, in several dimensions."""
        if self.asset.partitions_def is None:
            raise InvalidInvocationError(f"{self.asset.key} is not partitioned: {self.asset.key}.value() reads it")
        for key in (selection.start, selection.stop) if isinstance(selection, slice) else (selection,):
            if not isinstance(key, str | None):
                raise InvalidArgumentError(f"a partition key is a text, not {key!r}")
        if not isinstance(selection, slice):
            return self.instance.store.load(self.asset, selection)
        if selection.step is not None:
            raise InvalidArgumentError(f"a slice of partitions has no step: {selection.step!r}")
        space = _facts(self.asset, self.instance).space(self.asset.key)
        return Partitions(self.asset, self.instance, space, space.between(selection.start, selection.stop))

    def value(self) -> Any:
        """The value of an asset without partitions."""
        return self.instance.store.load(self.asset, None)

    def status(self) -> pd.DataFrame:
        """One row a partition: key, state, reason, when (UTC), seconds, bytes, and a column for each metadata entry."""
        return status_table(_facts(self.asset, self.instance), self.asset.key, self.instance.event_log)

    def history(self, partition_key: str | None = None, *, limit: int | None = None) -> pd.DataFrame:
        """One row an attempt, newest first; with a `limit`, the newest so many."""
        if partition_key is not None:
            known(_facts(self.asset, self.instance), self.asset, self.instance, [partition_key])
        return history_table(self.instance.event_log.history(self.asset.key, partition_key, limit))

    def errors(self) -> pd.DataFrame:
        """One row a partition whose last attempt failed: error, message, when (UTC), traceback, output, metadata."""
        return errors_table(_facts(self.asset, self.instance), self.asset.key, self.instance.event_log)

    def output(self, partition_key: str | None = None) -> Shown:
        """What the last attempt at a partition printed and displayed, shown again."""
        key = known_key(_facts(self.asset, self.instance), self.asset, self.instance, partition_key)
        attempt, _ = self.instance.event_log.last(self.asset.key, key)
        if attempt is None:
            raise NotMaterializedError(f"{self.asset.key.naming(key)} was never tried")
        return Shown(attempt.output, attempt.displays)

    def debug(self, partition_key: str | None = None) -> Trial:
        """A partition's inputs, context and body in hand."""
        return trial(_facts(self.asset, self.instance), self.asset, partition_key, self.instance)

    def versions(self, partition_key: str | None = None) -> list[StoredVersion]:
        """The values of a partition that can still be had, newest first."""
        return versions(_facts(self.asset, self.instance), self.asset, self.instance, partition_key)

    def wipe(self, selection: str | Sequence[str] | None = None, *, dry_run: bool = False) -> Wiped:
        """Delete the stored values of some partitions; what was deleted, or would be."""
        return wipe(_facts(self.asset, self.instance), self.asset, self.instance, selection, dry_run=dry_run)

    def trust(self, partition_keys: Sequence[str] | None = None, *, dry_run: bool = False) -> Trusted:
        """Let in stored values that somebody else made or nobody recorded."""
        return trust(_facts(self.asset, self.instance), self.asset, self.instance, partition_keys, dry_run=dry_run)

    def plot(self, *columns: str) -> Any:
        """Columns of `status()` over the partitions, or over time."""
        facts = _facts(self.asset, self.instance)
        return plotted(self.status(), facts.space(self.asset.key), columns)


def _facts(asset: AssetsDefinition, instance: Instance) -> Facts:
    return instance.facts(neighbourhood(asset, instance))


def stored_asset(asset: AssetsDefinition) -> StoredAsset:
    """What is stored of an asset in the instance in force."""
    return StoredAsset(asset, current_instance())
