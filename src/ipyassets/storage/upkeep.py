"""Looking after a store: everything that a person does to stored values besides making and reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ipyassets.assets.definition import AssetsDefinition, CoercibleToAssetKey
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError, InvalidInvocationError
from ipyassets.events import Event
from ipyassets.partitions.space import PartitionSpace
from ipyassets.storage import orphans as lost
from ipyassets.storage import remote_upkeep
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.compacting import Compacted, compact
from ipyassets.storage.disk_use import DiskUse, disk_use
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager, Files
from ipyassets.storage.remote_files import RemoteFiles
from ipyassets.storage.renaming import Renamed, rename
from ipyassets.storage.restoring import Version, restore, versions
from ipyassets.storage.trusting import Account, MadeFrom, Trusted, nothing, trust
from ipyassets.storage.value_files import ValueFiles
from ipyassets.storage.verifying import Verified, verify
from ipyassets.storage.whereabouts import Whereabouts, places
from ipyassets.storage.wiping import Retention, Wiped, values_of, wipe


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What can be done to a store. Nothing is deleted unasked, and everything that deletes can be tried with `dry_run`.

    `manager` gives the I/O manager of an asset, or the default one for None; `clock` the time in UTC epoch seconds;
    `claims` what keeps others from making a partition meanwhile; `assets` are those defined, recorded or not; `space`
    gives their partitions as they are today, and None for other assets. The manager of an asset that is not `known` may
    be another than its values were stored with; `seeing` gives the files at a location that their record tells.
    """

    log: SqliteEventLog
    manager: Callable[[AssetKey | None], IOManager]
    clock: Callable[[], float]
    claims: Callable[[], Claims | NoClaims] = field(default=NoClaims)
    assets: frozenset[AssetKey] = frozenset()
    space: Callable[[AssetKey], PartitionSpace | None] = field(default=lambda _: None)
    known: Callable[[AssetKey], bool] = field(default=lambda _: True)
    seeing: Callable[[str], FileIOManager | None] = field(default=lambda _: None)

    def wipe(
        self,
        asset_key: CoercibleToAssetKey,
        partition_keys: Iterable[str],
        *,
        reason: str = "wiped",
        dry_run: bool = False,
    ) -> Wiped:
        """Delete the values of partitions and their versions; their history stays."""
        with self._claiming(dry_run=dry_run) as claims:
            return wipe(
                self.log,
                self._whereabouts(asset_key),
                partition_keys,
                at=self.clock(),
                reason=reason,
                claims=claims,
                dry_run=dry_run,
            )

    def expire(self, asset_key: CoercibleToAssetKey, retention: Retention, *, dry_run: bool = False) -> Wiped:
        """Delete the values of an asset that are older, or more, than should be kept."""
        if not isinstance(retention, Retention):
            raise InvalidArgumentError(f"{retention!r} is no retention: give Retention(days=30), for example")
        key = AssetKey.from_coercible(asset_key)
        expired = retention.expired(values_of(self.log, key), self.clock())
        return self.wipe(key, expired, reason="no longer kept", dry_run=dry_run)

    def trust(
        self,
        asset_key: CoercibleToAssetKey,
        partition_keys: Iterable[str] | None = None,
        *,
        code_version: str = "",
        made_from: MadeFrom = nothing,
        dry_run: bool = False,
    ) -> Trusted:
        """Let in values that somebody else made or nobody recorded: they are unpickled from now on.

        Files whose keys are no partitions are let in only if they are named.
        """
        where = self._whereabouts(asset_key)
        key, keeper = where.asset_key, where.keeper()
        account = Account(self.clock(), code_version, made_from, where.place(keeper))
        if keeper is not None and isinstance(keeper.files, RemoteFiles):
            return remote_upkeep.trust(self.log, keeper.files, key, partition_keys, account, dry_run=dry_run)
        files = _local_files(key, keeper)
        with self._claiming(dry_run=dry_run) as claims:
            return trust(
                self.log,
                files,
                key,
                partition_keys,
                account,
                assets=self.assets,
                space=self.space(key),
                claims=claims,
                dry_run=dry_run,
            )

    def verify(
        self,
        asset_keys: AssetKey | AssetsDefinition | str | Iterable[CoercibleToAssetKey] | None = None,
        *,
        watch: Callable[[int], None] | None = None,
    ) -> list[Verified]:
        """Read every stored value of one asset, of some, or of all, and remember which are not what was recorded.

        Values are looked for where their record says that they are; where that is not known, nothing is said of them.
        """
        if isinstance(asset_keys, AssetKey | AssetsDefinition | str):
            asset_keys = [asset_keys]
        keys = self.log.asset_keys() if asset_keys is None else asset_keys
        return [verify(self.log, self._whereabouts(key), watch=watch) for key in keys]

    def rename(self, old: CoercibleToAssetKey, new: CoercibleToAssetKey, *, dry_run: bool = False) -> Renamed:
        """Give an asset another name; its values, its history and its place as an input of others go along.

        What was recorded of the new name, and has been wiped since, goes by the old one from then on.
        """
        key = AssetKey.from_coercible(new)
        where = self._whereabouts(old, like=key)
        files = _files_of(where) if places(self.log, where.asset_key) else None
        with self._claiming(dry_run=dry_run) as claims:
            return rename(self.log, files, where.asset_key, key, claims=claims, dry_run=dry_run)

    def versions(self, asset_key: CoercibleToAssetKey, partition_key: str = "") -> list[Version]:
        """The values of a partition that can still be had, newest first."""
        where = self._whereabouts(asset_key)
        return versions(self.log, _files_of(where, partition_key), where.asset_key, partition_key)

    def restore(self, asset_key: CoercibleToAssetKey, version: Version, *, dry_run: bool = False) -> Event:
        """Make an earlier value of a partition the current one again; NotMaterializedError if it is no longer kept.

        It is read first: DamagedPartitionError or UntrustedPartitionError if that cannot be done, UnknownPlaceError if
        the asset's I/O manager is another by now, which cannot read it.
        """
        where = self._whereabouts(asset_key)
        files = _files_of(where, version.event.partition_key)
        where.refuse_unreadable(version.event.partition_key, version.event.artifact)
        with self._claiming(dry_run=dry_run) as claims:
            return restore(self.log, files, where.asset_key, version, claims, at=self.clock(), dry_run=dry_run)

    def orphans(self, is_partition: lost.IsPartition | None = None) -> list[lost.Orphan]:
        """Stored values that belong to nothing that is defined or recorded.

        `is_partition` says whether a key is a partition of an asset, or None of an asset that is not defined; it may be
        left out where the definitions are known.
        """
        if is_partition is None and not self.assets:
            raise InvalidInvocationError("nothing is known of definitions: give upkeep() a graph, or is_partition here")
        files = self._default
        told = is_partition or self._is_partition
        return [] if files is None else lost.orphans(self.log, files, told, self._whereabouts, self.assets)

    def delete_orphans(self, found: Iterable[lost.Orphan], *, dry_run: bool = False) -> lost.Deleted:
        """Delete files that nobody recorded, not even since they were found; what is recorded is left, and told."""
        if (files := self._default) is None:
            return lost.Deleted(0, 0)
        with self._claiming(dry_run=dry_run) as claims:
            return lost.delete(self.log, files, found, self._whereabouts, claims, dry_run=dry_run)

    def compact(self, *, dry_run: bool = False) -> Compacted:
        """Clear away what interrupted writers left and empty folders, wherever assets keep values, and pack the log."""
        done = Compacted()
        with self._claiming(dry_run=dry_run) as claims:
            for files in self._all_files():
                if isinstance(files, RemoteFiles):
                    done += remote_upkeep.compact(self.log, files, dry_run=dry_run)
                else:
                    done += compact(self.log, files, claims, now=self.clock(), assets=self.assets, dry_run=dry_run)
        return done + Compacted(size=self.log.database.pack(dry_run=dry_run))

    def disk_use(self) -> list[DiskUse]:
        """What each recorded asset takes on disk."""
        return disk_use(self.log, self._whereabouts, self.assets)

    def _is_partition(self, asset_key: AssetKey, partition_key: str) -> bool | None:
        space = self.space(asset_key)
        return None if space is None else partition_key in space

    @property
    def _default(self) -> ValueFiles | None:
        """The files of assets without an I/O manager of their own, where they are of this machine."""
        manager = self.manager(None)
        files = manager.files if isinstance(manager, FileIOManager) else None
        return files if isinstance(files, ValueFiles) else None

    def _all_files(self) -> Iterable[Files]:
        """The files of all assets, recorded or defined, and of those without an I/O manager; each folder once."""
        default = self.manager(None)
        found = [default.files] if isinstance(default, FileIOManager) else []
        for key in self.assets.union(self.log.asset_keys()):
            found += self._whereabouts(key).own_folders()
        # where managers share a folder, the one that keeps the most versions: what it keeps the others do not miss
        found.sort(key=lambda files: isinstance(files, ValueFiles) and files.kept)
        return {str(files.folder): files for files in found}.values()

    def _whereabouts(self, asset_key: CoercibleToAssetKey, *, like: AssetKey | None = None) -> Whereabouts:
        """Where values are; of an asset that is not known, as of one that is `like` it."""
        key = AssetKey.from_coercible(asset_key)
        name = like if like is not None and self.known(like) and not self.known(key) else key
        return Whereabouts(self.log, key, self.manager(name), self.known(name), self.seeing)

    @contextmanager
    def _claiming(self, *, dry_run: bool) -> Iterator[Claims | NoClaims]:
        claims = NoClaims() if dry_run else self.claims()
        try:
            yield claims
        finally:
            claims.close()


def _files_of(where: Whereabouts, partition_key: str | None = None) -> ValueFiles:
    """The files that the values of an asset are, or that of a partition; InvalidInvocationError where they are none."""
    return _local_files(where.asset_key, where.keeper(None if partition_key is None else [partition_key]))


def _local_files(asset_key: AssetKey, keeper: FileIOManager | None) -> ValueFiles:
    if keeper is None or not isinstance(keeper.files, ValueFiles):
        raise InvalidInvocationError(
            f"the values of {asset_key} are not in files of this machine:"
            " only there are versions kept, and assets renamed"
        )
    return keeper.files
