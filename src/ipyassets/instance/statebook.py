"""What is recorded of every asset, kept at hand as arrays and brought up to date when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import numpy as np

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.ports import Damage, EventLog
from ipyassets.engine.standing import Mask, Standing
from ipyassets.errors import InvalidResultError
from ipyassets.events import Event
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.presence import Look, Names, list_ahead, look
from ipyassets.storage.value_files import ValueFiles

WORTH_A_THREAD = 1000  # partitions from which on their folder is listed while the log is being read
REREAD = 2000  # events from which on reading an asset's latest rows is quicker than following its events


@dataclass(frozen=True, slots=True)
class Page:
    """What the log and the disk say of an asset, and why values cannot be read although their files are there.

    `look` is the last one at the files of the partitions in `stored`; `ahead` was begun for the first, while the log
    was being read.
    """

    space: PartitionSpace
    standing: Standing
    damage: Mapping[str, str] = field(default_factory=dict)
    stored: Mask | None = None
    look: Look | None = None
    ahead: Future[Names] | None = None


class StateBook:
    """A page for each asset, by asset key. May be asked from any thread."""

    def __init__(
        self,
        log: Callable[[], EventLog],
        damage: Callable[[], Damage],
        io_manager: Callable[[AssetsDefinition], IOManager],
        elsewhere: Callable[[AssetsDefinition, IOManager], Mapping[str, str]],
    ) -> None:
        self._log = log
        self._damage = damage
        self._io_manager = io_manager
        self._elsewhere = elsewhere
        self._pages: dict[AssetKey, Page] = {}
        self._cursor = -1
        self._lock = threading.RLock()

    def page(self, asset: AssetsDefinition, space: PartitionSpace) -> Page:
        """What is known of an asset now; its standing is the same object while nothing has changed."""
        with self._lock:
            self._follow()
            page = self._pages.get(asset.key)
            if page is None or page.space != space:
                ahead = self._list_ahead(asset, space)
                page = Page(space, Standing.of(self._log().records(asset.key), space), ahead=ahead)
            page = self._looked(asset, page)
            self._pages[asset.key] = page = replace(page, ahead=None)  # a listing is good for one look
            return page

    def _list_ahead(self, asset: AssetsDefinition, space: PartitionSpace) -> Future[Names] | None:
        """Have an asset's folder listed, if that takes about as long as reading what is recorded."""
        manager = self._io_manager(asset)
        files = manager.files if isinstance(manager, FileIOManager) else None
        if isinstance(files, ValueFiles) and len(space) >= WORTH_A_THREAD and len(space.dimensions) == 1:
            return list_ahead(files, asset.key)
        return None

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

    def _looked(self, asset: AssetsDefinition, page: Page) -> Page:
        """Look for recorded values where they are kept."""
        manager = self._io_manager(asset)
        page = replace(page, damage=self._damage().found(asset.key, manager.key_id))
        try:
            page, present = self._sought(manager, asset, page)
        except OSError as error:
            page, present = _out_of_reach(page, error.strerror or str(error))
        if np.array_equal(present, page.standing.present):
            return page
        return replace(page, standing=page.standing.with_presence(present))

    def _look(self, manager: IOManager, asset: AssetsDefinition, page: Page, stored: Mask) -> Look:
        """Which of the stored values their I/O manager has."""

        def keys() -> Sequence[str]:
            return page.space.keys(Spans.from_mask(stored))

        if isinstance(manager, FileIOManager) and isinstance(manager.files, ValueFiles):
            is_same = page.stored is not None and np.array_equal(stored, page.stored)
            return look(manager.files, asset.key, keys, page.look if is_same else None, page.ahead)
        found = np.array(manager.present(asset.key, keys()), np.bool_)
        if found.shape != (np.count_nonzero(stored),):
            raise InvalidResultError(
                f"{type(manager).__name__}.present gave {found.size} answers about"
                f" {np.count_nonzero(stored)} partitions"
            )
        return Look(found)

    def _sought(self, manager: IOManager, asset: AssetsDefinition, page: Page) -> tuple[Page, Mask]:
        """The page with another look, and which partitions are done: those without a value, and those that have it."""
        made = page.standing.made
        stored = made & page.standing.stored  # a body that returns nothing is done without a value
        seen, present = None, made.copy()
        if stored.any():
            seen = self._look(manager, asset, page, stored)
            present[stored] = (
                seen.found if seen.found.all() else self._anywhere(manager, asset, page, stored, seen.found)
            )
        wrong = page.space.indices(list(page.damage))
        present[wrong[wrong >= 0]] = False
        return replace(page, stored=stored, look=seen), present

    def _anywhere(self, manager: IOManager, asset: AssetsDefinition, page: Page, stored: Mask, found: Mask) -> Mask:
        """Which of the stored values there are, wherever they were put; those out of sight are believed."""
        if not (recorded := self._elsewhere(asset, manager)):
            return found
        found, keys = found.copy(), page.space.keys(Spans.from_mask(stored))
        for location in set(recorded.values()):
            lost = [i for i in np.flatnonzero(~found).tolist() if recorded.get(keys[i]) == location]
            other = manager.looking_at(location) if location else None
            found[lost] = other is None or other.present(asset.key, [keys[i] for i in lost])
        return found


def _out_of_reach(page: Page, why: str) -> tuple[Page, Mask]:
    """The page of an asset whose values cannot be looked for, and which of its partitions are done all the same."""
    stored = page.standing.made & page.standing.stored
    reasons = dict.fromkeys(page.space.keys(Spans.from_mask(stored)), f"it cannot be looked for: {why}")
    return replace(page, damage={**reasons, **page.damage}), page.standing.made & ~stored
