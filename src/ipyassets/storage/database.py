"""One SQLite database, shared by the threads of a process and by several processes."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipyassets.errors import DamagedLogError, IncompatibleLogError, UnwritableStoreError
from ipyassets.interrupt import shielded
from ipyassets.storage.schema import check, migrate

IN_MEMORY = ":memory:"
# How long a process waits for another one's transaction; ours last milliseconds.
PATIENCE_SECONDS = 30.0


class Database:
    """A connection to write through and one to read through, so that nobody waits for a reader.

    `durable=False` leaves out waiting for the disk after each commit: a power cut may take the last commits, never tear
    one.
    """

    def __init__(self, path: str | Path, *, durable: bool = True) -> None:
        self.path = None if str(path) == IN_MEMORY else Path(path)
        self._writing = threading.RLock()
        self.is_writable = _is_writable(self.path)
        if not self.is_writable:
            self._writer = self._reader = self._connect_to_read()
            self._reading = self._writing
            with _explained(self.path):
                check(self._reader, self.path)
            return
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with shielded(), _explained(self.path):
            self._writer = self._connect(durable=durable)
            migrate(self._writer, self.path)
        in_memory = self.path is None
        self._reader = self._writer if in_memory else self._connect(durable=durable)
        self._reading = self._writing if in_memory else threading.RLock()

    def _connect(self, *, durable: bool) -> sqlite3.Connection:
        with _explained(self.path):
            # Threads take turns through our own locks, hence the check can go.
            connection = sqlite3.connect(
                self.path or IN_MEMORY, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
            )
            if self.path is not None:
                _use_write_ahead_log(connection)
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("PRAGMA foreign_keys = ON")
            return connection

    def _connect_to_read(self) -> sqlite3.Connection:
        """A connection to a file that this user cannot write to."""
        assert self.path is not None  # noqa: S101 - memory can always be written to
        # Beside a log that nobody has open there is no write-ahead file, and then nothing needs to be locked.
        alone = "" if self.path.with_name(self.path.name + "-wal").exists() else "&immutable=1"
        with _explained(self.path):
            return sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro{alone}",
                uri=True,
                timeout=PATIENCE_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection to read through, for this thread alone; no interrupt leaves it locked, or a query half read.

        Such a query would hold on to what the log was at that moment, for as long as anybody keeps the traceback.
        """
        with shielded(), self._reading, _explained(self.path):
            yield self._reader

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction, for this thread and this process alone: committed at the end, or undone if anything raises."""
        if not self.is_writable:
            raise UnwritableStoreError(f"{self.path} cannot be written to: nothing can be made, wiped or renamed here")
        with shielded(), self._writing, _explained(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk may have ended it already
                    self._writer.execute("ROLLBACK")
                raise

    def pack(self, *, dry_run: bool) -> int:
        """Give back what the file holds in vain; the bytes this frees. Nobody can write meanwhile."""
        with self._writing, _explained(self.path):
            free, size = (
                self._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size")
            )
            if not dry_run:
                self._writer.execute("VACUUM")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return int(free * size)

    def close(self) -> None:
        """Let go of the file."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()


def _is_writable(path: Path | None) -> bool:
    """Whether this user may write to a log, or make it where there is none: its folder matters as much as the file."""
    if path is None or not path.exists():
        return True
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself when two processes do so at the same moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    """SQLite's errors as ours, where they say something about the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            raise IncompatibleLogError(f"{path} is not an event log: move it away, or choose another root") from error
        # Our statements are right: where they do not fit the tables, or text is no text, the file has changed.
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR) or "decode" in str(error):
            raise DamagedLogError(f"{path} is damaged ({error}): repair() saves what can be read of it") from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise UnwritableStoreError(f"{path} could not be written or read: {error}") from error
        raise
