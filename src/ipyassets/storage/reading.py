"""Opening a value's file and comparing it with its record."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from blake3 import blake3

from ipyassets.events import Artifact
from ipyassets.interrupt import shielded
from ipyassets.storage.signature import content_of
from ipyassets.storage.threads import THREADS, together

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Up to here a file is read once, and what was compared is handed on: beyond, a value would be held in memory twice, and
# fresh memory costs more than hashing.
WHOLE = 1 << 20
# What is read in one go is copied by several threads from here on: most of what it takes is memory touched first.
_LARGE = 4 << 20 if hasattr(os, "preadv") else sys.maxsize
# So much at a time: interrupts come in between, and Linux stops at 2 GiB less a page.
_STRETCH = 128 << 20
# What is larger is hashed piece by piece, each on all processors; not mapped, because whoever cuts a mapped file short
# ends this process.
_PIECE = 2 << 20
_PROCESS = os.getpid()
# What says something about a file; any other error is about this process, or this moment.
OF_THE_FILE = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.EIO, errno.ENXIO})
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe in its place is not waited for


class ValueFile(io.FileIO):
    """A file open for reading, whose large pieces are read by several threads."""

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer, or its beginning if it is very large; how many bytes that were, 0 at the end of the file."""
        view = memoryview(buffer).cast("B")[:_STRETCH]
        if view.nbytes < _LARGE:
            return super().readinto(view) or 0
        # Whoever gave the buffer may free it once this raises: never while a thread is still filling it.
        with shielded():
            return self._read_in_parts(view)

    def _read_in_parts(self, view: memoryview) -> int:
        at, size = self.tell(), -(-view.nbytes // THREADS)
        starts = range(0, view.nbytes, size)
        counts = together(lambda start: self._fill(view[start : start + size], at + start), starts)
        whole = sum(1 for _ in takewhile(lambda count: count == size, counts))
        count = sum(counts[: whole + 1])  # what is beyond a part that fell short is not there either
        self.seek(at + count)
        return count

    def _fill(self, view: memoryview, at: int) -> int:
        done = 0
        while done < view.nbytes and (count := os.preadv(self.fileno(), [view[done:]], at + done)):
            done += count
        return done


def matching(path: str, artifact: Artifact, stack: ExitStack) -> BinaryIO | None:
    """A file that holds what an artifact says, open at its start until `stack` ends; None for any other, or for none.

    Up to WHOLE bytes it is a copy in memory of the very bytes that were compared, so that whoever writes into the file
    meanwhile changes nothing. A larger one is read a second time: between the two, somebody who may write into the
    store can change it.
    """
    file = _opened(path)
    if file is None:
        return None
    stack.enter_context(file)
    if artifact.size > WHOLE:
        # A buffered one asks again where the system reads less than it was asked for: of more than 2 GiB, for example.
        return stack.enter_context(io.BufferedReader(file)) if matches(file, artifact) else None
    if not _is_file_of(file, artifact.size):
        return None
    held = file.read(artifact.size)
    while len(held) < artifact.size and (more := file.read(artifact.size - len(held))):
        held += more
    return io.BytesIO(held) if blake3(held).hexdigest() == content_of(artifact.digest) else None


def holds(path: str, artifact: Artifact) -> bool:
    """Whether there is a file that can be read and holds what an artifact says."""
    try:
        file = _opened(path)
        if file is None:
            return False
        with file:
            return matches(file, artifact)
    except OSError as error:
        if error.errno in OF_THE_FILE:
            return False
        raise


def matches(file: io.FileIO, artifact: Artifact) -> bool:
    """Whether an open file holds what an artifact says; leaves the file at its start."""
    if not _is_file_of(file, artifact.size):
        return False
    found = content(file)
    file.seek(0)
    return found == content_of(artifact.digest)


def content(file: io.FileIO) -> str:
    """The content hash of an unbuffered file from here on; never holds more than a piece of it in memory."""
    size = os.fstat(file.fileno()).st_size
    if size <= WHOLE:
        return blake3(file.read()).hexdigest()
    digest = blake3(max_threads=_threads())
    piece = memoryview(bytearray(min(size, _PIECE)))
    while count := file.readinto(piece):
        digest.update(piece[:count])
    return digest.hexdigest()


def looked_at(path: str | Path) -> tuple[str, int] | None:
    """The content hash and the size of a file; None where there is none."""
    file = _opened(str(path))
    if file is None:
        return None
    with file:
        status = os.fstat(file.fileno())
        return (content(file), status.st_size) if stat.S_ISREG(status.st_mode) else None


@contextmanager
def by_path(file: BinaryIO, name: str) -> Iterator[Path]:
    """A path for whoever can only read by one: a copy, since other bytes may come to be at the path of the file."""
    with tempfile.TemporaryDirectory(prefix="ipyassets-") as folder:
        path = Path(folder, name)
        with path.open("wb") as copy:
            while piece := file.read(_PIECE):
                copy.write(piece)
        yield path


def _opened(path: str) -> ValueFile | None:
    try:
        return ValueFile(path, "rb", opener=_open)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS)


def _is_file_of(file: io.FileIO, size: int) -> bool:
    status = os.fstat(file.fileno())
    return status.st_size == size and stat.S_ISREG(status.st_mode)


def _threads() -> int:
    """All processors, but for a forked child: it would wait for threads that have stayed behind in its parent."""
    return blake3.AUTO if os.getpid() == _PROCESS else 1
