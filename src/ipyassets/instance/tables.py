"""What is known of partitions as pandas frames; pandas is imported here alone, on use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.ports import EventLog
from ipyassets.engine.reasons import reasons, told_by_attempts
from ipyassets.errors import InvalidArgumentError, nearest
from ipyassets.events import NOTHING, Event, State
from ipyassets.partitions.keys import MultiPartitionKey
from ipyassets.partitions.space import PartitionSpace

if TYPE_CHECKING:
    import pandas as pd


def status_table(facts: Facts, key: AssetKey, log: EventLog) -> pd.DataFrame:
    """One row a partition, indexed by its key: state, reason, when (UTC), seconds, bytes, and its metadata."""
    import pandas as pd

    space, standing = facts.space(key), facts.standing(key)
    attempts = log.attempts(key, space.keys(told_by_attempts(facts, key)))
    why = reasons(facts, key).texts(np.arange(len(space)), attempts)
    keys = list(space.keys())
    tried, made = standing.timestamp > 0, standing.made
    columns: dict[str, object] = {
        "state": pd.Categorical.from_codes(facts.states(key), categories=pd.Index(list(map(str, State)))),
        "reason": pd.array(why, dtype="str"),
        "when": _moments(pd.Series(standing.timestamp).where(tried)).array,
        "seconds": pd.Series(standing.seconds.astype("float64")).where(made).to_numpy(),
        "bytes": pd.Series(standing.size).where(made).astype("Int64").array,
    }
    metadata = log.metadata(key)
    told = [metadata.get(each, NOTHING) for each in keys] if metadata else []
    for name in dict.fromkeys(chain.from_iterable(metadata.values())):
        entries = [each.get(name) for each in told]
        columns[name if name not in columns else f"metadata.{name}"] = pd.Series(entries).infer_objects().array
    return pd.DataFrame(columns, index=pd.Index(keys, name="partition", dtype="str"))


def _moments(timestamps: pd.Series[float]) -> pd.Series[Any]:
    """UTC epoch seconds as moments; floats of today hold no finer part than a microsecond."""
    import pandas as pd

    return pd.to_datetime(timestamps.astype("float64"), unit="s", utc=True).dt.round("us").dt.as_unit("us")


def history_table(events: Sequence[Event]) -> pd.DataFrame:
    """One row an attempt, newest first: how it ended and why, when (UTC), seconds, bytes, code, run."""
    import pandas as pd

    rows = [
        (
            event.partition_key,
            str(event.attempt),
            f"{event.failure.type}: {event.failure.message}" if event.failure else event.reason,
            event.timestamp,
            event.seconds,
            event.artifact.size if event.artifact else None,
            event.retries,
            dict(event.metadata),
            dict(event.tags),
            dict(event.config),
            event.output,
            event.code_version,
            event.run_id,
        )
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
        "tags",
        "config",
        "output",
        "code_version",
        "run_id",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table["when"] = _moments(table["when"])
    table["bytes"] = table["bytes"].astype("Int64")
    return table


def errors_table(facts: Facts, key: AssetKey, log: EventLog) -> pd.DataFrame:
    """One row a failed partition: error, message, when (UTC), traceback, output, metadata."""
    import pandas as pd

    failed = facts.space(key).keys(facts.spans(key, State.FAILED))
    attempts = log.attempts(key, failed)
    rows = [
        (
            partition,
            failure.type,
            failure.message,
            attempt.timestamp,
            failure.traceback,
            attempt.output,
            dict(attempt.metadata),
        )
        for partition in failed
        if (attempt := attempts.get(partition)) is not None and (failure := attempt.failure) is not None
    ]
    table = pd.DataFrame(rows, columns=["partition", "error", "message", "when", "traceback", "output", "metadata"])
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
            kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
            raise InvalidArgumentError(f"the value of {key} is {kind}, not a frame of pandas: read it with [{key!r}]")
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
