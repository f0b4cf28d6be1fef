"""Files of values: written aside, put in place once recorded, and verified before they are read.

A value goes through three steps, with the event log between the last two:

    stage      the file is written under a dotted folder, and named by its seal
    flush      the disk has it: small ones of a group together, which costs a fraction of one by one
    (append)   the log records the artifact: this is the moment from which the value is the partition's
    publish    the file is renamed to the partition's address

Whatever is cut short, the log is right: a staged file that it does not know is nobody's, and one that it knows but that
is not in place yet is found by its seal and put there by the next reader. The previous value stays until it is
replaced.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, NotMaterializedError, UnstorableValueError, UntrustedPartitionError
from ipyassets.events import Artifact
from ipyassets.storage.paths import ASIDE, DISPLACED, address, identity, owner, partition_path, place_identity
from ipyassets.storage.presence import look
from ipyassets.storage.reading import content, matching
from ipyassets.storage.signature import NOT_SIGNED, Signer, seal_of
from ipyassets.storage.sink import SMALL, Sink, flush_to_disk, flush_together
from ipyassets.storage.versions import Versions, duplicate

CHANGED = "its file is not what was stored"
GONE = "its file is gone"
UNREADABLE = "its file cannot be read"
STAGING = ".staging"


@dataclass(frozen=True)
class ValueFiles:
    """The values below one folder, signed by one key, with so many earlier versions of each.

    `durable=False` leaves out waiting for the disk. `portable` is for file systems that take "A" for "a" or refuse ":".
    """

    folder: Path
    signer: Signer
    durable: bool = True
    kept: int = 0
    portable: bool = os.name == "nt"

    @cached_property
    def _top(self) -> str:
        return str(self.folder)

    @cached_property
    def staging(self) -> str:
        """Where files are that are not in place yet; a text, because pathlib costs a third of a tiny partition."""
        return os.path.join(self.folder, STAGING)  # noqa: PTH118

    @cached_property
    def versions(self) -> Versions:
        """The earlier values of partitions."""
        return Versions(self.folder, self.kept)

    def path(self, asset_key: AssetKey, partition_key: str | None) -> Path:
        """Where a partition's value lies once published; None or "" asks for an asset without partitions."""
        plain = partition_path(self.folder, asset_key, partition_key, portable=self.portable)
        return plain / DISPLACED if plain.is_dir() else plain

    def stage(self, asset_key: AssetKey, partition_key: str, dump: Callable[[Sink], None]) -> Artifact:
        """Write a value aside; `dump` writes its bytes. If anything raises, nothing is left of it.

        A large value is on disk on return, because whoever stages it may do so beside others; `flush` sees to the rest.
        """
        ours = identity(asset_key, partition_key)
        part = f"{self.staging}/{ours}.{secrets.token_hex(8)}.part"
        made = part
        with Sink(lambda: self._created(part)) as sink:
            try:
                dump(sink)
                digest = self.signer.digest(asset_key, partition_key, sink.content())
                staged = f"{self.staging}/{ours}-{seal_of(digest)}"
                # Named before it is flushed: the flush then takes the name to disk along with the content.
                if sink.is_small and (descriptor := self._created_once(staged)) >= 0:
                    made = staged
                    sink.begin(descriptor)
                else:
                    if sink.is_small:
                        sink.begin(self._created(part))
                    os.replace(part, staged)  # noqa: PTH105
                if self.durable and sink.size > SMALL:
                    flush_to_disk(sink.fileno())
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(made)  # noqa: PTH108
                raise
        return Artifact(address(asset_key, partition_key, portable=self.portable), sink.size, digest)

    def flush(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
        """Wait until the disk has staged values; UnwritableStoreError where it cannot take them."""
        if self.durable:
            small = ((key, each.digest) for key, each in artifacts.items() if each.size <= SMALL)
            flush_together(self.staged(asset_key, key, digest) for key, digest in small)

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
        """Put staged values in place; those that are there already are left alone."""
        for partition_key, artifact in artifacts.items():
            staged = self.staged(asset_key, partition_key, artifact.digest)
            if self.kept:
                self._keep_both(asset_key, partition_key, staged, artifact)
            self._put(staged, self._place(asset_key, partition_key))

    @contextmanager
    def verified(self, asset_key: AssetKey, partition_key: str, artifact: Artifact | None) -> Iterator[BinaryIO]:
        """The file of a value, open at its start, after it was found to be what the log recorded.

        Raises NotMaterializedError where there is neither file nor record, UntrustedPartitionError for a file without a
        record or one signed by another key, DamagedPartitionError where the file is gone or has changed.
        """
        name = f"{asset_key} {partition_key!r}" if partition_key else str(asset_key)
        path = self.path(asset_key, partition_key)
        if artifact is None:
            if path.is_file():
                raise UntrustedPartitionError(f"nobody knows who made {name}: {path} is not read; trust() lets it in")
            raise NotMaterializedError(f"{name} is not materialized: nothing is stored at {path}")
        if not self.signer.signed(asset_key, partition_key, artifact.digest):
            message = f"{name} is not signed by you: {path} is not unpickled; trust() lets it in"
            raise UntrustedPartitionError(message, asset_key, partition_key, NOT_SIGNED, artifact.digest)
        with contextlib.ExitStack() as stack:
            file = matching(path, artifact, stack) or self._left_behind(asset_key, partition_key, artifact, stack)
            # Between these two looks its writer may have put it in place.
            file = file or matching(path, artifact, stack)
            if file is None:
                what = CHANGED if path.is_file() else GONE
                message = f"{name}: {what}: {path}; materialize it again"
                raise DamagedPartitionError(message, asset_key, partition_key, what, artifact.digest)
            yield file

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a file, by listing folders; the key "" asks for the asset without partitions."""
        return look(self, asset_key, lambda: partition_keys).found

    def extent(self, asset_key: AssetKey, partition_key: str) -> tuple[int, int]:
        """How many files a partition has, and their bytes, those of its versions included."""
        path = self.path(asset_key, partition_key)
        size = self.versions.size(identity(asset_key, partition_key))
        return (1, size + path.stat().st_size) if path.is_file() else (0, size)

    def delete(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Delete the values of partitions, their versions and folders left empty; what is not there is no error."""
        folders = set()
        for key in partition_keys:
            path = self.path(asset_key, key)
            folders.add(path.parent)
            path.unlink(missing_ok=True)
            self.versions.discard(identity(asset_key, key))
        for folder in sorted(folders - {self.folder}, key=lambda each: -len(each.parts)):
            with contextlib.suppress(OSError):  # not empty, which is the usual case
                folder.rmdir()

    def bring_back(self, asset_key: AssetKey, partition_key: str, artifact: Artifact) -> None:
        """Stage a version that is kept, so that it can be published again."""
        version = self.versions.find(identity(asset_key, partition_key), seal_of(artifact.digest))
        if version is not None:
            os.makedirs(self.staging, exist_ok=True)  # noqa: PTH103
            duplicate(version, self.staged(asset_key, partition_key, artifact.digest))

    def staged(self, asset_key: AssetKey, partition_key: str, digest: str) -> str:
        """Where a value with that digest is before it is put in place."""
        return f"{self.staging}/{identity(asset_key, partition_key)}-{seal_of(digest)}"

    def _keep_both(self, asset_key: AssetKey, partition_key: str, staged: str, artifact: Artifact) -> None:
        """Keep a staged value as a version, and before it the one that it replaces, should that not be kept yet."""
        ours = identity(asset_key, partition_key)
        path = self.path(asset_key, partition_key)
        if path.is_file() and not self.versions.seals(ours):
            with path.open("rb", buffering=0) as file:
                found = content(file)
            self.versions.keep(ours, seal_of(self.signer.digest(asset_key, partition_key, found)), path)
        if os.path.exists(staged):  # noqa: PTH110
            self.versions.keep(ours, seal_of(artifact.digest), staged)

    def _created(self, part: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        try:
            return os.open(part, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(self.staging, exist_ok=True)  # noqa: PTH103
            return os.open(part, flags, 0o666)

    def _created_once(self, staged: str) -> int:
        """A new staged file; -1 if there is one already: the same content, perhaps being put in place just now."""
        try:
            return self._created(staged)
        except FileExistsError:
            return -1

    def _left_behind(
        self, asset_key: AssetKey, partition_key: str, artifact: Artifact, stack: contextlib.ExitStack
    ) -> BinaryIO | None:
        """The recorded value where its writer was stopped before it was in place; it is put there now.

        A version that is kept is read where it is: perhaps a newer value is in place, and the record in hand is old.
        """
        target = self._place(asset_key, partition_key)
        place = address(asset_key, partition_key, portable=self.portable)
        aside = f"{self.staging}/{place_identity(place)}-{ASIDE}"
        for left in (self.staged(asset_key, partition_key, artifact.digest), aside):
            if (file := matching(Path(left), artifact, stack)) is not None:
                with contextlib.suppress(OSError):  # a store that cannot be written to can still be read
                    self._put(left, target)
                return file
        version = self.versions.find(identity(asset_key, partition_key), seal_of(artifact.digest))
        return None if version is None else matching(version, artifact, stack)

    def _place(self, asset_key: AssetKey, partition_key: str) -> str:
        return f"{self._top}/{address(asset_key, partition_key, portable=self.portable)}"

    def _put(self, staged: str, target: str) -> None:
        """Rename a staged file to its address, unless there is no such staged file (any more)."""
        try:
            os.replace(staged, target)  # noqa: PTH105
        except FileNotFoundError:
            if os.path.exists(staged):  # noqa: PTH110
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                self._put(staged, target)
        except NotADirectoryError:
            make_room(self, Path(target))
            self._put(staged, target)
        except OSError:
            if not os.path.isdir(target):  # noqa: PTH112
                raise
            os.replace(staged, f"{target}/{DISPLACED}")  # noqa: PTH105


def make_room(files: ValueFiles, target: Path) -> None:
    """Turn a value's file into a folder with this value in it, where a folder is needed.

    A changed definition has partitions there, or another asset, whose key begins with all of this one's.
    """
    file = next(folder for folder in reversed(target.parents) if folder.is_file())
    place = file.relative_to(files.folder) if file.is_relative_to(files.folder) else None
    if place is None or owner(place) is None:
        raise UnstorableValueError(f"{file} is in the way of {target}: move it elsewhere")
    aside = f"{files.staging}/{place_identity(place.as_posix())}-{ASIDE}"
    file.replace(aside)
    file.mkdir()
    os.replace(aside, file / DISPLACED)  # noqa: PTH105
