"""What is shipped: the bar's bundle is in the sdist and in the wheel that is built from it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUNDLE = "ipyassets/jupyter/static/widget.js"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this checkout and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_sdist_builds_without_node(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"src/{BUNDLE}", "LICENSE", "hatch_build.py", "js/package-lock.json"} <= names
    assert not [name for name in names if "node_modules" in name]


def test_the_wheel_shows_a_bar(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {BUNDLE, "ipyassets/py.typed"} <= names
    assert not [name for name in names if not name.startswith(("ipyassets/", "ipyassets-"))]
