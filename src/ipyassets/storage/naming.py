"""Which names a folder of values can tell apart: asked of its file system once, and kept with the values.

Addresses depend on the answer, so that it never changes for a folder that has values in it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

MARK = ".portable-names"
_PROBE = ".probe-"
_SAID = "Values below are named for a file system that takes A for a, or refuses some characters. Keep this file.\n"


def names_are_portable(folder: Path) -> bool | None:
    """Whether values are named for any file system; None where there is nothing yet, and nothing was decided."""
    if os.name == "nt":
        return True
    try:
        names = os.listdir(folder)  # noqa: PTH208 - pathlib takes ten times as long for many
    except OSError:
        return None
    return MARK in names or (None if all(name.startswith(_PROBE) for name in names) else False)


def decide_names(folder: Path) -> None:
    """Find out before the first value is written; a folder that cannot be written to is left for the writer to tell."""
    if names_are_portable(folder) is not None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if not _tells_all_apart(folder):
            _create(f"{folder}/{MARK}", _SAID)


def _tells_all_apart(folder: Path) -> bool:
    """Whether names that differ in case are two, and no character is refused."""
    lower = f"{folder}/{_PROBE}{secrets.token_hex(8)}x"
    _create(lower)
    try:
        if os.path.exists(f"{folder}/{os.path.basename(lower).upper()}"):  # noqa: PTH110, PTH119 - texts are quicker
            return False
        try:
            _create(f"{lower}:?")
        except OSError:
            return False
        os.unlink(f"{lower}:?")  # noqa: PTH108
        return True
    finally:
        os.unlink(lower)  # noqa: PTH108


def _create(path: str, text: str = "") -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
