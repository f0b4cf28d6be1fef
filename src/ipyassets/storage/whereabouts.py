"""Where values are: with the I/O manager of their asset, or where their records say; nothing is done on a guess."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from ipyassets.assets.io_manager import IOManager, manager_name
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, UnknownPlaceError
from ipyassets.events import Artifact, Place
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager, Files
from ipyassets.storage.opening import opened, reader, recorded_location
from ipyassets.storage.reading import holds
from ipyassets.storage.value_files import GONE, ValueFiles

GIVE_GRAPH = "say how the asset is stored, as in upkeep(graph=AssetGraph.of([...]))"

_PLACES = """
    FROM asset CROSS JOIN latest ON latest.asset = asset.id CROSS JOIN event ON event.id = latest.made
    LEFT JOIN place ON place.id = event.place
    WHERE asset.key = ? AND (event.digest IS NOT NULL OR event.place IS NOT NULL)"""


def elsewhere(log: SqliteEventLog, asset_key: AssetKey, manager: IOManager, *, is_sure: bool) -> dict[str, str]:
    """The locations of standing values of an asset that were not put where its I/O manager does; quick without any.

    A location is "" where another manager did not say where, which counts unless this one is sure to be the asset's.
    """
    own = manager_name(type(manager))
    with log.database.read() as connection:
        known = connection.execute("SELECT id, location, manager FROM place").fetchall()
        others = {
            i: location
            for i, location, name in known
            if (location != manager.kept_at if location else name != own and not is_sure)
        }
        if not others:
            return {}
        among = f"{_PLACES} AND event.place IN (SELECT value FROM json_each(?))"  # noqa: S608 - a constant
        found = connection.execute(
            f"SELECT latest.partition, event.place {among}",
            (asset_key.to_string(), json.dumps(list(others))),
        )
        return {key: others[place] for key, place in found}


def places(
    log: SqliteEventLog, asset_key: AssetKey, partition_keys: Iterable[str] | None = None
) -> dict[str, Place | None]:
    """Where each standing value of an asset, or of some partitions, was put; None where that was not recorded yet."""
    among = "" if partition_keys is None else " AND latest.partition IN (SELECT value FROM json_each(?))"
    keys = () if partition_keys is None else (json.dumps([str(key) for key in partition_keys]),)
    with log.database.read() as connection:
        found = connection.execute(
            f"SELECT latest.partition, place.location, place.manager {_PLACES}{among}",
            (asset_key.to_string(), *keys),
        )
        return {key: None if location is None else Place(location, name) for key, location, name in found}


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The values of one asset, to be looked after.

    `is_sure` says that `manager` is known to be the asset's; the default one may be another than it was stored with.
    `seeing` gives the files at a location of this machine.
    """

    log: SqliteEventLog
    asset_key: AssetKey
    manager: IOManager
    is_sure: bool = True
    seeing: Callable[[str], FileIOManager | None] = field(default=lambda _: None)

    @contextmanager
    def verified(self, asset_key: AssetKey, partition_key: str, artifact: Artifact) -> Iterator[BinaryIO]:
        """The file of a value; see `ValueFiles.verified`. UnknownPlaceError where it is not known where it is."""
        keeper = self.manager if isinstance(self.manager, FileIOManager) else self._at(recorded_location(artifact))
        if keeper is None:
            raise self._unknown()
        with ExitStack() as stack:
            try:
                file = stack.enter_context(opened(keeper, asset_key, partition_key, artifact))
            except DamagedPartitionError as error:
                if error.reason == GONE and not self.is_sure and not recorded_location(artifact):
                    raise self._unknown() from error
                raise
            yield file

    def managers(self, partition_keys: Iterable[str]) -> list[IOManager]:
        """The managers that have values of some partitions; UnknownPlaceError where it is not known who has them."""
        return [self._manager(location) for location in dict.fromkeys(self._locations(partition_keys).values())]

    def keepers(self, partition_keys: Iterable[str]) -> list[tuple[IOManager, list[str]]]:
        """The same managers, and which of the partitions each has to delete.

        What is not with the asset's own manager is deleted only where it is what was recorded, and signed by this user.
        """
        by_location: dict[str, list[str]] = {}
        for key, location in self._locations(partition_keys).items():
            by_location.setdefault(location, []).append(key)
        return [(self._manager(location), self._deletable(location, keys)) for location, keys in by_location.items()]

    def keeper(self, partition_keys: Iterable[str] | None = None) -> FileIOManager | None:
        """The manager of files that all values are among, or those of some partitions; None for values of another kind.

        Raises UnknownPlaceError where they are in several places, or in one that is not known, or that only somebody
        else says is theirs.
        """
        keys = list(places(self.log, self.asset_key) if partition_keys is None else partition_keys)
        found = sorted(set(self._locations(keys).values()))
        if len(found) > 1:
            raise UnknownPlaceError(
                f"values of {self.asset_key} are at {' and at '.join(map(repr, found))}: "
                "make those again that are not where they should be"
            )
        if found and found[0] != self.manager.kept_at:
            return self._vouched(found[0], keys)
        return self.manager if isinstance(self.manager, FileIOManager) else None

    def refuse_unreadable(self, partition_key: str, artifact: Artifact | None) -> None:
        """Raise UnknownPlaceError for what the asset's own manager cannot read, where that is known."""
        if self.is_sure and isinstance(self.manager, FileIOManager):
            reader(self.manager, self.asset_key, partition_key, artifact)

    def folders(self) -> list[Files]:
        """The files that values of the asset are among, as far as that is known."""
        try:
            found = set(self._locations(places(self.log, self.asset_key)).values())
        except UnknownPlaceError:
            return []
        managers = [self._at(location) for location in sorted(found)] if found else [self.manager]
        return [each.files for each in managers if isinstance(each, FileIOManager)]

    def own_folders(self) -> list[Files]:
        """The files that may be changed: those of the asset's manager, and those of its values.

        Left out is what is not known, or outside of the root, and only somebody else says that values are there.
        """
        managers: list[IOManager] = [self.manager]
        with suppress(UnknownPlaceError):
            locations = self._locations(places(self.log, self.asset_key))
            for location in sorted(set(locations.values()) - {self.manager.kept_at}):
                with suppress(UnknownPlaceError):
                    managers.append(self._vouched(location, [key for key in locations if locations[key] == location]))
        return [each.files for each in managers if isinstance(each, FileIOManager)]

    def folders_at(self, location: str) -> list[Path]:
        """The folders of this machine that a value of the asset may be in which was recorded at a location.

        Its I/O manager looks into its own first, and finds there what was moved by hand.
        """
        found = [self.manager, self._at(location)]
        files = [each.files for each in found if isinstance(each, FileIOManager)]
        return [each.folder for each in files if isinstance(each, ValueFiles)]

    def place(self, keeper: FileIOManager | None) -> Place | None:
        """What can be recorded of values that are found where those of the asset are."""
        return None if keeper is None else keeper.place if self.is_sure else Place(keeper.kept_at, "")

    def _locations(self, partition_keys: Iterable[str]) -> dict[str, str]:
        """Where each value is that some partitions have."""
        asked = list(partition_keys)
        known = places(self.log, self.asset_key, asked)
        # Folders are listed only where it matters what they hold, which is seldom.
        unsure = [key for key in asked if key in known and not self._is_ours(known[key])]
        is_filed = isinstance(self.manager, FileIOManager)
        here = self.manager.present(self.asset_key, unsure) if is_filed and unsure else [False] * len(unsure)
        strange = {key: self._location(known[key], is_here=is_here) for key, is_here in zip(unsure, here, strict=True)}
        return {key: strange.get(key, self.manager.kept_at) for key in asked if key in known}

    def _is_ours(self, place: Place | None) -> bool:
        """Whether the asset's own manager has a value, whatever lies in its folder."""
        return self.is_sure if place is None else "" != place.location == self.manager.kept_at

    def _location(self, place: Place | None, *, is_here: bool) -> str:
        told = "" if place is None else place.location
        if told and not (is_here and self.is_sure):
            return told
        if place is None:
            is_ours = is_here or self.is_sure
        else:  # whose class may have another name now, but not if this one would have said where
            may_be = self.is_sure and not isinstance(self.manager, FileIOManager)
            is_ours = is_here or may_be or place.manager == manager_name(type(self.manager))
        if not is_ours:
            raise self._unknown(place.manager if place is not None else "")
        return self.manager.kept_at

    def _manager(self, location: str) -> IOManager:
        return self.manager if location == self.manager.kept_at else self._required(location)

    def _deletable(self, location: str, keys: list[str]) -> list[str]:
        if location == self.manager.kept_at:
            return keys
        files, artifacts = self._required(location).files, self.log.artifacts(self.asset_key, keys)
        return [key for key in keys if _is_intact(files, self.asset_key, key, artifacts[key])]

    def _at(self, location: str) -> FileIOManager | None:
        """Who sees the files at a location from here."""
        found = (self.manager.looking_at(location) or self.seeing(location)) if location else None
        return found if isinstance(found, FileIOManager) else None

    def _required(self, location: str) -> FileIOManager:
        if (found := self._at(location)) is None:
            raise UnknownPlaceError(f"values of {self.asset_key} are at {location}, which cannot be seen: {GIVE_GRAPH}")
        return found

    def _vouched(self, location: str, keys: list[str]) -> FileIOManager:
        """Who sees a location: outside of the root, what somebody else has recorded must not lead anywhere."""
        found, path = self._required(location), PurePath(location)
        signed = found.files.signer.signed
        if path.is_absolute() or ".." in path.parts:
            artifacts = self.log.artifacts(self.asset_key, keys)
            if not all(signed(self.asset_key, key, each.digest) for key, each in artifacts.items()):
                said = f"somebody else says that values of {self.asset_key} are at {location}"
                raise UnknownPlaceError(f"{said}: {GIVE_GRAPH}")
        return found

    def _unknown(self, manager: str = "") -> UnknownPlaceError:
        said = f"were stored by {manager}" if manager else "are somewhere that was not recorded"
        return UnknownPlaceError(f"values of {self.asset_key} {said}: {GIVE_GRAPH}")


def _is_intact(files: Files, asset_key: AssetKey, key: str, artifact: Artifact) -> bool:
    """Whether the very file at the place of a value is what this user has stored."""
    if not isinstance(files, ValueFiles) or not files.signer.signed(asset_key, key, artifact.digest):
        return False
    return holds(str(files.path(asset_key, key)), artifact)
