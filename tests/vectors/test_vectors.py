"""Golden vectors: what Dagster 1.13.29 answers. Every difference is on purpose, and listed with its reason.

`differences.json` lists, by what differs, why it does and the ids of the vectors that show it. A difference that is not
listed fails, and so does a listed one that is none any more.
"""

import json
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAMILIES = sorted(path.stem for path in (HERE / "public").glob("*.json"))
DIFFERENCES = json.loads((HERE / "differences.json").read_text())
LISTED = {identity for difference in DIFFERENCES.values() for identity in difference["ids"]}


@cache
def adapter():
    sys.path.insert(0, str(HERE))
    try:
        import adapter as spelled  # type: ignore[import-not-found]  # by path, as the runner does
    finally:
        sys.path.remove(str(HERE))
    return spelled.LibraryAdapter()


def vectors(family):
    return json.loads((HERE / "public" / f"{family}.json").read_text())["vectors"]


def answer(vector):
    return json.loads(json.dumps(adapter().run(vector), default=repr))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_vector_gives_dagsters_answer_unless_its_difference_is_listed(family):
    differing = {
        vector["id"]: answer(vector)
        for vector in vectors(family)
        if vector["id"] not in LISTED and not adapter().matches(vector["expect"], answer(vector))
    }
    assert not differing


@pytest.mark.parametrize("family", FAMILIES)
def test_every_listed_difference_still_differs(family):
    agreeing = {
        vector["id"]
        for vector in vectors(family)
        if vector["id"] in LISTED and adapter().matches(vector["expect"], answer(vector))
    }
    assert not agreeing


def test_every_listed_difference_is_of_a_vector_and_has_a_reason():
    known = {vector["id"] for family in FAMILIES for vector in vectors(family)}
    assert known >= LISTED
    assert all(difference["why"] for difference in DIFFERENCES.values())
