"""Giving an asset another name without making anything again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError, UnknownAssetError
from ipyassets.events import Artifact
from ipyassets.storage.event_log import JUMP, SqliteEventLog, id_of
from ipyassets.storage.meeting import first_dimension, refuse_meeting
from ipyassets.storage.paths import address, identity
from ipyassets.storage.reading import content
from ipyassets.storage.signature import content_of, seal_of
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.versions import duplicate


@dataclass(frozen=True, slots=True)
class Renamed:
    """What was renamed, or would be: from, to, and how many stored values moved along."""

    old: AssetKey
    new: AssetKey
    values: int


def rename(
    log: SqliteEventLog, files: ValueFiles | None, old: AssetKey, new: AssetKey, *, dry_run: bool = False
) -> Renamed:
    """Rename an asset: its history, its values and their versions, and what was recorded of it as an input of others.

    The values are made ready under their new name before the log is changed, and put in place after it, so that each is
    found whatever is interrupted. Raises InvalidArgumentError where the new name has records, UnknownAssetError where
    nothing is recorded of the old one, InvalidDefinitionError where values would lie in the place of another asset's.
    """
    keys = first_dimension(log.records(old))
    refuse_meeting(log, {new}, lambda _, part: part in keys)
    artifacts = log.artifacts(old, log.records(old).keys)
    if dry_run:
        return Renamed(old, new, len(artifacts))
    if files is None:
        _rename_records(log, old, new, lambda _, artifact: artifact)
        return Renamed(old, new, 0)
    under = _Mover(files, old, new)
    os.makedirs(files.staging, exist_ok=True)  # noqa: PTH103
    for key, artifact in artifacts.items():
        with contextlib.suppress(FileNotFoundError):  # one that is gone stays so
            duplicate(files.path(old, key), files.staged(new, key, under.artifact(key, artifact).digest))
        under.keep_versions(key)
    _rename_records(log, old, new, under.artifact)
    files.publish(new, {key: under.artifact(key, artifact) for key, artifact in artifacts.items()})
    for key in artifacts:
        files.path(old, key).unlink(missing_ok=True)
        files.versions.discard(identity(old, key))
    for folder in sorted({files.path(old, key).parent for key in artifacts}, key=lambda each: -len(each.parts)):
        with contextlib.suppress(OSError):  # something else is in it, or it is gone already
            folder.rmdir()
    return Renamed(old, new, len(artifacts))


def _rename_records(
    log: SqliteEventLog, old: AssetKey, new: AssetKey, moved: Callable[[str, Artifact], Artifact]
) -> None:
    """Give an asset another name in everything recorded of it and of what was made from it.

    `moved` gives the artifact of a partition under the new name. A jump of the cursor tells whoever follows the log to
    read it anew.
    """
    with log.database.write() as connection:
        if (asset := id_of(connection, old)) is None:
            raise UnknownAssetError(f"nothing is recorded of {old}: there is nothing to rename")
        if (taken := id_of(connection, new)) is not None:
            if connection.execute("SELECT 1 FROM event WHERE asset = ?", (taken,)).fetchone():
                raise InvalidArgumentError(f"{new} has records of its own: wipe it first, or choose another name")
            # Known only as an input of others: the two change their names.
            connection.execute("UPDATE asset SET key = '' WHERE id = ?", (asset,))
            connection.execute("UPDATE asset SET key = ? WHERE id = ?", (old.to_string(), taken))
        connection.execute("UPDATE asset SET key = ? WHERE id = ?", (new.to_string(), asset))
        stored = "SELECT id, partition, path, size, digest FROM event WHERE asset = ? AND digest IS NOT NULL"
        artifacts = [
            (i, moved(partition, Artifact(path, size, digest)))
            for i, partition, path, size, digest in connection.execute(stored, (asset,)).fetchall()
        ]
        connection.executemany(
            "UPDATE event SET path = ?, digest = ? WHERE id = ?",
            [(artifact.path, artifact.digest, i) for i, artifact in artifacts],
        )
        connection.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'event'", (JUMP,))


@dataclass(frozen=True, slots=True)
class _Mover:
    files: ValueFiles
    old: AssetKey
    new: AssetKey

    def artifact(self, key: str, artifact: Artifact) -> Artifact:
        """The artifact under the new name, signed if it was."""
        signer = self.files.signer
        path = address(self.new, key, portable=self.files.portable)
        if not signer.signed(self.old, key, artifact.digest):
            return replace(artifact, path=path)
        return replace(artifact, path=path, digest=signer.digest(self.new, key, content_of(artifact.digest)))

    def keep_versions(self, key: str) -> None:
        """Give the versions of a partition the seals of its new name, oldest first."""
        versions = self.files.versions
        for seal in reversed(versions.seals(identity(self.old, key))):
            if (path := versions.find(identity(self.old, key), seal)) is not None:
                with path.open("rb", buffering=0) as file:
                    digest = self.files.signer.digest(self.new, key, content(file))
                versions.keep(identity(self.new, key), seal_of(digest), path)
