"""What a bar shows, worked out from facts, plan and selection without any side effect.

Each function gives some of the bar's traits by name; together they are all that the browser needs to draw it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.engine.facts import counted
from ipyassets.engine.plan import Plan, listed
from ipyassets.engine.progress import Progress
from ipyassets.engine.reasons import Reasons
from ipyassets.engine.standing import Standing
from ipyassets.engine.words import amount, duration, moment, volume
from ipyassets.events import State
from ipyassets.jupyter.labels import Json, dimension_kinds, ends, labels, ticks
from ipyassets.jupyter.protocol import MOST_VALUES, encode, encode_selection
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import LiveRun

MOST_DETAILS = 500  # partitions that the browser can speak of without asking
MOST_REASONS = MOST_VALUES - len(State)  # the rarest ones beyond are told of a partition when it is clicked
MOST_FRACTIONS = 200
FAULTS = (State.FAILED, State.BLOCKED, State.DAMAGED)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is selected on a bar, and the text that says so.

    `serial` is the browser's number of the selection that this answers, 0 for none; `error` says why a text selects
    nothing; `is_typed` that the text is the user's own, which may come to mean other partitions.
    """

    spans: Spans = field(default_factory=Spans.empty)
    text: str = ""
    serial: int = 0
    error: str = ""
    is_typed: bool = False


def frame(asset: AssetsDefinition, space: PartitionSpace) -> Json:
    """What is drawn before any state: title, fingerprint, dimensions."""
    kinds = dimension_kinds(asset.partitions_def)
    return {
        "title": str(asset.key),
        "fingerprint": space.fingerprint,
        "dimensions": [
            {
                "name": name,
                "kind": kinds.get(name, "static"),
                "length": len(axis),
                "labels": labels(axis),
                "ends": ends(axis),
                "ticks": ticks(axis),
            }
            for name, axis in space.dimensions
        ],
    }


def standing(why: Reasons) -> Json:
    """The states with the reasons for them, and how many partitions are in each state.

    A byte of `states` is the code of a state, or from 10 on stands for a pair of `reasons`: a state and why.
    """
    commonest = np.argsort(-np.bincount(why.codes, minlength=1)[1:], kind="stable")[:MOST_REASONS]
    bytes_of = np.zeros(len(why.causes) + 1, np.uint8)
    bytes_of[commonest + 1] = len(State) + np.arange(len(commonest))
    told = bytes_of[why.codes]
    causes = [why.causes[number] for number in commonest.tolist()]
    return {
        "states": encode(np.where(told, told, why.states)),
        "reasons": [[int(cause.state), cause.words] for cause in causes],
        "counts": {str(state): number for state, number in counted(why.states).items()},
    }


def details(why: Reasons, standing: Standing) -> Json:
    """A few words on partitions that have something to say, by index: why they are so, when, how long, how big.

    Of very many partitions only those with a fault have, and of those the first.
    """
    telling = np.flatnonzero(standing.timestamp > 0)
    if len(telling) > MOST_DETAILS:
        telling = np.flatnonzero(np.isin(why.states, FAULTS))[:MOST_DETAILS]
    told = zip(telling.tolist(), why.texts(telling), strict=True)
    return {"details": {str(index): _words(text, standing, index) for index, text in told}}


def fractions(of: Mapping[str, float], space: PartitionSpace) -> Json:
    """How far partitions that are being worked on say that they have come, by index."""
    told = list(of.items())[:MOST_FRACTIONS]
    places = space.indices([key for key, _ in told]).tolist()
    return {"fractions": {str(index): part for index, (_, part) in zip(places, told, strict=True) if index >= 0}}


def choice(chosen: Choice, length: int) -> Json:
    """What is selected."""
    return {
        "selection": encode_selection(chosen.spans, length),
        "selection_text": chosen.text,
        "selection_serial": chosen.serial,
    }


def plan_line(plan: Plan | None, *, code: str = "", whole: bool = False, enabled: bool = True, error: str = "") -> Json:
    """What would run, before anything does.

    `code` is the line that does the same from a cell, `whole` says that there is only one partition and nothing to
    select, `enabled` whether the button may be pressed.
    """
    count = 0 if plan is None else sum(map(len, plan.wanted.values()))
    if plan is None or not count:
        line = {"count": 0, "text": "", "upstream": "", "eta": "", "code": "", "button": "Materialize"}
        return {"plan": {**line, "enabled": False, "error": error}}
    counts = listed(plan.counts)
    return {
        "plan": {
            "count": count,
            "text": " ".join(map(str, plan.counts)) if whole else f"{amount(count, 'partition')}: {counts}",
            "upstream": "; ".join(beside(plan)),
            "eta": f"about {duration(plan.seconds)}" if plan.seconds else "",
            "code": code,
            "button": "Materialize" if whole else f"Materialize {count:,}",
            "enabled": enabled and len(plan) > 0,
            "error": error,
        }
    }


def progress(of: Progress | None, elsewhere: LiveRun | None = None) -> Json:
    """How a run goes, or how the last one went; one that goes on elsewhere leaves room to start another here."""
    if elsewhere is not None:
        text = f"another process: {elsewhere.text}"
        return _run(elsewhere.done, elsewhere.total, elsewhere.failed, text, active=True, elsewhere=True)
    if of is None:
        return _run(0, 0, 0, "", active=False)
    return _run(of.done, of.total, of.failed, of.text, active=of.active)


def _run(done: int, total: int, failed: int, text: str, *, active: bool, elsewhere: bool = False) -> Json:
    told = {"active": active, "elsewhere": elsewhere, "done": done, "total": total, "failed": failed, "text": text}
    return {"run": told}


def notice(level: str, text: str, serial: int) -> Json:
    """A sentence for the user; `serial` tells two alike apart."""
    return {"notice": {"level": level, "text": text, "serial": serial}}


def beside(plan: Plan) -> Sequence[str]:
    """What runs besides the wanted partitions, and what of them cannot."""
    found = []
    if pulled := sum(map(len, plan.pulled.values())):
        found.append(f"with {pulled:,} upstream")
    for reasons in plan.held.values():
        found += [f"{len(spans):,} cannot run: {reason}" for reason, spans in reasons.items() if spans]
    return found


def _words(why: str, standing: Standing, index: int) -> str:
    words = [why, moment(float(standing.timestamp[index]))]
    if standing.made[index]:
        words += [duration(float(standing.seconds[index])), volume(int(standing.size[index]))]
    return " \N{MIDDLE DOT} ".join(filter(None, words))
