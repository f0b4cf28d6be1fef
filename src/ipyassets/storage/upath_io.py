"""I/O managers that write and read by path, as subclasses of Dagster's UPathIOManager do."""

from __future__ import annotations

import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ipyassets.assets.io_manager import InputContext, OutputContext
from ipyassets.asynchronous import finished
from ipyassets.errors import UnstorableValueError
from ipyassets.events import Artifact
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.reading import by_path
from ipyassets.storage.signature import Signer
from ipyassets.storage.sink import Sink

if TYPE_CHECKING:
    from upath import UPath


class UPathIOManager(FileIOManager):
    """Stores values through `dump_to_path` and `load_from_path`, which a subclass gives (Dagster's UPathIOManager).

    The paths are of files on this machine, wherever `base_path` is: what was written is hashed, signed and put in place
    afterwards, what is read was verified before. `extension`, such as ".npy", ends the name of the file to be written,
    for libraries that go by it; what is stored has the partition's plain name.

    Dagster's methods that say where a value is or how several are read at once, such as `get_path_for_partition` and
    `load_partitions`, are not called. Partitions are loaded one after another, unless a subclass says `loads_at_once =
    True`: its `load_from_path` is then called in several threads.
    """

    extension: str | None = None
    loads_at_once = False  # Dagster's never are: a subclass may hold what belongs to one thread

    def __init__(
        self,
        base_path: str | Path | UPath | None = None,
        *,
        signer: Signer | None = None,
        durable: bool = True,
        versions: int = 0,
    ) -> None:
        super().__init__(base_path, signer=signer, durable=durable, versions=versions)

    @abstractmethod
    def dump_to_path(self, context: OutputContext, obj: object, path: Path) -> None:
        """Write `obj` to a file that does not exist yet."""

    @abstractmethod
    def load_from_path(self, context: InputContext, path: Path) -> object:
        """Read a value from a file: a copy that is gone afterwards, so nothing lazy such as `polars.scan_parquet`."""

    def get_metadata(self, context: OutputContext, obj: object) -> Mapping[str, object]:
        """Facts about a value to record with its partition, asked for when it has been written."""
        del context, obj
        return {}

    def _staged(self, context: OutputContext, key: str, obj: object) -> Artifact:
        with tempfile.TemporaryDirectory(prefix="ipyassets-") as folder:
            path = Path(folder, f"value{self.extension or ''}")
            finished(self.dump_to_path(context, obj, path))
            if not path.is_file():
                raise UnstorableValueError(f"{type(self).__name__}.dump_to_path {_written_instead(path)}")
            context.add_output_metadata(self.get_metadata(context, obj))
            with path.open("rb") as written:
                return self.files.stage(context.asset_key, key, lambda file: shutil.copyfileobj(written, file, 1 << 20))

    def dump(self, obj: object, file: Sink) -> None:
        """Not called: values are written by path."""
        raise NotImplementedError

    def load(self, file: BinaryIO) -> object:
        """Not called: values are read by path."""
        raise NotImplementedError

    def _read(self, context: InputContext, file: BinaryIO) -> object:
        with by_path(file, f"value{self.extension or ''}") as path:
            return finished(self.load_from_path(context, path))


def _written_instead(path: Path) -> str:
    """What was written where a file was to be, in words."""
    if path.is_dir():
        return "wrote a folder: the value of a partition is one file"
    beside = [each.name for each in path.parent.iterdir()]
    if beside and beside[0].startswith("value."):
        return f"wrote {beside[0]} in place of {path.name}: set extension = {Path(beside[0]).suffix!r}"
    return f"wrote no file at the path it was given{f', but {beside[0]!r}' if beside else ''}"
