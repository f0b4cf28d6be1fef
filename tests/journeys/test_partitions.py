"""The notebook on partitions as a reader goes through it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

PARTITIONS = Path(__file__).parents[2] / "notebooks" / "partitions.ipynb"
COUNTS = {
    "prices": {"fresh": 3},
    "visits": {"fresh": 16, "missing": 59},
    "scores": {"fresh": 60, "missing": 660},
    "retention": {"fresh": 57, "missing": 21},
    "base": {"fresh": 31, "missing": 150},
    "fold_error": {"fresh": 9, "missing": 3},
    "tide": {"fresh": 24, "missing": 1_000_056},
}


@pytest.fixture
def partitions(notebook):
    shutil.copy(PARTITIONS, notebook.folder)
    notebook.open(PARTITIONS.name)
    notebook.run_all()
    return notebook


def test_every_kind_of_partition_has_a_bar(partitions):
    cells = {asset: partitions.index_of(f"%%asset {asset} ") for asset in COUNTS}
    assert {asset: partitions.bar(cell).counts for asset, cell in cells.items()} == COUNTS
    for theme in ("Light", "Dark"):
        partitions.theme(f"JupyterLab {theme}")
        for asset, cell in cells.items():
            partitions.screenshot(f"partitions-{asset}-{theme.lower()}", partitions.cell(cell))
