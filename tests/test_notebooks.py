"""The notebooks, executed as they are committed, each in a folder of its own."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
NAMES = sorted(file.stem for file in NOTEBOOKS.glob("*.ipynb"))


@dataclass(frozen=True, slots=True)
class Executed:
    """A notebook after a run of all its cells; the first cell that fails raises."""

    folder: Path
    name: str
    notebook: nbformat.NotebookNode

    @classmethod
    def now(cls, folder: Path, name: str) -> Executed:
        """Run the copy in the folder, in a fresh kernel."""
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
        return cls(folder, name, client.execute())

    def output(self, start: str) -> str:
        """What the first cell that begins so shows as text."""
        (cell, *_) = [cell for cell in self.notebook.cells if cell.source.startswith(start)]
        shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        return "\n".join(shown)

    def keys(self, asset: str) -> list[str]:
        """The partitions that have a pickle, by their paths."""
        return sorted(str(file.relative_to(self.storage / asset)) for file in _files(self.storage / asset))

    @property
    def storage(self) -> Path:
        """Where its values are."""
        return self.folder / ".ipyassets" / "storage"

    @property
    def written(self) -> dict[Path, int]:
        """When each pickle was written."""
        return {file: file.stat().st_mtime_ns for file in _files(self.storage)}


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Executed]]:
    """Every notebook, executed in a folder of its own, at the home of a user who has seen no notebook yet."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            (home / name).mkdir()
            patch.setenv(name, str(home / name))
        executed = {}
        for name in NAMES:
            folder = tmp_path_factory.mktemp(name)
            shutil.copy(NOTEBOOKS / f"{name}.ipynb", folder)
            executed[name] = Executed.now(folder, name)
        yield executed


@pytest.fixture(scope="module")
def quickstart(run: dict[str, Executed]) -> Executed:
    return run["quickstart"]


@pytest.fixture(scope="module")
def partitions(run: dict[str, Executed]) -> Executed:
    return run["partitions"]


@pytest.fixture(scope="module")
def storage(run: dict[str, Executed]) -> Executed:
    return run["storage"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_committed_without_outputs(name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("asset", ["flights", "delays"])
def test_every_day_of_the_year_is_one_pickle(quickstart, asset):
    keys = quickstart.keys(asset)
    assert (len(keys), keys[0], keys[-1]) == (365, "2013-01-01", "2013-12-31")


def test_no_flight_is_lost(quickstart):
    files = (quickstart.storage / "flights").iterdir()
    assert sum(len(pickle.loads(file.read_bytes())) for file in files) == 336_776


def test_the_failure_stops_only_the_airport_whose_file_is_late(quickstart):
    cells = quickstart.notebook.cells
    (cell,) = [cell for cell in cells if cell.source.startswith("%materialize visibility *")]
    (error,) = [output for output in cell.outputs if output.output_type == "error"]
    assert "28 partitions failed" in "\n".join(error.traceback)
    assert "visibility EWR" not in "\n".join(error.traceback)


def test_the_repair_fills_what_had_failed(quickstart):
    airports = [key.partition("/")[0] for key in quickstart.keys("visibility")]
    assert {airport: airports.count(airport) for airport in airports} == {"EWR": 28, "JFK": 28, "LGA": 28}


def test_it_ends_with_a_picture(quickstart):
    shown = [output for cell in quickstart.notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in shown if "image/png" in output.get("data", {})]


def test_a_second_run_of_the_quickstart_makes_nothing_again(quickstart):
    before = quickstart.written
    Executed.now(quickstart.folder, quickstart.name)
    assert quickstart.written == before


def test_a_key_added_after_the_bar_was_shown_is_made(partitions):
    assert partitions.keys("prices") == ["cocoa", "coffee", "tea"]


def test_five_dimensions_lie_in_nested_folders(partitions):
    assert len(partitions.keys("scores")) == 60
    assert "deep/L2/2026-06-01/south/1" in partitions.keys("scores")


def test_only_combinations_that_exist_are_made(partitions):
    assert len(partitions.keys("retention")) == 57
    assert "2025-02/2025-01" not in partitions.keys("retention")


def test_a_function_fills_the_days_of_the_week_before(partitions):
    assert (partitions.keys("sales")[0], partitions.keys("base")[0]) == ("2026-02-22", "2026-03-01")
    assert "7 cannot run" in partitions.output("%materialize base latest")


def test_numbers_are_in_the_order_of_numbers(partitions):
    assert partitions.keys("fold_error") == ["10", *map(str, range(2, 10))]


def test_of_a_million_hours_one_day_is_made(partitions):
    assert partitions.keys("tide") == [f"1969-07-20-{hour:02}:00" for hour in range(24)]


def test_what_was_lost_or_changed_is_made_again(storage):
    assert storage.output("(stored").split()[:3] == ["wind", "2013-01-03", "its"]
    assert "2013-01-05    its file is not what was stored" in storage.output("(stored")
    assert "2 materialized" in storage.output("%materialize wind damaged")
    assert pickle.loads((storage.storage / "wind" / "2013-01-05").read_bytes()).name == "knots"


def test_values_that_are_not_to_be_trusted_are_refused_and_then_let_in(storage):
    shown = [output for cell in storage.notebook.cells for output in cell.get("outputs", [])]
    errors = [output.ename for output in shown if "ename" in output]
    assert errors == ["DamagedPartitionError", "UntrustedPartitionError"]
    assert storage.output("wind.trust").splitlines()[1] == "0    14.0"


def test_an_earlier_value_comes_back(storage):
    first, second = storage.output("%materialize calm").splitlines()[-1], storage.output("limit = 1").splitlines()[-1]
    assert second == f"[(19, True), ({first}, False)]"
    assert pickle.loads((storage.storage / "calm").read_bytes()) == int(first)


def test_of_the_values_that_expire_three_are_left(storage):
    assert storage.keys("rain") == ["2013-01-12", "2013-01-13", "2013-01-14"]
    assert (storage.storage / "rain" / "2013-01-14").read_text().startswith("hour,precip")
    assert len(storage.keys("hours")) == 14


def test_what_is_only_tried_changes_nothing(storage):
    assert "7 values with" in storage.output("tried = hours.wipe")
    assert "14 values of wind would be those of breeze" in storage.output("tried = upkeep().rename")
    assert "events can be read, 0 are lost" in storage.output("saved = repair")
    kept = {file.name for file in storage.storage.iterdir() if not file.name.startswith(".")}
    assert kept == {"calm", "hours", "rain", "wind"}


def test_the_page_on_what_is_kept_can_be_run_again(storage):
    again = Executed.now(storage.folder, storage.name)
    assert again.output("wind.trust") == storage.output("wind.trust")
    assert again.output("limit = 1").splitlines()[-1] == storage.output("limit = 1").splitlines()[-1]
