"""Who is making a partition: claims that several processes respect, and that end with their holder.

A whole asset is claimed by one more lock, which is looked at after a partition was claimed: whoever comes second sees
the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import BusyPartitionError, UnwritableStoreError
from ipyassets.storage.locks import LockFile
from ipyassets.storage.paths import ASSET_DIGITS, identity

FILE = "claims.lock"
# How long a run waits for another that has taken its claims, before it gives up; both may wait for one another.
PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
_AT_ONCE = 500  # claims held together; each takes the longer, the more there are


class Claims:
    """What one run has claimed of a store; another `Claims` on the same folder, here or elsewhere, is another run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._locks = LockFile(self._path)

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """Claim partitions; those that are now ours, the others being made by somebody else."""
        names = {key: identity(asset_key, key) for key in partition_keys}
        granted = self.take_names(names.values())
        return [key for key, name in names.items() if name in granted]

    def take_names(self, names: Iterable[str]) -> set[str]:
        """The same for partitions of which no more is known than their identity."""
        wanted = set(names)
        kept = {name for name in wanted if self._locks.holds(name)}
        taken = self._locks.take(wanted - kept)
        # Looked at after the partitions were taken, as whoever takes the whole looks at them after that.
        closed = {asset for asset in {name[:ASSET_DIGITS] for name in taken} if not self._is_open(_whole(asset))}
        refused = {name for name in taken if name[:ASSET_DIGITS] in closed}
        self._locks.release(refused)
        return kept | (taken - refused)

    def take_whole(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> bool:
        """Keep others from claiming any partition of an asset; False if one of those named is claimed by somebody."""
        whole = _whole(identity(asset_key, ""))
        if self._locks.take([whole]) and all(self._is_open(identity(asset_key, key)) for key in partition_keys):
            return True
        self._locks.release([whole])
        return False

    @property
    def are_good(self) -> bool:
        """Whether nobody can have claimed the same: the file of the claims is still there."""
        return self._locks.is_in_place

    def keep(self, partitions: Iterable[tuple[AssetKey, str]], patience: float = PATIENCE_SECONDS) -> None:
        """Claim again what was claimed, where somebody has deleted the file of the claims.

        Waits for a run that has claimed the same since then; raises UnwritableStoreError if that takes too long.
        """
        self._locks.follow()
        if not self._locks.lost:
            return
        lost = {name: place for place in partitions if (name := identity(*place)) in self._locks.lost}
        end = time.monotonic() + patience
        while missing := lost.keys() - self._locks.take(lost):
            if time.monotonic() > end:
                asset_key, key = lost[min(missing)]
                raise UnwritableStoreError(
                    f"{self._path} was deleted during the run, and another run has begun to make"
                    f" {asset_key.naming(key)}: what was made here is not recorded; run it again"
                )
            time.sleep(_PAUSE_SECONDS)
        self._locks.lost.difference_update(lost)

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Let go of partitions; those not held are no error."""
        self.release_names(identity(asset_key, key) for key in partition_keys)

    def release_names(self, names: Iterable[str]) -> None:
        """The same for partitions of which no more is known than their identity."""
        self._locks.release(names)

    def release_whole(self, asset_key: AssetKey) -> None:
        """Let others claim partitions of an asset again."""
        self._locks.release([_whole(identity(asset_key, ""))])

    def close(self) -> None:
        """Let go of everything."""
        self._locks.close()

    def _is_open(self, name: str) -> bool:
        """Whether nobody but us holds a name at this moment."""
        return self._locks.holds(name) or self._locks.is_free(name)


class NoClaims:
    """Claims where nobody else could make the same partitions: everything is granted."""

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """All of them."""
        del asset_key
        return list(partition_keys)

    @property
    def are_good(self) -> bool:
        """Nothing can be lost."""
        return True

    def keep(self, partitions: Iterable[tuple[AssetKey, str]]) -> None:
        """Nothing can be lost."""

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
            f"{asset_key.quoting(partition_key)} is being made, or looked after, by somebody else:"
            " try again when he is done"
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
def claimed_names(claims: Claims | NoClaims, names: Iterable[str]) -> Iterator[set[str]]:
    """The identities, of some, whose partitions nobody else has: claimed for the time being."""
    taken = claims.take_names(names)
    try:
        yield taken
    finally:
        claims.release_names(taken)


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


@lru_cache
def _whole(name: str) -> str:
    """What stands for all partitions of the asset that an identity is of: no key holds a zero byte."""
    return identity(AssetKey(name[:ASSET_DIGITS]), "\0")
