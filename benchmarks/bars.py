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
HOURLY = 'hours = HourlyPartitionsDefinition(start_date="{start}", end_date="{end}")'
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


# Ten assets that read one another in a row, all of 10,000 hours, all recorded as made; their code is that of the cells.
CHAIN = 10
HOURS = 10_000
ROUNDS = 5
FIRST = "%%asset a0 --partitions hours\n{body}"
NEXT = "%%asset a{number} --partitions hours\na{before}"
RECORD = """\
import sys
sys.path.append({root!r})
from benchmarks.engine import recorded
from ipyassets.instance.current import current_instance, neighbourhood
recorded(current_instance(), neighbourhood(a{last}, current_instance()))"""
NOTHING = "pass"

NOTE_THE_KEY = """() => document.addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Enter" && shiftKey) window.began = performance.now();
}, { capture: true })"""
# From the key to the frame in which each bar says so of all its partitions; the cursor of each is on its first one.
UNTIL_TOLD = """async ([bars, state, count, reasons]) => {
    const told = (mark, index) => mark.dataset[`counts${state}`] === String(count)
        && mark.getAttribute("aria-valuetext").endsWith(reasons[index]);
    for (let marks = []; marks.length < bars || !marks.every(told);) {
        await new Promise(requestAnimationFrame);
        marks = [...document.querySelectorAll(".jp-Notebook .ipa-marks")];
    }
    return performance.now() - window.began;
}"""
UNTIL_RUN = """async ([index, before]) => {
    const prompt = document.querySelectorAll(".jp-Notebook .jp-Cell")[index].querySelector(".jp-InputPrompt");
    while (prompt.textContent === before || prompt.textContent.includes("*")) await new Promise(requestAnimationFrame);
    return performance.now() - window.began;
}"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as server, browsers.launched() as browser:

        def opened(*cells: str, name: str) -> NotebookPage:
            page = NotebookPage(browser.new_page(viewport=WINDOW), server, server.folder)
            page.open(page.write(cells, name))
            return page

        for length, most in DRAWN_WITHIN.items():
            declare = DECLARE.format(start=f"{END - timedelta(hours=length):{KEY}}", end=f"{END:{KEY}}")
            page = opened(LOAD, declare, name=f"{length}.ipynb")
            page.run(0)
            yield from of_length(page, length, most)
            closed(page)
        hours = HOURLY.format(start=f"{END - timedelta(hours=HOURS):{KEY}}", end=f"{END:{KEY}}")
        chain = [NEXT.format(number=number, before=number - 1) for number in range(1, CHAIN)]
        record = RECORD.format(root=str(Path(__file__).parents[1]), last=CHAIN - 1)
        page = opened(f"{LOAD}\n{hours}", FIRST.format(body=0), *chain, record, NOTHING, name="chain.ipynb")
        yield from of_edits(page)
        closed(page)


def closed(notebook: NotebookPage) -> None:
    notebook.end_kernels()
    notebook.page.close()


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


def of_edits(notebook: NotebookPage) -> Iterator[Row]:
    """What an edit of the first asset's cell makes stale, on every bar of the page."""
    notebook.run_all()
    notebook.page.evaluate(NOTE_THE_KEY)
    why = ["stale, the code has changed", *(f"stale, a{number} is stale" for number in range(CHAIN - 1))]
    until_told(notebook, "Fresh", ["fresh"] * CHAIN)
    edits, empty = [], []
    for number in range(1, ROUNDS + 1):
        press(notebook, 1, FIRST.format(body=number))
        edits.append(until_told(notebook, "Stale", why))
        notebook.wait_until_idle()
        press(notebook, 1, FIRST.format(body=f"# again, with remark {number}\n0"))
        until_told(notebook, "Fresh", ["fresh"] * CHAIN)
        notebook.wait_until_idle()
        before = notebook.cell(CHAIN + 2).locator(".jp-InputPrompt").text_content()
        press(notebook, CHAIN + 2, NOTHING)
        empty.append(notebook.page.evaluate(UNTIL_RUN, [CHAIN + 2, before]))
    what = f"{CHAIN} assets x {HOURS:,}, a bar each: from Shift+Enter on an edit until all show what is stale and why"
    yield Row(what, statistics.median(edits), "ms", most=300)
    yield Row(f"  a cell of `{NOTHING}`: from Shift+Enter until it has run", statistics.median(empty), "ms")


def press(notebook: NotebookPage, index: int, source: str) -> None:
    """Write into a cell and press Shift+Enter in it."""
    notebook.type_into(index, source)
    notebook.cell(index).locator(".cm-content").click()
    notebook.page.keyboard.press("Shift+Enter")


def until_told(notebook: NotebookPage, state: str, words: list[str]) -> float:
    """Milliseconds from the last Shift+Enter until all partitions of each bar are in a state, in these words."""
    told: float = notebook.page.evaluate(UNTIL_TOLD, [CHAIN, state, HOURS, words])
    return told
