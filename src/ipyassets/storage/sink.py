"""A file being written, hashed as it goes."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from ipyassets.storage.signature import content_hash

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Handing a piece to the other thread pays from about here on.
_LARGE = 1 << 20
# The most that one call may write: Linux stops at 2 GiB less a page.
_MOST = 1 << 30


class Sink(io.RawIOBase):
    """Takes bytes for a file: large pieces are written and hashed at the same time, and never copied."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._hash = content_hash()
        self.size = 0

    def write(self, data: Buffer, /) -> int:
        """Write all of `data`, however much."""
        view = memoryview(data).cast("B")
        if view.nbytes < _LARGE:
            self._hash.update(view)
            self._write_out(view)
        else:
            hashing = _helper().submit(self._hash.update, view)
            try:
                self._write_out(view)
            finally:
                hashing.result()
        self.size += view.nbytes
        return view.nbytes

    def _write_out(self, view: memoryview) -> None:
        while view.nbytes:
            view = view[os.write(self._descriptor, view[:_MOST]) :]

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
            os.close(self._descriptor)


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="ipyassets-hash")


if hasattr(os, "register_at_fork"):  # the threads stay behind in the parent
    os.register_at_fork(after_in_child=_helper.cache_clear)


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
