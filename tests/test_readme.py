"""What the README says is true: its tour runs, and its table of differences is the one that the tests keep."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
ASSETS = {"flights": 45, "delays": 45, "forecast": 1}
README = (ROOT / "README.md").read_text()


def test_the_tour_runs(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, blocks())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    storage = tmp_path / ".ipyassets" / "storage"
    made = {asset: sum(file.is_file() for file in (storage / asset).rglob("*")) for asset in ASSETS}
    assert made == ASSETS


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_every_deliberate_difference_from_dagster_is_in_one_row_that_says_what_and_why():
    differences = json.loads((ROOT / "tests" / "vectors" / "differences.json").read_text())
    table = README.partition("| Dagster | ipyassets | why | vectors |\n|---|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()]
    assert all(len(row) == 4 and all(row[:3]) for row in rows)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row[3])]
    assert sorted(named) == sorted(differences)


def test_every_file_it_names_is_there():
    named = re.findall(r"\((notebooks/[^)]+)\)|`((?:notebooks|tests|src)/[^`<]+)`", README)
    assert named
    assert not [path for path in map("".join, named) if not (ROOT / path).exists()]
