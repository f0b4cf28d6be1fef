"""I/O managers that keep each partition in one file of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext, PathAddressed
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidInvocationError
from ipyassets.events import Artifact
from ipyassets.storage.presence import present
from ipyassets.storage.signature import Signer
from ipyassets.storage.sink import Sink
from ipyassets.storage.value_files import ValueFiles

ALLOW_MISSING = "allow_missing_partitions"  # Dagster's metadata of an input


class FileIOManager(IOManager, PathAddressed):
    """Stores each partition in a file below `base_dir`, at Dagster's plain path where its key is plain.

    Without `base_dir` the instance's storage folder is meant, without `signer` the user's key. `versions` is how many
    earlier values of each partition are kept. A subclass says how a value becomes bytes, with `dump` and `load`.
    """

    def __init__(
        self,
        base_dir: str | Path | None = None,
        *,
        signer: Signer | None = None,
        durable: bool = True,
        versions: int = 0,
    ) -> None:
        self.base_dir = None if base_dir is None else Path(base_dir)
        self.signer = signer
        self.durable = durable
        self.versions = versions
        self._files: ValueFiles | None = None

    @abstractmethod
    def dump(self, obj: object, file: Sink) -> None:
        """Write `obj` to a file."""

    @abstractmethod
    def load(self, file: BinaryIO) -> object:
        """Read a value from a file that was verified."""

    def bound(self, folder: Path, signer: Signer, *, durable: bool = True) -> Self:
        """The same manager with what it was not given: an instance's storage folder, its key, its durability."""
        return type(self)(
            self.base_dir or folder,
            signer=self.signer or signer,
            durable=self.durable and durable,
            versions=self.versions,
        )

    @property
    def files(self) -> ValueFiles:
        """The files this manager keeps; raises InvalidInvocationError while it has no folder."""
        if self._files is None:
            if self.base_dir is None:
                raise InvalidInvocationError("an I/O manager outside an instance needs a folder: give base_dir")
            signer = self.signer or Signer.of_user()
            self._files = ValueFiles(self.base_dir.absolute(), signer, durable=self.durable, kept=self.versions)
        return self._files

    def path(self, asset_key: AssetKey, partition_key: str | None) -> Path:
        """Where the value of a partition is stored; None asks for the value of an asset without partitions."""
        return self.files.path(asset_key, partition_key)

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a file, by listing folders; the key "" asks for the asset without partitions."""
        return present(self.files, asset_key, partition_keys)

    def handle_output(self, context: OutputContext, obj: object) -> None:
        """Store `obj` in place at once."""
        self.stage(context, obj)
        self.publish(context.asset_key, context.stored)

    def stage(self, context: OutputContext, obj: object) -> None:
        """Write `obj` aside, and say so in `context.stored`; `publish` puts it in place."""
        key = context.asset_partition_key if context.has_asset_partitions else ""
        context.stored[str(key)] = self.files.stage(context.asset_key, str(key), lambda file: self.dump(obj, file))

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> None:
        """Put what was staged in place, after the log has recorded it."""
        self.files.publish(asset_key, _artifacts(artifacts))

    def load_input(self, context: InputContext) -> object:
        """The value of the partition in hand, or a dict of key to value in definition order.

        Raises NotMaterializedError, DamagedPartitionError or UntrustedPartitionError. With the input's metadata
        `allow_missing_partitions`, partitions that are not stored are left out of the dict.
        """
        artifacts = _artifacts(context.artifacts)
        if not context.has_asset_partitions:
            return self._value(context.asset_key, "", artifacts)
        if context.gives_one:
            return self._value(context.asset_key, context.asset_partition_key, artifacts)
        keys: Sequence[str] = context.asset_partition_keys
        if context.definition_metadata.get(ALLOW_MISSING):
            keys = self._stored(context, keys, artifacts)
        size = sum(artifact.size for artifact in artifacts.values())
        return values(lambda key: self._value(context.asset_key, key, artifacts), keys, size)

    def _value(self, asset_key: AssetKey, partition_key: str, artifacts: Mapping[str, Artifact]) -> object:
        with self.files.verified(asset_key, str(partition_key), artifacts.get(partition_key)) as file:
            return self.load(file)

    def _stored(self, context: InputContext, keys: Sequence[str], artifacts: Mapping[str, Artifact]) -> list[str]:
        kept = [key for key in keys if key in artifacts]
        if lacking := len(keys) - len(kept):
            context.log.warning("%s: %d partitions are not stored and left out", context.asset_key, lacking)
        return kept


# Below this many bytes a partition, on average, threads cost more than they win.
_WORTH_A_THREAD = 256 * 1024
_THREADS = 8


def values(load: Callable[[str], object], keys: Sequence[str], size: int) -> dict[str, object]:
    """The values of several partitions in the order of `keys`, loaded at the same time where they are large."""
    if len(keys) < 2 or size < _WORTH_A_THREAD * len(keys):  # noqa: PLR2004
        return {key: load(key) for key in keys}
    with ThreadPoolExecutor(min(_THREADS, len(keys)), thread_name_prefix="ipyassets-load") as pool:
        return dict(zip(keys, pool.map(load, keys), strict=True))


def _artifacts(stored: Mapping[str, object]) -> dict[str, Artifact]:
    return {key: artifact for key, artifact in stored.items() if isinstance(artifact, Artifact)}
