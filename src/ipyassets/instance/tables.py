"""What is known of partitions as pandas frames; pandas is imported here alone, on use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.ports import EventLog
from ipyassets.engine.reasons import reasons
from ipyassets.errors import InvalidArgumentError, nearest
from ipyassets.events import Event, State
from ipyassets.partitions import MultiPartitionKey, PartitionSpace

if TYPE_CHECKING:
    import pandas as pd


def status_table(facts: Facts, key: AssetKey, log: EventLog) -> pd.DataFrame:
    """One row a partition, indexed by its key: state, reason, when (UTC), seconds, bytes, and its metadata."""
    import pandas as pd

    space, standing, states = facts.space(key), facts.standing(key), facts.states(key)
    latest, metadata = _latest(log, key)
    keys = list(space.keys())
    tried, made = standing.timestamp > 0, standing.made
    told = reasons(facts, key).texts(np.arange(len(keys)), latest)
    names = [str(state) for state in State]
    table = pd.DataFrame(
        {
            "state": pd.Categorical([names[state] for state in states.tolist()], categories=names),
            "reason": pd.array(told, dtype="str"),
            "when": _moments(pd.Series(standing.timestamp).where(tried)).array,
            "seconds": pd.Series(standing.seconds.astype("float64")).where(made).to_numpy(),
            "bytes": pd.Series(standing.size).where(made).astype("Int64").array,
        },
        index=pd.Index(keys, name="partition", dtype="str"),
    )
    for name in dict.fromkeys(name for facts_of in metadata.values() for name in facts_of):
        column = name if name not in table.columns else f"metadata.{name}"
        table[column] = pd.Series(
            [metadata.get(each, {}).get(name) for each in keys], index=table.index
        ).infer_objects()
    return table


def _moments(timestamps: pd.Series[float]) -> pd.Series[Any]:
    """UTC epoch seconds as moments; floats of today hold no finer part than a microsecond."""
    import pandas as pd

    return pd.to_datetime(timestamps.astype("float64"), unit="s", utc=True).dt.round("us").dt.as_unit("us")


def _latest(log: EventLog, key: AssetKey) -> tuple[dict[str, Event], dict[str, dict[str, object]]]:
    """The last attempt at each partition, and the metadata of what stands."""
    latest: dict[str, Event] = {}
    metadata: dict[str, dict[str, object]] = {}
    for event in log.history(key):
        latest.setdefault(event.partition_key, event)
        if event.metadata and event.artifact is not None:
            metadata.setdefault(event.partition_key, dict(event.metadata))
    return latest, metadata


def history_table(events: Sequence[Event]) -> pd.DataFrame:
    """One row an attempt, newest first: how it ended and why, when (UTC), seconds, bytes, code, run."""
    import pandas as pd

    rows = [
        {
            "partition": event.partition_key,
            "attempt": str(event.attempt),
            "reason": f"{event.failure.type}: {event.failure.message}" if event.failure else event.reason,
            "when": event.timestamp,
            "seconds": event.seconds,
            "bytes": event.artifact.size if event.artifact else None,
            "retries": event.retries,
            "metadata": dict(event.metadata),
            "output": event.output,
            "code_version": event.code_version,
            "run_id": event.run_id,
        }
        for event in events
    ]
    columns = [
        "partition",
        "attempt",
        "reason",
        "when",
        "seconds",
        "bytes",
        "retries",
        "metadata",
        "output",
        "code_version",
        "run_id",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table["when"] = _moments(table["when"])
    table["bytes"] = table["bytes"].astype("Int64")
    return table


def errors_table(facts: Facts, key: AssetKey, log: EventLog) -> pd.DataFrame:
    """One row a failed partition: error, message, when (UTC), traceback, output."""
    import pandas as pd

    rows = []
    for partition in facts.space(key).keys(facts.spans(key, State.FAILED)):
        attempt, _ = log.last(key, partition)
        if attempt is not None and attempt.failure is not None:
            failure = attempt.failure
            rows.append(
                (partition, failure.type, failure.message, attempt.timestamp, failure.traceback, attempt.output)
            )
    table = pd.DataFrame(rows, columns=["partition", "error", "message", "when", "traceback", "output"])
    table["when"] = _moments(table["when"])
    return table.set_index("partition")


def plotted(table: pd.DataFrame, space: PartitionSpace, columns: Sequence[str]) -> Any:
    """Some columns of a status table over the partitions, or over the starts of their windows; a matplotlib axes."""
    import pandas as pd

    unknown = [name for name in columns if name not in table.columns]
    if unknown:
        hint = nearest(unknown[0], table.columns)
        raise InvalidArgumentError(f"{unknown[0]!r} is not known of these partitions{hint}: there are {list(table)}")
    shown = table[list(columns) or ["seconds"]].apply(pd.to_numeric, errors="coerce")
    windows = [space.window(index) for index in range(len(space))]
    if windows and None not in windows:
        shown.index = pd.DatetimeIndex([window.start for window in windows if window is not None], name="start")
    return shown.plot(marker=".")


def concatenated(items: Iterable[tuple[str, object]], dimensions: Sequence[str]) -> pd.DataFrame:
    """Frames (or series, as rows) below one another, with the partition key in a column for each dimension."""
    import pandas as pd

    pieces = []
    for key, value in items:
        if not isinstance(value, pd.DataFrame | pd.Series):
            raise InvalidArgumentError(
                f"the value of {key} is {type(value).__name__}, not a frame: read it with [{key!r}]"
            )
        piece = value.to_frame().T if isinstance(value, pd.Series) else value
        piece = piece.reset_index() if _is_named(piece.index) else piece
        parts = (
            key.keys_by_dimension if isinstance(key, MultiPartitionKey) else {dimensions[0] or "partition": str(key)}
        )
        columns = {name if name not in piece.columns else f"partition_{name}": part for name, part in parts.items()}
        pieces.append(piece.assign(**columns)[[*columns, *piece.columns]])
    return (
        pd.concat(pieces, ignore_index=True)
        if pieces
        else pd.DataFrame(columns=[*dimensions] if dimensions[0] else ["partition"])
    )


def _is_named(index: pd.Index) -> bool:
    """Whether an index says something: a plain count of rows does not."""
    return any(name is not None for name in index.names)
