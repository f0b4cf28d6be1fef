"""One SQLite database, shared by the threads of a process and by several processes.

Its file is looked at before each use: where it was deleted, or another was put in its place, what is there now counts.
A file that is not there is empty, and made by the first write.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ipyassets.errors import UnwritableStoreError
from ipyassets.interrupt import shielded
from ipyassets.storage.schema import check, migrate
from ipyassets.storage.sqlite_errors import PATIENCE_SECONDS, explained

IN_MEMORY = ":memory:"
# Ends the name of a whole database that is about to be put in the place of a damaged one.
REPAIRED = ".repaired"

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Opened:
    """The connections to a database, and which file that was: None where there was none.

    There is no `writer` to what cannot be written to. A reader that takes no notice of others who write is `frozen` to
    what the file was then.
    """

    reader: sqlite3.Connection
    writer: sqlite3.Connection | None
    file: Stamp | None
    frozen: Stamp | None = None

    def is_current(self, path: Path) -> bool:
        """Whether nothing has come or gone since then."""
        if self.file != which_file(path):
            return False
        return self.frozen is None or (self.is_unchanged(path) and not is_in_use(path))

    def is_unchanged(self, path: Path) -> bool:
        """Whether a frozen reader has read what it was opened for."""
        return self.frozen is None or self.frozen == _extent(path)

    def close(self) -> None:
        """Let go of the file."""
        self.reader.close()
        if self.writer is not None:
            self.writer.close()


class Database:
    """A connection to write through and one to read through, so that nobody waits for a reader.

    `durable=False` leaves out waiting for the disk after each commit: a power cut may take the last commits, never tear
    one. `replaced` counts how often the file that was open had gone, or another had come in its place.
    """

    def __init__(self, path: str | Path, *, durable: bool = True) -> None:
        self.path = None if str(path) == IN_MEMORY else Path(path)
        self.replaced = 0
        self._durable = durable
        self._writing = threading.RLock()
        self._reading = self._writing if self.path is None else threading.RLock()
        with shielded():
            self._opened = self._open()

    @property
    def is_writable(self) -> bool:
        """Whether this user may write to the file; one that is not there is yet to be made."""
        return self._opened.writer is not None or self._opened.file is None

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection to read through, for this thread alone; no interrupt leaves it locked, or a query half read.

        Such a query would hold on to what the log was at that moment, for as long as anybody keeps the traceback.
        """
        with shielded():
            self._follow()
            with self._reading, explained(self.path):
                try:
                    yield self._opened.reader
                finally:
                    if self.path is not None and not self._opened.is_unchanged(self.path):
                        raise UnwritableStoreError(f"{self.path} was written to while it was read: ask again")

    @contextmanager
    def write(self, *, makes: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction, for this thread and this process alone: committed at the end, or undone if anything raises.

        A file that is not there is made, or else, where nothing is worth that, UnwritableStoreError is raised.
        """
        with shielded(), self._writing, explained(self.path):
            writer = self._begun(makes=makes)
            try:
                yield writer
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:  # a full disk may have ended it already
                    writer.execute("ROLLBACK")
                raise

    def pack(self, *, dry_run: bool) -> int:
        """Give back what the file holds in vain; the bytes this frees. Nobody can write meanwhile."""
        with self.read() as connection:
            [free] = connection.execute("PRAGMA freelist_count").fetchone()
            [size] = connection.execute("PRAGMA page_size").fetchone()
        if not dry_run and (self.path is None or self.path.exists()):
            with self._writing, explained(self.path):
                writer = self._to_write(makes=False)
                writer.execute("VACUUM")
                writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(free * size)

    def close(self) -> None:
        """Let go of the file."""
        with self._writing, self._reading:
            self._opened.close()

    def _begun(self, *, makes: bool) -> sqlite3.Connection:
        """The connection to write through, in a transaction on the file that is there now."""
        writer = self._opened.writer or self._to_write(makes=makes)
        while True:
            writer.execute("BEGIN IMMEDIATE")
            if self.path is None or self._opened.is_current(self.path):
                return writer
            writer.execute("ROLLBACK")  # it was replaced, perhaps while we waited for our turn
            writer = self._to_write(makes=makes)

    def _to_write(self, *, makes: bool) -> sqlite3.Connection:
        self._follow()
        if self.path is not None and self._opened.file is None:
            if not makes:
                raise UnwritableStoreError(f"{self.path} is gone")
            _make(self.path)
            self._follow()
        if self._opened.writer is None:
            raise UnwritableStoreError(f"{self.path} cannot be written to: nothing can be made, wiped or renamed here")
        return self._opened.writer

    def _follow(self) -> None:
        """Go on with the file that is there now, if that is no longer the one that is open."""
        if self.path is None or self._opened.is_current(self.path):
            return
        with self._writing, self._reading:
            if self._opened.is_current(self.path):
                return
            before, self._opened = self._opened, self._open()
            before.close()
            self.replaced += before.file not in (None, self._opened.file)

    def _open(self) -> _Opened:
        """What is there now."""
        if self.path is None:
            connection = self._empty()
            return _Opened(connection, connection, None)
        file = which_file(self.path)
        if file is None:
            return _Opened(self._empty(), None, None)
        if not (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)):
            return self._opened_to_read(self.path, file)
        with explained(self.path):
            writer = self._connect(self.path)
            migrate(writer, self.path)
            return _Opened(self._connect(self.path), writer, file)

    def _opened_to_read(self, path: Path, file: Stamp) -> _Opened:
        frozen = None if is_in_use(path) else _extent(path)
        with explained(path):
            connection = self._kept(connect_to_read(path, frozen=frozen is not None))
            check(connection, path)
        return _Opened(connection, None, file, frozen)

    def _empty(self) -> sqlite3.Connection:
        connection = self._connect(IN_MEMORY)
        migrate(connection, None)
        return connection

    def _connect(self, path: str | Path) -> sqlite3.Connection:
        # Threads take turns through our own locks, hence the check can go.
        connection = self._kept(
            sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
        )
        if path != IN_MEMORY:
            _use_write_ahead_log(connection)
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        connection.execute(f"PRAGMA fullfsync = {int(self._durable)}")  # macOS: as `flush_to_disk`
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _kept(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """A connection that is closed when this object is forgotten, if not before."""
        weakref.finalize(self, connection.close).atexit = False
        return connection


def connect_to_read(path: Path, *, frozen: bool) -> sqlite3.Connection:
    """A connection that leaves everything on disk as it is; a `frozen` one locks nothing and heeds no writer."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if frozen else ''}",
        uri=True,
        timeout=PATIENCE_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def is_in_use(path: Path) -> bool:
    """Whether somebody has a database open: there is a write-ahead file beside it, which reading needs too."""
    return path.with_name(f"{path.name}-wal").exists()


def which_file(path: Path) -> Stamp | None:
    """Which file is at a path now, whatever it was called before; None where there is none."""
    found = _status(path)
    return found and (found.st_dev, found.st_ino)


def _extent(path: Path) -> Stamp | None:
    """What tells whether a file was written to."""
    found = _status(path)
    return found and (found.st_size, found.st_mtime_ns)


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116  # a third less than pathlib takes, and asked before everything
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnwritableStoreError(f"{path} could not be looked at: {error.strerror}") from error


def _make(path: Path) -> None:
    """An empty file, unless there is one. Where a repaired log is being put in place, there is about to be one."""
    repaired = path.with_name(path.name + REPAIRED)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while repaired.exists():
        if path.exists():
            return
        if time.monotonic() > deadline:
            raise UnwritableStoreError(f"{path} is gone, and {repaired.name} not in its place yet: run repair() again")
        time.sleep(0.01)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise UnwritableStoreError(f"{path} cannot be made: {error.strerror}; choose another root") from error


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
