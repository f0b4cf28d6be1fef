from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

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


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"tags": [{"a"}, {"b"}]}), "column 'tags' holds sets"),
        (pd.DataFrame([[1, 2]], columns=["a", 1]), "numbers and texts are names of columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "cannot be stored as Parquet: Duplicate column names"),
        (pl.DataFrame({"n": [1], "any": [object()]}, schema_overrides={"any": pl.Object}), "column 'any' holds Python"),
    ],
)
def test_what_would_come_back_as_something_else_is_refused(manager, frame, words):
    with pytest.raises(UnstorableValueError, match=words):
        back(manager, frame)


def test_names_of_columns_in_several_levels_are_kept(manager):
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    assert back(manager, frame).equals(frame)


def test_lists_in_a_frame_are_kept(manager):
    frame = pd.DataFrame({"tags": [["a"], ["b", "c"]]})
    assert [list(each) for each in back(manager, frame)["tags"]] == [["a"], ["b", "c"]]


def test_a_lazy_frame_is_collected(manager):
    assert back(manager, pl.LazyFrame({"n": [1, 2]}).filter(pl.col("n") > 1)).equals(pl.DataFrame({"n": [2]}))
