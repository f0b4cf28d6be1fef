"""Other runs that make the same partitions: what they hold is left to them, and what they record is learnt of."""

from __future__ import annotations

import time

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.accounts import Accounts
from ipyassets.engine.frontier import Frontier
from ipyassets.engine.manner import Books
from ipyassets.engine.plan import Plan
from ipyassets.engine.ready import NOTHING
from ipyassets.engine.workshop import Workshop
from ipyassets.events import Attempt
from ipyassets.partitions.spans import Spans

FOLLOW_SECONDS = 1.0  # how soon it is noticed what others have recorded
WAY_SECONDS = 0.1  # how soon what was refused is asked for again
ANOTHER = "another run"


class Neighbours:
    """What one run knows of the others."""

    def __init__(self, plan: Plan, books: Books, frontier: Frontier, workshop: Workshop, accounts: Accounts) -> None:
        self._plan = plan
        self._books = books
        self._frontier = frontier
        self._workshop = workshop
        self._accounts = accounts
        self._refused: set[tuple[AssetKey, int]] = set()
        self._was_refused_lately = False
        self._cursor = 0
        self._followed = time.monotonic()

    def follow_from(self, cursor: int) -> None:
        """Take note of what others record from here on."""
        self._cursor = cursor

    def claimed(self, key: AssetKey, taken: list[int]) -> list[int]:
        """Of partitions taken from the frontier those that nobody else is making; the others wait until he has."""
        space = self._plan.facts.spaces[key]
        by_key = {space.key(index): index for index in taken}
        granted = [by_key[each] for each in self._books.claims.take(key, by_key)]
        if granted:
            self._accounts.waits_for = ""
        if refused := set(taken) - set(granted):
            self._frontier.give_back(key, Spans.from_indices(refused))
            self._refused.update((key, index) for index in refused)
            self._was_refused_lately = True
        late = {index for index in granted if (key, index) in self._refused}
        if not late:
            return granted
        # somebody else has just been at these
        self._refused.difference_update((key, index) for index in late)
        elsewhere = self.follow()
        made = {index for index in late if (key, index) in elsewhere}
        for index in made:
            self._frontier.finish(key, index)
            self._accounts.spare()
            self._books.claims.release(key, (space.key(index),))
        return [index for index in granted if index not in made]

    def look(self) -> bool:
        """Learn now and then what others have done; whether that may let something start."""
        if not self._was_refused_lately and time.monotonic() - self._followed < FOLLOW_SECONDS:
            return False
        return bool(self.follow()) or self._was_refused_lately

    def give_way(self) -> None:
        """Wait a moment if all that there is to do is being done by others."""
        if self._was_refused_lately:
            if not self._accounts.waits_for:
                self._accounts.waits_for = ANOTHER
                self._books.changed(frozenset(self._plan.pending))
            time.sleep(WAY_SECONDS)
        self._was_refused_lately = False

    def follow(self) -> set[tuple[AssetKey, int]]:
        """Learn what others have recorded; what they have made need not be made here, unless it was asked for."""
        self._followed = time.monotonic()
        cursor = self._books.cursor()
        if cursor == self._cursor:
            return set()
        made = set()
        events, self._cursor = self._books.since(self._cursor), cursor
        for event in events:
            space = self._plan.facts.spaces.get(event.asset_key)
            index = -1 if space is None else space.index_of(event.partition_key)
            if index < 0:
                continue
            self._workshop.learn(event, index)  # this run's own too: the last of all counts, whoever recorded it
            if event.run_id == self._accounts.run_id:
                continue
            if event.attempt is Attempt.MATERIALIZED and index not in self._plan.wanted.get(event.asset_key, NOTHING):
                made.add((event.asset_key, index))
                if self._frontier.spare(event.asset_key, index):
                    self._accounts.spare()
        return made
