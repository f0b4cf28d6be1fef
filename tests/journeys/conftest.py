"""One server and one browser for all journeys; a folder, a page and kernels of its own for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.journeys import browser as browsers
from tests.journeys.notebook_page import NotebookPage
from tests.journeys.server import Server, serving

# The front ends have errors of their own; a widget's module is the one that is loaded from a blob.
OURS = "blob:"
# Milliseconds within which a page follows what happens, on a busy machine.
expect.set_options(timeout=30_000)
WINDOW = ViewportSize(width=1280, height=1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The Jupyter server of all journeys."""
    with serving(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of all journeys."""
    with browsers.launched() as running:
        yield running


@pytest.fixture
def notebook(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Iterator[NotebookPage]:
    """A fresh page on a fresh folder; errors of the bar fail the journey, its kernel ends with it."""
    folder = server.folder / re.sub(r"\W+", "-", request.node.name)
    folder.mkdir()
    page = browser.new_page(viewport=WINDOW, device_scale_factor=2)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    opened = NotebookPage(page, server, folder)
    yield opened
    opened.end_kernels()
    page.close()
    assert not [error for error in errors if OURS in error]
