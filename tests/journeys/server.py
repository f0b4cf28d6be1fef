"""A Jupyter server of our own: both front ends, nothing of this user's settings, nothing fetched from a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# No dialog about news; every cell drawn, so that a bar out of sight can still be asked.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}
STARTED_WITHIN = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, without a trailing slash, and the folder whose notebooks it serves."""

    url: str
    folder: Path


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """Serve `home/work` until the block is left; settings, keys and kernels' files stay under `home`."""
    folder = home / "work"
    folder.mkdir(parents=True)
    for name, values in SETTINGS.items():
        file = home / "settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(_command(folder), cwd=folder, env=_environment(home), stdout=log, stderr=log)
        try:
            yield Server(_address(home, process), folder)
        finally:
            process.terminate()
            process.wait(30)


def _command(folder: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=",
        "--PasswordIdentityProvider.hashed_password=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "PYTHONWARNINGS": "",
    }


def _address(home: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the server says that it listens, once it does."""
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        for file in (home / "runtime").glob("jpserver-*.json"):
            try:
                url: str = json.loads(file.read_text())["url"]
            except ValueError:  # half written
                continue
            return url.rstrip("/")
        time.sleep(0.1)
    raise RuntimeError(f"the Jupyter server did not start:\n{(home / 'server.log').read_text()[-3000:]}")
