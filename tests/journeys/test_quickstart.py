"""The quickstart as a person works through it."""

from __future__ import annotations

import pickle
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
JANUARY = [str(date(2013, 1, 1) + timedelta(days)) for days in range(31)]


@pytest.fixture
def quickstart(notebook):
    shutil.copy(QUICKSTART, notebook.folder)
    return notebook


def open_at_first_bar(quickstart, app):
    """Open the notebook and run it down to the first asset, whose bar is given back."""
    quickstart.open(QUICKSTART.name, app)
    quickstart.run(quickstart.index_of("%load_ext"))
    flights = quickstart.index_of("%%asset flights")
    quickstart.run(flights)
    return quickstart.bar(flights)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_dragging_over_january_writes_one_pickle_for_each_of_its_days(quickstart, app):
    bar = open_at_first_bar(quickstart, app)
    assert bar.counts == {"missing": 365}
    bar.drag(0, 30)
    bar.expect_selected(31)
    quickstart.screenshot(f"quickstart-{app}-selected")
    bar.materialize()
    bar.expect_count("fresh", 31)
    bar.expect_finished()
    quickstart.screenshot(f"quickstart-{app}-january")
    assert bar.counts == {"fresh": 31, "missing": 334}
    assert list(quickstart.pickles("flights")) == JANUARY
    first = quickstart.folder / ".ipyassets" / "storage" / "flights" / JANUARY[0]
    assert len(pickle.loads(first.read_bytes())) == 842


def test_the_colours_of_the_bar_agree_with_the_disk(quickstart):
    bar = open_at_first_bar(quickstart, "lab")
    bar.drag(0, 30)
    bar.press("Enter")
    bar.expect_count("fresh", 31)
    bar.expect_finished()
    colours = bar.colours()
    width = colours.shape[1]
    fresh, missing = (colours[:, int(width * day / 365)].mean(axis=0) for day in (15.5, 200.5))
    assert fresh[1] > fresh[0]  # green
    assert np.ptp(missing) < 0.1  # grey
    for name in ("Dark", "Light"):
        quickstart.theme(f"JupyterLab {name}")
        quickstart.screenshot(f"quickstart-{name.lower()}")


def test_states_are_back_after_a_restart_and_nothing_is_made_again(quickstart):
    quickstart.open(QUICKSTART.name)
    quickstart.run_all()
    flights = quickstart.index_of("%%asset flights")
    quickstart.bar(flights).expect_count("fresh", 365)
    quickstart.screenshot("quickstart-whole")
    before = {asset: quickstart.pickles(asset) for asset in ("flights", "delays", "visibility", "year")}
    quickstart.restart_kernel()
    quickstart.run_all()
    quickstart.bar(flights).expect_count("fresh", 365)
    assert quickstart.bar(flights).counts == {"fresh": 365}
    assert {asset: quickstart.pickles(asset) for asset in before} == before
