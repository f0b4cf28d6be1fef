"""Events as rows of the event log, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedLogError
from ipyassets.events import NOTHING, Artifact, Attempt, Event, Failure, InputUse, Place

COLUMNS = "id, asset, partition, attempt, run, ended, seconds, code, data, path, size, digest, details, place"

_SIGN = 2**63  # SQLite's integers are signed
_AT_ONCE = 1000  # texts that are read as one: a reader that starts for each takes longer than its reading


def row(
    event_id: int, event: Event, asset_ids: Mapping[AssetKey, int], place_ids: Mapping[Place, int]
) -> tuple[object, ...]:
    """The row of an event, in the order of COLUMNS."""
    artifact, place = event.artifact, place_of(event)
    return (
        event_id,
        asset_ids[event.asset_key],
        str(event.partition_key),
        int(event.attempt),
        event.run_id,
        event.timestamp,
        event.seconds,
        event.code_version,
        (event.data_version & (2 * _SIGN - 1)) - _SIGN,
        artifact and artifact.path,
        artifact and artifact.size,
        artifact and artifact.digest,
        _details(event, asset_ids),
        None if place is None else place_ids[place],
    )


def place_of(event: Event) -> Place | None:
    """Where the value of an event was put, if that is known."""
    return event.place if event.artifact is None else event.artifact.place


def event(values: tuple[Any, ...], names: Mapping[int, AssetKey], places: Mapping[int, Place]) -> Event:
    """The event of a row; DamagedLogError for a row that was not written like this."""
    try:
        return _event(values, names, places)
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(values[0], error) from error


def metadata(rows: Sequence[tuple[int, str, str]]) -> dict[str, Mapping[str, object]]:
    """The metadata of events, given as (event, partition, details), by partition; those without any are left out.

    DamagedLogError for details that were not written like this.
    """
    found: dict[str, Mapping[str, object]] = {}
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        told = _metadata_at_once([details for _, _, details in some])
        if len(told) != len(some):  # what is wrong with which?
            told = [_metadata(event, details) for event, _, details in some]
        found.update((partition, each) for (_, partition, _), each in zip(some, told, strict=True) if each)
    return found


def _metadata_at_once(details: Sequence[str]) -> list[Mapping[str, object]]:
    """As `_metadata` of each, read as one text; or too few."""
    try:
        return [each.get("metadata", NOTHING) for each in json.loads(f"[{','.join(details)}]")]
    except (ValueError, AttributeError):
        return []


def _metadata(event_id: int, details: str) -> Mapping[str, object]:
    try:
        found: Mapping[str, object] = json.loads(details).get("metadata", NOTHING)
    except (ValueError, AttributeError) as error:
        raise _damaged(event_id, error) from error
    return found


def _damaged(event_id: int, error: Exception) -> DamagedLogError:
    return DamagedLogError(f"event {event_id} of the log is damaged ({error!r}): repair() leaves it out")


def _event(values: tuple[Any, ...], names: Mapping[int, AssetKey], places: Mapping[int, Place]) -> Event:
    _, asset, partition, attempt, run, ended, seconds, code, data, path, size, digest, text, place_id = values
    details: dict[str, Any] = json.loads(text) if text else {}
    place = places.get(place_id)
    return Event(
        attempt=Attempt(attempt),
        asset_key=names[asset],
        partition_key=partition,
        run_id=run,
        timestamp=ended,
        seconds=seconds,
        code_version=code,
        data_version=data + _SIGN,
        artifact=None if digest is None else Artifact(path, size, digest, place),
        place=place if digest is None else None,
        inputs=tuple(InputUse(names[up], count, versions) for up, count, versions in details.get("inputs", ())),
        metadata=details.get("metadata", NOTHING),
        tags=details.get("tags", {}),
        reason=details.get("reason", ""),
        failure=Failure(*details["failure"]) if "failure" in details else None,
        output=details.get("output", ""),
        displays=tuple(details.get("displays", ())),
        config=details.get("config", NOTHING),
        retries=details.get("retries", 0),
    )


def _details(event: Event, asset_ids: Mapping[AssetKey, int]) -> str:
    failure = event.failure
    details = {
        "inputs": [(asset_ids[use.asset_key], use.count, use.versions) for use in event.inputs],
        "metadata": dict(event.metadata),
        "tags": dict(event.tags),
        "reason": event.reason,
        "failure": failure and (failure.type, failure.message, failure.traceback),
        "output": event.output,
        "displays": [dict(each) for each in event.displays],
        "config": dict(event.config),
        "retries": event.retries,
    }
    told = {name: value for name, value in details.items() if value}
    if not told:
        return ""
    try:
        return json.dumps(told, default=_plain, skipkeys=True)
    except Exception:  # noqa: BLE001 - whatever a value of metadata does, its partition has been made
        return json.dumps({**told, "metadata": {str(name): _telling(each) for name, each in event.metadata.items()}})


def _telling(value: object) -> object:
    """A value as JSON can hold it, or a word on why it cannot."""
    try:
        return json.loads(json.dumps(value, default=_plain, skipkeys=True))
    except Exception as error:  # noqa: BLE001 - as above
        return f"a {type(value).__name__} that cannot be shown: {type(error).__name__}"


def _plain(value: object) -> object:
    """What JSON can hold of a value of metadata; what it cannot hold is kept as it prints."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, Mapping):
        return dict(value)
    item = getattr(value, "item", None)  # a NumPy scalar
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    return repr(value)


def bundle_text(bundle: Mapping[str, object]) -> str:
    """A MIME bundle as one text: the same before it was recorded and after."""
    return json.dumps(json.loads(json.dumps(bundle, default=_plain, skipkeys=True)), sort_keys=True)
