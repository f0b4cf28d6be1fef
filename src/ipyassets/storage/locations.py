"""Where values are kept, as an I/O manager is told it: a folder of this machine, or any location that fsspec knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath


def is_local(location: str | Path | UPath) -> bool:
    """Whether a location is a folder of this machine, written as one."""
    if isinstance(location, str):
        return "://" not in location
    # to universal-pathlib before 0.3 a remote path is a Path too
    return isinstance(location, Path) and getattr(location, "protocol", "") in ("", "file")


def as_folder(location: str | Path | UPath) -> str | Path | UPath:
    """A path for a folder of this machine that is written as a location: "file:///data", or a UPath to it."""
    scheme, _, rest = str(location).partition("://")
    if scheme not in ("file", "local"):
        return location
    return Path(rest[1:] if re.match("/[A-Za-z]:", rest) else rest)  # file:///C:/data


def folder_of(base_dir: object) -> Path:
    """The folder of this machine that a base is; "~" begins that of the user."""
    return Path(str(base_dir)).expanduser().absolute()


def location_of(base_dir: str | Path | UPath | None, root: Path | None) -> str:
    """A base as records have it: relative to the root of the instance where it is inside of it; "" for none."""
    if base_dir is None:
        return ""
    if not is_local(base_dir):
        return re.sub(r"//[^/@]*@", "//", str(base_dir))  # the password that opens it is not recorded
    folder = folder_of(base_dir)
    inside = root is not None and folder.is_relative_to(root)
    return folder.relative_to(root).as_posix() if root is not None and inside else str(folder)
