"""What is true of every partition at one moment, worked out from log, disk and code as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.graph import AssetGraph, Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.reads import Reads, ReadsBook
from ipyassets.engine.ready import NOTHING
from ipyassets.engine.standing import Mask, Standing, mixed, number
from ipyassets.events import Attempt, State
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

States = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Activity:
    """The partitions of one asset that runs are working on or have before them, in this process or another."""

    running: Spans = NOTHING
    queued: Spans = NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Of one asset: which values are there to be read, and which of them are outdated, and how.

    `known_failure` and `known_skip` say where the last attempt was made with the code of today and ended so.
    """

    readable: Mask
    damaged: Mask
    code_changed: Mask
    input_changed: Mask
    input_outdated: Mask
    failed: Mask
    blocked: Mask
    known_failure: Mask
    known_skip: Mask

    @property
    def stale(self) -> Mask:
        """A value is there, but would come out differently today."""
        return self.readable & (self.code_changed | self.input_changed | self.input_outdated)

    @property
    def fresh(self) -> Mask:
        """A value is there, and is what would come out today."""
        return self.readable & ~(self.code_changed | self.input_changed | self.input_outdated)


@dataclass(slots=True, eq=False)
class Facts:
    """States, reasons and values of all partitions of a graph at one moment; what is asked for is worked out once.

    `code_versions` are those of today, `uncounted` what could not be counted into them; `standings` hold what was
    recorded up to `cursor` of the log, or later. What is as it was in `earlier` facts is taken from them. What
    they tell never changes: ask the instance for new ones.
    """

    graph: AssetGraph
    spaces: Mapping[AssetKey, PartitionSpace]
    standings: Mapping[AssetKey, Standing]
    code_versions: Mapping[AssetKey, str]
    uncounted: Mapping[AssetKey, Sequence[str]] = field(default_factory=dict)
    activity: Mapping[AssetKey, Activity] = field(default_factory=dict)
    damage: Mapping[AssetKey, Mapping[str, str]] = field(default_factory=dict)
    book: ReadsBook = field(default_factory=ReadsBook)
    earlier: Facts | None = None
    cursor: int = -1
    _conditions: dict[AssetKey, Condition] = field(default_factory=dict)
    _states: dict[AssetKey, States] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.earlier is not None:
            self.earlier.earlier = None  # facts are not kept alive by later ones for ever

    def space(self, key: AssetKey) -> PartitionSpace:
        """The partitions of an asset."""
        return self.spaces[self.graph[key].key]

    def standing(self, key: AssetKey) -> Standing:
        """What was recorded of an asset."""
        return self.standings[self.graph[key].key]

    def upstreams(self, key: AssetKey) -> frozenset[AssetKey]:
        """The assets that an asset reads, whether they are in the graph or not."""
        return frozenset(upstream.key for upstream in self.graph[key].upstreams)

    def states(self, key: AssetKey) -> States:
        """The State code of every partition; a read-only array."""
        if (found := self._states.get(key)) is None:
            found = self._states[key] = self._worked_out(key)
        return found

    def spans(self, key: AssetKey, *states: State) -> Spans:
        """The partitions that are in one of the states."""
        wanted = np.zeros(len(State), np.bool_)
        wanted[list(states)] = True
        return Spans.from_mask(wanted[self.states(key)])

    def counts(self, key: AssetKey) -> dict[State, int]:
        """How many partitions are in each state, in order of precedence; states that none is in are left out."""
        return counted(self.states(key))

    def named(self, key: AssetKey) -> dict[str, Spans]:
        """The sets of partitions that a selection text may name: every state, and `all`, `latest`, `unfinished`.

        `missing` takes in what was cancelled: it has no value either, and whoever cancelled a run asks for the rest so.
        """
        length = len(self.space(key))
        sets = {str(state): self.spans(key, state) for state in State}
        sets["missing"] |= sets["cancelled"]
        done = sets["fresh"] | sets["skipped"] | sets["running"] | sets["queued"]
        last = Spans.range(length - 1, length) if length else NOTHING
        return {**sets, "all": Spans.range(0, length), "latest": last, "unfinished": done.complement(length)}

    def told(self, key: AssetKey) -> Spans:
        """Partitions that have a value, or a failure as their last attempt."""
        standing = self.standing(key)
        return Spans.from_mask(standing.made | (standing.attempt == Attempt.FAILED))

    def reads(self, edge: Edge) -> Reads:
        """What every downstream partition of an edge reads."""
        return self.book.of(edge.mapping, self.spaces[edge.down], self.spaces[edge.up])

    def condition(self, key: AssetKey) -> Condition:
        """What is true of the values of an asset."""
        if (found := self._conditions.get(key)) is None:
            found = self._conditions[key] = self._as_before(key) or self._judged(key)
        return found

    def _as_before(self, key: AssetKey) -> Condition | None:
        """The condition of an asset in earlier facts, if nothing that it depends on has changed since."""
        before = self.earlier
        if before is None or (found := before._conditions.get(key)) is None:  # noqa: SLF001 - of its own kind
            return None
        same = (
            before.standings[key] is self.standings[key]
            and before.upstreams(key) == self.upstreams(key)
            and before.code_versions[key] == self.code_versions[key]
            and before.spaces[key] == self.spaces[key]
            and before.graph.edges[key] == self.graph.edges[key]
        )
        ups = (edge.up for edge in self.graph.edges[key] if not edge.is_self)
        same = same and all(
            self.condition(up) is before._conditions.get(up)  # noqa: SLF001 - as above
            and before.spaces[up] == self.spaces[up]
            and before.standings[up] is self.standings[up]
            for up in ups
        )
        return found if same else None

    def _judged(self, key: AssetKey) -> Condition:
        standing, code = self.standing(key), np.uint64(number(self.code_versions[key]))
        readable = standing.made & standing.present
        changed, outdated, blocked = (np.zeros(len(standing), np.bool_) for _ in range(3))
        for others in rewired(standing, self.upstreams(key)).values():
            changed |= others
        tried_in_vain = standing.attempt == Attempt.BLOCKED
        for edge in self.graph.edges[key]:
            if edge.is_self:
                continue
            up, reads = self.condition(edge.up), self.reads(edge)
            changed |= differs(standing, self.standings[edge.up], edge, reads)
            outdated |= reads.any(up.stale | up.damaged)
            blocked |= tried_in_vain & reads.any(up.failed | up.blocked)
        condition = Condition(
            readable=readable,
            damaged=standing.made & ~standing.present,
            code_changed=standing.code != code,
            input_changed=changed,
            input_outdated=outdated,
            failed=standing.attempt == Attempt.FAILED,
            blocked=blocked,
            known_failure=(standing.attempt == Attempt.FAILED) & (standing.tried == code),
            known_skip=(standing.attempt == Attempt.SKIPPED) & (standing.tried == code),
        )
        for edge in self.graph.edges[key]:
            if edge.is_self:
                self._judge_chain(condition, standing, edge)
        return condition

    def _judge_chain(self, condition: Condition, standing: Standing, edge: Edge) -> None:
        """Let what is outdated or blocked spread along an asset that reads itself, in place."""
        reads = self.reads(edge)
        condition.input_changed[:] |= differs(standing, standing, edge, reads)
        spread(condition.input_outdated, condition.stale | condition.damaged, condition.readable, reads)
        tried_in_vain = standing.attempt == Attempt.BLOCKED
        spread(condition.blocked, condition.failed | condition.blocked, tried_in_vain, reads)

    def _worked_out(self, key: AssetKey) -> States:
        standing, condition = self.standing(key), self.condition(key)
        activity = self.activity.get(key, Activity())
        states = np.full(len(standing), State.MISSING, np.uint8)
        # the lowest code wins, so the highest is written first
        states[standing.attempt == Attempt.CANCELLED] = State.CANCELLED
        states[standing.attempt == Attempt.SKIPPED] = State.SKIPPED
        states[condition.fresh] = State.FRESH
        states[condition.stale] = State.STALE
        states[condition.damaged] = State.DAMAGED
        states[condition.blocked] = State.BLOCKED
        states[condition.failed] = State.FAILED
        states[activity.queued.indices()] = State.QUEUED
        states[activity.running.indices()] = State.RUNNING
        states.flags.writeable = False
        return states


def counted(states: States) -> dict[State, int]:
    """How many of each state, in order of precedence, without zeros."""
    found = np.bincount(states, minlength=len(State)).tolist()
    return {state: found[state] for state in State if found[state]}


def rewired(down: Standing, upstreams: AbstractSet[AssetKey]) -> dict[AssetKey, Mask]:
    """Where an asset is among those read today and was not read, or was read and is not among them, by asset."""
    never = np.zeros(len(down), np.bool_)
    found = {key: down.made & (down.used.get(key, never) ^ (key in upstreams)) for key in {*down.used, *upstreams}}
    return {key: found[key] for key in sorted(found, key=str) if found[key].any()}


def differs(down: Standing, up: Standing, edge: Edge, reads: Reads) -> Mask:
    """Where the recorded sum of input versions is not the sum of today: an input has changed, come or gone."""
    recorded = down.inputs.get(edge.up)
    if recorded is None:
        return np.zeros(len(down), np.bool_)
    today = reads.totals(np.where(up.made, mixed(up.data), np.uint64(0)))
    return np.asarray(down.used[edge.up] & (recorded != today))


def spread(into: Mask, sources: Mask, among: Mask, reads: Reads) -> None:
    """Set `into` where a partition in `among` reads a source, or reads a partition set so; partitions of one asset."""
    if not sources.any():
        return
    if reads.is_backward:
        into |= _spread_forwards(sources, among, reads)
        return
    while (new := reads.any(sources) & among & ~sources).any():
        sources = sources | new
        into |= new


def _spread_forwards(sources: Mask, among: Mask, reads: Reads) -> Mask:
    """One pass in index order is enough where partitions read only earlier ones."""
    found = np.zeros(len(sources), np.bool_)
    before = [0]  # how many of the partitions up to an index are, or read, a source
    given, wanted = sources.tolist(), among.tolist()
    for index in range(len(given)):
        hit = wanted[index] and any(before[stop] > before[start] for start, stop in reads.of(index))
        found[index] = hit
        before.append(before[-1] + (hit or given[index]))
    return found
