"""One Parquet file for each partition, for frames of pandas, polars and pyarrow; needs the extra `parquet`."""

from __future__ import annotations

import base64
import io
import json
from typing import Any, BinaryIO

from ipyassets.errors import InvalidInvocationError, UnstorableValueError
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.sink import Sink

_KIND = b"ipyassets"
_EXACTLY = {"integer_object_nulls": True}  # no floats of what are integers in objects
_CATEGORIES = b"ipyassets.categories"


class ParquetIOManager(FileIOManager):
    """Stores each partition as one Parquet file, and gives back a frame of the library that it came from.

    A lazy frame of polars is collected. What Parquet would give back as something else is refused, but for this in
    frames of pandas: lists come back as arrays, texts in pandas' own dtype for them, missing objects as None, and an
    index without its freq.
    """

    def dump(self, obj: object, file: Sink) -> None:
        """Write a frame; UnstorableValueError for anything else, or for a frame that would come back as another."""
        pyarrow = _pyarrow()
        from pyarrow import parquet

        kind = type(obj).__module__.partition(".")[0]
        frame: Any = obj.collect() if kind == "polars" and hasattr(obj, "collect") else obj
        try:
            table = _table(pyarrow, kind, frame)
            _proofread(pyarrow, kind, frame, table)
            parquet.write_table(table, file)
        except (pyarrow.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise UnstorableValueError(f"{type(obj).__name__} cannot be stored as Parquet: {error}") from error

    def load(self, file: BinaryIO) -> object:
        """Read a frame that was verified."""
        _pyarrow()
        return _frame(_read(file))


def _table(pyarrow: Any, kind: str, frame: Any) -> Any:
    """A table of a frame, marked with the library that it came from."""
    metadata = {_KIND: kind.encode()}
    if kind == "pandas" and hasattr(frame, "columns"):
        table = pyarrow.Table.from_pandas(frame)
        if not len(frame):  # Parquet keeps categories with the values
            metadata[_CATEGORIES] = json.dumps(_categories(frame)).encode()
    elif kind == "polars" and hasattr(frame, "columns"):
        table = frame.to_arrow()
    elif isinstance(frame, pyarrow.Table):
        table = frame
    else:
        raise UnstorableValueError(
            f"{type(frame).__name__} is not a frame: ParquetIOManager stores frames of pandas, polars and pyarrow"
        )
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})


def _categories(frame: Any) -> dict[int, list[str]]:
    """The categories that are texts, by the position of their column."""
    kinds = enumerate(frame.dtypes)
    return {
        i: [*kind.categories] for i, kind in kinds if kind == "category" and kind.categories.inferred_type == "string"
    }


def _proofread(pyarrow: Any, kind: str, frame: Any, table: Any) -> None:
    """Refuse a frame that would come back from Parquet as another, or not at all: its first row tells most of it."""
    from ipyassets.storage.parquet_proof import first_row, refuse_changes, unreadable

    def back(frame: Any) -> Any:
        return _frame(_through_parquet(_table(pyarrow, kind, frame)))

    first = first_row(kind, frame)
    try:
        again = back(first)
    except Exception as error:  # the libraries have a tree each
        raise UnstorableValueError(
            f"{unreadable(kind, first, back)} cannot be stored as Parquet and read again ({error}): "
            "convert it first, as with astype(str), or use pickles"
        ) from error
    refuse_changes(kind, frame, again, lambda columns: _frame(_through_parquet(table.select(columns))))


def _through_parquet(table: Any) -> Any:
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(table, file)
    return _read(file)


def _read(file: BinaryIO) -> Any:
    """The table in a file, in the types that it was made with: Parquet alone makes milliseconds of seconds."""
    import pyarrow as pa
    from pyarrow import parquet

    content = parquet.ParquetFile(file)
    table = content.read()
    types = (content.metadata.metadata or {}).get(b"ARROW:schema")
    if types is None:
        return table
    try:
        return table.cast(pa.ipc.read_schema(pa.py_buffer(base64.b64decode(types))))
    except pa.ArrowException:  # stored before such were refused
        return table


def _frame(table: Any) -> Any:
    """The frame that a table was made of, in the library that it came from."""
    metadata = dict(table.schema.metadata or {})
    kind = metadata.pop(_KIND, b"pyarrow").decode()
    categories = json.loads(metadata.pop(_CATEGORIES, b"{}"))
    table = table.replace_schema_metadata(metadata or None)
    if kind == "pandas":
        frame = table.to_pandas(**_EXACTLY)
        for position, texts in categories.items():
            frame.isetitem(int(position), frame.iloc[:, int(position)].cat.set_categories(texts))
        return frame
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise InvalidInvocationError("ParquetIOManager needs pyarrow: install ipyassets[parquet]") from error
    return pa
