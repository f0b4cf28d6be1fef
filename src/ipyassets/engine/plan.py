"""What would run, and why, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ipyassets.assets.graph import Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Condition, Facts, counted
from ipyassets.engine.ready import NOTHING, Partitions, behind, union
from ipyassets.engine.standing import Mask
from ipyassets.engine.words import amount, duration, volume
from ipyassets.errors import InvalidArgumentError
from ipyassets.events import State
from ipyassets.partitions.spans import Spans

UpstreamMode = Literal["missing", "stale", "none"]
MODES = ("missing", "stale", "none")


@dataclass(frozen=True, slots=True)
class PlanLine:
    """The part of a plan that is about one asset: which partitions, in which states they are now, and what to expect.

    `seconds` and `bytes` are sums of what these or other partitions of the asset took before, None where none was
    ever made.
    """

    asset_key: AssetKey
    spans: Spans
    wanted: bool
    states: Mapping[State, int]
    seconds: float | None
    bytes: int | None

    def __str__(self) -> str:
        expected = [f"about {duration(self.seconds)}"] if self.seconds else []
        expected += [volume(self.bytes)] if self.bytes else []
        told = f"{self.asset_key}: {amount(len(self.spans), 'partition')}: {listed(self.states)}"
        return "; ".join([told, ", ".join(expected)]) if expected else told


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which partitions of which assets would run, upstream before downstream.

    `wanted` was asked for, `pending` is what runs: the wanted and the upstream partitions that they lack. `held` are
    partitions that cannot run, by reason: they read something that failed before or does not exist.
    """

    facts: Facts
    wanted: Partitions
    pending: Partitions
    held: Mapping[AssetKey, Mapping[str, Spans]] = field(default_factory=dict)
    upstream: UpstreamMode = "missing"

    @property
    def lines(self) -> list[PlanLine]:
        """What runs, asset by asset, upstream first."""
        return [self._line(key, spans) for key, spans in self.pending.items()]

    @property
    def counts(self) -> dict[State, int]:
        """How many of the wanted partitions are in each state now."""
        total: dict[State, int] = {}
        for key, spans in self.wanted.items():
            for state, count in counted(self.facts.states(key)[spans.indices()]).items():
                total[state] = total.get(state, 0) + count
        return dict(sorted(total.items()))

    @property
    def pulled(self) -> dict[AssetKey, Spans]:
        """Upstream partitions that run only because the wanted ones lack them."""
        extra = {key: spans - self.wanted.get(key, NOTHING) for key, spans in self.pending.items()}
        return {key: spans for key, spans in extra.items() if spans}

    @property
    def seconds(self) -> float | None:
        """Expected time in seconds if everything ran one after another; None where nothing is known of some asset."""
        each = [line.seconds for line in self.lines]
        return None if None in each else sum(s for s in each if s is not None)

    @property
    def bytes(self) -> int | None:
        """Expected bytes written; None where nothing is known of some asset."""
        each = [line.bytes for line in self.lines]
        return None if None in each else sum(b for b in each if b is not None)

    @property
    def text(self) -> str:
        """The plan in a line: `41 partitions: 12 missing, 26 stale; with 8 upstream; about 6 min`."""
        parts = [
            f"{amount(sum(map(len, self.wanted.values())), 'partition')}: {listed(self.counts)}".removesuffix(": ")
        ]
        if pulled := sum(map(len, self.pulled.values())):
            parts.append(f"with {pulled} upstream")
        if held := sum(len(spans) for reasons in self.held.values() for spans in reasons.values()):
            parts.append(f"{held} cannot run")
        if self.seconds:
            parts.append(f"about {duration(self.seconds)}")
        return "; ".join(parts)

    def __len__(self) -> int:
        return sum(map(len, self.pending.values()))

    def __str__(self) -> str:
        held = (
            f"{key}: {amount(len(spans), 'partition')} cannot run: {reason}"
            for key, reasons in self.held.items()
            for reason, spans in reasons.items()
        )
        return "\n".join([self.text, *(f"  {line}" for line in (*self.lines, *held))])

    def __repr__(self) -> str:
        return f"<Plan {self.text}>"

    def _line(self, key: AssetKey, spans: Spans) -> PlanLine:
        standing, where = self.facts.standing(key), spans.indices()
        made = standing.made
        known = bool(made.any())
        seconds, size = standing.seconds[where], standing.size[where]
        known_here = made[where]
        guess = (float(standing.seconds[made].mean()), float(standing.size[made].mean())) if known else (0.0, 0.0)
        return PlanLine(
            asset_key=key,
            spans=spans,
            wanted=bool(spans & self.wanted.get(key, NOTHING)),
            states=counted(self.facts.states(key)[where]),
            seconds=float(np.where(known_here, seconds, guess[0]).sum()) if known else None,
            bytes=int(np.where(known_here, size, guess[1]).sum()) if known else None,
        )


def listed(states: Mapping[State, int]) -> str:
    """`12 missing, 26 stale`."""
    return ", ".join(f"{count:,} {state}" for state, count in sorted(states.items(), key=lambda each: -each[0]))


def plan(facts: Facts, wanted: Partitions, upstream: UpstreamMode = "missing") -> Plan:
    """What it takes to make the wanted partitions.

    `upstream` says which partitions upstream of them run too: those that have no value ("missing"), also those whose
    value is outdated ("stale"), or "none". Partitions that failed before with the same code are not tried again
    unless wanted, whether they have kept a value or not; what reads them then is held, if it needs more than was kept.
    """
    if upstream not in MODES:
        raise InvalidArgumentError(f"upstream={upstream!r} is not one of 'missing', 'stale' and 'none'")
    pending, held = _closure(facts, {key: spans for key, spans in wanted.items() if spans}, upstream)
    if held:
        # what cannot run asks for nothing upstream
        lost = {key: union(reasons.values()) for key, reasons in held.items()}
        able = {key: spans - lost.get(key, NOTHING) for key, spans in wanted.items()}
        pending, _ = _closure(facts, {key: spans for key, spans in able.items() if spans}, upstream)
    ordered = {key: pending[key] for key in facts.graph.assets if pending.get(key)}
    return Plan(facts, dict(wanted), ordered, held, upstream)


def _closure(
    facts: Facts, wanted: dict[AssetKey, Spans], upstream: UpstreamMode
) -> tuple[dict[AssetKey, Spans], dict[AssetKey, dict[str, Spans]]]:
    """The wanted partitions with all that they lack, and which of these cannot run, by reason."""
    graph, pending = facts.graph, dict(wanted)
    held: dict[AssetKey, dict[str, Spans]] = {}

    def hold(key: AssetKey, reason: str, spans: Spans) -> None:
        reasons = held.setdefault(key, {})
        reasons[reason] = reasons.get(reason, NOTHING) | spans

    for key in reversed(list(graph.assets)):
        for edge in sorted(graph.edges[key], key=lambda e: not e.is_self):
            for waiting, reason, spans in _pull(facts, edge, pending, upstream):
                hold(waiting, reason, spans)
    for key, reasons in list(held.items()):
        for reason, spans in list(reasons.items()):
            pending[key] -= spans
            for down, lost in behind(graph, facts.spaces, pending, key, spans).items():
                pending[down] -= lost
                hold(down, f"{key} cannot run: {reason}", lost)
    return pending, held


def _pull(
    facts: Facts, edge: Edge, pending: dict[AssetKey, Spans], upstream: UpstreamMode
) -> list[tuple[AssetKey, str, Spans]]:
    """Add to `pending` what an edge asks of its upstream asset; what cannot be had comes back with the reason."""
    waiting = pending.get(edge.down, NOTHING)
    if not waiting:
        return []
    down, up = facts.spaces[edge.down], facts.spaces[edge.up]
    problems: list[tuple[AssetKey, str, Spans]] = []
    wanting = _wanting(facts, edge.up, upstream)
    if edge.is_self:
        asked = facts.reads(edge).closure(waiting.mask(len(down)), wanting.mask(len(up)))
        pending[edge.up] = waiting = Spans.from_mask(asked)
    else:
        new = edge.mapping.upstream(waiting, down, up).spans & wanting
        pending[edge.up] = pending.get(edge.up, NOTHING) | new
    if lost := edge.mapping.lacking(waiting, down, up):
        example = edge.mapping.upstream(Spans.range(lost.first, lost.first + 1), down, up).missing[0]
        one = f"it reads {example} of {edge.up}, which does not exist"
        several = f"it reads partitions of {edge.up} that do not exist, such as {example}"
        problems.append((edge.down, one if len(lost) == 1 else several, lost))
    if not edge.tolerates_gaps:
        failures = _failures(facts, edge.up, upstream) - pending.get(edge.up, NOTHING)
        lost = edge.mapping.downstream(failures, up, down) & pending[edge.down] if failures else NOTHING
        if lost:
            example = edge.up.naming(up.key(failures.first))
            problems.append((edge.down, f"{example} failed before: ask for it to have it tried again", lost))
    return problems


def _wanting(facts: Facts, key: AssetKey, upstream: UpstreamMode) -> Spans:
    """What has not the value that is asked for, and was neither a failure nor a skip of this same code."""
    condition = facts.condition(key)
    no_value = condition.known_skip & ~condition.readable
    return Spans.from_mask(_unfit(condition, upstream) & ~condition.known_failure & ~no_value)


def _failures(facts: Facts, key: AssetKey, upstream: UpstreamMode) -> Spans:
    """What has not the value that is asked for, because this same code has failed."""
    condition = facts.condition(key)
    return Spans.from_mask(_unfit(condition, upstream) & condition.known_failure)


def _unfit(condition: Condition, upstream: UpstreamMode) -> Mask:
    match upstream:
        case "missing":
            return ~condition.readable
        case "stale":
            return ~condition.fresh
        case "none":
            return np.zeros_like(condition.readable)
