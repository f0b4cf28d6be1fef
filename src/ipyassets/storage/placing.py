"""Giving a file another name: putting it where a value belongs, or a second name beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from ipyassets.errors import UnstorableValueError
from ipyassets.storage.flushing import flush_to_disk
from ipyassets.storage.paths import ASIDE, DISPLACED, owner, place_identity

# How often somebody else may change folders at the same moment
_TRIES = 100


def put(source: str, target: str, top: Path, staging: str) -> None:
    """Rename a file below `top` to its address, in place of what is there; nothing happens if it is gone by now.

    What stands where a folder is needed is moved into that folder, by way of `staging`.
    """
    for _ in range(_TRIES):
        try:
            os.replace(source, target)  # noqa: PTH105
        except FileNotFoundError:
            if not os.path.exists(source):  # noqa: PTH110
                return
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        except NotADirectoryError:
            make_room(Path(target), top, staging)
        except OSError:
            if not os.path.isdir(target):  # noqa: PTH112
                raise
            target = f"{target}/{DISPLACED}"
        else:
            return
    raise UnstorableValueError(f"{target} cannot be reached: something stands in the way, and it comes back")


def make_room(target: Path, top: Path, staging: str) -> None:
    """Turn a value's file into a folder with this value in it, where a folder is needed.

    A changed definition has partitions there, or another asset, whose key begins with all of this one's. Whoever makes
    that value again at the same moment has the last word.
    """
    file = next((folder for folder in reversed(target.parents) if folder.is_file()), None)
    if file is None:
        return
    place = file.relative_to(top) if file.is_relative_to(top) else None
    if place is None or owner(place) is None:
        raise UnstorableValueError(f"{file} is in the way of {target}: move it elsewhere")
    aside = f"{staging}/{place_identity(place.as_posix())}-{ASIDE}"
    with contextlib.suppress(FileNotFoundError):
        file.replace(aside)
    with contextlib.suppress(FileExistsError):
        file.mkdir()
    with contextlib.suppress(NotADirectoryError):  # somebody has put a new value there
        move(aside, str(file / DISPLACED))


def move(source: str, target: str) -> None:
    """Rename a file unless there is one of the other name, which is newer then; a file that is gone is left so."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        return
    except FileExistsError:
        pass
    except NotADirectoryError:
        raise
    except OSError:  # a file system without second names
        if not os.path.exists(target):  # noqa: PTH110
            with contextlib.suppress(FileNotFoundError):
                os.replace(source, target)  # noqa: PTH105
            return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(source)  # noqa: PTH108


def duplicate(file: str, target: str, partial: str) -> None:
    """A second name of a file, in place of what had that name; a copy that the disk has where there are no such names.

    `partial` is a name of nobody's, for as long as it takes. FileNotFoundError where there is no such file.
    """
    try:
        try:
            os.link(file, partial)
        except FileNotFoundError:
            raise
        except OSError:
            _copy(file, partial)
        os.replace(partial, target)  # noqa: PTH105
    finally:
        with contextlib.suppress(FileNotFoundError):  # it is still there if both were names of one file
            os.unlink(partial)  # noqa: PTH108


def unlink(file: str) -> None:
    """Delete a file; one that is not there is no error."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(file)  # noqa: PTH108


def unlink_twin(name: str, other: str) -> None:
    """Drop a name of a file that has another name; renaming the one to the other does nothing."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.samefile(name, other):  # noqa: PTH121
            os.unlink(name)  # noqa: PTH108


def _copy(file: str, partial: str) -> None:
    with open(file, "rb") as source, open(partial, "xb") as copy:  # noqa: PTH123
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        flush_to_disk(copy.fileno())


def is_link(folder: str) -> bool:
    """Whether a folder may be another by way of a link; one that is not there is none."""
    try:
        status = os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if sys.platform == "win32":
        return status.st_reparse_tag != 0  # junctions, too
    return stat.S_ISLNK(status.st_mode)


def is_inside(path: str, top: Path) -> bool:
    """Whether a path below `top` is there really, and not somewhere else by way of a link."""
    real, inside = os.path.realpath(path), os.path.realpath(top)
    return real == inside or real.startswith(os.path.join(inside, ""))  # noqa: PTH118


def refuse_outside(folder: str, top: Path) -> None:
    """Raise UnstorableValueError if a folder below `top` is somewhere else by way of a link."""
    if not is_inside(folder, top):
        raise UnstorableValueError(
            f"{folder} leads out of {top}, to {os.path.realpath(folder)}: nothing is written or deleted there;"
            " give the asset an I/O manager with a base_dir of its own, or replace the link by a folder"
        )


def remove_empty(folders: Iterable[Path], top: Path) -> None:
    """Remove folders below `top` in which nothing is left, from the innermost on."""
    for folder in sorted(set(folders) - {top}, key=lambda each: -len(each.parts)):
        with contextlib.suppress(OSError):  # not empty, which is the usual case
            folder.rmdir()
