"""A file being written, hashed as it goes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from ipyassets.interrupt import checkpoint
from ipyassets.storage.flushing import begin_to_flush
from ipyassets.storage.signature import content_hash
from ipyassets.storage.threads import begin

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Handing a piece to the other thread pays from about here on.
_LARGE = 1 << 20
# Held in memory until the end: its hash is known before its file is made.
SMALL = 1 << 16
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
