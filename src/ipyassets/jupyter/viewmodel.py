"""What a bar shows, worked out from facts, plan and selection without any side effect.

Each function gives some of the bar's traits by name; together they are all that the browser needs to draw it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts, counted
from ipyassets.engine.plan import Plan, listed
from ipyassets.engine.progress import Progress
from ipyassets.engine.reasons import reason
from ipyassets.engine.words import amount, duration, volume
from ipyassets.events import Event, State
from ipyassets.jupyter.labels import Json, dimension_kinds, ends, labels, ticks
from ipyassets.jupyter.protocol import encode, encode_selection
from ipyassets.partitions import PartitionSpace, Spans
from ipyassets.storage.live_runs import LiveRun

States = npt.NDArray[np.uint8]

LONGEST = 200  # characters of one metadata value
MOST_DETAILS = 500  # partitions that the browser can speak of without asking
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


def standing(states: States) -> Json:
    """The states, and how many partitions are in each."""
    return {"states": encode(states), "counts": {str(state): number for state, number in counted(states).items()}}


def details(facts: Facts, key: AssetKey) -> Json:
    """A few words on partitions that have something to say, by index: why they are so, when, how long, how big.

    Of very many partitions only those with a fault have, and of those the first.
    """
    past, states = facts.standing(key), facts.states(key)
    telling = np.flatnonzero(past.timestamp > 0)
    if len(telling) > MOST_DETAILS:
        telling = np.flatnonzero(np.isin(states, FAULTS))[:MOST_DETAILS]
    return {"details": {str(index): _words(facts, key, index) for index in telling.tolist()}}


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


def detail(
    *,
    index: int,
    key: str,
    state: State,
    why: str,
    last: Event | None,
    made: Event | None,
    named: Callable[[str], str] = str,
) -> Json:
    """Everything about one partition: when, how long, how big, why, and what it put out.

    `last` is the last attempt, `made` the materialization that still stands; `named` names places in a traceback.
    """
    failure = last.failure if last is not None else None
    return {
        "detail": {
            "index": index,
            "key": key,
            "state": str(state),
            "rows": [[name, value] for name, value in _rows(last, made) if value],
            "reason": f"{failure.type}: {failure.message}".rstrip(": ") if failure is not None else why,
            "traceback": "" if failure is None else named(failure.traceback),
            "output": "" if last is None else last.output,
        }
    }


def notice(level: str, text: str, serial: int) -> Json:
    """A sentence for the user; `serial` tells two alike apart."""
    return {"notice": {"level": level, "text": text, "serial": serial}}


def moment(timestamp: float) -> str:
    """A UTC epoch second as date and time on the clock of this machine."""
    return f"{datetime.fromtimestamp(timestamp).astimezone():%Y-%m-%d %H:%M:%S}"


def beside(plan: Plan) -> Sequence[str]:
    """What runs besides the wanted partitions, and what of them cannot."""
    found = []
    if pulled := sum(map(len, plan.pulled.values())):
        found.append(f"with {pulled:,} upstream")
    for reasons in plan.held.values():
        found += [f"{len(spans):,} cannot run: {reason}" for reason, spans in reasons.items() if spans]
    return found


def _words(facts: Facts, key: AssetKey, index: int) -> str:
    past = facts.standing(key)
    words = [reason(facts, key, index), moment(float(past.timestamp[index]))]
    if past.made[index]:
        words += [duration(float(past.seconds[index])), volume(int(past.size[index]))]
    return " \N{MIDDLE DOT} ".join(filter(None, words))


def _rows(last: Event | None, made: Event | None) -> Sequence[tuple[str, str]]:
    if last is None:
        return ()
    rows = [("when", moment(last.timestamp)), ("took", duration(last.seconds))]
    if made is not None and made.artifact is not None:
        size = volume(made.artifact.size)
        rows.append(("size", size) if made == last else ("kept", f"value of {moment(made.timestamp)}, {size}"))
    return [*rows, *_metadata(last.metadata)]


def _metadata(metadata: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    return [(str(name), textwrap.shorten(str(value), LONGEST, placeholder=" ...")) for name, value in metadata.items()]
