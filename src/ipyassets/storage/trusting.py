"""Letting in values that somebody else has made: signing them, so that they are unpickled from now on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Artifact, Attempt, Event, InputUse, data_version
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.paths import address
from ipyassets.storage.reading import content
from ipyassets.storage.signature import NOT_SIGNED, content_of
from ipyassets.storage.value_files import CHANGED, GONE, ValueFiles
from ipyassets.storage.verifying import fault
from ipyassets.storage.walking import stored_files_of

NOT_RECORDED = "nobody recorded it"

MadeFrom = Callable[[str], tuple[InputUse, ...]]


def nothing(partition_key: str) -> tuple[InputUse, ...]:
    """The inputs of a partition that reads none."""
    del partition_key
    return ()


@dataclass(frozen=True, slots=True)
class Trusted:
    """Which partitions were let in, or would be, and what each was before; which were refused, and why."""

    asset_key: AssetKey
    partition_keys: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def trust(
    log: SqliteEventLog,
    files: ValueFiles,
    asset_key: AssetKey,
    partition_keys: Iterable[str] | None = None,
    *,
    at: float,
    code_version: str = "",
    made_from: MadeFrom = nothing,
    assets: Iterable[AssetKey] = (),
    dry_run: bool = False,
) -> Trusted:
    """Sign stored values of an asset with this user's key: unpickling them can run whatever their maker put in.

    Without `partition_keys`, all that somebody else signed or nobody recorded are let in, while values that differ from
    their record are refused: those have to be named to be taken as they are. A value that nobody recorded is recorded
    with `code_version` and, as its inputs, what `made_from` says of its key, so inputs are let in before what reads
    them; what lies where the value of one of `assets` would is left to that asset. What was made from these values
    stays as it is, since their data versions do not change.
    """
    named = None if partition_keys is None else {str(key) for key in partition_keys}
    found = _untrusted(log, files, asset_key, assets)
    why = {key: reason for key, reason in found.items() if named is None or key in named}
    refused = {key: reason for key, reason in why.items() if reason == GONE or (named is None and reason == CHANGED)}
    let_in = {key: reason for key, reason in why.items() if key not in refused}
    if not dry_run:
        log.append([_trusting(log, files, asset_key, key, at, code_version, made_from) for key in let_in])
    return Trusted(asset_key, let_in, refused)


def _untrusted(
    log: SqliteEventLog, files: ValueFiles, asset_key: AssetKey, assets: Iterable[AssetKey]
) -> dict[str, str]:
    """Why values of an asset are not read, by partition key."""
    recorded = log.artifacts(asset_key, log.records(asset_key).keys)
    found = {}
    for key, artifact in recorded.items():
        if reason := fault(files, asset_key, key, artifact):
            intact = reason == NOT_SIGNED and _content(files, asset_key, key) == content_of(artifact.digest)
            found[key] = reason if intact or reason != NOT_SIGNED else _other(files, asset_key, key)
    for file in stored_files_of(files, asset_key, [*log.asset_keys(), *assets]):
        if file.partition_key not in recorded:
            found[file.partition_key] = NOT_RECORDED
    return found


def _other(files: ValueFiles, asset_key: AssetKey, key: str) -> str:
    return CHANGED if files.path(asset_key, key).is_file() else GONE


def _content(files: ValueFiles, asset_key: AssetKey, key: str) -> str | None:
    try:
        with files.path(asset_key, key).open("rb", buffering=0) as file:
            return content(file)
    except FileNotFoundError:
        return None


def _trusting(
    log: SqliteEventLog,
    files: ValueFiles,
    asset_key: AssetKey,
    key: str,
    at: float,
    code_version: str,
    made_from: MadeFrom,
) -> Event:
    found = _content(files, asset_key, key) or ""
    path = address(asset_key, key, portable=files.portable)
    digest = files.signer.digest(asset_key, key, found)
    artifact = Artifact(path, files.path(asset_key, key).stat().st_size, digest)
    version = data_version(key, artifact.content)
    _, standing = log.last(asset_key, key)
    if standing is None:
        return Event(
            attempt=Attempt.MATERIALIZED,
            asset_key=asset_key,
            partition_key=key,
            run_id="",
            timestamp=at,
            code_version=code_version,
            data_version=version,
            artifact=artifact,
            inputs=made_from(key),
            reason="trusted",
        )
    if standing.artifact is not None and standing.artifact.content == artifact.content:
        version = standing.data_version
    return replace(standing, timestamp=at, artifact=artifact, data_version=version, reason="trusted")
