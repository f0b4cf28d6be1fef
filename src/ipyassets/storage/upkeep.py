"""Looking after a store: everything that a person does to stored values besides making and reading them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidInvocationError, NotMaterializedError
from ipyassets.events import Event
from ipyassets.storage import orphans as lost
from ipyassets.storage import remote_upkeep
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.compacting import Compacted, compact
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager, Files
from ipyassets.storage.paths import identity
from ipyassets.storage.remote_files import RemoteFiles
from ipyassets.storage.renaming import Renamed, rename
from ipyassets.storage.signature import seal_of
from ipyassets.storage.trusting import MadeFrom, Trusted, nothing, trust
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.verifying import Verified, verify
from ipyassets.storage.walking import stored_files_of
from ipyassets.storage.wiping import Retention, Wiped, values_of, wipe


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What the values of an asset take: how many, their bytes, and the bytes of their earlier versions."""

    asset_key: AssetKey
    count: int
    size: int
    versions: int


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a partition had, as it was recorded, and whether it is the one that stands."""

    event: Event
    is_current: bool


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What can be done to a store. Nothing is deleted unasked, and everything that deletes can be tried with `dry_run`.

    `manager` gives the I/O manager of an asset, or the default one for None; `clock` the time in UTC epoch seconds;
    `claims` what keeps others from making a partition meanwhile; `assets` are those defined, recorded or not.
    """

    log: SqliteEventLog
    manager: Callable[[AssetKey | None], IOManager]
    clock: Callable[[], float]
    claims: Callable[[], Claims | NoClaims] = field(default=NoClaims)
    assets: frozenset[AssetKey] = frozenset()

    def wipe(
        self, asset_key: AssetKey, partition_keys: Iterable[str], *, reason: str = "wiped", dry_run: bool = False
    ) -> Wiped:
        """Delete the values of partitions and their versions; their history stays."""
        with self._claiming() as claims:
            return wipe(
                self.log,
                self._files(asset_key),
                asset_key,
                partition_keys,
                at=self.clock(),
                reason=reason,
                claims=claims,
                dry_run=dry_run,
            )

    def expire(self, asset_key: AssetKey, retention: Retention, *, dry_run: bool = False) -> Wiped:
        """Delete the values of an asset that are older, or more, than should be kept."""
        expired = retention.expired(values_of(self.log, asset_key), self.clock())
        return self.wipe(asset_key, expired, reason="no longer kept", dry_run=dry_run)

    def trust(
        self,
        asset_key: AssetKey,
        partition_keys: Iterable[str] | None = None,
        *,
        code_version: str = "",
        made_from: MadeFrom = nothing,
        dry_run: bool = False,
    ) -> Trusted:
        """Let in values that somebody else made or nobody recorded: they are unpickled from now on."""
        if isinstance(files := self._files(asset_key), RemoteFiles):
            return remote_upkeep.trust(
                self.log,
                files,
                asset_key,
                partition_keys,
                at=self.clock(),
                code_version=code_version,
                dry_run=dry_run,
            )
        files = self._required(asset_key)
        return trust(
            self.log,
            files,
            asset_key,
            partition_keys,
            at=self.clock(),
            code_version=code_version,
            made_from=made_from,
            assets=self.assets,
            dry_run=dry_run,
        )

    def verify(
        self, asset_keys: Iterable[AssetKey] | None = None, *, watch: Callable[[int], None] | None = None
    ) -> list[Verified]:
        """Read every stored value of some assets, or of all, and remember which are not what was recorded."""
        keys = self.log.asset_keys() if asset_keys is None else list(asset_keys)
        return [verify(self.log, files, key, watch=watch) for key in keys if (files := self._files(key)) is not None]

    def rename(self, old: AssetKey, new: AssetKey, *, dry_run: bool = False) -> Renamed:
        """Give an asset another name; its values, its history and its place as an input of others go along."""
        return rename(self.log, self._renamable(old), old, new, dry_run=dry_run)

    def versions(self, asset_key: AssetKey, partition_key: str = "") -> list[Version]:
        """The values of a partition that can still be had, newest first."""
        files = self._required(asset_key)
        kept = set(files.versions.seals(identity(asset_key, partition_key)))
        _, standing = self.log.last(asset_key, partition_key)
        found: dict[str, Version] = {}
        for event in self.log.history(asset_key, partition_key):
            if event.artifact is None or (seal := seal_of(event.artifact.digest)) in found:
                continue
            is_current = standing is not None and standing.artifact == event.artifact
            if is_current or seal in kept:
                found[seal] = Version(event, is_current)
        return list(found.values())

    def restore(self, asset_key: AssetKey, version: Version) -> Event:
        """Make an earlier value of a partition the current one again; NotMaterializedError if it is no longer kept."""
        files, key, artifact = self._required(asset_key), version.event.partition_key, version.event.artifact
        if artifact is None or files.versions.find(identity(asset_key, key), seal_of(artifact.digest)) is None:
            raise NotMaterializedError(f"this value of {asset_key} {key!r} is no longer kept: see versions()")
        run_id = uuid.uuid4().hex
        event = replace(version.event, timestamp=self.clock(), run_id=run_id, reason="restored")
        files.bring_back(asset_key, key, artifact)
        files.flush(asset_key, {key: artifact})
        self.log.append([event])
        files.publish(asset_key, {key: artifact})
        return event

    def orphans(self, is_partition: Callable[[AssetKey, str], bool | None]) -> list[lost.Orphan]:
        """Stored values that belong to nothing that is defined or recorded; `is_partition` says what is defined."""
        files = self._local(None)
        return [] if files is None else lost.orphans(self.log, files, is_partition, self.assets)

    def delete_orphans(self, found: Sequence[lost.Orphan], *, dry_run: bool = False) -> int:
        """Delete files that nobody recorded; the bytes this frees."""
        if (files := self._local(None)) is None:
            return 0
        root = self.log.database.path and self.log.database.path.absolute().parent
        if root and not files.folder.is_relative_to(root):
            raise InvalidInvocationError(
                f"{files.folder} is not below {root}, so that another root may have recorded what this one has not:"
                " delete by hand what belongs to none"
            )
        return lost.delete(files, found, dry_run=dry_run)

    def compact(self, *, dry_run: bool = False) -> Compacted:
        """Clear away what interrupted writers left, and pack the log."""
        if isinstance(remote := self._files(None), RemoteFiles):
            return remote_upkeep.compact(self.log, remote, dry_run=dry_run)
        with self._claiming() as claims:
            files = self._local(None)
            return Compacted() if files is None else compact(self.log, files, claims, now=self.clock(), dry_run=dry_run)

    def disk_use(self) -> list[DiskUse]:
        """What each recorded asset takes on disk."""
        found = []
        recorded = self.log.asset_keys()
        known = self.assets.union(recorded)
        for key in recorded:
            if isinstance(files := self._files(key), RemoteFiles):
                sizes = remote_upkeep.sizes(files, key, known)
                found.append(DiskUse(key, len(sizes), sum(sizes), 0))
            if not isinstance(files, ValueFiles):
                continue
            mine = list(stored_files_of(files, key, known))
            versions = sum(files.versions.size(identity(key, file.partition_key)) for file in mine)
            found.append(DiskUse(key, len(mine), sum(file.size for file in mine), versions))
        return found

    def _files(self, asset_key: AssetKey | None) -> Files | None:
        manager = self.manager(asset_key)
        return manager.files if isinstance(manager, FileIOManager) else None

    def _local(self, asset_key: AssetKey | None) -> ValueFiles | None:
        files = self._files(asset_key)
        return files if isinstance(files, ValueFiles) else None

    def _renamable(self, asset_key: AssetKey) -> ValueFiles | None:
        return None if self._files(asset_key) is None else self._required(asset_key)

    def _required(self, asset_key: AssetKey) -> ValueFiles:
        if (files := self._local(asset_key)) is None:
            raise InvalidInvocationError(
                f"the values of {asset_key} are not in files here: only there are versions kept, and assets renamed"
            )
        return files

    @contextmanager
    def _claiming(self) -> Iterator[Claims | NoClaims]:
        claims = self.claims()
        try:
            yield claims
        finally:
            claims.close()
