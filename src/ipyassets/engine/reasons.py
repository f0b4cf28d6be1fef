"""Why a partition is in its state, in a few words."""

from __future__ import annotations

import numpy as np

from ipyassets.assets.graph import Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts, differs
from ipyassets.engine.standing import number
from ipyassets.events import Event, State


def reason(facts: Facts, key: AssetKey, index: int, attempt: Event | None = None) -> str:
    """Why a partition is as it is; `attempt` is the last attempt at it, if known. Empty where the state says it all."""
    state = State(int(facts.states(key)[index]))
    condition, standing = facts.condition(key), facts.standing(key)
    if state is State.FAILED:
        said = (
            f"{attempt.failure.type}: {attempt.failure.message}"
            if attempt and attempt.failure
            else "the last attempt failed"
        )
        kept = "; the previous value is kept" if condition.readable[index] else ""
        edited = standing.tried[index] != number(facts.code_versions[key])
        return said + kept + ("; the code has changed since" if edited else "")
    if state is State.BLOCKED:
        return _upstream(facts, key, index, "failed") or (attempt.reason if attempt else "")
    if state is State.DAMAGED:
        return facts.damage.get(key, {}).get(facts.spaces[key].key(index), "its file is gone")
    if state is State.STALE:
        return stale_reason(facts, key, index)
    if state in (State.SKIPPED, State.CANCELLED):
        return attempt.reason if attempt else ""
    return ""


def stale_reason(facts: Facts, key: AssetKey, index: int) -> str:
    """What has changed since a value was made: the code, an input, or what an input was made from."""
    condition = facts.condition(key)
    if condition.code_changed[index]:
        return "the code has changed"
    if condition.input_changed[index]:
        standing = facts.standing(key)
        for edge in facts.graph.edges[key]:
            if differs(standing, facts.standing(edge.up), edge, facts.reads(edge))[index]:
                return f"{_named(facts, edge, index)} has changed"
    return _upstream(facts, key, index, "stale")


def _upstream(facts: Facts, key: AssetKey, index: int, what: str) -> str:
    for edge in facts.graph.edges[key]:
        up = facts.condition(edge.up)
        if what == "failed":
            kinds = ((up.failed, "failed"), (up.blocked, "is blocked"))
        else:
            kinds = ((up.damaged, "is damaged"), (up.stale, "is stale"))
        for mask, words in kinds:
            for start, stop in facts.reads(edge).of(index):
                hits = np.flatnonzero(mask[start:stop])
                if len(hits):
                    return f"{edge.up} {facts.spaces[edge.up].key(start + int(hits[0]))}".rstrip() + f" {words}"
    return ""


def _named(facts: Facts, edge: Edge, index: int) -> str:
    """The upstream partition that an input stands for, or the upstream asset where there are several."""
    ranges = facts.reads(edge).of(index)
    if len(ranges) == 1 and ranges[0][1] - ranges[0][0] == 1:
        return f"{edge.up} {facts.spaces[edge.up].key(ranges[0][0])}".rstrip()
    return str(edge.up)
