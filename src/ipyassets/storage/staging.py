"""Files of values that are not in place: whose they are, and clearing away those that never will be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Artifact
from ipyassets.storage.paths import ASIDE, identity
from ipyassets.storage.signature import seal_of
from ipyassets.storage.value_files import ValueFiles


def staged_files(files: ValueFiles) -> list[Path]:
    """Everything that lies aside."""
    try:
        return sorted(Path(files.staging).iterdir())
    except FileNotFoundError:
        return []


def owner(path: Path) -> str:
    """The identity of the partition that a staged file is of."""
    return path.name.partition("-")[0].partition(".")[0]


def unstage(
    files: ValueFiles, asset_key: AssetKey, partition_keys: Iterable[str], recorded: Mapping[str, Artifact]
) -> None:
    """Delete the staged files of some partitions, but for recorded values: those may have to be put in place yet.

    To be called by whoever keeps others from making these partitions.
    """
    ours = {identity(asset_key, key) for key in partition_keys}
    kept = {f"{identity(asset_key, key)}-{seal_of(artifact.digest)}" for key, artifact in recorded.items()}
    for path in staged_files(files):
        if owner(path) in ours and path.name not in kept and not path.name.endswith(f"-{ASIDE}"):
            path.unlink(missing_ok=True)
