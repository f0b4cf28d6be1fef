"""I/O managers that keep each partition in one file of its own."""

from __future__ import annotations

import copy
import os
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext, manager_name
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, InvalidArgumentError, InvalidInvocationError, UnstorableValueError
from ipyassets.events import Artifact, Place
from ipyassets.storage.flushing import Flush
from ipyassets.storage.locations import as_folder, folder_of, is_local, location_of
from ipyassets.storage.naming import decide_names, names_are_portable
from ipyassets.storage.opening import opened, reader
from ipyassets.storage.paths import address
from ipyassets.storage.signature import Signer
from ipyassets.storage.sink import Sink
from ipyassets.storage.value_files import GONE, ValueFiles

if TYPE_CHECKING:
    from upath import UPath

    from ipyassets.storage.remote_files import RemoteFiles

T = TypeVar("T")
Files: TypeAlias = "ValueFiles | RemoteFiles"

ALLOW_MISSING = "allow_missing_partitions"  # Dagster's metadata of an input


class FileIOManager(IOManager):
    """Stores each partition in a file below `base_dir`, at Dagster's plain path where its key is plain.

    `base_dir` is a folder, or any location that fsspec knows ("s3://bucket/folder", a UPath); left out, it is the
    storage folder of the instance, as `signer` is the user's own key. `versions` is how many earlier values of each
    partition are kept, in folders only. A subclass says how a value becomes bytes, with `dump` and `load`.

    Values that were stored elsewhere, before `base_dir` was changed or by a manager that was given to one run, are read
    from there, as their record says.
    """

    loads_at_once = True
    base_dir: str | Path | UPath | None = None
    signer: Signer | None = None
    durable: bool = True
    versions: int = 0
    _root: Path | None = None  # of the instance, which may be moved with what is in it
    _files: Files | None = None
    _place: Place | None = None

    def __init__(
        self,
        base_dir: str | Path | UPath | None = None,
        *,
        signer: Signer | None = None,
        durable: bool = True,
        versions: int = 0,
    ) -> None:
        _check_versions(versions)
        self.base_dir = None if base_dir is None else as_folder(base_dir)
        if versions and self.base_dir is not None and not is_local(self.base_dir):
            raise InvalidArgumentError(f"no versions can be kept at {base_dir}: leave versions={versions} out")
        self.signer = signer
        self.durable = durable
        self.versions = versions

    @abstractmethod
    def dump(self, obj: object, file: Sink) -> None:
        """Write `obj` to a file."""

    @abstractmethod
    def load(self, file: BinaryIO) -> object:
        """Read a value from a file that was verified."""

    def bound(self, folder: Path, signer: Signer, *, durable: bool = True) -> Self:
        """The same manager with what it was not given: an instance's storage folder, its key, its durability."""
        bound = self._with_base(self.base_dir or folder)
        bound.signer = self.signer or signer
        bound.durable = self.durable and durable
        bound._root = folder.parent  # noqa: SLF001 - of its own kind
        return bound

    @property
    def kept_at(self) -> str:
        """The folder of all values, relative to the root of the instance where it is inside of it."""
        return self.place.location

    def looking_at(self, location: str) -> Self | None:
        """The same manager with another folder; None for what is no folder of this machine."""
        if location == self.kept_at:
            return self
        folder = Path(location) if self._root is None else self._root / location
        return self._with_base(folder) if is_local(location) and location and folder.is_absolute() else None

    @property
    def files(self) -> Files:
        """The files this manager keeps; raises InvalidInvocationError while it has no folder."""
        if self._files is None:
            if self.base_dir is None:
                raise InvalidInvocationError("an I/O manager outside an instance needs a folder: give base_dir")
            signer = self.signer or Signer.of_user()
            if not is_local(self.base_dir):
                self._files = _remote(self.base_dir, signer)
                return self._files
            folder = folder_of(self.base_dir)
            portable = names_are_portable(folder)
            files = ValueFiles(folder, signer, durable=self.durable, kept=self.versions, portable=portable is True)
            if portable is None:  # nothing is there yet
                return files
            self._files = files
        return self._files

    @property
    def place(self) -> Place:
        """What is recorded of where values are put, and by what."""
        if self._place is None:
            self._place = Place(location_of(self.base_dir, self._root), manager_name(type(self)))
        return self._place

    @property
    def key_id(self) -> str:
        """The short name of the key that values are signed with here."""
        return self.files.signer.key_id

    def path(self, asset_key: AssetKey, partition_key: str | None) -> Path:
        """Where the value of a partition is stored; None asks for the value of an asset without partitions."""
        return self.files.path(asset_key, partition_key)  # type: ignore[return-value]  # a UPath reads like a Path

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a file, by listing folders; the key "" asks for the asset without partitions."""
        return self.files.present(asset_key, partition_keys)

    def delete(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Delete the values of partitions and their versions; one that is not there is no error."""
        self.files.delete(asset_key, partition_keys)

    def handle_output(self, context: OutputContext, obj: object) -> None:
        """Store `obj` in place at once; in a run, aside until it is recorded."""
        if self._files is None and self.base_dir is not None and is_local(self.base_dir):
            decide_names(folder_of(self.base_dir))
        key = str(context.asset_partition_key) if context.has_asset_partitions else ""
        _refuse_long(self.files, context.asset_key, key)
        artifact = self._staged(context, key, obj)
        context.stored[key] = Artifact(artifact.path, artifact.size, artifact.digest, self.place)
        if not context.is_staging:
            Flush(self.unflushed(context.asset_key, context.stored)).wait()
            self.publish(context.asset_key, context.stored)

    def stage(self, context: OutputContext, obj: object) -> None:
        """Write `obj` aside, and say so in `context.stored`; `publish` puts it in place.

        A subclass that changes values on their way may do so in `handle_output`: this goes through it.
        """
        was_staging, context.is_staging = context.is_staging, True
        try:
            super().stage(context, obj)
        finally:
            context.is_staging = was_staging

    def unflushed(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> list[str]:
        """The files of what was staged that the disk may not have yet, and is to have."""
        return self.files.unflushed(asset_key, _artifacts(artifacts))

    def publish(self, asset_key: AssetKey, artifacts: Mapping[str, object]) -> None:
        """Put what was staged in place, after the log has recorded it."""
        self.files.publish(asset_key, _artifacts(artifacts))

    def load_input(self, context: InputContext) -> object:
        """The value of the partition in hand, None for no partition, or a dict of key to value in definition order.

        Raises NotMaterializedError, DamagedPartitionError, UntrustedPartitionError or UnknownPlaceError. With the
        input's metadata `allow_missing_partitions`, partitions that are not stored, or whose files are gone, are left
        out of the dict; where one value is wanted, it is None then.
        """
        artifacts = _artifacts(context.artifacts)
        if not context.has_asset_partitions:
            return self._value(context, "", artifacts)
        keys: Sequence[str] = context.asset_partition_keys
        if context.gives_one:
            return self._value(context, context.asset_partition_key, artifacts) if keys else None
        if context.definition_metadata.get(ALLOW_MISSING):
            keys = _stored(self, context, artifacts)
        size = sum(artifact.size for artifact in artifacts.values())
        is_worth_it = not isinstance(self.files, ValueFiles) or size >= _WORTH_A_THREAD * len(keys)
        if self.loads_at_once and is_worth_it:
            return at_once(lambda key: self._value(context, key, artifacts), keys)
        return {key: self._value(context, key, artifacts) for key in keys}

    def _staged(self, context: OutputContext, key: str, obj: object) -> Artifact:
        return self.files.stage(context.asset_key, key, lambda file: self.dump(obj, file))

    def _value(self, context: InputContext, key: str, artifacts: Mapping[str, Artifact]) -> object:
        _refuse_long(self.files, context.asset_key, key)
        artifact = artifacts.get(key)
        try:
            with opened(self, context.asset_key, str(key), artifact) as file:
                return reader(self, context.asset_key, key, artifact)._read(context, file)  # noqa: SLF001 - of its own kind
        except DamagedPartitionError as error:
            if error.reason == GONE and context.gives_one and context.definition_metadata.get(ALLOW_MISSING):
                return None
            raise

    def _read(self, context: InputContext, file: BinaryIO) -> object:
        del context
        return self.load(file)

    def _with_base(self, base_dir: str | Path | UPath) -> Self:
        """A copy with another base; whatever else a subclass has comes along."""
        other = copy.copy(self)
        other.base_dir = base_dir
        other._files = other._place = None  # noqa: SLF001 - of its own kind
        return other


# Below this many bytes a partition, on average, threads cost more than they win with files at hand.
_WORTH_A_THREAD = 256 * 1024
_THREADS = 8
_LONGEST_PATH = os.pathconf("/", "PC_PATH_MAX") if hasattr(os, "pathconf") else 32_000
_WORTH_A_LOOK = 200  # letters of a key: shorter ones make no path that is too long


def at_once(load: Callable[[str], T], keys: Sequence[str]) -> dict[str, T]:
    """The values of several partitions, in the order of `keys`, loaded at the same time."""
    if len(keys) < 2:  # noqa: PLR2004 - one alone has nobody to wait for
        return {key: load(key) for key in keys}
    with ThreadPoolExecutor(min(_THREADS, len(keys)), thread_name_prefix="ipyassets-load") as pool:
        return dict(zip(keys, pool.map(load, keys), strict=True))


def _refuse_long(files: Files, asset_key: AssetKey, key: str) -> None:
    """Say before anything is written or looked for that its path is longer than the system takes."""
    if len(key) + len(asset_key.to_string()) < _WORTH_A_LOOK or not isinstance(files, ValueFiles):
        return
    length = len(os.fsencode(f"{files.folder}/{address(asset_key, key, portable=files.portable)}"))
    if length >= _LONGEST_PATH:
        named = f"{str(asset_key)[:60]!r} {key[:60]!r}"
        raise UnstorableValueError(
            f"the value of {named} has a path of {length} bytes, too long for this system: give a shorter name"
        )


def _remote(location: object, signer: Signer) -> RemoteFiles:
    try:
        from upath import UPath
    except ImportError as error:
        raise InvalidInvocationError(f"{location} needs universal-pathlib: install ipyassets[remote]") from error

    from ipyassets.storage.remote_files import RemoteFiles

    made: Any = UPath  # its overloads name every protocol there is
    return RemoteFiles(made(location), signer)


def _check_versions(versions: Any) -> None:
    if not isinstance(versions, int) or isinstance(versions, bool) or versions < 0:
        raise InvalidArgumentError(f"versions={versions!r} is no number of values to keep: give one from 0 on")


def _stored(manager: FileIOManager, context: InputContext, artifacts: Mapping[str, Artifact]) -> list[str]:
    """The partitions in hand that are recorded, and whose files are not gone since then."""
    asset_key, keys = context.asset_key, context.asset_partition_keys
    kept = [key for key in keys if key in artifacts]
    found = zip(kept, manager.present(asset_key, kept), strict=True)
    kept = [key for key, there in found if there or not _is_gone(manager, asset_key, key, artifacts[key])]
    if lacking := len(keys) - len(kept):
        context.log.warning("%s: %d partitions are not stored and left out", asset_key, lacking)
    return kept


def _is_gone(manager: FileIOManager, asset_key: AssetKey, key: str, artifact: Artifact) -> bool:
    """Whether a value is nowhere to be found: it may be elsewhere, by its record."""
    try:
        with opened(manager, asset_key, key, artifact):
            return False
    except DamagedPartitionError as error:
        return error.reason == GONE


def _artifacts(stored: Mapping[str, object]) -> dict[str, Artifact]:
    return {key: artifact for key, artifact in stored.items() if isinstance(artifact, Artifact)}
