"""Opening a value's file and comparing it with its record."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from ipyassets.events import Artifact
from ipyassets.storage.signature import content_of

# The hash of a piece this large is worked out on all processors.
_PIECE = 8 << 20
# From here on a file is read piece by piece; not mapped, because whoever cuts a mapped file short ends this process.
_LARGE = 1 << 20


def matching(path: Path, artifact: Artifact, stack: ExitStack) -> BinaryIO | None:
    """A file that holds what an artifact says, open at its start and unbuffered until `stack` ends; None otherwise."""
    try:
        file = stack.enter_context(path.open("rb", buffering=0))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return file if matches(file, artifact) else None


def matches(file: BinaryIO, artifact: Artifact) -> bool:
    """Whether a file holds what an artifact says; leaves the file at its start."""
    if os.fstat(file.fileno()).st_size != artifact.size:
        return False
    found = content(file)
    file.seek(0)
    return found == content_of(artifact.digest)


def content(file: BinaryIO) -> str:
    """The content hash of an unbuffered file from here on; never holds more than a piece of it in memory."""
    size = os.fstat(file.fileno()).st_size
    if size < _LARGE:
        return blake3(file.read()).hexdigest()
    digest = blake3(max_threads=blake3.AUTO)
    piece = memoryview(bytearray(min(size, _PIECE)))
    while count := file.readinto(piece):  # type: ignore[attr-defined]  # unbuffered, hence a FileIO
        digest.update(piece[:count])
    return digest.hexdigest()
