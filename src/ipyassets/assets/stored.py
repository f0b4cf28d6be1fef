"""What can be asked of what is stored of an asset; `binding` says whom."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from ipyassets.assets.context import AssetExecutionContext


class PartitionValues(Mapping[str, Any]):
    """The stored values of some partitions, by key in definition order; each is loaded when it is asked for."""

    @abstractmethod
    def stored(self) -> PartitionValues:
        """The same without the partitions that have no value."""

    @abstractmethod
    def concat(self) -> pd.DataFrame:
        """All values as one pandas frame, with the partition key in a column for each dimension."""


class PartitionInHand(Protocol):
    """A partition's inputs and body, to be looked at and run again: see `AssetsDefinition.debug`."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the body is given, by argument."""

    @property
    def context(self) -> AssetExecutionContext:
        """The context that the body is given."""

    @property
    def namespace(self) -> dict[str, Any]:
        """Both, as variables to work with."""

    @property
    def attempt(self) -> Any:
        """The last attempt as the log has it, or None."""

    def __call__(self) -> Any:
        """Run the body, here and unstored."""

    def post_mortem(self) -> Any:
        """Run the body, and start a debugger where it fails."""


class StoredPartitions(Protocol):
    """What can be asked of the stored partitions of one asset."""

    def __getitem__(self, selection: str | slice) -> Any:
        """One value, or a lazy mapping over an inclusive slice of keys."""

    def status(self) -> pd.DataFrame:
        """One row a partition: key, state, reason, when, seconds, bytes."""

    def history(self, partition_key: str | None = None, *, limit: int | None = None) -> pd.DataFrame:
        """One row an attempt, newest first; with a `limit`, the newest so many."""

    def errors(self) -> pd.DataFrame:
        """One row a partition whose last attempt failed: error, message, when, traceback, output, metadata."""

    def output(self, partition_key: str | None = None) -> Any:
        """What the last attempt printed and displayed, shown again."""

    def debug(self, partition_key: str | None = None) -> PartitionInHand:
        """A partition's inputs and body in hand."""

    def plot(self, *columns: str) -> Any:
        """Facts about partitions over their keys, or over time."""

    def versions(self, partition_key: str | None = None) -> Any:
        """The values of a partition that can still be had, newest first."""

    def wipe(self, selection: str | Sequence[str] | None = None, *, dry_run: bool = False) -> Any:
        """Delete stored values."""

    def trust(self, partition_keys: Sequence[str] | None = None, *, dry_run: bool = False) -> Any:
        """Let in stored values that somebody else made."""

    def value(self) -> Any:
        """The value of an asset without partitions."""
