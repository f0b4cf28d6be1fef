"""Making an earlier value of a partition the current one again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, NotMaterializedError
from ipyassets.events import Artifact, Event
from ipyassets.storage.claims import Claims, NoClaims, claimed
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.flushing import Flush
from ipyassets.storage.paths import identity
from ipyassets.storage.placing import unlink_twin
from ipyassets.storage.reading import holds
from ipyassets.storage.signature import content_of
from ipyassets.storage.staging import put_in_place
from ipyassets.storage.value_files import ValueFiles


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a partition had, as it was recorded, and whether it is the one that stands."""

    event: Event
    is_current: bool


def versions(log: SqliteEventLog, files: ValueFiles, asset_key: AssetKey, partition_key: str) -> list[Version]:
    """The values of a partition that can still be had, newest first."""
    _, standing = log.last(asset_key, partition_key)
    found: dict[str, Version] = {}
    for event in log.history(asset_key, partition_key):
        if event.artifact is None or (content := content_of(event.artifact.digest)) in found:
            continue
        is_current = standing is not None and standing.artifact == event.artifact
        if is_current or files.versions.find(identity(asset_key, partition_key), event.artifact.digest):
            found[content] = Version(event, is_current)
    return list(found.values())


def restore(
    log: SqliteEventLog,
    files: ValueFiles,
    asset_key: AssetKey,
    version: Version,
    claims: Claims | NoClaims,
    *,
    at: float,
    dry_run: bool = False,
) -> Event:
    """Make an earlier value of a partition the current one again; the event that this is, or would be.

    Raises NotMaterializedError if it is no longer kept, DamagedPartitionError or UntrustedPartitionError if what is
    kept cannot be read, BusyPartitionError if somebody is making the partition.
    """
    key, artifact = version.event.partition_key, version.event.artifact
    event = replace(version.event, timestamp=at, run_id=uuid.uuid4().hex, reason="restored")
    with claimed(claims, asset_key, key):
        if artifact is None or not files.versions.find(identity(asset_key, key), artifact.digest):
            raise NotMaterializedError(f"this value of {asset_key.quoting(key)} is no longer kept: see versions()")
        with files.verified(asset_key, key, artifact):
            pass
        if dry_run:
            return event
        put_in_place(files, asset_key, log.artifacts(asset_key, [key]))  # what it replaces is kept, too
        _stage(files, asset_key, key, artifact)
        with Flush(files.unflushed(asset_key, {key: artifact})) as flush:
            log.append([event], before_commit=flush.wait)
        files.publish(asset_key, {key: artifact})
        unlink_twin(files.staged(asset_key, key, artifact.digest), str(files.path(asset_key, key)))
    return event


def _stage(files: ValueFiles, asset_key: AssetKey, key: str, artifact: Artifact) -> None:
    """Stage a value again from wherever it is kept."""
    staged = files.staged(asset_key, key, artifact.digest)
    sources: Iterable[str] = [staged, *files.sources(asset_key, key, artifact)]
    for source in sources:
        if not holds(source, artifact):
            continue
        if source != staged:
            files.stage_again(asset_key, key, artifact.digest, source)
        if holds(staged, artifact):
            return
    raise DamagedPartitionError(f"{asset_key.quoting(key)} has just been changed: try again")
