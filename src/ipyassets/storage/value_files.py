"""Files of values: written aside, put in place once recorded, and verified before they are read.

A value goes through four steps, with the event log between the last two:

    stage      the file is written under a name of nobody's; complete, it is named by its seal, in a dotted folder.
               A small one is complete in memory: it has that name from the start
    flush      the disk has it: small ones of a group together, which costs a fraction of one by one, and while the log
               writes what it is going to record. Of few small ones the log has the bytes as well, and the disk their
               files later: see `carrying`
    (append)   the log has recorded the artifact: this is the moment from which the value is the partition's
    publish    the file is renamed to the partition's address; asked for, what it replaces is kept as a version

Everything that moves, keeps, signs or deletes a value holds to six rules, so that nothing is lost or confused whatever
is cut short, by a signal or by the power:

1.  The log says which value is whose. A file that it does not know is nobody's; one that it knows is found wherever it
    lies: in place, aside, or among the versions.
2.  A name proves nothing. Whoever has not written a file himself compares it with a record, byte by byte, before he
    reads it, publishes it or brings it back; what is merely moved keeps its record, and is compared when it is read.
3.  Whoever changes a partition's files holds its claim, from the last look at the log until he is done: runs, and all
    of housekeeping. Readers hold none, and change nothing.
4.  A value is recorded only once it is complete and named, and on disk where that was asked for, or else carried by
    the log.
5.  Bytes go only once it is certain that nobody needs them: the record says that the value is gone, or what takes its
    place is there, or nobody has recorded them and their writer is long dead.
6.  The key signs what was written here, what a person has let in by name, and what it had signed before; never bytes
    that just happen to lie somewhere.

A value that was recorded and not put in place, because its writer was stopped, is put there by the next run, and by all
of housekeeping before it does anything else: see `put_in_place` in `storage.staging`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, NotMaterializedError, UntrustedPartitionError
from ipyassets.events import Artifact
from ipyassets.storage.flushing import Flush
from ipyassets.storage.paths import ASIDE, DISPLACED, address, identity, partition_path, place_identity
from ipyassets.storage.placing import duplicate, is_link, put, refuse_outside, remove_empty, unlink
from ipyassets.storage.presence import look
from ipyassets.storage.reading import OF_THE_FILE, matching
from ipyassets.storage.signature import NOT_SIGNED, Signer, content_of, key_id_of, seal_of
from ipyassets.storage.sink import SMALL, Sink
from ipyassets.storage.staging import STAGING, NewFile, partial_of, staged_of
from ipyassets.storage.versions import Versions

CHANGED = "its file is not what was stored"
GONE = "its file is gone"
UNREADABLE = "its file cannot be read"
# With these it depends on who is looking.
_OF_THE_READER = frozenset({errno.EACCES, errno.EPERM})
_LET_IN = "trust() lets it in"


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

        A large value is on disk on return, because whoever stages it may do so beside others; the others are
        `unflushed`. Raises UnstorableValueError where a link leads out of the folder of all values.
        """
        place = self._place(asset_key, partition_key)
        self._refuse_outside(place)
        ours = f"{self.staging}/{identity(asset_key, partition_key)}"
        new = NewFile(ours)
        try:
            with Sink(new.begin, durable=self.durable) as sink:
                dump(sink)
                digest = self.signer.digest(asset_key, partition_key, sink.content())
                staged = f"{ours}-{seal_of(digest)}"
                if sink.is_small:
                    sink.begin(new.begin_as(staged))
            artifact = Artifact(place[len(self._top) + 1 :], sink.size, digest)
            new.finish(staged, artifact)
        except BaseException:
            new.drop()
            raise
        if self.durable and artifact.size > SMALL:
            # After it was named: the flush takes the name to disk along with the content.
            Flush([staged]).wait()
        return artifact

    def stage_again(self, asset_key: AssetKey, partition_key: str, digest: str, file: str | Path) -> None:
        """Have what a file holds staged as a value with that digest; FileNotFoundError where there is no such file."""
        os.makedirs(self.staging, exist_ok=True)  # noqa: PTH103
        staged = self.staged(asset_key, partition_key, digest)
        duplicate(str(file), staged, partial_of(f"{self.staging}/{identity(asset_key, partition_key)}"))
        os.utime(staged)  # it is not what a writer left long ago

    def unflushed(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> list[str]:
        """The files of staged values that the disk may not have yet, and is to have."""
        if not self.durable:
            return []
        return [self.staged(asset_key, key, each.digest) for key, each in artifacts.items() if each.size <= SMALL]

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> None:
        """Put staged values in place; those that are there already are left alone.

        They are not compared with their records again: whoever calls this has staged them, or has just compared them.
        """
        if self.kept:  # a version may stay longer than the log carries its bytes
            Flush(self.unflushed(asset_key, artifacts)).wait()
        for partition_key, artifact in artifacts.items():
            staged = self.staged(asset_key, partition_key, artifact.digest)
            place = self._place(asset_key, partition_key)
            self._refuse_outside(place)
            if self.kept:
                before, ours = str(self.path(asset_key, partition_key)), identity(asset_key, partition_key)
                self.versions.keep_both(ours, before, staged, content_of(artifact.digest))
            put(staged, place, self.folder, self.staging)

    @contextmanager
    def verified(self, asset_key: AssetKey, partition_key: str, artifact: Artifact | None) -> Iterator[BinaryIO]:
        """The file of a value, open at its start, after it was found to be what the log recorded.

        Up to a megabyte these are the bytes that were compared, see `reading.matching`. Nothing is changed. Raises
        NotMaterializedError where there is neither file nor record, UntrustedPartitionError for a file without a record
        or one signed by another key, DamagedPartitionError where the file is gone, has changed or cannot be read.
        """
        name = asset_key.quoting(partition_key)
        if artifact is None:
            path = self.path(asset_key, partition_key)
            if path.is_file():
                why = f"nobody has recorded who made {name}, or it is being wiped"
                raise UntrustedPartitionError(f"{why}: {path} is not read; {_LET_IN}")
            raise NotMaterializedError(f"{name} is not materialized: nothing is stored at {path}")
        if not self.signer.signed(asset_key, partition_key, artifact.digest):
            message = f"{name} is not signed by you: {self.path(asset_key, partition_key)} is not unpickled; {_LET_IN}"
            forged = artifact.digest if key_id_of(artifact.digest) == self.signer.key_id else ""
            raise UntrustedPartitionError(message, asset_key, partition_key, NOT_SIGNED, forged)
        with contextlib.ExitStack() as stack:
            reason, about = "", artifact.digest
            for source in self.sources(asset_key, partition_key, artifact):
                try:
                    file = matching(source, artifact, stack)
                except OSError as error:
                    if error.errno not in OF_THE_FILE:
                        raise
                    reason = f"{UNREADABLE}: {error.strerror}"
                    about = "" if error.errno in _OF_THE_READER else about
                    continue
                if file is not None:
                    break
            else:
                path = self.path(asset_key, partition_key)
                reason = reason or (CHANGED if path.is_file() else GONE)
                message = f"{name}: {reason}: {path}; materialize it again"
                raise DamagedPartitionError(message, asset_key, partition_key, reason, about)
            yield file

    def sources(self, asset_key: AssetKey, partition_key: str, artifact: Artifact) -> Iterator[str]:
        """Wherever a recorded value may lie, the likeliest place first."""
        place = self._place(asset_key, partition_key)
        yield place
        yield f"{place}/{DISPLACED}"
        yield self.staged(asset_key, partition_key, artifact.digest)
        yield self.aside(asset_key, partition_key)
        yield from map(str, self.versions.find(identity(asset_key, partition_key), artifact.digest))
        # Between these looks its writer may have put it in place.
        yield place
        yield f"{place}/{DISPLACED}"

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a file, by listing folders; the key "" asks for the asset without partitions."""
        return look(self, asset_key, lambda: partition_keys).found

    def extent(self, asset_key: AssetKey, partition_key: str) -> tuple[int, int]:
        """How many files a partition has, in place or else staged, and their bytes, those of its versions included.

        Raises UnstorableValueError where a link leads out of the folder of all values: `delete` would, too.
        """
        ours, place = identity(asset_key, partition_key), self._place(asset_key, partition_key)
        self._refuse_outside(place)
        sizes = _sizes([place]) or _sizes([f"{place}/{DISPLACED}"])
        if not sizes:
            sizes = _sizes(f"{self.staging}/{name}" for name in staged_of(self.staging, {ours}))
        return len(sizes), self.versions.size(ours) + sum(sizes)

    def delete(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Delete the values of partitions, staged or in place, with their versions; what is not there is no error.

        Raises UnstorableValueError, and deletes nothing, where a link leads out of the folder of all values.
        """
        partition_keys = list(partition_keys)
        for key in partition_keys:
            self._refuse_outside(self._place(asset_key, key))
        owners = {identity(asset_key, key): key for key in partition_keys}
        folders = set()
        for name in staged_of(self.staging, owners):
            unlink(f"{self.staging}/{name}")
        for ours, key in owners.items():
            unlink(self.aside(asset_key, key))
            place = self._place(asset_key, key)
            if os.path.isdir(place):  # noqa: PTH112
                place = f"{place}/{DISPLACED}"
            unlink(place)
            folders.add(place.rpartition("/")[0])
            self.versions.discard(ours)
        remove_empty(map(Path, folders), self.folder)

    def staged(self, asset_key: AssetKey, partition_key: str, digest: str) -> str:
        """Where a value with that digest is before it is put in place."""
        return f"{self.staging}/{identity(asset_key, partition_key)}-{seal_of(digest)}"

    def aside(self, asset_key: AssetKey, partition_key: str) -> str:
        """Where a value is while it is moved out of the way of a folder."""
        return f"{self.staging}/{place_identity(address(asset_key, partition_key, portable=self.portable))}-{ASIDE}"

    def _place(self, asset_key: AssetKey, partition_key: str) -> str:
        return f"{self._top}/{address(asset_key, partition_key, portable=self.portable)}"

    def _refuse_outside(self, place: str) -> None:
        end = len(self._top)
        while (end := place.find("/", end + 1)) > 0:
            if is_link(place[:end]):  # asked every time: a folder may be moved, and a link left in its place
                refuse_outside(place.rpartition("/")[0], self.folder)
                return


def _sizes(files: Iterable[str]) -> list[int]:
    """How long those files are that are there."""
    found = []
    for file in files:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = os.stat(file)  # noqa: PTH116
            if stat.S_ISREG(status.st_mode):
                found.append(status.st_size)
    return found
