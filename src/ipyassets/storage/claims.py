"""Who is making a partition: claims that several processes respect, and that end with their holder."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import UnwritableStoreError
from ipyassets.storage.locks import LockFile
from ipyassets.storage.paths import identity

# How long a run waits for another that has taken its claims, before it gives up; both may wait for one another.
PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


class Claims:
    """What one run has claimed of a store; another `Claims` on the same folder, here or elsewhere, is another run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "claims.lock"
        self._locks = LockFile(self._path)

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """Claim partitions; those that are now ours, the others being made by somebody else."""
        names = {key: identity(asset_key, key) for key in partition_keys}
        granted = self._locks.take(names.values())
        return [key for key, name in names.items() if name in granted]

    def keep(self, partitions: Iterable[tuple[AssetKey, str]], patience: float = PATIENCE_SECONDS) -> None:
        """Make sure that what was claimed still is: somebody may have deleted the file of the claims.

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
                    f" {f'{asset_key} {key}'.rstrip()}: what was made here is not recorded; run it again"
                )
            time.sleep(_PAUSE_SECONDS)
        self._locks.lost.difference_update(lost)

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Let go of partitions; those not held are no error."""
        self._locks.release(identity(asset_key, key) for key in partition_keys)

    def is_free(self, name: str) -> bool:
        """Whether nobody is making the partition of that identity at this moment."""
        return self._locks.is_free(name)

    def close(self) -> None:
        """Let go of everything."""
        self._locks.close()


class NoClaims:
    """Claims where nobody else could make the same partitions: everything is granted."""

    def take(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> list[str]:
        """All of them."""
        del asset_key
        return list(partition_keys)

    def keep(self, partitions: Iterable[tuple[AssetKey, str]]) -> None:
        """Nothing can be lost."""

    def release(self, asset_key: AssetKey, partition_keys: Iterable[str]) -> None:
        """Nothing is held."""

    def is_free(self, name: str) -> bool:
        """Nobody makes anything."""
        del name
        return True

    def close(self) -> None:
        """Nothing is held."""
