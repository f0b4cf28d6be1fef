"""A partition bar in a page, read by its `data-*` attributes and worked with the mouse and the keyboard."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


class Bar:
    """The bar in the output of one cell."""

    def __init__(self, page: Page, cell: Locator) -> None:
        self._page = page
        self.root = cell.locator(".ipyassets").first
