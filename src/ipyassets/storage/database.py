"""One SQLite database, shared by the threads of a process and by several processes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipyassets.errors import DamagedLogError, IncompatibleLogError
from ipyassets.storage.schema import migrate

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
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._connect(durable=durable)
        self._writing = threading.RLock()
        with _explained(self.path):
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

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection to read through, for this thread alone."""
        with self._reading, _explained(self.path):
            yield self._reader

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction, for this thread and this process alone: committed at the end, or undone if anything raises."""
        with self._writing, _explained(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

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
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise IncompatibleLogError(f"{path} is not an event log: move it away, or choose another root") from error
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
            raise DamagedLogError(f"{path} is damaged ({error}): repair_log() saves what can be read of it") from error
        raise
