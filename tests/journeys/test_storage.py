"""The notebook about what is kept, as a person works through it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

STORAGE = Path(__file__).parents[2] / "notebooks" / "storage.ipynb"


@pytest.fixture
def storage(notebook):
    shutil.copy(STORAGE, notebook.folder)
    notebook.open(STORAGE.name)
    return notebook


def test_files_that_were_lost_or_changed_are_seen_on_the_bar(storage):
    for start in ("%load_ext", "%%asset wind", "%materialize wind [", "stored = ", "(stored"):
        storage.run(storage.index_of(start))
    bar = storage.bar(storage.index_of("%%asset wind"))
    bar.expect_count("damaged", 2)
    assert bar.counts == {"damaged": 2, "fresh": 11, "missing": 1}
    for name in ("Light", "Dark"):
        storage.theme(f"JupyterLab {name}")
        storage.screenshot(f"storage-damaged-{name.lower()}")


def test_deleting_the_store_turns_the_bars_grey_and_the_kernel_goes_on(storage):
    storage.run_all()
    bar = storage.bar(storage.index_of("%%asset wind"))
    bar.expect_count("fresh", 14)
    storage.screenshot("storage-whole")
    shutil.rmtree(storage.folder / ".ipyassets")
    bar.expect_count("missing", 14)
    assert not (storage.folder / ".ipyassets").exists()
    storage.run(storage.index_of("%materialize wind ["))
    bar.expect_count("fresh", 13)
    assert len(storage.pickles("wind")) == 13
