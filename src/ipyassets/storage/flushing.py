"""Waiting until the disk itself has what was written: what is begun early is waited for the less."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Self

from ipyassets.errors import UnwritableStoreError
from ipyassets.storage.threads import WAITING, together

try:
    import fcntl
except ImportError:  # Windows
    _WHOLLY = None
else:
    _WHOLLY = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone stops at the drive's cache
_CAN_BEGIN = hasattr(os, "posix_fadvise")
# What file systems of other systems, and of networks, answer that do not know of it.
_NOT_FOR_FOLDERS = (errno.EINVAL, errno.EBADF, errno.ENOTSUP)
# Files held open at a time: a process may often open no more than 256, and this is not all that it does.
_OPEN = 100
# From so many files on for each, threads pay: what they ask of the disk at the same moment, it does once.
_WORTH_A_THREAD = 4
# Windows flushes only what may be written to.
_ACCESS, _ASKED = (os.O_RDWR, os.W_OK) if os.name == "nt" else (os.O_RDONLY, os.R_OK)
_FLAGS = _ACCESS | getattr(os, "O_CLOEXEC", 0)


class Flush:
    """Files on their way to the disk: it takes them while other things are done, until one has to `wait` for it.

    Of very many, all but the last are waited for at once. Those that are no longer there are somebody else's by now.
    Raises UnwritableStoreError where the disk cannot take them.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._open: list[int] = []
        left = iter(paths)
        try:
            while some := list(islice(left, _OPEN)):
                self.wait()
                self._begin(some)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def wait(self) -> None:
        """Return once the disk has them."""
        if not self._open:
            return
        count = min(WAITING, len(self._open) // _WORTH_A_THREAD + 1)
        try:
            together(_flush_each, [self._open[start::count] for start in range(count)], WAITING)
            _flush_drive(self._open[-1])
        except OSError as error:
            raise _untaken(error) from error
        finally:
            self._close()

    def _begin(self, paths: Iterable[str]) -> None:
        try:
            for path in paths:
                try:
                    self._open.append(os.open(path, _FLAGS))
                except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    continue
            # Once all are open: handed over in one go they cost a third, and the journal takes most of them at once.
            for descriptor in self._open:
                begin_to_flush(descriptor)
        except OSError as error:
            raise _untaken(error) from error

    def _close(self) -> None:
        while self._open:
            os.close(self._open.pop())


def _flush_each(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.fsync(descriptor)


def _untaken(error: OSError) -> UnwritableStoreError:
    return UnwritableStoreError(f"the disk could not take what was staged: {error}")


def is_shut(path: str) -> bool:
    """Whether there is a file that this user cannot have flushed."""
    return os.path.exists(path) and not os.access(path, _ASKED)  # noqa: PTH110 - asked of many


def begin_to_flush(descriptor: int, start: int = 0, count: int = 0) -> None:
    """Have `count` bytes from `start` on, or all, go to the disk while other things are done, where that can be asked.

    What is waited for afterwards takes less.
    """
    if _CAN_BEGIN:  # Linux begins to write out what it is told will not be needed
        os.posix_fadvise(descriptor, start, count, os.POSIX_FADV_DONTNEED)


def flush_to_disk(descriptor: int) -> None:
    """Wait until the disk itself has what was written, as far as the operating system can tell."""
    os.fsync(descriptor)
    _flush_drive(descriptor)


def _flush_drive(descriptor: int) -> None:
    """Have the drive write what it has been given, of any file, where fsync alone does not see to it."""
    if _WHOLLY is not None:
        fcntl.fcntl(descriptor, _WHOLLY)


def flush_folders(folders: Iterable[str]) -> None:
    """Wait until the disk has the names in folders, where the operating system can be asked for that.

    Raises UnwritableStoreError where the disk cannot take them.
    """
    for folder in folders:
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:  # gone, or on Windows, which takes care of it by itself
            continue
        try:
            flush_to_disk(descriptor)
        except OSError as error:
            if error.errno not in _NOT_FOR_FOLDERS:
                raise _untaken(error) from error
        finally:
            os.close(descriptor)
