"""Names that one holder at a time has, among the processes of a machine, until it lets go of them or ends.

A name is held as a lock of one byte of a file, at a place worked out from the name. The operating system keeps it and
lets go of it when the process ends, so a kernel that dies leaves nothing behind to be cleaned up, and no clock is
asked.
"""

from __future__ import annotations

import os
import struct
import sys
import weakref
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from ipyassets.errors import UnwritableStoreError

# Two names that share a place would wait for one another, no more; even among a million there are hardly two.
_PLACES = 2**53


class LockFile:
    """What one holder has locked; another `LockFile` on the same path, here or elsewhere, is another holder.

    Names are hexadecimal digits. The file is made when the first is taken; UnwritableStoreError where it cannot be.
    Where somebody has deleted it, `follow` moves to the one that is there now, and `lost` are the names that somebody
    else had got by then. Once closed, and in a forked child, it begins anew with nothing.
    """

    def __init__(self, path: Path) -> None:
        self.lost: set[str] = set()
        self._path = str(path)
        self._held: set[str] = set()
        self._descriptor = -1
        self._guard = Lock()
        _ALL.add(self)

    def take(self, names: Iterable[str]) -> set[str]:
        """Take names; those that are now ours, the others being somebody else's."""
        with self._guard:
            if self._descriptor < 0:
                self._make()
            return {name for name in names if self._take(name)}

    def release(self, names: Iterable[str]) -> None:
        """Let go of names; those not held are no error."""
        with self._guard:
            for name in names:
                self.lost.discard(name)
                if name in self._held:
                    self._held.discard(name)
                    _unlock(self._descriptor, _place(name))

    def holds(self, name: str) -> bool:
        """Whether a name is ours."""
        return name in self._held

    def is_free(self, name: str) -> bool:
        """Whether nobody holds a name at this moment, as far as this user can see; makes no file."""
        with self._guard:
            if self._held:
                self._follow()
            elif not self._is_in_place():
                self._let_go()
                try:
                    self._open()
                except FileNotFoundError:
                    return True
                except PermissionError:
                    return False
            return name not in self._held and _is_free(self._descriptor, _place(name))

    @property
    def is_in_place(self) -> bool:
        """Whether nobody can have got what we hold: the file is still there, or nothing was ever taken."""
        return self._descriptor < 0 or self._is_in_place()

    def follow(self) -> None:
        """Move to the file that is there now, if ours was deleted."""
        with self._guard:
            if self._descriptor >= 0:
                self._follow()

    def close(self) -> None:
        """Let go of everything."""
        with self._guard:
            for name in self._held:
                _unlock(self._descriptor, _place(name))
            self._held.clear()
            self._let_go()

    def _take(self, name: str) -> bool:
        if name not in self._held and not _lock(self._descriptor, _place(name)):
            return False
        self._held.add(name)
        return True

    def _follow(self) -> None:
        while not self._is_in_place():
            self._let_go()
            self._make()
            gone = {name for name in self._held if not _lock(self._descriptor, _place(name))}
            self._held -= gone
            self.lost |= gone

    def _is_in_place(self) -> bool:
        try:
            return self._descriptor >= 0 and os.path.samestat(os.stat(self._path), self._status)  # noqa: PTH116 - asked often
        except FileNotFoundError:
            return False

    def _make(self) -> None:
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            self._open(os.O_CREAT)
        except OSError as error:
            raise UnwritableStoreError(
                f"{self._path} cannot be written to ({error.strerror}): nothing can be made, wiped or renamed here"
            ) from error

    def _open(self, create: int = 0) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | create | getattr(os, "O_CLOEXEC", 0), 0o666)
        self._status = os.fstat(self._descriptor)

    def _disown(self) -> None:
        """Forget everything without unlocking it: the locks are the parent's."""
        self._let_go()
        self._held.clear()
        self._guard = Lock()

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _place(name: str) -> int:
    return int(name, 16) % _PLACES


_ALL: weakref.WeakSet[LockFile] = weakref.WeakSet()


def _disown_all() -> None:
    for each in list(_ALL):
        each._disown()  # noqa: SLF001 - its own function


# A forked child would share the locks, and keep them after its parent's death.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_all)


try:
    import fcntl
except ImportError:
    import msvcrt

    def _lock(descriptor: int, place: int) -> bool:
        return _locking(descriptor, place, msvcrt.LK_NBLCK)  # type: ignore[attr-defined]  # on Windows

    def _unlock(descriptor: int, place: int) -> None:
        _locking(descriptor, place, msvcrt.LK_UNLCK)  # type: ignore[attr-defined]  # on Windows

    def _is_free(descriptor: int, place: int) -> bool:
        if not _lock(descriptor, place):
            return False
        _unlock(descriptor, place)
        return True

    def _locking(descriptor: int, place: int, how: int) -> bool:
        os.lseek(descriptor, place, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, how, 1)  # type: ignore[attr-defined]  # on Windows
        except OSError:
            return False
        return True
else:
    # macOS has such locks by now, with a `struct flock` of its own.
    _OF_THE_FILE = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLK")

    def _lock(descriptor: int, place: int) -> bool:
        return _locking(descriptor, place, fcntl.F_WRLCK)

    def _unlock(descriptor: int, place: int) -> None:
        _locking(descriptor, place, fcntl.F_UNLCK)

    def _is_free(descriptor: int, place: int) -> bool:
        if _OF_THE_FILE:
            # asked, not tried: two that look at the same moment would take one another for its holder
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK, place))
            return bool(struct.unpack_from("h", found)[0] == fcntl.F_UNLCK)
        if not _lock(descriptor, place):
            return False
        _unlock(descriptor, place)
        return True

    def _locking(descriptor: int, place: int, how: int) -> bool:
        try:
            if _OF_THE_FILE:
                # A lock of the open file, not of the process: two runs in one process exclude one another too, and
                # closing another descriptor of the file does not release it.
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _flock(how, place))
            else:
                flags = fcntl.LOCK_UN if how == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
                fcntl.lockf(descriptor, flags, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _flock(how: int, place: int) -> bytes:
        """A `struct flock`: type, whence, start, length, process."""
        return struct.pack("hhqqi4x", how, os.SEEK_SET, place, 1, 0)
