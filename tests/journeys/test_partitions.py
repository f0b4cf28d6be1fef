"""The notebook on partitions as a reader goes through it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

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

FIVE = """
search = MultiPartitionsDefinition({
    "depth": StaticPartitionsDefinition(["shallow", "deep"]),
    "loss": StaticPartitionsDefinition(["L1", "L2"]),
    "month": MonthlyPartitionsDefinition("2024-01-01", end_date="2026-07-01"),
    "region": StaticPartitionsDefinition(["north", "south", "west"]),
    "seed": ValuesPartitionsDefinition(range(2)),
})
"""


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


def test_the_label_of_an_outer_key_selects_its_block(notebook):
    notebook.start(
        "%load_ext ipyassets\nfrom ipyassets import *",
        FIVE,
        "%%asset scores --partitions search\npartition_key",
    )
    bar = notebook.bar(2)
    labels = bar.root.locator(".ipa-row")
    assert labels.all_inner_texts().count("deep") == 1
    assert labels.evaluate_all("(labels) => labels.every((label) => label.scrollWidth <= label.clientWidth)")
    for label, count, text in (("deep", 360, "deep|*|*|*|*"), ("L2", 180, "shallow|L2|*|*|*")):
        place = labels.get_by_text(label, exact=True).first.bounding_box()
        assert place is not None
        notebook.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        bar.expect_selected(count)
        expect(bar.text).to_have_value(text)
