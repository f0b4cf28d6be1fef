"""Opening a value where its record says that it is, for whoever can read what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO

from ipyassets.assets.io_manager import IOManager, manager_name
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, UnknownPlaceError, UntrustedPartitionError
from ipyassets.events import Artifact
from ipyassets.storage.value_files import GONE

if TYPE_CHECKING:
    from ipyassets.storage.file_io import FileIOManager

PARQUET = "ipyassets.storage.parquet_io.ParquetIOManager"
PICKLES = "ipyassets.storage.pickle_io.FilesystemIOManager"
ADVICE = "give the asset the I/O manager that it was stored with, or materialize it again"


@contextmanager
def opened(
    manager: FileIOManager, asset_key: AssetKey, partition_key: str, artifact: Artifact | None
) -> Iterator[BinaryIO]:
    """The verified file of a value, open at its start: where its manager keeps values, else where its record says.

    Raises as `ValueFiles.verified` does, and UnknownPlaceError for what was put somewhere out of sight.
    """
    with ExitStack() as stack:
        yield _found(manager, asset_key, partition_key, artifact, stack)


def _found(
    manager: FileIOManager, asset_key: AssetKey, partition_key: str, artifact: Artifact | None, stack: ExitStack
) -> BinaryIO:
    try:
        return stack.enter_context(manager.files.verified(asset_key, partition_key, artifact))
    except UntrustedPartitionError:
        raise
    except DamagedPartitionError as error:
        location = recorded_location(artifact)
        if location in ("", manager.kept_at):
            raise
        if (other := manager.looking_at(location)) is None:
            said = f"{asset_key.quoting(partition_key)} was stored at {location}, which cannot be seen from here"
            raise UnknownPlaceError(f"{said}: {ADVICE}") from error
        try:
            return stack.enter_context(other.files.verified(asset_key, partition_key, artifact))
        except DamagedPartitionError:
            if error.reason == GONE:
                raise
            raise error from None


def recorded_location(artifact: Artifact | None) -> str:
    """Where a value is by its record; "" where that says nothing."""
    return artifact.place.location if artifact is not None and artifact.place is not None else ""


def reader(manager: FileIOManager, asset_key: AssetKey, key: str, artifact: Artifact | None) -> FileIOManager:
    """Who can read what an artifact's manager has written: nothing else must be taken for a pickle.

    What a class of another name has written is left to the manager in hand if neither is ours: names change.
    """
    writer = artifact.place.manager if artifact is not None and artifact.place is not None else ""
    own = [manager_name(kind) for kind in type(manager).__mro__ if issubclass(kind, IOManager)]
    if not writer or writer in own:
        return manager
    if writer == PARQUET:
        from ipyassets.storage.parquet_io import ParquetIOManager

        return ParquetIOManager()
    if writer == PICKLES or own[0] in (PICKLES, PARQUET):
        raise UnknownPlaceError(f"{asset_key.quoting(key)} was stored by {writer}, not by {own[0]}: {ADVICE}")
    return manager
