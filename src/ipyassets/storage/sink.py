"""A file being written, hashed as it goes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from ipyassets.errors import UnwritableStoreError
from ipyassets.interrupt import checkpoint
from ipyassets.storage.signature import content_hash
from ipyassets.storage.threads import begin

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Handing a piece to the other thread pays from about here on.
_LARGE = 1 << 20
# Held in memory until the end: its hash is known before its file is made.
SMALL = 1 << 16
# Files held open at a time: a process may often open no more than 256, and this is not all that it does.
_OPEN = 100
# The most that one call writes: interrupts come in between, and Linux stops at 2 GiB less a page.
_PIECE = 1 << 25


class Sink(io.RawIOBase):
    """Takes bytes for a file: large pieces are written and hashed at the same time, and never copied.

    The file is made, by `create`, once there is more than fits into memory easily: a small value is whole before it has
    a name. A `durable` one is on its way to the disk while it is being written, so that there is less to wait for.
    """

    def __init__(self, create: Callable[[], int], *, durable: bool = False) -> None:
        self._create = create
        self._durable = durable
        self._descriptor = -1
        self._pending = bytearray()
        self._hash = content_hash()
        self._on_its_way = 0
        self.size = 0

    @property
    def is_small(self) -> bool:
        """Whether everything so far is in memory, and no file has been made."""
        return self._descriptor < 0

    def write(self, data: Buffer, /) -> int:
        """Write all of `data`, however much; an interrupt may come in between: a value half written leaves nothing."""
        view = memoryview(data).cast("B")
        if self.is_small and self.size + view.nbytes <= SMALL:
            self.size += view.nbytes
            self._hash.update(view)
            self._pending += view
            return view.nbytes
        if self.is_small:
            self.begin(self._create())
        for start in range(0, view.nbytes, _PIECE):
            checkpoint()
            self._write_piece(view[start : start + _PIECE])
        return view.nbytes

    def begin(self, descriptor: int) -> None:
        """Go on with a file: what was held in memory is written to it."""
        self._descriptor = descriptor
        self._write_out(memoryview(self._pending))
        self._pending = bytearray()

    def _write_piece(self, view: memoryview) -> None:
        self.size += view.nbytes
        if view.nbytes < _LARGE:
            self._hash.update(view)
            self._write_out(view)
            return
        hashing = begin(self._hash.update, view)
        try:
            self._write_out(view)
        finally:
            hashing.result()

    def _write_out(self, view: memoryview) -> None:
        while view.nbytes:
            view = view[os.write(self._descriptor, view) :]
        if self._durable and self.size - self._on_its_way >= _LARGE:
            begin_to_flush(self._descriptor, self._on_its_way, self.size - self._on_its_way)
            self._on_its_way = self.size

    def content(self) -> str:
        """The hash of everything written so far."""
        return self._hash.hexdigest()

    def fileno(self) -> int:
        """The descriptor, for what only the operating system can do."""
        return self._descriptor

    def writable(self) -> bool:
        """It is all it is for."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self.size

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            super().close()
            if self._descriptor >= 0:
                os.close(self._descriptor)


def begin_to_flush(descriptor: int, start: int = 0, count: int = 0) -> None:
    """Have `count` bytes from `start` on, or all, go to the disk while other things are done, where that can be asked.

    What is waited for afterwards takes less.
    """
    if hasattr(os, "posix_fadvise"):  # which begins to write out what it is told will not be needed
        os.posix_fadvise(descriptor, start, count, os.POSIX_FADV_DONTNEED)


def flush_to_disk(descriptor: int) -> None:
    """Wait until the disk itself has what was written, as far as the operating system can tell."""
    try:
        import fcntl
    except ImportError:
        os.fsync(descriptor)
        return
    if (full := getattr(fcntl, "F_FULLFSYNC", None)) is not None:  # macOS: fsync alone stops at the drive's cache
        fcntl.fcntl(descriptor, full)
    else:
        os.fsync(descriptor)


def flush_together(paths: Iterable[str]) -> None:
    """Wait until the disk has several files; those that are no longer there are somebody else's by now.

    So many as may be open are handed to the disk before the first of them is waited for: its journal then takes most of
    them in one go. Raises UnwritableStoreError where the disk cannot take them.
    """
    left = iter(paths)
    while some := list(islice(left, _OPEN)):
        _flush(some)


def _flush(paths: Sequence[str]) -> None:
    descriptors = []
    try:
        for path in paths:
            # Windows flushes only what may be written to
            with suppress(FileNotFoundError):
                descriptors.append(os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)))
        if len(descriptors) > 1:  # a single one is waited for anyway
            for descriptor in descriptors:
                begin_to_flush(descriptor)
        for descriptor in descriptors:
            flush_to_disk(descriptor)
    except OSError as error:
        raise UnwritableStoreError(f"the disk could not take what was staged: {error}") from error
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def flush_folders(folders: Iterable[str]) -> None:
    """Wait until the disk has the names in folders, where the operating system can be asked for that."""
    for folder in folders:
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:  # gone, or on Windows, which takes care of it by itself
            continue
        try:
            flush_to_disk(descriptor)
        finally:
            os.close(descriptor)
