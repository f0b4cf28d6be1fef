"""One Parquet file for each partition, for frames of pandas, polars and pyarrow; needs the extra `parquet`."""

from __future__ import annotations

from typing import Any, BinaryIO

from ipyassets.errors import InvalidInvocationError, UnstorableValueError
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.sink import Sink

_KIND = b"ipyassets"


class ParquetIOManager(FileIOManager):
    """Stores each partition as one Parquet file, and gives back a frame of the library that it came from.

    A lazy frame of polars is collected. What Parquet would give back as something else is refused.
    """

    def dump(self, obj: object, file: Sink) -> None:
        """Write a frame; UnstorableValueError for anything else, or for a frame that Parquet cannot hold."""
        pyarrow = _pyarrow()
        from pyarrow import parquet

        kind = type(obj).__module__.partition(".")[0]
        try:
            table = _table(pyarrow, kind, obj)
            marked = table.replace_schema_metadata({**(table.schema.metadata or {}), _KIND: kind.encode()})
            parquet.write_table(marked, file)
        except (pyarrow.ArrowException, TypeError, ValueError) as error:
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
    if kind == "polars" and hasattr(obj, "collect"):
        obj = obj.collect()
    if kind == "pandas" and hasattr(obj, "columns"):
        return _of_pandas(pyarrow, obj)
    if kind == "polars" and hasattr(obj, "columns"):
        if objects := [name for name, dtype in obj.schema.items() if "Object" in str(dtype)]:
            raise UnstorableValueError(f"column {objects[0]!r} holds Python objects, which Parquet cannot: use pickles")
        return obj.to_arrow()
    if isinstance(obj, pyarrow.Table):
        return obj
    raise UnstorableValueError(
        f"{type(obj).__name__} is not a frame: ParquetIOManager stores frames of pandas, polars and pyarrow"
    )


def _of_pandas(pyarrow: Any, frame: Any) -> Any:
    if frame.columns.inferred_type == "mixed-integer":
        named = ", ".join(map(repr, frame.columns))
        raise UnstorableValueError(f"numbers and texts are names of columns ({named}): Parquet makes texts of all")
    table = pyarrow.Table.from_pandas(frame)
    for i, name in enumerate(frame.columns):
        is_list = pyarrow.types.is_list(table.schema.field(i).type)
        if is_list and any(isinstance(value, set | frozenset) for value in frame.iloc[:, i]):
            raise UnstorableValueError(f"column {name!r} holds sets, which Parquet makes lists: sort them into lists")
    return table


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise InvalidInvocationError("ParquetIOManager needs pyarrow: install ipyassets[parquet]") from error
    return pa
