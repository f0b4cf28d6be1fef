"""What is recorded of every asset, kept at hand as arrays and brought up to date when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.ports import Damage, EventLog
from ipyassets.engine.standing import Mask, Standing
from ipyassets.events import Event
from ipyassets.partitions import PartitionSpace, Spans

REREAD = 2000  # events from which on reading an asset's latest rows is quicker than following its events


@dataclass(frozen=True, slots=True)
class _Page:
    space: PartitionSpace
    standing: Standing


class StateBook:
    """The `Standing` of assets, by asset key. May be asked from any thread."""

    def __init__(
        self,
        log: Callable[[], EventLog],
        damage: Callable[[], Damage],
        io_manager: Callable[[AssetsDefinition], IOManager],
    ) -> None:
        self._log = log
        self._damage = damage
        self._io_manager = io_manager
        self._pages: dict[AssetKey, _Page] = {}
        self._cursor = -1
        self._lock = threading.RLock()

    def standing(self, asset: AssetsDefinition, space: PartitionSpace) -> Standing:
        """What the log and the disk say of an asset; the same object while nothing has changed."""
        with self._lock:
            self._follow()
            page = self._pages.get(asset.key)
            if page is None or page.space != space:
                page = _Page(space, Standing.of(self._log().records(asset.key), space))
            page = self._looked(asset, page)
            self._pages[asset.key] = page
            return page.standing

    def damage(self, asset: AssetsDefinition) -> Mapping[str, str]:
        """Why values of an asset cannot be read although their files are there, by partition key."""
        return self._damage().found(asset.key, getattr(self._io_manager(asset), "key_id", None))

    def _follow(self) -> None:
        """Apply the events that were recorded since, by any process."""
        log = self._log()
        cursor = log.cursor()
        if cursor == self._cursor:
            return
        behind = cursor - self._cursor
        events = log.since(self._cursor) if self._pages and behind <= REREAD else None
        if events is None:
            self._pages.clear()
            self._cursor = cursor
            return
        by_asset: dict[AssetKey, list[Event]] = {}
        for event in events:
            by_asset.setdefault(event.asset_key, []).append(event)
        for key, theirs in by_asset.items():
            if (page := self._pages.get(key)) is not None:
                self._pages[key] = replace(page, standing=page.standing.after(theirs, page.space))
        self._cursor = cursor  # last: what is interrupted before is done again, and comes to the same

    def _looked(self, asset: AssetsDefinition, page: _Page) -> _Page:
        """Look for the files of recorded values."""
        present = self._present(asset, page)
        if np.array_equal(present, page.standing.present):
            return page
        return replace(page, standing=page.standing.with_presence(present))

    def _present(self, asset: AssetsDefinition, page: _Page) -> Mask:
        look = getattr(self._io_manager(asset), "present", None)
        made = page.standing.made
        stored = made & (page.standing.size > 0)  # a body that returns nothing is done without a file
        if look is None or not stored.any():
            return made
        present = made.copy()
        present[stored] = look(asset.key, page.space.keys(Spans.from_mask(stored)))
        if wrong := self.damage(asset):
            places = page.space.indices(list(wrong))
            present[places[places >= 0]] = False
        return present
