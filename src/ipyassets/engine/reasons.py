"""Why partitions are in their states, in a few words: worked out for all partitions of an asset at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.graph import Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts, States, differs, rewired
from ipyassets.engine.standing import Mask
from ipyassets.events import Attempt, Event, State
from ipyassets.partitions.spans import Spans

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]

TOLD_BY_ATTEMPTS = (State.FAILED, State.SKIPPED, State.CANCELLED)
NO_ATTEMPTS: Mapping[str, Event] = MappingProxyType({})
KEPT = "the previous value is kept"
EDITED = "the code has changed since"
SHOWN = 3  # names in a sentence


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

    def texts(self, indices: Ints, facts: Facts) -> Texts:
        """What can be said of each of some partitions: `flights 2013-02-03 has changed`."""
        if self.edge is None:
            return np.full(len(indices), self.said, object)
        reads, space = facts.reads(self.edge), facts.spaces[self.edge.up]
        blamed = reads.only() if self.sources is None else reads.first(self.sources)
        distinct, places = np.unique(blamed[indices], return_inverse=True)
        names = [self.edge.up.naming(space.key(index) if index >= 0 else "") for index in distinct.tolist()]
        return np.array([f"{name} {self.said}" for name in names], object)[places]


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Why every partition of an asset is as it is: `codes` count the `causes` from 1; 0 where the state says it all."""

    facts: Facts
    key: AssetKey
    causes: Sequence[Cause]
    codes: NDArray[np.uint16]

    @property
    def states(self) -> States:
        """The states that have these reasons."""
        return self.facts.states(self.key)

    def words(self, index: int) -> str:
        """Why a partition is as it is, in the words for all that are so for the same cause."""
        code = int(self.codes[index])
        return self.causes[code - 1].words if code else ""

    def texts(self, indices: Ints, attempts: Mapping[str, Event] = NO_ATTEMPTS) -> Texts:
        """Why each of some partitions is as it is, in particular.

        `attempts` are last attempts by partition key: those told by attempts know more than the state says.
        """
        codes, texts = self.codes[indices], np.full(len(indices), "", object)
        for code in np.unique(codes[codes > 0]).tolist():
            mine = codes == code
            texts[mine] = self.causes[code - 1].texts(indices[mine], self.facts)
        told = np.flatnonzero(_is_told(self.facts, self.key)[indices]) if attempts else ()
        for place in told:
            attempt = attempts.get(self.facts.space(self.key).key(int(indices[place])))
            if attempt is not None:
                texts[place] = "; ".join(filter(None, [_said_by(attempt), texts[place]]))
        return texts


def told_by_attempts(facts: Facts, key: AssetKey) -> Spans:
    """The partitions whose last attempt knows why they are as they are."""
    return Spans.from_mask(_is_told(facts, key))


def _is_told(facts: Facts, key: AssetKey) -> Mask:
    states = facts.states(key)
    told: Mask = (states == State.MISSING) & (facts.standing(key).attempt == Attempt.BLOCKED)
    told |= np.isin(states, TOLD_BY_ATTEMPTS)
    return told


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
    return Reasons(facts, key, causes, codes)


def _said_by(attempt: Event) -> str:
    failure = attempt.failure
    return f"{failure.type}: {failure.message}" if failure is not None else attempt.reason


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
