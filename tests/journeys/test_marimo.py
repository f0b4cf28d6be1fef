"""The bar in marimo, which has neither Jupyter nor magics: by its class, in the editor and in an app."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.bar import Bar
from tests.journeys.notebook_page import SHOTS

APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    from ipyassets import DailyPartitionsDefinition, asset
    from ipyassets.jupyter.widget import PartitionBar

    days = DailyPartitionsDefinition("2013-01-01", end_date="2014-01-01")
    return PartitionBar, asset, days


@app.cell
def _(asset, days):
    @asset(partitions_def=days)
    def flights(context):
        return context.partition_key

    @asset(partitions_def=days)
    def delays(flights):
        return flights

    return delays, flights


@app.cell
def _(PartitionBar, flights):
    PartitionBar(flights)
    return


@app.cell
def _(PartitionBar, delays, flights):
    PartitionBar(delays, assets=[flights])
    return
"""
# Cells run when the editor opens them; nothing is asked of a new user.
SETTINGS = """
[runtime]
auto_instantiate = true

[display]
theme = "{theme}"
"""
STARTED_WITHIN = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the app in it."""
    made = tmp_path / "work"
    made.mkdir()
    (made / "app.py").write_text(APP)
    return made


def begin(folder: Path, mode: str, theme: str) -> tuple[subprocess.Popen[bytes], str]:
    """Serve the app with settings of its own; the process, and its address once it answers."""
    home, log = folder.parent / "home", folder.parent / "server.log"
    settings = home / ".config" / "marimo" / "marimo.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(SETTINGS.format(theme=theme))
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    port = free_port()
    options = ["--headless", "--no-token", "--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-m", "marimo", "--quiet", mode, "app.py", *options]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **own, "PYTHONWARNINGS": ""}, stdout=file, stderr=file
        )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"{address}/health", timeout=5).close()
        except (URLError, TimeoutError):
            time.sleep(0.1)
        else:
            return process, address
    process.kill()
    raise RuntimeError(f"marimo did not start:\n{log.read_text()[-3000:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture(params=[("edit", "dark"), ("run", "light")], ids=["editor", "app"])
def marimo(folder: Path, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page on the app; an error on it fails the journey."""
    mode, theme = request.param
    process, address = begin(folder, mode, theme)
    page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=2)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    page.goto(address)
    yield page
    page.close()
    process.terminate()
    process.wait(30)
    assert not errors


def bars(page: Page) -> tuple[Bar, Bar]:
    """The two bars, in the order of their cells."""
    outputs = page.locator("marimo-anywidget")
    return Bar(page, outputs.nth(0)).wait(), Bar(page, outputs.nth(1)).wait()


def test_a_month_is_selected_materialized_and_seen_on_every_bar(marimo, folder, request):
    flights, delays = bars(marimo)
    delays.drag(0, 30)
    delays.expect_selected(31)
    delays.materialize()
    delays.expect_count("fresh", 31)
    delays.expect_finished()
    flights.expect_count("fresh", 31)
    SHOTS.mkdir(exist_ok=True)
    marimo.screenshot(path=SHOTS / f"{request.node.callspec.id}-marimo.png")
    for asset in ("flights", "delays"):
        assert len(list((folder / ".ipyassets" / "storage" / asset).iterdir())) == 31
