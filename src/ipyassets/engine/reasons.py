"""Why partitions are in their states, in a few words: worked out for all partitions of an asset at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.graph import Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts, differs, rewired
from ipyassets.engine.standing import Mask
from ipyassets.events import Attempt, Event, State

KEPT = "the previous value is kept"
EDITED = "the code has changed since"
SHOWN = 3  # names in a sentence

TOLD_BY_ATTEMPTS = (State.FAILED, State.SKIPPED, State.CANCELLED)  # whose last attempt says why
NO_ATTEMPTS: Mapping[str, Event] = MappingProxyType({})

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """What has brought partitions into a state: something of their own, or an input.

    Of the partitions of that input, `sources` are to blame; None where that is not known.
    """

    state: State
    said: str
    edge: Edge | None = None
    sources: Mask | None = None

    @property
    def words(self) -> str:
        """What can be said of every partition: `flights has changed`."""
        return self.said if self.edge is None else f"{self.edge.up} {self.said}"

    def words_of(self, indices: Indices, facts: Facts) -> Sequence[str]:
        """What can be said of each partition: `flights 2013-02-03 has changed`."""
        if self.edge is None:
            return [self.said] * len(indices)
        reads = facts.reads(self.edge)
        inputs = reads.only() if self.sources is None else reads.first(self.sources)
        blamed, places = np.unique(inputs[indices], return_inverse=True)
        up, space = self.edge.up, facts.spaces[self.edge.up]
        words = [f"{up} {space.key(each) if each >= 0 else ''}".rstrip() + f" {self.said}" for each in blamed.tolist()]
        return [words[place] for place in places.tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Why every partition of an asset is as it is: `codes` count the `causes` from 1; 0 where the state says it all."""

    facts: Facts
    key: AssetKey
    states: NDArray[np.uint8]
    causes: Sequence[Cause]
    codes: NDArray[np.uint16]

    def words(self, index: int) -> str:
        """Why a partition is as it is, in the words for all that are so for the same cause."""
        code = int(self.codes[index])
        return self.causes[code - 1].words if code else ""

    def text(self, index: int, attempt: Event | None = None) -> str:
        """Why a partition is as it is, in particular; `attempt` is the last attempt at it, if known."""
        return _with_attempt(self.texts(np.array([index]))[0], State(int(self.states[index])), attempt)

    def texts(self, indices: Indices, attempts: Mapping[str, Event] = NO_ATTEMPTS) -> list[str]:
        """Why each of some partitions is as it is, in particular; `attempts` are last attempts, by partition key."""
        found = np.full(len(indices), "", object)
        codes = self.codes[indices]
        for code in np.unique(codes[codes > 0]).tolist():
            here = codes == code
            found[here] = self.causes[code - 1].words_of(indices[here], self.facts)
        space = self.facts.spaces[self.key]
        for place in np.flatnonzero(np.isin(self.states[indices], TOLD_BY_ATTEMPTS)).tolist() if attempts else ():
            index = int(indices[place])
            attempt = attempts.get(space.key(index))
            found[place] = _with_attempt(found[place], State(int(self.states[index])), attempt)
        return list(found)


def reasons(facts: Facts, key: AssetKey) -> Reasons:
    """Why every partition of an asset is as it is."""
    states = facts.states(key)
    codes, causes = np.zeros(len(states), np.uint16), list[Cause]()
    for state, possible in POSSIBLE.items():
        unexplained = states == state
        if not unexplained.any():
            continue
        for cause, applies in possible(facts, key):
            explained = unexplained & applies
            if not explained.any():
                continue
            causes.append(cause)
            codes[explained] = len(causes)
            unexplained &= ~explained
            if not unexplained.any():
                break
    return Reasons(facts, key, states, causes, codes)


def _with_attempt(words: str, state: State, attempt: Event | None) -> str:
    """What the last attempt at a partition adds to the words on its state."""
    if attempt is not None and attempt.failure is not None and state is State.FAILED:
        return "; ".join(filter(None, [f"{attempt.failure.type}: {attempt.failure.message}", words]))
    if attempt is not None and state in (State.SKIPPED, State.CANCELLED):
        return attempt.reason
    return words


Causes = Iterator[tuple[Cause, Mask | np.bool_]]


def _of_failed(facts: Facts, key: AssetKey) -> Causes:
    kept, edited = facts.condition(key).readable, ~facts.condition(key).known_failure
    yield Cause(State.FAILED, f"{KEPT}; {EDITED}"), kept & edited
    yield Cause(State.FAILED, KEPT), kept
    yield Cause(State.FAILED, EDITED), edited


def _of_blocked(facts: Facts, key: AssetKey) -> Causes:
    for edge in facts.graph.edges[key]:
        up, reads = facts.condition(edge.up), facts.reads(edge)
        yield Cause(State.BLOCKED, "failed", edge, up.failed), reads.any(up.failed)
        yield Cause(State.BLOCKED, "is blocked", edge, up.blocked), reads.any(up.blocked)


def _of_damaged(facts: Facts, key: AssetKey) -> Causes:
    found, space = facts.damage.get(key, {}), facts.space(key)
    for said in dict.fromkeys(found.values()):
        places = space.indices([each for each, why in found.items() if why == said])
        applies = np.zeros(len(space), np.bool_)
        applies[places[places >= 0]] = True
        yield Cause(State.DAMAGED, said), applies
    yield Cause(State.DAMAGED, "its file is gone"), np.True_


def _of_stale(facts: Facts, key: AssetKey) -> Causes:
    """The code, then which inputs there are, then an input that is another, then one that only would be."""
    condition, standing = facts.condition(key), facts.standing(key)
    yield Cause(State.STALE, "the code has changed"), condition.code_changed
    upstreams = facts.upstreams(key)
    for other, applies in rewired(standing, upstreams).items():
        yield Cause(State.STALE, f"{other} is {'a new input' if other in upstreams else 'no input any more'}"), applies
    edges = facts.graph.edges[key]
    for edge in edges:
        changed = differs(standing, facts.standing(edge.up), edge, facts.reads(edge))
        yield Cause(State.STALE, "has changed", edge), changed
    for edge in edges:
        up, reads = facts.condition(edge.up), facts.reads(edge)
        yield Cause(State.STALE, "is damaged", edge, up.damaged), reads.any(up.damaged)
        yield Cause(State.STALE, "is stale", edge, up.stale), reads.any(up.stale)


def _of_fresh(facts: Facts, key: AssetKey) -> Causes:
    yield Cause(State.FRESH, f"skipped since; {KEPT}"), facts.standing(key).attempt == Attempt.SKIPPED
    for upstream in facts.graph[key].upstreams:
        if upstream.argument is not None and upstream.key not in facts.graph:
            yield Cause(State.FRESH, f"{upstream.key} is not defined here: edits of it are not seen"), np.True_
    if names := list(dict.fromkeys(said.partition(": ")[0] for said in facts.uncounted.get(key, ()))):
        told = names if len(names) <= SHOWN else [*names[:SHOWN], f"{len(names) - SHOWN} more"]
        listed = " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))
        yield Cause(State.FRESH, f"edits of {listed} are not seen"), np.True_


POSSIBLE: Mapping[State, Callable[[Facts, AssetKey], Causes]] = {
    State.FAILED: _of_failed,
    State.BLOCKED: _of_blocked,
    State.DAMAGED: _of_damaged,
    State.STALE: _of_stale,
    State.FRESH: _of_fresh,
}
