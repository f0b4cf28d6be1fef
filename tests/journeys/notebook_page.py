"""A notebook in a browser, by what a person does with it: open, run, wait, read, restart."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import nbformat
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import Locator, Page

from tests.journeys.bar import Bar, in_sight
from tests.journeys.server import Server

App = Literal["lab", "notebook"]

SHOTS = Path(__file__).parent / "screenshots"
# Seconds within which a kernel starts, or cells that a journey runs come to an end, on a busy machine.
PATIENCE = 90

ROUTES = {"lab": "lab/tree/{path}?reset", "notebook": "notebooks/{path}"}
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
KERNEL = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel"
# The prompt and the kernel's status are both read: with subshells the status alone flickers.
IS_IDLE = f"""() => {KERNEL}?.status === "idle"
    && ![...document.querySelectorAll(".jp-InputPrompt")].some((prompt) => prompt.textContent.includes("*"))"""
READ_SOURCES = f"() => {NOTEBOOK}.content.widgets.map((cell) => cell.model.sharedModel.source)"
READ_OUTPUTS = f"(index) => {NOTEBOOK}.content.widgets[index].model.outputs.toJSON()"


class NotebookPage:
    """One notebook opened in JupyterLab or Notebook 7."""

    def __init__(self, page: Page, server: Server, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self._server = server

    def write(self, cells: Iterable[str], name: str = "journey.ipynb") -> str:
        """Put a notebook of these code cells into the folder; its path for `open`."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, name: str, app: App = "lab") -> None:
        """Open the notebook and wait for its kernel."""
        path = (self.folder / name).relative_to(self._server.folder)
        self.page.goto(f"{self._server.url}/{ROUTES[app].format(path=path)}")
        self.page.wait_for_function(f"() => {KERNEL} !== undefined", timeout=PATIENCE * 1000)
        self.wait_until_idle()

    def start(self, *cells: str, app: App = "lab") -> None:
        """Write these cells, open them and run them all."""
        self.open(self.write(cells), app)
        self.run_all()

    def run_all(self) -> None:
        """Run every cell and wait for the last."""
        self.begin_run_all()
        self.wait_until_idle()

    def begin_run_all(self) -> None:
        """Run every cell without waiting."""
        self._command("notebook:run-all-cells")

    def run(self, index: int) -> None:
        """Run one cell and wait for it."""
        self.begin_run(index)
        self.wait_until_idle()

    def begin_run(self, index: int) -> None:
        """Run one cell without waiting."""
        self.page.evaluate(f"(index) => {{ {NOTEBOOK}.content.activeCellIndex = index }}", index)
        self._command("notebook:run-cell")

    def type_into(self, index: int, source: str) -> None:
        """Replace the text of a cell."""
        script = f"([index, source]) => {NOTEBOOK}.content.widgets[index].model.sharedModel.setSource(source)"
        self.page.evaluate(script, [index, source])

    def index_of(self, start: str) -> int:
        """The number of the first cell whose text begins so."""
        sources: list[str] = self.page.evaluate(READ_SOURCES)
        index = next((at for at, source in enumerate(sources) if source.startswith(start)), -1)
        assert index >= 0, f"no cell begins with {start!r}"
        return index

    def restart_kernel(self) -> None:
        """Restart the kernel as a person does: the command, then the button of the dialog."""
        self._command("kernelmenu:restart")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.wait_for_function(f"() => {KERNEL}?.status === 'idle'", timeout=PATIENCE * 1000)
        self.wait_until_idle()

    def interrupt(self) -> None:
        """Press the stop button."""
        self._command("kernelmenu:interrupt")

    def save(self) -> None:
        """Save the notebook."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def publish(self, name: str) -> None:
        """Save the notebook and look at what nbconvert makes of it, as a colleague would."""
        self.save()
        file = self.folder / name
        page, _ = HTMLExporter().from_filename(str(file))
        file.with_suffix(".html").write_text(page)
        self.page.goto(file.with_suffix(".html").as_uri(), wait_until="domcontentloaded")

    def end_kernels(self) -> None:
        """End every kernel of the server."""
        for session in self.page.request.get(f"{self._server.url}/api/sessions").json():
            self.page.request.delete(f"{self._server.url}/api/sessions/{session['id']}")

    def wait_until_idle(self) -> None:
        """Wait until the kernel is idle and no cell waits, seen twice."""
        for _ in range(2):
            self.page.wait_for_function(IS_IDLE, timeout=PATIENCE * 1000)
            self.page.wait_for_timeout(150)

    def outputs(self, index: int) -> list[dict[str, object]]:
        """The outputs of a cell as the notebook would save them."""
        found: list[dict[str, object]] = self.page.evaluate(READ_OUTPUTS, index)
        return found

    def expect_output(self, index: int, text: str) -> None:
        """Wait until the outputs of a cell, as the notebook would save them, have a text."""
        deadline = time.monotonic() + PATIENCE
        while text not in json.dumps(self.outputs(index)):
            assert time.monotonic() < deadline, f"{text!r} is not in the outputs of cell {index}"
            self.page.wait_for_timeout(50)

    def text(self, index: int) -> str:
        """What a cell shows as text: streams, values and tracebacks."""
        return "\n".join(self.cell(index).locator(".jp-OutputArea-output").all_inner_texts()).strip()

    def cell(self, index: int) -> Locator:
        """The cell, counted from 0, markdown included."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def bar(self, index: int) -> Bar:
        """The bar under the cell, drawn."""
        return Bar(self.page, self.cell(index)).wait()

    def pickles(self, asset: str) -> dict[str, int]:
        """The partition keys that have a pickle on disk, and when each was written."""
        storage = self.folder / ".ipyassets" / "storage" / asset
        files = sorted(file for file in storage.rglob("*") if file.is_file())
        return {str(file.relative_to(storage)): file.stat().st_mtime_ns for file in files}

    def theme(self, name: Literal["JupyterLab Light", "JupyterLab Dark"]) -> None:
        """Switch the theme of the front end."""
        self._command("apputils:change-theme", {"theme": name})
        light = "false" if "Dark" in name else "true"
        self.page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Save a picture to look at, in a folder that git ignores."""
        SHOTS.mkdir(exist_ok=True)
        file = SHOTS / f"{name}.png"
        self.page.screenshot(path=file, clip=None if of is None else in_sight(of))
        return file

    def _command(self, name: str, arguments: dict[str, str] | None = None) -> None:
        # not returned: the promise of a run ends with its last cell
        script = "([name, args]) => { window.jupyterapp.commands.execute(name, args) }"
        self.page.evaluate(script, [name, arguments or {}])
