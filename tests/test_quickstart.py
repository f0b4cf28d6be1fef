"""The quickstart notebook, executed as it is committed, twice, in a folder of its own."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

QUICKSTART = Path(__file__).parent.parent / "notebooks" / "quickstart.ipynb"


def execute(folder: Path) -> nbformat.NotebookNode:
    """Run all cells of the copy in the folder, in a fresh kernel; the first cell that fails raises."""
    notebook = nbformat.read(folder / QUICKSTART.name, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    return client.execute()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the notebook in it, and a user's home that has seen no notebook yet."""
    folder = tmp_path_factory.mktemp("quickstart")
    shutil.copy(QUICKSTART, folder)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            (folder.parent / "home" / name).mkdir(parents=True)
            patch.setenv(name, str(folder.parent / "home" / name))
        yield folder


@pytest.fixture(scope="module")
def executed(folder: Path) -> nbformat.NotebookNode:
    return execute(folder)


def stored(folder: Path) -> dict[Path, int]:
    """When each pickle was written."""
    files = (folder / ".ipyassets" / "storage").rglob("*")
    return {file: file.stat().st_mtime_ns for file in files if file.is_file()}


def test_it_is_committed_without_outputs():
    notebook = nbformat.read(QUICKSTART, as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("asset", ["flights", "delays"])
def test_every_day_of_the_year_is_one_pickle(executed, folder, asset):
    keys = sorted(file.name for file in (folder / ".ipyassets" / "storage" / asset).iterdir())
    assert (len(keys), keys[0], keys[-1]) == (365, "2013-01-01", "2013-12-31")


def test_no_flight_is_lost(executed, folder):
    files = (folder / ".ipyassets" / "storage" / "flights").iterdir()
    assert sum(len(pickle.loads(file.read_bytes())) for file in files) == 336_776


def test_the_failure_stops_only_the_airport_whose_file_is_late(executed, folder):
    (cell,) = [cell for cell in executed.cells if cell.source.startswith("%materialize visibility *")]
    (error,) = [output for output in cell.outputs if output.output_type == "error"]
    assert "28 partitions failed" in "\n".join(error.traceback)
    assert "visibility EWR" not in "\n".join(error.traceback)


def test_the_repair_fills_what_had_failed(executed, folder):
    airports = (folder / ".ipyassets" / "storage" / "visibility").iterdir()
    days = {airport.name: len(list(airport.iterdir())) for airport in airports}
    assert days == {"EWR": 28, "JFK": 28, "LGA": 28}


def test_it_ends_with_a_picture(executed):
    assert [out for cell in executed.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]


def test_a_second_run_makes_nothing_again(executed, folder):
    before = stored(folder)
    execute(folder)
    assert stored(folder) == before
