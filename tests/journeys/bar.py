"""A partition bar in a page: read by its `data-*` attributes and its pixels, worked with the mouse and the keyboard."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from matplotlib.image import imread
from playwright.sync_api import FloatRect, Locator, Page, expect

_BOX_IN_SIGHT = """(each) => {
    each.scrollIntoView({block: 'nearest'})
    const {x, y, width, height} = each.getBoundingClientRect()
    return width && height ? {x, y, width, height} : null
}"""
STATES = ("running", "queued", "failed", "blocked", "damaged", "stale", "fresh", "skipped", "cancelled", "missing")


class Bar:
    """The bar in the output of one cell."""

    def __init__(self, page: Page, cell: Locator) -> None:
        self._page = page
        self.canvas = cell.get_by_role("slider")
        self.root = cell.locator(".ipa-bar").first
        self.text = self.root.locator(".ipa-input")
        self.status = self.root.locator(".ipa-status")
        self.words = self.root.locator(".ipa-words")
        self.detail = self.root.locator(".ipa-detail")

    def wait(self) -> Bar:
        """The bar itself, once it is drawn."""
        expect(self.canvas).to_have_attribute("data-ready", re.compile("."))
        return self

    @property
    def counts(self) -> dict[str, int]:
        """How many partitions are in which state, by its attributes; those without any are left out."""
        data = self.canvas.evaluate("(canvas) => ({ ...canvas.dataset })")
        counts = {state: int(data[f"counts{state.title()}"]) for state in STATES}
        return {state: count for state, count in counts.items() if count}

    @property
    def cut_from_status(self) -> list[int]:
        """How many pixels of what the status line says cannot be seen, across and down."""
        cut = "(it) => [it.scrollWidth - it.clientWidth, it.scrollHeight - it.clientHeight]"
        found: list[int] = self.status.evaluate(cut)
        return found

    def expect_count(self, state: str, count: int) -> None:
        """Wait until that many partitions are in the state."""
        expect(self.canvas).to_have_attribute(f"data-counts-{state}", str(count))

    def expect_selected(self, count: int) -> None:
        """Wait until that many partitions are selected."""
        expect(self.canvas).to_have_attribute("data-selection-count", str(count))

    def expect_finished(self) -> None:
        """Wait until no run is active."""
        expect(self.canvas).to_have_attribute("data-running", "false")

    def click(self, index: int, row: int = 0, rows: int = 1) -> None:
        """Click a partition: the column of that number in the row of that number."""
        self._page.mouse.click(*self._point(index, row, rows))

    def drag(self, first: int, last: int, row: int = 0, rows: int = 1, last_row: int | None = None) -> None:
        """Drag from one partition to another."""
        self._page.mouse.move(*self._point(first, row, rows))
        self._page.mouse.down()
        self._page.mouse.move(*self._point(last, row if last_row is None else last_row, rows), steps=8)
        self._page.mouse.up()

    def begin_drag(self, first: int, to: int) -> None:
        """Press the button on one partition, and drag as far as another."""
        self.hover(first)
        self._page.mouse.down()
        self.hover(to)

    def end_drag(self, last: int) -> None:
        """Drag on to a partition, and let go."""
        self.hover(last)
        self._page.mouse.up()

    def until_replaced(self, happens: Callable[[], object]) -> None:
        """Wait until something that happens has made the host put another view of the bar in the place of this one."""
        canvas = self.canvas.element_handle()
        happens()
        canvas.wait_for_element_state("hidden", timeout=30_000)
        self.wait()

    def hover(self, index: int, row: int = 0, rows: int = 1) -> None:
        """Rest the mouse on a partition."""
        self._page.mouse.move(*self._point(index, row, rows))

    def press(self, key: str) -> None:
        """Press a key while the bar has the focus."""
        self.canvas.press(key)

    def select(self, text: str) -> None:
        """Type a selection into the text field."""
        self.text.fill(text)
        self.text.press("Enter")

    def button(self, name: str) -> Locator:
        """A button by the words on it."""
        return self.root.get_by_role("button", name=re.compile(name))

    def materialize(self) -> None:
        """Press the button that runs the selection."""
        self.button("^Materialize").click()

    def cancel(self) -> None:
        """Press Cancel."""
        self.button("^Cancel").click()

    def colours(self) -> npt.NDArray[np.float32]:
        """The drawn pixels of the states: height x width x (red, green, blue), each from 0 to 1."""
        picture = self.root.page.screenshot(clip=in_sight(self.root.locator(".ipa-states")))
        return np.asarray(imread(io.BytesIO(picture), format="png"), dtype=np.float32)[..., :3]

    def _point(self, index: int, row: int, rows: int) -> tuple[float, float]:
        """The middle of a partition on the page."""
        box = in_sight(self.root.locator(".ipa-states"))
        columns = int(self.canvas.get_attribute("data-length") or 0) // rows
        return box["x"] + box["width"] * (index + 0.5) / columns, box["y"] + box["height"] * (row + 0.5) / rows


def in_sight(element: Locator) -> FloatRect:
    """Where an element is on the page, once it is in sight."""
    # Both in one step, over and over: JupyterLab takes cells off the page and puts them back while it scrolls.
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        box: FloatRect | None = element.evaluate(_BOX_IN_SIGHT)
        if box is not None:
            return box
        element.page.wait_for_timeout(50)
    raise AssertionError(f"{element} is not on view")
