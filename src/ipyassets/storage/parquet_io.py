"""One Parquet file for each partition, for frames of pandas, polars and pyarrow; needs the extra `parquet`."""

from __future__ import annotations

from typing import Any, BinaryIO

from ipyassets.errors import InvalidInvocationError, UnstorableValueError
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.sink import Sink

_KIND = b"ipyassets"


class ParquetIOManager(FileIOManager):
    """Stores each partition as one Parquet file, and gives back a frame of the library that it came from."""

    def dump(self, obj: object, file: Sink) -> None:
        """Write a frame; UnstorableValueError for anything else, or for a frame that Parquet cannot hold."""
        pyarrow = _pyarrow()
        from pyarrow import parquet

        kind = type(obj).__module__.partition(".")[0]
        try:
            table = _table(pyarrow, kind, obj)
            marked = table.replace_schema_metadata({**(table.schema.metadata or {}), _KIND: kind.encode()})
            parquet.write_table(marked, file)
        except (pyarrow.ArrowException, TypeError) as error:
            raise UnstorableValueError(f"{type(obj).__name__} cannot be stored as Parquet: {error}") from error

    def load(self, file: BinaryIO) -> object:
        """Read a frame that was verified."""
        _pyarrow()
        from pyarrow import parquet

        table = parquet.read_table(file)
        metadata = dict(table.schema.metadata or {})
        kind = metadata.pop(_KIND, b"pyarrow").decode()
        table = table.replace_schema_metadata(metadata or None)
        if kind == "pandas":
            return table.to_pandas()
        if kind == "polars":
            import polars as pl

            return pl.from_arrow(table)
        return table


def _table(pyarrow: Any, kind: str, obj: Any) -> Any:
    if kind == "pandas" and hasattr(obj, "columns"):
        return pyarrow.Table.from_pandas(obj)
    if kind == "polars" and hasattr(obj, "columns"):
        return obj.to_arrow()
    if isinstance(obj, pyarrow.Table):
        return obj
    raise UnstorableValueError(
        f"{type(obj).__name__} is not a frame: ParquetIOManager stores frames of pandas, polars and pyarrow"
    )


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise InvalidInvocationError("ParquetIOManager needs pyarrow: install ipyassets[parquet]") from error
    return pa
