"""Files of values at any location that fsspec knows: object stores, other machines.

Nothing can be renamed there at no cost, and nothing needs flushing: a value is uploaded aside, copied to its address
once it is recorded, and then deleted from aside. What is read is downloaded, verified, and only then handed on.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from ipyassets.storage.signature import NOT_SIGNED, Signer, seal_of
from ipyassets.storage.sink import Sink
from ipyassets.storage.staging import STAGING
from ipyassets.storage.value_files import CHANGED, GONE

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True)
class RemoteFiles:
    """The values below one location, signed by one key."""

    folder: UPath
    signer: Signer

    def path(self, asset_key: AssetKey, partition_key: str | None) -> UPath:
        """Where a partition's value lies once published; None or "" asks for an asset without partitions."""
        return self.folder.joinpath(*address(asset_key, partition_key).split("/"))

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
        return Artifact(address(asset_key, partition_key), sink.size, digest)

    def flush(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
        """Nothing to wait for: what was uploaded is there."""

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
        """Put staged values in place; those that are there already are left alone."""
        for partition_key, artifact in artifacts.items():
            staged = self._staged(asset_key, partition_key, artifact.digest)
            if self._system.exists(staged):
                self._put(staged, self._place(asset_key, partition_key))

    @contextmanager
    def verified(self, asset_key: AssetKey, partition_key: str, artifact: Artifact | None) -> Iterator[BinaryIO]:
        """A local copy of a value, open at its start, after it was found to be what was recorded; see ValueFiles."""
        name = f"{asset_key} {partition_key!r}" if partition_key else str(asset_key)
        place = self._place(asset_key, partition_key)
        if artifact is None:
            if self._system.exists(place):
                raise UntrustedPartitionError(f"nobody knows who made {name}: {place} is not read; trust() lets it in")
            raise NotMaterializedError(f"{name} is not materialized: nothing is stored at {place}")
        if not self.signer.signed(asset_key, partition_key, artifact.digest):
            message = f"{name} is not signed by you: {place} is not read; trust() lets it in"
            raise UntrustedPartitionError(message, asset_key, partition_key, NOT_SIGNED, artifact.digest)
        staged = self._staged(asset_key, partition_key, artifact.digest)
        what = GONE
        with _local_file() as local:
            for source in (place, staged, place):  # it may be put in place between the first two looks
                if not self._downloaded(source, local):
                    continue
                with local.open("rb", buffering=0) as file:
                    if matches(file, artifact):
                        yield file
                        return
                what = CHANGED
        message = f"{name}: {what}: {place}; materialize it again"
        raise DamagedPartitionError(message, asset_key, partition_key, what, artifact.digest)

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
            staged = {name.partition("-")[0] for name in self._listed(f"{self.folder.path}/{STAGING}")}
            for i in np.flatnonzero(~found).tolist() if staged else ():
                found[i] = identity(asset_key, partition_keys[i]) in staged
        return found

    def extent(self, asset_key: AssetKey, partition_key: str) -> tuple[int, int]:
        """How many files a partition has, and their bytes."""
        place = self._place(asset_key, partition_key)
        return (1, int(self._system.size(place))) if self._system.isfile(place) else (0, 0)

    def delete(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Delete the values of partitions; those that have none are no error."""
        for key in partition_keys:
            place = self._place(asset_key, key)
            if self._system.isfile(place):
                self._system.rm_file(place)

    @property
    def _system(self) -> Any:
        return self.folder.fs

    def _place(self, asset_key: AssetKey, partition_key: str | None) -> str:
        return f"{self.folder.path.rstrip('/')}/{address(asset_key, partition_key)}"

    def _staged(self, asset_key: AssetKey, partition_key: str, digest: str) -> str:
        return f"{self.folder.path.rstrip('/')}/{STAGING}/{identity(asset_key, partition_key)}-{seal_of(digest)}"

    def _put(self, staged: str, place: str) -> None:
        self._make_parent(place)
        self._system.cp_file(staged, place)
        self._system.rm_file(staged)

    def _make_parent(self, place: str) -> None:
        self._system.makedirs(place.rpartition("/")[0], exist_ok=True)

    def _downloaded(self, source: str, local: Path) -> bool:
        try:
            self._system.get_file(source, str(local))
        except FileNotFoundError:
            return False
        return True

    def _listed(self, folder: str) -> frozenset[str]:
        self._system.invalidate_cache(folder)
        try:
            return frozenset(name.rpartition("/")[2] for name in self._system.ls(folder, detail=False))
        except FileNotFoundError:
            return frozenset()


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
