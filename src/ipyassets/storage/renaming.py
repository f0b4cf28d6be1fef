"""Giving an asset another name without making anything again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import compress

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import BusyPartitionError, InvalidArgumentError, UnknownAssetError
from ipyassets.events import Artifact
from ipyassets.storage.claims import Claims, NoClaims, claimed_whole
from ipyassets.storage.event_log import JUMP, SqliteEventLog
from ipyassets.storage.flushing import flush_folders
from ipyassets.storage.meeting import first_dimension, refuse_long, refuse_meeting
from ipyassets.storage.paths import address, identity
from ipyassets.storage.placing import refuse_outside
from ipyassets.storage.reading import looked_at
from ipyassets.storage.short_names import id_of
from ipyassets.storage.signature import content_of
from ipyassets.storage.staging import put_in_place
from ipyassets.storage.value_files import ValueFiles


@dataclass(frozen=True, slots=True)
class Renamed:
    """What was renamed, or would be: from, to, and how many stored values moved along."""

    old: AssetKey
    new: AssetKey
    values: int


def rename(
    log: SqliteEventLog,
    files: ValueFiles | None,
    old: AssetKey,
    new: AssetKey,
    *,
    claims: Claims | NoClaims,
    dry_run: bool = False,
) -> Renamed:
    """Rename an asset: its history, its values and their versions, and what was recorded of it as an input of others.

    The values are made ready under their new name before the log is changed, put in place after it, and lose their old
    name last of all, so that each is found whatever is interrupted. What is recorded of the new name, all of it wiped,
    goes by the old one from then on.

    Raises InvalidArgumentError where values stand, or files lie, under the new name, UnknownAssetError where nothing is
    recorded of the old one, InvalidDefinitionError where values would lie in the place of another asset's or the name
    is too long, UnstorableValueError where a link leads out of the folder of all values, BusyPartitionError where
    somebody is making a partition of either.
    """
    if dry_run:
        return Renamed(old, new, len(_checked(log, files, old, new)))
    keys = log.records(old).keys
    with claimed_whole(claims, {old: keys, new: keys}):
        artifacts = _checked(log, files, old, new)
        standing = {key: artifact.digest for key, artifact in artifacts.items()}
        if files is None:
            _rename_records(log, old, new, lambda _, artifact: artifact, standing)
        else:
            _Move(files, old, new).carry_out(log, artifacts, standing)
        return Renamed(old, new, len(artifacts))


def _checked(log: SqliteEventLog, files: ValueFiles | None, old: AssetKey, new: AssetKey) -> dict[str, Artifact]:
    """The values to be renamed, once it is certain that they can be."""
    with log.database.read() as connection:
        _renamable(connection, old, new)
    refuse_long(new)
    records = log.records(old)
    begins = first_dimension(records)
    refuse_meeting(log, {new}, lambda _, part: part in begins)
    artifacts = log.artifacts(old, records.keys)
    if files is not None:
        keys = list(artifacts)
        for folder in {str(files.path(name, key).parent) for name in (old, new) for key in keys}:
            refuse_outside(folder, files.folder)
        for key in compress(keys, files.present(new, keys)):
            if (path := files.path(new, key)).is_file():
                raise InvalidArgumentError(f"{path} is in the way, and nobody recorded it: move it elsewhere")
    return artifacts


def _rename_records(
    log: SqliteEventLog,
    old: AssetKey,
    new: AssetKey,
    moved: Callable[[str, Artifact], Artifact],
    standing: Mapping[str, str],
) -> None:
    """Give an asset another name in everything recorded of it and of what was made from it.

    `moved` gives the artifact of a partition under the new name; `standing` are the digests of the values that stand. A
    jump of the cursor tells whoever follows the log to read it anew. Raises what `_renamable` does, and
    BusyPartitionError where other values stand by now.
    """
    with log.database.write() as connection:
        asset, taken = _renamable(connection, old, new)
        if _standing(connection, asset) != standing:
            raise BusyPartitionError(f"{old} was made again meanwhile: nothing is renamed, try again")
        if taken is not None:
            # Known as an input of others, or by values that are gone: the two change their names.
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


def _renamable(connection: sqlite3.Connection, old: AssetKey, new: AssetKey) -> tuple[int, int | None]:
    """The numbers of two assets of which the first is to get the name of the second; None where there is no second.

    Raises UnknownAssetError where nothing is recorded of the first, InvalidArgumentError where values of the second
    stand.
    """
    if (asset := id_of(connection, old)) is None:
        raise UnknownAssetError(f"nothing is recorded of {old}: there is nothing to rename")
    taken = id_of(connection, new)
    if connection.execute("SELECT 1 FROM latest WHERE asset = ? AND made IS NOT NULL", (taken,)).fetchone():
        raise InvalidArgumentError(f"{new} has values of its own: wipe them first, or choose another name")
    return asset, taken


def _standing(connection: sqlite3.Connection, asset: int) -> dict[str, str]:
    """The digests of the values of an asset that stand, by partition key."""
    return dict(
        connection.execute(
            """SELECT latest.partition, event.digest FROM latest CROSS JOIN event ON event.id = latest.made
               WHERE latest.asset = ? AND event.digest IS NOT NULL""",
            (asset,),
        ).fetchall()
    )


@dataclass(frozen=True, slots=True)
class _Move:
    files: ValueFiles
    old: AssetKey
    new: AssetKey

    def carry_out(self, log: SqliteEventLog, artifacts: dict[str, Artifact], standing: dict[str, str]) -> None:
        """Rename values, whose partitions nobody else can make meanwhile, and their records."""
        files = self.files
        put_in_place(files, self.old, artifacts)
        ready = {key: self._artifact(key, artifact) for key, artifact in artifacts.items()}
        for key, artifact in ready.items():
            with contextlib.suppress(FileNotFoundError):  # one that is gone stays so
                files.stage_again(self.new, key, artifact.digest, files.path(self.old, key))
            files.versions.hand_on(identity(self.old, key), identity(self.new, key))
        self._flush([files.staging])
        _rename_records(log, self.old, self.new, self._artifact, standing)
        files.publish(self.new, ready)
        self._flush({str(files.path(self.new, key).parent) for key in ready})
        files.delete(self.old, [key for key in ready if self._has_arrived(key)])

    def _artifact(self, key: str, artifact: Artifact) -> Artifact:
        """The artifact under the new name, signed if it was."""
        signer = self.files.signer
        path = address(self.new, key, portable=self.files.portable)
        if not signer.signed(self.old, key, artifact.digest):
            return replace(artifact, path=path)
        return replace(artifact, path=path, digest=signer.digest(self.new, key, content_of(artifact.digest)))

    def _has_arrived(self, key: str) -> bool:
        """Whether what lies under the old name lies under the new one, too, or nothing lies there."""
        before, now = self.files.path(self.old, key), self.files.path(self.new, key)
        try:
            return before.samefile(now) or looked_at(before) == looked_at(now)
        except FileNotFoundError:
            return not before.exists()

    def _flush(self, folders: Iterable[str]) -> None:
        if self.files.durable:
            flush_folders(folders)
