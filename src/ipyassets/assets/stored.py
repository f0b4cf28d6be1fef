"""The seam by which an asset answers for what is stored of it.

Assets are pure, so they cannot know where values are kept. The composition root binds the answer once, with `bind`;
until then asking an asset for its values raises a clear error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ipyassets.errors import NoInstanceError

if TYPE_CHECKING:
    import pandas as pd

    from ipyassets.assets.definition import AssetsDefinition


class StoredPartitions(Protocol):
    """What can be asked of the stored partitions of one asset."""

    def __getitem__(self, selection: str | slice) -> object:
        """One value, or a lazy mapping over an inclusive slice of keys."""

    def status(self) -> pd.DataFrame:
        """One row a partition: key, state, reason, when, seconds, bytes."""

    def history(self, partition_key: str | None = None) -> pd.DataFrame:
        """One row an attempt, newest first."""

    def value(self) -> object:
        """The value of an asset without partitions."""


def _unbound(asset: AssetsDefinition) -> StoredPartitions:
    raise NoInstanceError(f"{asset.key} has no instance to read from: import ipyassets, not its assets layer alone")


class _Binding:
    """The one answer in force."""

    answer: Callable[[AssetsDefinition], StoredPartitions] = staticmethod(_unbound)


def bind(answer: Callable[[AssetsDefinition], StoredPartitions]) -> None:
    """Say who answers for stored partitions; called by the composition root alone."""
    _Binding.answer = staticmethod(answer)


def stored(asset: AssetsDefinition) -> StoredPartitions:
    """What is stored of an asset, according to the composition root."""
    return _Binding.answer(asset)
