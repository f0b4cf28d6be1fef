from __future__ import annotations

import datetime as dt
import enum
import io
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from ipyassets.errors import UnstorableValueError
from ipyassets.storage.parquet_io import ParquetIOManager
from ipyassets.storage.signature import Signer
from tests.conformance.io_manager import IOManagerConformance, output, wanted

MINE = Signer(secret=b"mine")


@pytest.fixture
def manager(tmp_path):
    return ParquetIOManager(tmp_path, signer=MINE)


class TestFrames(IOManagerConformance):
    @pytest.fixture
    def manager(self, tmp_path):
        return ParquetIOManager(tmp_path, signer=MINE)

    @pytest.fixture
    def samples(self):
        day = pd.DataFrame({"n": [1, 2], "when": pd.to_datetime(["2013-01-01", "2013-01-02"])}, index=["x", "y"])
        return [day, pl.DataFrame({"n": [1, None], "s": ["a", "b"]}), pa.table({"n": [1, 2, 3]})]

    def same(self, one, other):
        return type(one) is type(other) and one.equals(other)


def back(manager, frame):
    context = output("a")
    manager.handle_output(context, frame)
    return manager.load_input(wanted("a", artifacts=context.stored))


def test_the_file_is_parquet_to_everybody(manager, tmp_path):
    back(manager, pd.DataFrame({"n": [1, 2]}))
    assert pd.read_parquet(tmp_path / "sales" / "a")["n"].tolist() == [1, 2]
    assert pl.read_parquet(tmp_path / "sales" / "a")["n"].to_list() == [1, 2]


def test_a_table_gets_its_own_metadata_back(manager):
    table = pa.table({"n": [1]}).replace_schema_metadata({"unit": "m"})
    assert back(manager, table).schema.metadata == {b"unit": b"m"}


@pytest.mark.parametrize("value", [{"n": 1}, None, pd.Series([1]), pl.Series([1]), np.zeros(3)])
def test_what_is_no_frame_is_refused(manager, value):
    with pytest.raises(UnstorableValueError, match="is not a frame"):
        back(manager, value)


def test_a_frame_that_parquet_cannot_hold_is_refused(manager):
    with pytest.raises(UnstorableValueError, match="cannot be stored as Parquet"):
        back(manager, pd.DataFrame({"mixed": [1, "a", object()]}))


def test_an_empty_frame_keeps_its_columns(manager):
    frame = pd.DataFrame({"n": pd.Series([], dtype="int64")})
    assert back(manager, frame).dtypes.to_dict() == frame.dtypes.to_dict()


class Size(enum.StrEnum):
    SMALL = "S"


ORDERS = pd.DataFrame(
    {
        "day": [dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        "paid": [True, False],
        "n": [3, 4],
        "who": ["x", "y"],
        "size": pd.Categorical(["S", "L"]),
        "bin": pd.cut(pd.Series([1, 9]), [0, 5, 10]),
    }
)


def by(name):
    return ORDERS.pivot_table(index="who", columns=name, values="n", observed=True)


def column(*values, **options):
    return pd.DataFrame({"a": pd.Series(list(values), **options)})


def index(values):
    return pd.DataFrame({"a": 1}, index=values)


def columns(values):
    return pd.DataFrame([[1] * len(values)], columns=values)


def attrs(**values):
    frame = column(1)
    frame.attrs = values
    return frame


def array(kind, *values):
    return pa.table({"a": pa.array(values, kind)})


REFUSED = {
    "bool names": (by("paid"), r"names of columns \(\[False, True\]\) would come back from Parquet as \[True, True\]"),
    "date names": (by("day"), "names of columns cannot be stored as Parquet and read again"),
    "categorical names": (by("size"), "names of columns cannot be stored as Parquet and read again"),
    "interval names": (pd.crosstab(ORDERS["paid"], ORDERS["bin"]), "names of columns cannot be stored"),
    "period names": (columns(pd.period_range("2024", periods=2, freq="D")), "names of columns cannot be stored"),
    "timedelta names": (columns(pd.to_timedelta([1, 2])), "names of columns cannot be stored"),
    "tuple names": (columns(pd.Index([("a", 1)], tupleize_cols=False)), "names of columns"),
    "enum names": (columns(pd.Index([Size.SMALL], dtype=object)), "names of columns"),
    "numbers and texts": (columns(["a", 1]), r"names of columns \(\['a', 1\]\) would come back"),
    "object floats": (columns(pd.Index([1, 2.5], dtype=object)), "names of columns"),
    "the same name twice": (columns(["a", "a"]), "cannot be stored as Parquet: Duplicate column names"),
    "bools in levels": (columns(pd.MultiIndex.from_product([["a"], [True, False]])), "names of columns"),
    "an index named 0": (index(pd.Index(["x"], name=0)), r"index\.names \(\[0\]\) would come back"),
    "Int64 index": (index(pd.Index([1], dtype="Int64")), r"the index \(Int64\) would come back .*reset_index"),
    "Float64 index": (index(pd.Index([1.5], dtype="Float64")), "the index"),
    "boolean index": (index(pd.Index([True], dtype="boolean")), "the index"),
    "pyarrow index": (index(pd.Index([1], dtype=pd.ArrowDtype(pa.int64()))), "the index"),
    "Int64 level": (index(pd.MultiIndex.from_arrays([["a"], pd.Index([1], dtype="Int64")])), "level 1 of the index"),
    "index of number categories": (index(pd.CategoricalIndex([1, 2])), "the index"),
    "no columns": (pd.DataFrame(index=range(3)), "3 rows of no column would not come back"),
    "number categories": (column(2, 1, dtype="category"), "column 'a' .* would come back from Parquet as int64"),
    "date categories": (column(dt.date(2024, 1, 1), dtype="category"), "column 'a'"),
    "bool categories": (column(*[True], dtype="category"), "column 'a'"),
    "interval categories": (ORDERS[["bin"]], "column 'bin' cannot be stored as Parquet and read again"),
    "number categories of nothing": (pd.DataFrame({"a": pd.Categorical([], categories=[2])}), r"column 'a' .*\[2\]"),
    "pyarrow lists": (
        pd.DataFrame({"n": 1, "a": column([1], dtype=pd.ArrowDtype(pa.list_(pa.int8())))["a"]}),
        "column 'a'",
    ),
    "pyarrow categories": (
        column("x", dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
        "column 'a' cannot",
    ),
    "sets": (column({"x"}), r"column 'a' \(\{'x'\}\) would come back from Parquet as array"),
    "sets in lists": (column([{1}]), "column 'a'"),
    "sets in dicts": (column({"x": {1}}), "column 'a'"),
    "tuples": (column((1, 2)), "column 'a'"),
    "dicts of different keys": (column({"x": 1}, {"y": 2}), r"column 'a' \(\{'x': 1\}\) would come back"),
    "later dicts": (column({"x": [1]}, {"x": [1.5]}), "column 'a'"),
    "ints and floats in a list": (column([1, 2.5]), "column 'a'"),
    "ints among objects": (column(1, 2, dtype=object), r"column 'a' \(object\) would come back from Parquet as int64"),
    "enums": (column(Size.SMALL, dtype=object), "column 'a'"),
    "byte arrays": (column(bytearray(b"x")), "column 'a'"),
    "a large int": (column(2**70), "cannot be stored as Parquet"),
    "attrs": (attrs(unit=object()), "attrs .* would come back"),
    "tuples in attrs": (attrs(unit=(1, 2)), "attrs .* would come back"),
    "polars objects": (
        pl.DataFrame({"a": [object()]}, schema={"a": pl.Object}),
        r"column 'a' \(Object\) would come back",
    ),
    "polars arrays of none": (pl.DataFrame({"a": [None]}, schema={"a": pl.Array(pl.Int8, 0)}), "column 'a' cannot"),
    "polars rows": (pl.DataFrame(height=3), "3 rows of no column"),
    "pyarrow rows": (pa.table({"a": [1, 2]}).select([]), "2 rows of no column"),
    "pyarrow number categories": (pa.table({"a": pa.array([1]).dictionary_encode()}), "column 'a' .* as int64"),
}


@pytest.mark.filterwarnings("ignore:Could not serialize", "ignore:The DataFrame has")
@pytest.mark.parametrize(("frame", "words"), REFUSED.values(), ids=REFUSED)
def test_what_would_come_back_as_something_else_is_refused(manager, frame, words):
    with pytest.raises(UnstorableValueError, match=words):
        back(manager, frame)


KEPT = {
    "one type each": pd.DataFrame(
        {
            "int": np.array([1, 2], "u1"),
            "float": np.array([1, np.nan], "f4"),
            "bool": [True, False],
            "text": ["x", None],
            "seconds": np.array(["2024-01-01", "NaT"], "M8[s]"),
            "zone": pd.date_range("2024", periods=2, tz="Europe/Berlin", unit="s"),
            "delta": np.array([1, 2], "m8[s]"),
            "Int64": pd.Series([1, None], dtype="Int64"),
            "boolean": pd.Series([True, None], dtype="boolean"),
            "arrow": pd.Series([1, None], dtype=pd.ArrowDtype(pa.int32())),
            "period": pd.period_range("2024", periods=2, freq="D"),
            "interval": pd.interval_range(0, 2),
            "categories": pd.Categorical(["b", None], categories=["z", "b", "a"], ordered=True),
        }
    ),
    "objects": pd.DataFrame(
        {
            "date": [dt.date(2024, 1, 1), None],
            "time": [dt.time(1), None],
            "bool": pd.Series([True, None], dtype=object),
            "bytes": [b"x", None],
            "int": pd.Series([1, None], dtype=object),
            "none": pd.Series([None, None], dtype=object),
            "dict": [{"x": 1, "y": "b", "z": None}, None],
        }
    ),
    "dates for names": columns(pd.date_range("2024", periods=2, tz="UTC")),
    "int names": columns([3, 1]),
    "a number for a name of names": columns(pd.Index(["x"], name=0)),
    "levels of names": columns(pd.MultiIndex.from_product([["a"], [1, 2]], names=["p", "q"])),
    "dates": index([dt.date(2024, 1, 1)]),
    "times": index(pd.date_range("2024", periods=2, unit="s")),
    "periods": index(pd.period_range("2024", periods=2, freq="M")),
    "categories": index(pd.CategoricalIndex(["a"], categories=["b", "a"])),
    "levels": index(pd.MultiIndex.from_tuples([("a", dt.date(2024, 1, 1))], names=["p", None])),
    "a range": pd.DataFrame({"a": [1, 2, 3]}, index=pd.RangeIndex(3, 9, 2, name="r")),
    "no columns": pd.DataFrame(index=["a", "b"]),
    "nothing": pd.DataFrame(),
    "no rows": ORDERS[["day", "paid", "n"]].iloc[:0],
    "categories of nothing": pd.DataFrame(
        {"o": pd.Series([], dtype=object), "a": pd.Categorical([], categories=["z", "b"], ordered=True)}
    ),
    "attrs": attrs(unit="m", of=[1, {"x": None}]),
}


def plain(value):
    """A value in terms that tell types apart, but no list from an array, and nothing missing from another."""
    if isinstance(value, list | np.ndarray):
        return [plain(each) for each in (value if isinstance(value, list) else value.tolist())]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return "missing" if pd.api.types.is_scalar(value) and pd.isna(value) else repr(value)


def assert_same(frame, again):
    pd.testing.assert_frame_equal(again, frame, check_freq=False)
    assert list(map(repr, again.columns)) == list(map(repr, frame.columns))
    assert again.attrs == frame.attrs
    assert [plain(again[name].tolist()) for name in again] == [plain(frame[name].tolist()) for name in frame]


@pytest.mark.parametrize("frame", KEPT.values(), ids=KEPT)
def test_a_frame_of_pandas_comes_back_as_it_was(manager, frame):
    assert_same(frame, back(manager, frame))


@pytest.mark.parametrize(
    "table",
    [
        pa.table([[1], [2]], names=["a", "a"]),
        array(pa.timestamp("s"), 1),
        array(pa.time32("s"), 1),
        array(pa.date64(), dt.date(2024, 1, 1)),
        array(pa.list_(pa.timestamp("s")), [1]),
        pa.table({"a": pa.array(["x", "y"], pa.large_string()).dictionary_encode()}),
    ],
    ids=lambda table: str(table.schema),
)
def test_a_table_comes_back_in_the_types_it_was_made_with(manager, table):
    assert back(manager, table).schema == table.schema
    assert back(manager, table).equals(table)


def test_texts_among_objects_come_back_as_texts(manager):
    again = back(manager, column("x", None, np.nan, dtype=object))["a"]
    assert again.dtype == column("x").astype("str")["a"].dtype
    assert [None if pd.isna(each) else each for each in again] == ["x", None, None]


def test_a_refused_frame_leaves_the_value_that_was_stored_before(manager):
    context = output("a")
    manager.handle_output(context, pd.DataFrame({"n": [1]}))
    with pytest.raises(UnstorableValueError):
        manager.handle_output(output("a"), by("paid"))
    assert manager.load_input(wanted("a", artifacts=context.stored))["n"].tolist() == [1]


def test_a_table_stored_before_its_like_was_refused_can_still_be_read(manager):
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": pa.array([7, 7]).dictionary_encode()}), file)
    assert manager.load(file)["a"].to_pylist() == [7, 7]


VALUES = st.sampled_from(
    [
        *(1, 2.5, True, "x", b"x", None, np.nan, pd.NA, pd.NaT, 2**70, dt.date(2024, 1, 1), dt.time(1), Size.SMALL),
        *([1], [1, 2.5], [None], (1,), {1}, {"x": 1}, {"x": 1.5}, {"y": [{"z": 1}]}, [{"x": {"y": 1}}], np.zeros(2)),
        *(
            dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
            pd.Timestamp("2024"),
            dt.timedelta(1),
            pd.Period("2024"),
            pd.Interval(0, 1),
        ),
    ]
)


@given(st.lists(VALUES, max_size=3), st.lists(VALUES.filter(pd.api.types.is_hashable), max_size=3, unique=True))
@pytest.mark.filterwarnings("ignore")
def test_objects_of_any_kind_come_back_or_are_refused(values, names):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": pd.Categorical(["x"] * len(values), ["y", "x"])})
    named = pd.DataFrame([[1] * len(names)], columns=pd.Index(names, dtype=object, tupleize_cols=False))
    for each in (frame, named, named.T):
        file: Any = io.BytesIO()
        try:
            ParquetIOManager().dump(each, file)
        except UnstorableValueError:
            continue
        file.seek(0)
        again: Any = ParquetIOManager().load(file)
        assert plain(list(again.columns)) == plain(list(each.columns))
        assert plain(list(again.index)) == plain(list(each.index))
        assert plain([again[name].tolist() for name in again]) == plain([each[name].tolist() for name in each])


def test_names_of_columns_in_several_levels_are_kept(manager):
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    assert back(manager, frame).equals(frame)


def test_lists_in_a_frame_are_kept(manager):
    frame = pd.DataFrame({"tags": [["a"], ["b", "c"]]})
    assert [list(each) for each in back(manager, frame)["tags"]] == [["a"], ["b", "c"]]


def test_a_lazy_frame_is_collected(manager):
    assert back(manager, pl.LazyFrame({"n": [1, 2]}).filter(pl.col("n") > 1)).equals(pl.DataFrame({"n": [2]}))
