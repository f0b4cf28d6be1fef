"""Who is making a partition: claims that several processes respect, and that end with their holder.

A claim is a lock of one byte of a file, at a place worked out from the partition's name. The operating system keeps it
and lets go of it when the process ends, so a kernel that dies leaves nothing behind to be cleaned up, and no clock is
asked.
"""

from __future__ import annotations

import os
import struct
import weakref
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.paths import identity

# Two partitions that share a place would wait for one another, no more; even among a million there are hardly two.
_PLACES = 2**53


class Claims:
    """What one run has claimed of a store; another `Claims` on the same folder, here or elsewhere, is another run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(folder / "claims.lock", flags, 0o666)
        self._held: set[int] = set()
        self._guard = Lock()
        # A forked child would share the locks and keep them after its parent's death.
        ours = weakref.ref(self)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: _forget(ours))

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """Claim partitions; those that are now ours, the others being made by somebody else."""
        with self._guard:
            return [key for key in partition_keys if self._take(_place(identity(asset_key, key)))]

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Let go of partitions; those not held are no error."""
        with self._guard:
            for key in partition_keys:
                place = _place(identity(asset_key, key))
                if place in self._held:
                    self._held.discard(place)
                    _unlock(self._descriptor, place)

    def is_free(self, name: str) -> bool:
        """Whether nobody is making the partition of that identity at this moment."""
        with self._guard:
            place = _place(name)
            if place in self._held or not _lock(self._descriptor, place):
                return False
            _unlock(self._descriptor, place)
            return True

    def close(self) -> None:
        """Let go of everything."""
        with self._guard:
            for place in self._held:
                _unlock(self._descriptor, place)
            self._held.clear()
            self._let_go()

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _take(self, place: int) -> bool:
        if place in self._held:
            return True
        if not _lock(self._descriptor, place):
            return False
        self._held.add(place)
        return True


class NoClaims:
    """Claims where nobody else could make the same partitions: everything is granted."""

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """All of them."""
        del asset_key
        return list(partition_keys)

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Nothing is held."""

    def is_free(self, name: str) -> bool:
        """Nobody makes anything."""
        del name
        return True

    def close(self) -> None:
        """Nothing is held."""


def _place(name: str) -> int:
    return int(name, 16) % _PLACES


def _forget(claims: weakref.ref[Claims]) -> None:
    held = claims()
    if held is not None:
        held._let_go()  # noqa: SLF001 - without unlocking: the locks are the parent's


try:
    import fcntl
except ImportError:
    import msvcrt

    def _lock(descriptor: int, place: int) -> bool:
        return _locking(descriptor, place, msvcrt.LK_NBLCK)  # type: ignore[attr-defined]  # on Windows

    def _unlock(descriptor: int, place: int) -> None:
        _locking(descriptor, place, msvcrt.LK_UNLCK)  # type: ignore[attr-defined]  # on Windows

    def _locking(descriptor: int, place: int, how: int) -> bool:
        os.lseek(descriptor, place, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, how, 1)  # type: ignore[attr-defined]  # on Windows
        except OSError:
            return False
        return True
else:

    def _lock(descriptor: int, place: int) -> bool:
        return _locking(descriptor, place, fcntl.F_WRLCK)

    def _unlock(descriptor: int, place: int) -> None:
        _locking(descriptor, place, fcntl.F_UNLCK)

    def _locking(descriptor: int, place: int, how: int) -> bool:
        try:
            if hasattr(fcntl, "F_OFD_SETLK"):
                # A lock of the open file, not of the process: two runs in one process exclude one another too, and
                # closing another descriptor of the file does not release it. A `struct flock`: type, whence, start,
                # length, process.
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", how, os.SEEK_SET, place, 1, 0))
            else:
                flags = fcntl.LOCK_UN if how == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
                fcntl.lockf(descriptor, flags, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        return True
