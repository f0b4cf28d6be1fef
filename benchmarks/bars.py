"""A bar in JupyterLab, in a real browser: how soon it is drawn, and how smoothly it is dragged over."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.table import Row
from tests.journeys import browser as browsers
from tests.journeys.conftest import WINDOW
from tests.journeys.notebook_page import NotebookPage
from tests.journeys.server import serving

LOAD = "%load_ext ipyassets\nfrom ipyassets import HourlyPartitionsDefinition"
DECLARE = """\
%%asset hourly --partitions HourlyPartitionsDefinition(start_date="{start}", end_date="{end}")
0"""
KEY = "%Y-%m-%d-%H:%M"
END = datetime(2026, 1, 1, tzinfo=UTC)
DRAWN_WITHIN = {100_000: 1000, 1_000_000: None}

# From pressing Shift+Enter to the first drawn frame of the bar below.
UNTIL_DRAWN = """async (index) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    const cell = document.querySelectorAll(".jp-Notebook .jp-Cell")[index];
    const began = performance.now();
    window.jupyterapp.commands.execute("notebook:run-cell");
    while (cell.querySelector("[data-ready]") === null) await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""
COUNT_FRAMES = """() => {
    window.frames = [];
    let last = performance.now();
    const frame = (now) => {
        window.frames.push(now - last);
        last = now;
        window.counting = requestAnimationFrame(frame);
    };
    window.counting = requestAnimationFrame(frame);
}"""
STOP_COUNTING = "() => { cancelAnimationFrame(window.counting); return window.frames.slice(2); }"


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, browsers.launched() as browser:
        for length, most in DRAWN_WITHIN.items():
            page = NotebookPage(browser.new_page(viewport=WINDOW), server, server.folder)
            declare = DECLARE.format(start=f"{END - timedelta(hours=length):{KEY}}", end=f"{END:{KEY}}")
            page.open(page.write([LOAD, declare], f"{length}.ipynb"))
            page.run(0)
            yield from of_length(page, length, most)
            page.end_kernels()
            page.page.close()


def of_length(notebook: NotebookPage, length: int, most: int | None) -> Iterator[Row]:
    drawn = notebook.page.evaluate(UNTIL_DRAWN, 1)
    yield Row(f"{length:,} partitions: from running the cell to the drawn bar", drawn, "ms", most=most)
    bar = notebook.bar(1)
    assert bar.counts == {"missing": length}
    notebook.page.evaluate(COUNT_FRAMES)
    for _ in range(3):
        bar.drag(length // 10, length * 9 // 10)
    frames = sorted(notebook.page.evaluate(STOP_COUNTING))
    yield Row(f"{length:,} partitions: a frame while dragging, median", statistics.median(frames), "ms", most=17)
    yield Row("the same, 95 of 100", frames[len(frames) * 95 // 100], "ms", most=34)
