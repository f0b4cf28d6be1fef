"""Files of values at any location that fsspec knows: object stores, other machines.

Nothing can be renamed there at no cost, and nothing needs flushing: a value is uploaded aside, copied to its address
once it is recorded, and then deleted from aside. What is read is downloaded, verified, and only then handed on.

On an object store, a value and a folder may have one name: `pp` next to `pp/q` of an asset below its name. Elsewhere
the one that comes second stays aside, where it is found as well.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, NotMaterializedError, UntrustedPartitionError
from ipyassets.events import Artifact
from ipyassets.storage.paths import address, identity
from ipyassets.storage.reading import matches
from ipyassets.storage.signature import NOT_SIGNED, Signer, key_id_of, seal_of
from ipyassets.storage.sink import Sink
from ipyassets.storage.staging import STAGING
from ipyassets.storage.value_files import CHANGED, GONE

if TYPE_CHECKING:
    from upath import UPath

# Where nothing of the kind is: systems of folders say so in their own ways.
_ABSENT = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
# Those that know no folders, and keep both a value and what has a longer name.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs"})
# What clients of object stores take for the version that is asked for
_VERSION = re.compile(r"\?(?=versionid=)", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteFiles:
    """The values below one location, signed by one key."""

    folder: UPath
    signer: Signer

    def path(self, asset_key: AssetKey, partition_key: str | None) -> UPath:
        """Where a partition's value lies once published; None or "" asks for an asset without partitions."""
        return self.folder.joinpath(*_address(asset_key, partition_key).split("/"))

    def stage(self, asset_key: AssetKey, partition_key: str, dump: Callable[[Sink], None]) -> Artifact:
        """Upload a value aside; `dump` writes its bytes."""
        with _local_file() as local:
            with Sink(lambda: os.open(local, os.O_RDWR)) as sink:
                dump(sink)
                if sink.is_small:
                    sink.begin(os.open(local, os.O_RDWR))
                digest = self.signer.digest(asset_key, partition_key, sink.content())
            staged = self._staged(asset_key, partition_key, digest)
            self._make_parent(staged)
            self._system.put_file(str(local), staged)
        return Artifact(_address(asset_key, partition_key), sink.size, digest)

    def unflushed(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> list[str]:
        """Nothing to wait for: what was uploaded is there."""
        del asset_key, artifacts
        return []

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
        """Put staged values in place; those that are there already are left alone."""
        for partition_key, artifact in artifacts.items():
            staged = self._staged(asset_key, partition_key, artifact.digest)
            place = self._place(asset_key, partition_key)
            try:
                with suppress(FileNotFoundError):
                    self._put(staged, place)
            except OSError:
                raise
            except Exception as error:  # of whatever client is behind this
                raise OSError(f"nothing can be put at {place}: {error}") from error

    @contextmanager
    def verified(self, asset_key: AssetKey, partition_key: str, artifact: Artifact | None) -> Iterator[BinaryIO]:
        """A local copy of a value, open at its start, after it was found to be what was recorded; see ValueFiles."""
        name = asset_key.quoting(partition_key)
        place = self._place(asset_key, partition_key)
        if artifact is None:
            if self._info(place) is not None:
                raise UntrustedPartitionError(f"nobody knows who made {name}: {place} is not read; trust() lets it in")
            raise NotMaterializedError(f"{name} is not materialized: nothing is stored at {place}")
        if not self.signer.signed(asset_key, partition_key, artifact.digest):
            message = f"{name} is not signed by you: {place} is not read; trust() lets it in"
            forged = artifact.digest if key_id_of(artifact.digest) == self.signer.key_id else ""
            raise UntrustedPartitionError(message, asset_key, partition_key, NOT_SIGNED, forged)
        with self.found(asset_key, partition_key, artifact) as (file, what):
            if file is None:
                message = f"{name}: {what}: {place}; materialize it again"
                raise DamagedPartitionError(message, asset_key, partition_key, what, artifact.digest)
            yield file

    @contextmanager
    def found(
        self, asset_key: AssetKey, partition_key: str, artifact: Artifact
    ) -> Iterator[tuple[io.FileIO | None, str]]:
        """A local copy of what was recorded, whoever signed it; None where there is none, and what is wrong."""
        place = self._place(asset_key, partition_key)
        staged = self._staged(asset_key, partition_key, artifact.digest)
        what = GONE
        for source in (place, staged, place):  # it may be put in place between the first two looks
            with self._copied(source) as file:
                if file is None:
                    continue
                if matches(file, artifact):
                    yield file, ""
                    return
                what = CHANGED
        yield None, what

    @contextmanager
    def copied(self, asset_key: AssetKey, partition_key: str) -> Iterator[io.FileIO | None]:
        """A local copy of what is in place, whatever it is, open at its start; None where there is nothing."""
        with self._copied(self._place(asset_key, partition_key)) as file:
            yield file

    def staged(self) -> frozenset[str]:
        """The names of values that are not in place."""
        return self._listed(self._staging)

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a file, by listing folders; the key "" asks for the asset without partitions."""
        listings: dict[str, frozenset[str]] = {}
        found = np.zeros(len(partition_keys), np.bool_)
        for i, key in enumerate(partition_keys):
            folder, _, name = self._place(asset_key, key).rpartition("/")
            if folder not in listings:
                listings[folder] = self._listed(folder)
            found[i] = name in listings[folder]
        if not found.all():
            staged = {name.partition("-")[0] for name in self.staged()}
            for i in np.flatnonzero(~found).tolist() if staged else ():
                found[i] = identity(asset_key, partition_keys[i]) in staged
        return found

    def listed(self, asset_key: AssetKey) -> Iterator[tuple[str, int]]:
        """The address and size of every value that lies where those of an asset do."""
        place = self._place(asset_key, None)
        self._system.invalidate_cache(place)
        for name, info in self._system.find(place, detail=True).items():
            yield name.removeprefix(self._top).lstrip("/"), int(info["size"])

    def extent(self, asset_key: AssetKey, partition_key: str) -> tuple[int, int]:
        """How many files a partition has, and their bytes."""
        found = self._info(self._place(asset_key, partition_key))
        aside = map(self._info, () if found else self._staged_of({identity(asset_key, partition_key)}))
        sizes = [int(info["size"]) for info in (found, *aside) if info]
        return len(sizes), sum(sizes)

    def delete(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Delete the values of partitions, those not in place yet among them; those that have none are no error."""
        mine = {identity(asset_key, key): self._place(asset_key, key) for key in partition_keys}
        for place in (*mine.values(), *self._staged_of(mine)):
            with suppress(*_ABSENT):
                self._system.rm_file(place)

    @property
    def _system(self) -> Any:
        return self.folder.fs

    @property
    def _top(self) -> str:
        return str(self.folder.path).rstrip("/")

    @property
    def _staging(self) -> str:
        return f"{self._top}/{STAGING}"

    def _place(self, asset_key: AssetKey, partition_key: str | None) -> str:
        return f"{self._top}/{_address(asset_key, partition_key)}"

    def _staged(self, asset_key: AssetKey, partition_key: str, digest: str) -> str:
        return f"{self._staging}/{identity(asset_key, partition_key)}-{seal_of(digest)}"

    def _staged_of(self, owners: Collection[str]) -> list[str]:
        return [f"{self._staging}/{name}" for name in self.staged() if name.partition("-")[0] in owners]

    @contextmanager
    def _copied(self, source: str) -> Iterator[io.FileIO | None]:
        with _local_file() as local:
            try:
                self._system.get_file(source, str(local))
            except _ABSENT:
                yield None
                return
            with local.open("rb", buffering=0) as file:
                yield file

    def _put(self, staged: str, place: str) -> None:
        if self._is_taken(place):
            return
        # A copy looks its source up in what was listed earlier, perhaps before another process staged it.
        self._system.invalidate_cache(staged.rpartition("/")[0])
        self._make_parent(place)
        self._system.cp_file(staged, place)
        self._system.rm_file(staged)

    def _is_taken(self, place: str) -> bool:
        """Whether a folder is where the value should be, or a value where a folder is needed for it."""
        if self.folder.protocol in _OBJECT_STORES:
            return False
        folder = place.rpartition("/")[0]
        self._system.invalidate_cache(folder)
        names = folder[len(self._top) + 1 :].split("/")
        above = ("/".join([self._top, *names[:i]]) for i in range(1, len(names) + 1))
        return self._system.isdir(place) or any(self._info(each) for each in above)

    def _info(self, place: str) -> Mapping[str, Any] | None:
        """What is at a place now; what was listed earlier may be out of date."""
        self._system.invalidate_cache(place.rpartition("/")[0])
        try:
            found: Mapping[str, Any] = self._system.info(place)
        except _ABSENT:
            return None
        return found if found["type"] == "file" else None

    def _make_parent(self, place: str) -> None:
        self._system.makedirs(place.rpartition("/")[0], exist_ok=True)

    def _listed(self, folder: str) -> frozenset[str]:
        """The names of the values in a folder; asked about a value, a listing tells of that."""
        self._system.invalidate_cache(folder)
        try:
            found = self._system.ls(folder, detail=True)
        except _ABSENT:
            return frozenset()
        values = (each["name"] for each in found if each["type"] != "directory")
        return frozenset(name.rpartition("/")[2] for name in values if name != folder)


def _address(asset_key: AssetKey, partition_key: str | None) -> str:
    """An address all of which is taken for a name."""
    return _VERSION.sub("%3F", address(asset_key, partition_key))


@contextmanager
def _local_file() -> Iterator[Path]:
    """An empty file on this machine, deleted at the end."""
    descriptor, name = tempfile.mkstemp(prefix="ipyassets-")
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
