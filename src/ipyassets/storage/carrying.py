"""Small values that the log carries along with their records, until the disk has their files.

What storing a small value takes is waiting for the disk: once for its file, and once for its record. A single wait will
do where the record holds the bytes as well. Once there are many of them, or a run has ended, the disk is made to have
all their files, which takes a fraction of a wait for each; then the log forgets the bytes.

A power cut may take files whose bytes the log has: whoever opens it next writes them again. They come to lie aside,
where every recorded value is looked for, and from where the next run puts them in place.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from blake3 import blake3

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError, IpyassetsError
from ipyassets.events import Artifact, Event, Place
from ipyassets.interrupt import shielded
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.flushing import Flush, flush_folders, flush_to_disk, is_shut
from ipyassets.storage.paths import DISPLACED, identity
from ipyassets.storage.placing import is_inside
from ipyassets.storage.reading import holds, looked_at
from ipyassets.storage.signature import Signer, content_of, key_id_of, seal_of
from ipyassets.storage.sink import Sink
from ipyassets.storage.staging import STAGING, NewFile
from ipyassets.storage.threads import begin

# Of more that are recorded together, flushing takes less.
FEW = 8
# Bytes of a value: from here on the log takes as long for them as the disk for a file.
LARGEST = 1 << 14
# So many wait for their files at most.
MANY = 256


class Recorder:
    """Records events, and puts their values in place, one batch at a time: whatever is cut short, log and files agree.

    The disk has a value, in its file or with its record, before its record counts. `signer` is that of whoever will
    open the log again.
    """

    def __init__(self, log: Callable[[], SqliteEventLog], signer: Callable[[], Signer]) -> None:
        self._log = log
        self._signer = signer
        self._carried: list[int] = []  # events
        self._recording = threading.RLock()
        self._delivering = threading.Lock()

    def record(self, events: Sequence[Event], unflushed: Iterable[str], publish: Callable[[], None]) -> None:
        """Record events whose staged files the disk may not have yet, and have `publish` put these in place."""
        log = self._log()
        carried, others = carry(log, events, unflushed, self._signer)
        with Flush(others) as flush, self._recording:
            first = log.append(events, before_commit=flush.wait, carried=carried)
            self._carried += [first + i for i in carried]
            publish()
        if len(self._carried) >= MANY:
            self.deliver()

    def deliver(self) -> None:
        """Wait until the disk has the file of every value recorded here.

        The log goes on to carry what the disk does not take, for whoever opens it next: that is no reason to raise.
        """
        with shielded(), self._delivering:  # somebody else may be about to
            with self._recording:
                events, self._carried = self._carried, []
            if events:
                with contextlib.suppress(IpyassetsError, OSError):
                    deliver(self._log(), events)

    def deliver_soon(self) -> None:
        """The same on another thread, for nobody to wait for."""
        if self._carried:
            begin(Recorder.deliver, self)


@dataclass(frozen=True, slots=True)
class _Carried:
    """A value that a log carries: of which event it is, whether it stands by whichever record, and whose it is."""

    event: int
    stands: bool
    value: bytes
    asset_key: AssetKey
    partition_key: str
    artifact: Artifact

    def files(self, root: Path) -> tuple[str, str, str]:
        """Wherever its file may be, in the order in which it gets there."""
        assert self.artifact.place is not None  # noqa: S101  # or it would not be carried
        place = f"{root}/{self.artifact.place.location}/{self.artifact.path}"
        return _staged(root, self.asset_key, self.partition_key, self.artifact), place, f"{place}/{DISPLACED}"


def carry(
    log: SqliteEventLog, events: Sequence[Event], unflushed: Iterable[str], signer: Callable[[], Signer]
) -> tuple[dict[int, bytes], Collection[str]]:
    """The values that the log is to carry, by the position of their events, and the files that are to be flushed.

    Carried are few small values, in files below the folder that the log is in, that `recover` will find signed: an I/O
    manager may have a key of its own. Windows replaces no file that is open, as while it is flushed later.
    """
    files = list(unflushed)
    if log.database.path is None or not 0 < len(files) <= FEW or os.name == "nt":
        return {}, files
    root, others, carried = log.database.path.parent, set(files), dict[int, bytes]()
    for i, event in enumerate(events):
        artifact = event.artifact
        if artifact is None or artifact.size > LARGEST or not _is_below(artifact):
            continue
        staged = _staged(root, event.asset_key, event.partition_key, artifact)
        is_ours = staged in others and key_id_of(artifact.digest) == signer().key_id
        if is_ours and len(value := _content(staged)) == artifact.size:
            carried[i] = value
            others.remove(staged)
    return carried, others


def deliver(log: SqliteEventLog, events: Sequence[int]) -> None:
    """Wait until the disk has the files of values that the log carries for some events, and have it forget these.

    It does not forget those whose files somebody has shut to this user.
    """
    if log.database.path is None or not events:
        return
    root = log.database.path.parent
    files: list[str] = []
    done: list[tuple[int, str]] = []
    for each in _carried(log, events):
        there = _there(*each.files(root))
        if not any(map(is_shut, there)):
            files += there
            done.append((each.event, each.artifact.path))
    if not done:
        return
    Flush(files).wait()
    flush_folders({file.rpartition("/")[0] for file in files})
    with log.database.write(makes=False) as connection:
        # One that was renamed meanwhile may have gone before it was flushed.
        forget = "DELETE FROM carried WHERE event = (SELECT id FROM event WHERE id = ? AND path = ?)"
        connection.executemany(forget, done)


def _there(staged: str, place: str, displaced: str) -> list[str]:
    """Which of the files of a value to flush: it may be put in place meanwhile, so that place comes last."""
    there = [staged] if os.path.exists(staged) else []  # noqa: PTH110 - asked of many
    return [*there, displaced if os.path.isdir(place) else place]  # noqa: PTH112


def recover(log: SqliteEventLog, signer: Callable[[], Signer]) -> None:
    """Write the files again that a power cut took while the log still had their bytes.

    Only what was signed by whoever opens the log, and only below its folder; the rest is left to its owner. Where the
    disk takes nothing, the log carries on.
    """
    if log.database.path is None or not log.database.is_writable:
        return
    root = log.database.path.parent
    there: list[int] = []
    lost: list[int] = []
    with contextlib.suppress(IpyassetsError, OSError):
        for each in _carried(log):
            (there if not each.stands or _is_there(each, root) else lost).append(each.event)
        if lost:
            with log.database.write(makes=False):  # nobody makes, wipes or renames any of them meanwhile
                again = _carried(log, lost)
                there += [each.event for each in again if not each.stands or _is_written(each, log, signer)]
        deliver(log, there)


def _is_there(each: _Carried, root: Path) -> bool:
    """Whether a value has its file."""
    with contextlib.suppress(OSError):  # says nothing about others
        return any(holds(file, each.artifact) for file in each.files(root))
    return False


def _is_written(each: _Carried, log: SqliteEventLog, signer: Callable[[], Signer]) -> bool:
    """Whether a value has its file, by now at the latest."""
    assert log.database.path is not None  # noqa: S101  # or nothing would be carried
    root, digest = log.database.path.parent, each.artifact.digest
    if _is_there(each, root):
        return True
    staged, *places = each.files(root)
    with contextlib.suppress(IpyassetsError, OSError):
        is_whole = blake3(each.value).hexdigest() == content_of(digest)
        if not (is_whole and is_inside(staged, root) and signer().signed(each.asset_key, each.partition_key, digest)):
            return False
        history = log.history(each.asset_key, each.partition_key)
        earlier = {content_of(event.artifact.digest) for event in history if event.artifact}
        if all(_is_left(file, each.value, earlier) for file in places):
            _write(each, staged)
            return True
    return False


def _is_left(file: str, value: bytes, earlier: Collection[str]) -> bool:
    """Whether a power cut leaves this of a value: no file, an earlier one, a part, or zeros in place of what it lacks.

    Anything else was put there by hand, and would be lost for a value that is written again.
    """
    found = looked_at(file)
    if found is None or found[0] in earlier:
        return True
    there = _content(file)
    return len(there) <= len(value) and all(byte in (0, whole) for byte, whole in zip(there, value, strict=False))


def _write(each: _Carried, staged: str) -> None:
    """Write a value aside."""
    new = NewFile(staged.rpartition("-")[0])
    try:
        with Sink(new.begin) as sink:
            sink.write(each.value)
            sink.begin(new.begin())
            flush_to_disk(sink.fileno())
        new.finish(staged, each.artifact)
    except BaseException:
        new.drop()
        raise


def _carried(log: SqliteEventLog, events: Sequence[int] | None = None) -> Iterator[_Carried]:
    """What a log carries, for some events or all."""
    among = "" if events is None else "WHERE carried.event IN (SELECT value FROM json_each(?))"
    with log.database.read() as connection:
        rows = connection.execute(
            f"""SELECT carried.event, standing.digest IS event.digest, carried.value,
                    asset.key, event.partition, event.path, event.size, event.digest, place.location, place.manager
                FROM carried CROSS JOIN event ON event.id = carried.event CROSS JOIN asset ON asset.id = event.asset
                CROSS JOIN place ON place.id = event.place
                LEFT JOIN latest ON latest.asset = event.asset AND latest.partition = event.partition
                LEFT JOIN event AS standing ON standing.id = latest.made {among}""",  # noqa: S608 - constants
            () if events is None else (json.dumps(events),),
        ).fetchall()
    known = lru_cache(AssetKey.from_db_string)
    for event, stands, value, asset, partition, path, size, digest, *place in rows:
        with contextlib.suppress(TypeError, ValueError, InvalidDefinitionError):  # damaged: see `repair`
            artifact = Artifact(path, size, digest, Place(*place))
            if _is_below(artifact) and isinstance(value, bytes):
                yield _Carried(event, bool(stands), value, known(asset), partition, artifact)


def _is_below(artifact: Artifact) -> bool:
    """Whether a value belongs below the folder that the log is in."""
    place = artifact.place
    if place is None or not place.location or ":" in place.location:
        return False
    path = f"{place.location}/{artifact.path}"
    is_plain = "\0" not in path and seal_of(artifact.digest).isalnum()  # a staged file has it in its name
    return is_plain and not path.startswith("/") and ".." not in path.split("/")


def _staged(root: Path, asset_key: AssetKey, partition_key: str, artifact: Artifact) -> str:
    """Where a value is before it is put in place; see `ValueFiles.staged`."""
    assert artifact.place is not None  # noqa: S101  # asked before
    folder = f"{root}/{artifact.place.location}/{STAGING}"
    return f"{folder}/{identity(asset_key, partition_key)}-{seal_of(artifact.digest)}"


def _content(file: str) -> bytes:
    """The bytes of a small file; none of one that somebody else has just put in place."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return b""
    try:
        return os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
