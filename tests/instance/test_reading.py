from __future__ import annotations

import pdb  # noqa: T100 - stood in for, to see that it is started
import threading

import matplotlib as mpl
import pandas as pd
import pytest

from ipyassets import (
    DailyPartitionsDefinition,
    Instance,
    MultiPartitionsDefinition,
    Output,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    asset,
    materialize,
    use_instance,
)
from ipyassets.engine.capture import current_output
from ipyassets.errors import (
    InvalidArgumentError,
    InvalidInvocationError,
    NotMaterializedError,
    UnknownPartitionError,
)
from ipyassets.instance.shown import Shown

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-06")
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": StaticPartitionsDefinition(["a", "b"])})


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path / "root", durability="fast")
    with use_instance(instance):
        yield instance
    instance.close()


@asset(partitions_def=DAYS)
def tables(context):
    print("making", context.partition_key)
    day = context.partition_time_window.start.day
    return Output(pd.DataFrame({"value": [day, 10 * day]}), metadata={"rows": day})


@asset(partitions_def=DAYS)
def means(tables):
    if tables.value[0] == 3:
        raise ZeroDivisionError("the third")
    return tables.value.mean()


@asset
def whole():
    return 1


@pytest.fixture
def made(instance):
    materialize([tables, means], partition_keys="[2024-01-01...2024-01-04]", instance=instance, raise_on_error=False)
    return instance


def test_one_partition_is_read_by_its_key(made):
    assert means["2024-01-02"] == 11.0
    assert tables["2024-01-02"].value.tolist() == [2, 20]


def test_a_slice_is_a_lazy_mapping_with_both_ends(made):
    read = means["2024-01-01":"2024-01-02"]
    assert dict(read) == {"2024-01-01": 5.5, "2024-01-02": 11.0}
    assert len(means[:]) == 5
    assert "2024-01-03" not in read
    with pytest.raises(KeyError):
        read["2024-01-03"]


def test_a_slice_of_several_dimensions_is_the_box_that_a_selection_means(instance):
    @asset(partitions_def=GRID)
    def grid(context):
        return str(context.partition_key)

    keys = list(grid["2024-01-02|b":"2024-01-04|b"])
    assert keys == ["2024-01-02|b", "2024-01-03|b", "2024-01-04|b"]
    assert keys == GRID.get_partition_keys_in_range(PartitionKeyRange("2024-01-02|b", "2024-01-04|b"))
    materialize([grid], partition_keys="[2024-01-02|b...2024-01-04|b]", instance=instance)
    assert list(grid[:].stored()) == keys
    assert list(grid["2024-01-05|b":]) == ["2024-01-05|b"]
    assert list(grid["2024-01-04|a":"2024-01-02|b"]) == []


def test_what_is_not_stored_says_so_and_can_be_left_out(made):
    with pytest.raises(NotMaterializedError):
        means[:]["2024-01-05"]
    assert list(means[:].stored()) == ["2024-01-01", "2024-01-02", "2024-01-04"]


def test_a_slice_becomes_one_frame_with_a_key_column(made):
    frame = tables["2024-01-01":"2024-01-02"].concat()
    assert frame.columns.tolist() == ["partition", "value"]
    assert frame.partition.tolist() == ["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02"]


def test_an_index_that_says_something_is_kept_as_columns(instance):
    @asset(partitions_def=DAYS)
    def by_origin():
        return pd.DataFrame({"origin": ["x", "y"], "delay": [1, 2]}).groupby("origin").mean()

    materialize([by_origin], partition_key="2024-01-01", instance=instance)
    assert by_origin[:"2024-01-01"].concat().columns.tolist() == ["partition", "origin", "delay"]


def test_several_dimensions_have_a_key_column_each(instance):
    @asset(partitions_def=GRID)
    def grid():
        return pd.DataFrame({"value": [1]})

    materialize([grid], partition_keys=["2024-01-01|a", "2024-01-02|b"], instance=instance)
    frame = grid[:].stored().concat()
    assert frame.day.tolist() == ["2024-01-01", "2024-01-02"]
    assert frame.letter.tolist() == ["a", "b"]


def test_only_frames_can_become_one_frame(made):
    with pytest.raises(InvalidArgumentError, match=r"2024-01-01 is numpy\.float64, not a frame"):
        means["2024-01-01":"2024-01-01"].concat()


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda: means["2024-02-01"], UnknownPartitionError),
        (lambda: means["2024-01-01":"x"], UnknownPartitionError),
        (lambda: means["2024-01-01"::2], InvalidArgumentError),
        (means.value, InvalidInvocationError),
        (lambda: whole["a"], InvalidInvocationError),
        (whole.value, NotMaterializedError),
    ],
    ids=["unknown key", "unknown end", "step", "value of partitions", "key of none", "nothing stored"],
)
def test_what_cannot_be_read_is_refused(made, read, error):
    with pytest.raises(error):
        read()


def test_columns_are_numbers_and_moments_also_where_something_is_missing(made):
    types = tables.status().dtypes.astype(str)
    assert list(types[["when", "seconds", "bytes"]]) == ["datetime64[us, UTC]", "float64", "Int64"]
    assert list(tables.history().dtypes.astype(str)[["when", "bytes"]]) == ["datetime64[us, UTC]", "Int64"]


def test_status_is_a_row_a_partition_with_its_metadata(made):
    status = tables.status()
    assert status.index.tolist() == list(DAYS.get_partition_keys())
    assert status.state.tolist() == ["fresh"] * 4 + ["missing"]
    assert status.rows.tolist()[:4] == [1, 2, 3, 4]
    assert str(status.when.dtype) in ("datetime64[ns, UTC]", "datetime64[us, UTC]")
    assert status.bytes.notna().sum() == 4


def test_status_has_the_metadata_of_what_stands_though_nothing_was_stored(instance):
    @asset(partitions_def=DAYS)
    def counted(context) -> None:
        context.add_output_metadata({"rows": context.partition_time_window.start.day, "share": float("nan")})

    materialize([counted], partition_keys="[2024-01-01...2024-01-03]", instance=instance)
    assert counted.status().rows.tolist()[:3] == [1, 2, 3]
    assert counted.status()[["rows", "share"]].isna().to_numpy()[:3].tolist() == [[False, True]] * 3


def test_metadata_that_is_named_as_a_column_does_not_take_its_place(instance):
    @asset(partitions_def=DAYS)
    def told():
        return Output(1, metadata={"state": "fine", "bytes": 3})

    materialize([told], partition_key="2024-01-01", instance=instance)
    first = told.status().iloc[0]
    assert (first["state"], first["metadata.state"], first["metadata.bytes"]) == ("fresh", "fine", 3)


def test_status_gives_the_reason_of_what_is_not_in_order(made):
    assert list(means.status().loc["2024-01-03", ["state", "reason"]]) == [
        "failed",
        "ZeroDivisionError: the third",
    ]
    path = made.root / "storage" / "tables" / "2024-01-02"
    path.unlink()
    assert list(tables.status().loc["2024-01-02", ["state", "reason"]]) == ["damaged", "its file is gone"]
    assert list(means.status().loc["2024-01-02", ["state", "reason"]]) == [
        "stale",
        "tables 2024-01-02 is damaged",
    ]


def test_a_file_that_is_not_what_was_stored_is_damaged_once_read(made):
    path = made.root / "storage" / "tables" / "2024-01-02"
    path.write_bytes(b"something else")
    with pytest.raises(Exception, match="2024-01-02"):
        tables["2024-01-02"]
    assert tables.status().loc["2024-01-02", "state"] == "damaged"
    materialize([tables], partition_key="2024-01-02", instance=made)
    assert tables.status().loc["2024-01-02", "state"] == "fresh"


def test_history_is_a_row_an_attempt_newest_first(made):
    materialize([tables], partition_key="2024-01-01", instance=made)
    history = tables.history()
    assert history.partition.tolist() == ["2024-01-01", "2024-01-04", "2024-01-03", "2024-01-02", "2024-01-01"]
    assert history.output[0] == "making 2024-01-01\n"
    assert len(tables.history("2024-01-01")) == 2
    assert tables.history(limit=2).partition.tolist() == ["2024-01-01", "2024-01-04"]


def test_errors_are_a_row_a_failed_partition(made):
    errors = means.errors()
    assert errors.index.tolist() == ["2024-01-03"]
    assert errors.loc["2024-01-03", "message"] == "the third"
    assert "raise ZeroDivisionError" in str(errors.loc["2024-01-03", "traceback"])


def test_errors_are_in_the_order_of_the_partitions_not_of_the_attempts(instance):
    @asset(partitions_def=DAYS)
    def failing():
        raise ValueError

    for key in ("2024-01-03", "2024-01-01"):
        materialize([failing], partition_key=key, instance=instance, raise_on_error=False)
    assert failing.errors().index.tolist() == ["2024-01-01", "2024-01-03"]


def test_what_a_body_put_out_is_shown_again(made):
    assert str(tables.output("2024-01-01")) == "making 2024-01-01\n"
    with pytest.raises(NotMaterializedError, match="tables 2024-01-05 was never tried"):
        tables.output("2024-01-05")
    with pytest.raises(InvalidInvocationError, match="tables is partitioned: say of which partition"):
        tables.output()
    with pytest.raises(UnknownPartitionError, match="2024-01-55"):
        tables.output("2024-01-55")


def test_displays_are_shown_again_where_they_were_among_the_prints():
    picture = {"text/plain": "<Figure>", "image/png": "..."}
    page = {"text/html": "<b>bold</b>"}
    shown = Shown("before\n<Figure>\nbetween\n<Figure>\nafter\n", [picture, page, picture])
    assert list(shown.in_order()) == [
        ("before\n", picture),
        ("", page),
        ("between\n", picture),
        ("after\n", None),
    ]
    assert "".join(text for text, _ in shown.in_order()) == "before\nbetween\nafter\n"


def test_displays_that_a_flood_of_prints_has_drowned_out_are_shown_after_it():
    picture = {"text/plain": "<Figure>", "image/png": "..."}
    assert list(Shown("flood", [picture, picture]).in_order()) == [("flood", picture), ("", picture), ("", None)]


def test_what_was_put_out_is_its_text_in_a_terminal():
    assert repr(Shown("printed\n", [{"text/html": "<b>bold</b>"}])) == "printed\n"


def test_debugging_has_the_inputs_in_hand_and_runs_the_body_again(made):
    trial = means.debug("2024-01-03")
    assert trial.inputs["tables"].value.tolist() == [3, 30]
    assert trial.context.partition_key == "2024-01-03"
    assert trial.attempt.failure.type == "ZeroDivisionError"
    with pytest.raises(ZeroDivisionError):
        trial()
    assert means.debug("2024-01-02")() == 11.0
    assert len(means.history("2024-01-03")) == 1


def test_a_post_mortem_starts_in_the_failing_frame(made, monkeypatch):
    frames = []
    monkeypatch.setattr(pdb, "post_mortem", lambda trace: frames.append(trace.tb_frame.f_code.co_name))
    with pytest.raises(ZeroDivisionError):
        means.debug("2024-01-03").post_mortem()
    assert frames == ["means"]


def test_metadata_is_plotted_over_time(made):
    mpl.use("agg")
    axes = tables.plot("rows")
    assert axes.get_lines()[0].get_ydata()[:4].tolist() == [1, 2, 3, 4]
    with pytest.raises(InvalidArgumentError, match="did you mean 'rows'"):
        tables.plot("row")


def test_a_breakpoint_in_a_body_talks_to_its_user(instance, capsys, monkeypatch):
    said = []

    def hook():
        said.append("stopped")
        print("visible")

    monkeypatch.setattr("sys.breakpointhook", hook)

    @asset
    def stopping():
        print("kept")
        breakpoint()  # noqa: T100 - what the test is about
        print("seen")

    materialize([stopping], instance=instance)
    assert said == ["stopped"]
    assert capsys.readouterr().out == "visible\nseen\n"
    assert str(stopping.output()) == "kept\n"


@pytest.mark.parametrize("key", [3, pd.Timestamp("2024-01-01"), slice(3, None)])
def test_a_key_that_is_no_text_is_an_error_that_says_so(made, key):
    with pytest.raises(InvalidArgumentError, match="a partition key is a text, not "):
        tables[key]


def test_a_partition_in_hand_says_which_it_is_and_what_to_do_with_it(made):
    assert repr(means.debug("2024-01-03")) == "<means 2024-01-03 in hand, with tables: call it to run the body>"


def test_what_another_user_s_body_displayed_is_shown_without_what_could_run_in_the_page(tmp_path, monkeypatch):
    @asset
    def table():
        output = current_output()
        assert output is not None
        output.display({"text/html": "<script>", "text/plain": "a table"})

    for key, kinds in (("theirs", {"text/html", "text/plain"}), ("mine", {"text/plain"})):
        monkeypatch.setenv("IPYASSETS_KEY", key)
        instance = Instance(tmp_path)
        with use_instance(instance):
            if key == "theirs":
                materialize([table])
            shown = table.output()._repr_mimebundle_()
        instance.close()
        assert shown.keys() == kinds
        assert shown["text/plain"] == "a table\n"


def test_what_of_its_code_is_not_counted_is_named_beside_what_is_fresh(instance):
    locks = [threading.Lock() for _ in range(5)]
    one, two, three, four, five = locks

    @asset
    def locked():
        with one:
            return 1

    @asset
    def by_many():
        with one, two, three, four, five:
            return 1

    materialize([locked, by_many])
    assert tuple(locked.status().iloc[0][["state", "reason"]]) == ("fresh", "edits of one are not seen")
    assert by_many.status().iloc[0]["reason"] == "edits of five, four, one and 2 more are not seen"


def test_what_could_not_be_tried_because_it_reads_what_does_not_exist_says_so(instance):
    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-01-02"))
    def source():
        return 1

    @asset(partitions_def=DAYS)
    def reader(source):
        return source

    materialize(
        [source, reader], instance=instance, selection=[reader], partition_key="2024-01-02", raise_on_error=False
    )
    state, reason = reader.status().loc["2024-01-02", ["state", "reason"]]
    assert state == "missing"
    assert reason == "it reads 2024-01-02 of source, which does not exist"
