"""Why partitions are in their states, for all those of an asset at once: what many have in common is said in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.graph import Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts, differs
from ipyassets.engine.reasons import reason
from ipyassets.engine.standing import Mask
from ipyassets.events import Event, State
from ipyassets.partitions import Spans

Texts = NDArray[np.object_]


def told_by_attempts(facts: Facts, key: AssetKey) -> Spans:
    """The partitions whose last attempt says why they are in their state."""
    return facts.spans(key, State.FAILED, State.SKIPPED, State.CANCELLED)


def reasons(facts: Facts, key: AssetKey, attempts: Mapping[str, Event]) -> Texts:
    """`reason` of every partition, given the last attempts at those that are told by attempts, by partition key."""
    states, condition, space = facts.states(key), facts.condition(key), facts.space(key)
    column = _Column(facts, key, np.full(len(states), "", object), np.ones(len(states), np.bool_))
    stale = states == State.STALE
    column.say(stale & condition.code_changed, "the code has changed")
    if (changed := stale & condition.input_changed).any():
        column.say_which_input_changed(changed)
    column.say_which_input(stale, damaged="is damaged", stale="is stale")
    column.say_which_input(states == State.BLOCKED, failed="failed", blocked="is blocked")
    one_by_one = told_by_attempts(facts, key) | facts.spans(key, State.DAMAGED)
    for index, partition_key in zip(one_by_one, space.keys(one_by_one), strict=True):
        column.texts[index] = reason(facts, key, index, attempts.get(partition_key))
    return column.texts


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """The texts so far; `left` are the partitions of which nothing has been said."""

    facts: Facts
    key: AssetKey
    texts: Texts
    left: Mask

    def say(self, where: Mask, texts: object) -> None:
        """One text for some partitions, or one for each of them."""
        self.texts[where] = texts
        self.left[where] = False

    def say_which_input_changed(self, among: Mask) -> None:
        """Of each partition, the first input that is not what it was made from."""
        facts = self.facts
        for edge in facts.graph.edges[self.key]:
            reads = facts.reads(edge)
            changed = among & self.left & differs(facts.standing(self.key), facts.standing(edge.up), edge, reads)
            only = reads.only()
            named = changed & (only >= 0)
            self.say(named, self._inputs(edge, only[named], "has changed"))
            self.say(changed & ~named, f"{edge.up} has changed")

    def say_which_input(self, among: Mask, **words: str) -> None:
        """Of each partition, the first input of which a condition of that name holds."""
        for edge in self.facts.graph.edges[self.key] if among.any() else ():
            for condition, word in words.items():
                first = self.facts.reads(edge).first(getattr(self.facts.condition(edge.up), condition))
                where = among & self.left & (first >= 0)
                self.say(where, self._inputs(edge, first[where], word))

    def _inputs(self, edge: Edge, indices: NDArray[np.int64], word: str) -> Texts:
        """`up 2024-01-01 is stale`, for upstream partitions of which many are the same."""
        distinct, places = np.unique(indices, return_inverse=True)
        keys = self.facts.space(edge.up).keys(Spans.from_indices(distinct))
        return np.array([f"{edge.up} {key}".rstrip() + f" {word}" for key in keys], object)[places]
