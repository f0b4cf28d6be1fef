from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.words import moment
from ipyassets.events import Artifact, Attempt, Event, Failure, State
from ipyassets.jupyter import detail as detail_module
from ipyassets.jupyter.detail import detail, put_out

CASES = json.loads((Path(__file__).parent.parent / "contract" / "down.json").read_text())["cases"]
CONTRACT = next(case["traits"]["detail"] for case in CASES if case["name"] == "a failure with its detail")
FIGURE = "<Figure size 640x480 with 1 Axes>"
PNG = CONTRACT["output"][1]["data"]
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'

WHEN = datetime(2013, 2, 3, 10, 11, 12, tzinfo=UTC).timestamp()


MADE = Event(
    attempt=Attempt.MATERIALIZED,
    asset_key=AssetKey("delays"),
    partition_key="2013-02-03",
    run_id="r",
    timestamp=WHEN,
    seconds=0.2,
    artifact=Artifact("delays/2013-02-03", 12_000, "ab" * 16),
)


def test_the_detail_of_a_failure_has_its_traceback_its_prints_and_the_value_that_was_kept():
    failure = Failure("ZeroDivisionError", "division by zero", "Cell In[4], line 3, in delays(...)")
    last = replace(MADE, attempt=Attempt.FAILED, failure=failure, output="read 842 rows\n", timestamp=WHEN + 60)
    told = detail(index=33, key="2013-02-03", state=State.FAILED, why="failed", last=last, made=MADE)["detail"]
    assert told.keys() == CONTRACT.keys()
    assert told["reason"] == "ZeroDivisionError: division by zero"
    assert (told["traceback"], told["output"]) == (failure.traceback, [{"text": "read 842 rows\n"}])
    rows = dict(told["rows"])
    assert rows["when"] == moment(WHEN + 60)
    assert rows["took"] == "0.2 s"
    assert rows["kept"] == f"value of {moment(WHEN)}, 12 kB"


def test_the_detail_of_a_value_has_its_size_and_its_metadata():
    made = replace(MADE, metadata={"rows": 842, "path": "x" * 999}, config={"above": 15}, tags={"by": "me"})
    told = detail(index=0, key="k", state=State.STALE, why="stale: code", last=made, made=made)["detail"]
    rows = dict(told["rows"])
    assert (rows["size"], rows["rows"]) == ("12 kB", "842")
    assert (rows["config above"], rows["by"]) == ("15", "me")
    assert len(rows["path"]) < 300
    assert told["reason"] == "stale: code"


def test_an_address_of_the_web_is_not_cut():
    address = "https://example.org/" + "x" * 400
    made = replace(MADE, metadata={"page": address})
    told = detail(index=0, key="k", state=State.FRESH, why="", last=made, made=made)["detail"]
    assert dict(told["rows"])["page"] == address


def test_the_detail_of_what_was_never_tried_is_its_state():
    told = detail(index=0, key="k", state=State.MISSING, why="", last=None, made=None)["detail"]
    assert (told["state"], told["rows"], told["traceback"], told["output"]) == ("missing", [], "", [])


def displayed(output, *bundles):
    return put_out(replace(MADE, output=output, displays=bundles))


def test_prints_and_pictures_are_those_of_the_contract():
    large = "another figure"
    bundles = [{"text/plain": FIGURE, "image/png": PNG}, {"text/plain": large, "image/png": "a" * 2_300_000}]
    assert displayed(f"read 842 rows\n{FIGURE}\n{large}\n", *bundles) == CONTRACT["output"]


def test_pictures_stand_among_the_prints_in_the_places_of_their_own_texts():
    shown = displayed(f"one\n{FIGURE}\ntwo\n{FIGURE}\n", *[{"text/plain": FIGURE, "image/png": PNG}] * 2)
    picture = {"image": "image/png", "data": PNG, "text": FIGURE}
    assert shown == [{"text": "one\n"}, picture, {"text": "two\n"}, picture]


def test_what_is_displayed_without_a_picture_is_read_as_its_text():
    table = {"text/plain": "a  b", "text/html": "<script>alert(1)</script>"}
    shown = displayed(f"a  b\n{FIGURE}\n", table, {"text/plain": FIGURE, "image/png": PNG})
    assert shown == [{"text": "a  b\n"}, {"image": "image/png", "data": PNG, "text": FIGURE}]


@pytest.mark.parametrize("bundle", [{"image/png": PNG}, {"text/plain": "cut off", "image/png": PNG}])
def test_a_picture_whose_place_is_not_known_comes_last(bundle):
    assert displayed("one\ntwo\n", bundle)[0] == {"text": "one\ntwo\n"}
    assert displayed("one\ntwo\n", bundle)[1]["image"] == "image/png"


def test_a_drawing_of_vectors_is_shown_as_a_picture_which_runs_nothing():
    (picture,) = displayed("", {"image/svg+xml": SVG})
    assert picture["image"] == "image/svg+xml"
    assert base64.b64decode(picture["data"]).decode() == SVG


def test_lines_of_base64_are_joined():
    (picture,) = displayed("", {"image/jpeg": "abcd\nefgh\n"})
    assert picture["data"] == "abcdefgh"


def test_pictures_beyond_a_megabyte_are_left_out_and_it_is_said_where_they_are(monkeypatch):
    monkeypatch.setattr(detail_module, "MOST_OF_PICTURES", 10)
    bundles = [{"text/plain": f"figure {n}", "image/png": data} for n, data in enumerate(["a" * 8, "b" * 4, "c" * 2])]
    shown = displayed("figure 0\nfigure 1\nfigure 2\n", *bundles)
    assert [piece.get("data", piece["text"]) for piece in shown] == [
        "a" * 8,
        "[image/png, 4 bytes: too much to show here, see delays.output('2013-02-03').displays]\n",
        "c" * 2,
    ]
    whole = replace(MADE, partition_key="", displays=({"image/png": "a" * 11},))
    assert "see delays.output().displays" in put_out(whole)[0]["text"]
