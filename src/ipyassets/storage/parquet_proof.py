"""Whether a frame would come back from Parquet as it was: its first row tells, and all of its objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ipyassets.errors import UnstorableValueError

# What it is, what it was, what it would be, and what to do about it.
Compared: TypeAlias = tuple[str, object, object, str]

_NAMES = "the names of columns"
_CONVERT = "convert it first, as with astype(), or use pickles"
_RENAME = "make texts of them first, as with astype(str), or use pickles"
_RESET = "make columns of it first, with reset_index(), or use pickles"
_OBJECT = np.dtype(object)
_MISSING = {type(None), type(pd.NA), type(pd.NaT)}
_LONGEST = 80


def first_row(kind: str, frame: Any) -> Any:
    """The frame with its first row alone."""
    return frame.iloc[:1] if kind == "pandas" else frame[:1]


def unreadable(kind: str, first: Any, back: Callable[[Any], object]) -> str:
    """What it is in a frame that `back` fails for."""
    if kind != "pandas":
        names = _arrow_names(first)
        return next((f"column {name!r}" for name in names if not _succeeds(back, first.select([name]))), "a column")
    plain = first.set_axis(range(first.shape[1]), axis="columns").reset_index(drop=True)
    for i, name in enumerate(first.columns):
        if not _succeeds(back, plain.iloc[:, [i]]):
            return f"column {name!r}"
    return "the index" if _succeeds(back, first.reset_index(drop=True)) else _NAMES


def refuse_changes(kind: str, frame: Any, first: Any, back: Callable[[Sequence[int]], Any]) -> None:
    """Raise UnstorableValueError for what would be another in a frame.

    `first` is what became of its first row, and `back` gives what becomes of whole columns of its table.
    """
    if len(frame) and not len(first):
        raise UnstorableValueError(
            f"{len(frame)} rows of no column would not come back from Parquet: give a column, or use pickles"
        )
    for what, was, now, remedy in _of_pandas(frame, first, back) if kind == "pandas" else _of_arrow(frame, first):
        if was != now:
            raise UnstorableValueError(
                f"{what} ({_short(was)}) would come back from Parquet as {_short(now)}: {remedy}"
            )


def _of_arrow(frame: Any, first: Any) -> Iterator[Compared]:
    was, now = (one.dtypes if hasattr(one, "dtypes") else one.schema.types for one in (frame, first))
    for name, one, other in zip(_arrow_names(frame), was, now, strict=True):
        yield f"column {name!r}", one, other, _CONVERT


def _arrow_names(frame: Any) -> list[str]:
    return list(getattr(frame, "column_names", frame.columns))


def _of_pandas(frame: Any, first: Any, back: Callable[[Sequence[int]], Any]) -> Iterator[Compared]:
    yield _NAMES, _listed(frame.columns), _listed(first.columns), _RENAME
    yield _NAMES, _names(frame.columns), _names(first.columns), _RENAME
    yield "columns.names", _listed(frame.columns.names), _listed(first.columns.names), _RENAME
    yield "index.names", _listed(frame.index.names), _listed(first.index.names), _RENAME
    yield "attrs", frame.attrs, first.attrs, "clear them first, or use pickles"
    for i, (name, was, now) in enumerate(zip(frame.columns, frame.dtypes, first.dtypes, strict=True)):
        if was != _OBJECT or not len(frame):
            yield f"column {name!r}", _kind(was), _kind(now), _CONVERT
        elif _may_change(frame.iloc[:, i]):
            yield f"column {name!r}", *_changed(frame.iloc[:, i], back([i]).iloc[:, 0]), _CONVERT
    levels = frame.index.nlevels
    positions = range(len(frame.columns), len(frame.columns) + levels)
    for i in range(levels):
        what, level = "the index" if levels == 1 else f"level {i} of the index", frame.index.get_level_values(i)
        if level.dtype != _OBJECT or not len(frame):
            yield what, _kind(level.dtype), _kind(first.index.get_level_values(i).dtype), _RESET
        elif _may_change(level):
            yield what, *_changed(level, back(positions).index.get_level_values(i)), _RESET


def _may_change(values: Any) -> bool:
    """Whether objects have to be looked at: texts, bytes and dates, of which there may be many, are kept by Arrow."""
    kinds = set(map(type, values.to_numpy().tolist())) - _MISSING
    return kinds not in ({str}, {str, float}, {bytes}, {date})  # no float but NaN goes with texts


def _changed(values: Any, back: Any) -> tuple[object, object]:
    """The first of some objects that came back as another, and as which; else nothing, twice."""
    if back.dtype != _OBJECT:
        return values.dtype, back.dtype
    pairs = zip(values.to_numpy().tolist(), back.to_numpy().tolist(), strict=True)
    return next(((repr(was), repr(now)) for was, now in pairs if not _same(was, now)), (None, None))


def _kind(dtype: Any) -> str:
    """The name of a type; texts have one, as pandas reads all of them in its own."""
    if isinstance(dtype, pd.CategoricalDtype):
        order = "ordered" if dtype.ordered else "unordered"
        return f"{order} categories {dtype.categories.tolist()} of {_names(dtype.categories)}"
    return "texts" if isinstance(dtype, pd.StringDtype) or str(dtype) == "string[pyarrow]" else str(dtype)


def _names(index: Any) -> str:
    is_text = index.dtype == _OBJECT and pd.api.types.infer_dtype(index) == "string"
    return "texts" if is_text else _kind(index.dtype)


def _same(value: Any, back: Any) -> bool:
    """Whether an object came back; a list may do so as an array, and what is missing as None."""
    kind = type(value)
    if kind is dict:
        return type(back) is dict and value.keys() == back.keys() and all(_same(value[key], back[key]) for key in value)
    if kind is np.ndarray and value.dtype != _OBJECT:
        return value.dtype == back.dtype and np.array_equal(value, back, equal_nan=True)
    if kind in (list, np.ndarray):
        return type(back) is np.ndarray and len(value) == len(back) and all(map(_same, value, back.tolist()))
    return (kind is type(back) and value == back) or (_is_missing(value) and _is_missing(back))


def _is_missing(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def _listed(names: Any) -> str:
    return repr(list(names))  # tells 1, True and "1" apart


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _succeeds(back: Callable[[Any], object], frame: Any) -> bool:
    try:
        back(frame)
    except Exception:  # noqa: BLE001 - the libraries have a tree each
        return False
    return True
