"""What goes wrong with a SQLite file, in our words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ipyassets.errors import (
    DamagedLogError,
    IncompatibleLogError,
    InvalidInvocationError,
    IpyassetsError,
    UnwritableStoreError,
)

# How long a process waits for another one's transaction; ours last milliseconds.
PATIENCE_SECONDS = 30.0
_NO_ACCESS = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
)


class explained:  # noqa: N801 - reads as a statement
    """SQLite's errors as ours, where they say something about the file. A class, as `shielded` is."""

    __slots__ = ("_path",)

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.DatabaseError) and (ours := _told(self._path, error)) is not None:
            raise ours from error


def _told(path: Path | None, error: sqlite3.DatabaseError) -> IpyassetsError | None:
    """An error of SQLite as ours; None for one that says nothing about the file."""
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return InvalidInvocationError(f"{path} was let go of: its instance is closed, ask another")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return IncompatibleLogError(f"{path} is not an event log: move it away, or choose another root")
    # Our statements are right: where they do not fit the tables, or text is no text, the file has changed.
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR) or "decode" in str(error):
        return DamagedLogError(f"{path} is damaged ({error}): repair() saves what can be read of it")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return UnwritableStoreError(
            f"{path} is kept locked by another program, for longer than {PATIENCE_SECONDS:g} s: try again when it is"
            " done"
        )
    if code in _NO_ACCESS:
        return UnwritableStoreError(f"{path} could not be written or read: {error}")
    return None
