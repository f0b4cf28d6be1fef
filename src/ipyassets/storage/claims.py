"""Who is making a partition: claims that several processes respect, and that end with their holder.

A claim is a lock of one byte of a file, at a place worked out from the partition's name. The operating system keeps it
and lets go of it when the process ends, so a kernel that dies leaves nothing behind to be cleaned up, and no clock is
asked. A whole asset is claimed by one more such lock, which is looked at after a partition was claimed: whoever comes
second sees the other.
"""

from __future__ import annotations

import os
import struct
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import BusyPartitionError
from ipyassets.storage.paths import ASSET_DIGITS, identity

# Two partitions that share a place would wait for one another, no more; even among a million there are hardly two.
_PLACES = 2**53
_AT_ONCE = 500  # claims held together; each takes the longer, the more there are


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
        names = {key: identity(asset_key, key) for key in partition_keys}
        granted = self.take_names(names.values())
        return [key for key, name in names.items() if name in granted]

    def take_names(self, names: Iterable[str]) -> set[str]:
        """The same for partitions of which no more is known than their identity."""
        wanted = set(names)
        with self._guard:
            fresh = {name for name in wanted if _place(name) not in self._held}
            taken = {name for name in fresh if self._take(_place(name))}
            # Looked at after the partitions were taken, as whoever takes the whole looks at them after that.
            assets = {name[:ASSET_DIGITS] for name in taken}
            closed = {asset for asset in assets if not self._is_open(_place(_whole(asset)))}
            refused = {name for name in taken if name[:ASSET_DIGITS] in closed}
            self._release(refused)
            return wanted - fresh | (taken - refused)

    def take_whole(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> bool:
        """Keep others from claiming any partition of an asset; False if one of those named is claimed by somebody."""
        names = [identity(asset_key, key) for key in partition_keys]
        whole = _whole(identity(asset_key, ""))
        with self._guard:
            if self._take(_place(whole)) and all(self._is_open(_place(name)) for name in names):
                return True
            self._release([whole])
            return False

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Let go of partitions; those not held are no error."""
        self.release_names(identity(asset_key, key) for key in partition_keys)

    def release_names(self, names: Iterable[str]) -> None:
        """The same for partitions of which no more is known than their identity."""
        with self._guard:
            self._release(names)

    def release_whole(self, asset_key: AssetKey) -> None:
        """Let others claim partitions of an asset again."""
        self.release_names([_whole(identity(asset_key, ""))])

    def close(self) -> None:
        """Let go of everything."""
        with self._guard:
            for place in self._held:
                _unlock(self._descriptor, place)
            self._held.clear()
            self._let_go()

    def _release(self, names: Iterable[str]) -> None:
        for name in names:
            if (place := _place(name)) in self._held:
                self._held.discard(place)
                _unlock(self._descriptor, place)

    def _is_open(self, place: int) -> bool:
        """Whether nobody but us holds a place at this moment."""
        return place in self._held or _is_free(self._descriptor, place)

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

    def take_names(self, names: Iterable[str]) -> set[str]:
        """All of them."""
        return set(names)

    def take_whole(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> bool:
        """Yes."""
        del asset_key, partition_keys
        return True

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Nothing is held."""

    def release_names(self, names: Iterable[str]) -> None:
        """Nothing is held."""

    def release_whole(self, asset_key: AssetKey) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


@contextmanager
def claimed(claims: Claims | NoClaims, asset_key: AssetKey, partition_key: str) -> Iterator[None]:
    """A partition claimed for the time being; BusyPartitionError if somebody else has it."""
    if not claims.take(asset_key, [partition_key]):
        raise BusyPartitionError(
            f"{asset_key} {partition_key!r} is being made, or looked after, by somebody else: try again when he is done"
        )
    try:
        yield
    finally:
        claims.release(asset_key, [partition_key])


def claimed_in_turn(
    claims: Claims | NoClaims, asset_key: AssetKey, partition_keys: Sequence[str]
) -> Iterator[list[str]]:
    """Some partitions after others, claimed while they are in hand; those that somebody else has are left out."""
    for start in range(0, len(partition_keys), _AT_ONCE):
        taken = claims.take(asset_key, partition_keys[start : start + _AT_ONCE])
        try:
            yield taken
        finally:
            claims.release(asset_key, taken)


@contextmanager
def claimed_whole(claims: Claims | NoClaims, partitions: Mapping[AssetKey, Iterable[str]]) -> Iterator[None]:
    """Whole assets claimed for the time being; BusyPartitionError if somebody has one of those partitions of them."""
    taken = []
    try:
        for asset_key, partition_keys in partitions.items():
            if not claims.take_whole(asset_key, partition_keys):
                raise BusyPartitionError(
                    f"partitions of {asset_key} are being made, or looked after, by somebody else:"
                    " try again when he is done"
                )
            taken.append(asset_key)
        yield
    finally:
        for asset_key in taken:
            claims.release_whole(asset_key)


def _place(name: str) -> int:
    return int(name, 16) % _PLACES


def _whole(name: str) -> str:
    """What stands for all partitions of the asset that an identity is of: no key holds a zero byte."""
    return identity(AssetKey(name[:ASSET_DIGITS]), "\0")


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

    def _lock(descriptor: int, place: int) -> bool:
        return _locking(descriptor, place, fcntl.F_WRLCK)

    def _unlock(descriptor: int, place: int) -> None:
        _locking(descriptor, place, fcntl.F_UNLCK)

    def _is_free(descriptor: int, place: int) -> bool:
        if hasattr(fcntl, "F_OFD_GETLK"):
            # asked, not tried: two that look at the same moment would take one another for its holder
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK, place))
            return bool(struct.unpack_from("h", found)[0] == fcntl.F_UNLCK)
        if not _lock(descriptor, place):
            return False
        _unlock(descriptor, place)
        return True

    def _locking(descriptor: int, place: int, how: int) -> bool:
        try:
            if hasattr(fcntl, "F_OFD_SETLK"):
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
