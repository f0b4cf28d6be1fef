"""Find a browser that Playwright can drive, or get one.

`python -m tests.journeys.browser` prints the path of the browser that the journeys use, after installing one where
there is none: Playwright's own build, else Debian's package where this user may install it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_A_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ADVICE = (
    "no Chrome or Chromium was found and none could be installed: install one with the package manager of this "
    "system, or set IPYASSETS_BROWSER to the path of its program"
)


def installed() -> Path | None:
    """The browser named by IPYASSETS_BROWSER, else one on PATH, else the build that Playwright downloaded."""
    names = (*filter(None, [os.environ.get("IPYASSETS_BROWSER")]), *NAMES)
    on_path = next(filter(None, map(shutil.which, names)), None)
    if on_path is not None:
        return Path(on_path)
    return next((path for path in (ON_A_MAC, _own_build()) if path.exists()), None)


def install() -> None:
    """Let Playwright download its build; where it cannot and this is Debian's root, install the package."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=600)
    if installed() is None and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in ("update", "install --yes --no-install-recommends chromium"):
            subprocess.run(["apt-get", "-qq", *arguments.split()], check=False, env=quiet)


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser; that there is none is an error, for `make test` brings one."""
    from playwright.sync_api import sync_playwright

    program = installed()
    assert program is not None, ADVICE
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


def _own_build() -> Path:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def main() -> None:
    """Print the browser to use, installing one first where there is none."""
    if installed() is None:
        install()
    path = installed()
    sys.exit(ADVICE) if path is None else print(path)


if __name__ == "__main__":
    main()
