"""Files of values that are not in place: whose they are, and what becomes of those that a writer has left."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Artifact
from ipyassets.storage.paths import ASIDE, identity
from ipyassets.storage.placing import unlink, unlink_twin
from ipyassets.storage.reading import holds

if TYPE_CHECKING:
    from ipyassets.storage.value_files import ValueFiles

STAGING = ".staging"
PARTIAL = ".part"  # ends the name of what was not complete when it got it
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_OURS = re.compile(r"[0-9a-f]{24}(?:-[0-9a-z]+|\.[0-9a-f]+)(?:\.part)?")


class NewFile:
    """The file of a value that is being staged: under a name of nobody's, or at once under the one it is to have.

    `ours` is the path that all names of the partition's staged files begin with.
    """

    def __init__(self, ours: str) -> None:
        self._ours = ours
        self._name = ""

    def begin(self) -> int:
        """Make it under a name of nobody's; its descriptor."""
        return self._create(partial_of(self._ours))

    def begin_as(self, name: str) -> int:
        """Make it under its own name, for what is then written in one go, unless something has that already."""
        try:
            return self._create(name)
        except FileExistsError:
            return self.begin()

    def finish(self, name: str, artifact: Artifact) -> None:
        """Give it its name. One that is recorded already, and perhaps on disk, is not given up for an equal one."""
        if self._name == name:
            return
        if os.access(name, os.F_OK) and holds(name, artifact):
            os.unlink(self._name)  # noqa: PTH108
        else:
            os.replace(self._name, name)  # noqa: PTH105

    def drop(self) -> None:
        """Leave nothing of it."""
        unlink(self._name)

    def _create(self, name: str) -> int:
        """A new file, and a folder for it where there is none."""
        try:
            descriptor = os.open(name, _NEW, 0o666)
        except FileNotFoundError:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(name, _NEW, 0o666)
        self._name = name
        return descriptor


def partial_of(ours: str) -> str:
    """A name for what is not complete yet; it ends unlike those of complete files."""
    return f"{ours}.{secrets.token_hex(8)}{PARTIAL}"


def staged_names(folder: str) -> list[str]:
    """The names of our files in a staging folder; others are left alone, and so is a folder that is a link."""
    if os.path.islink(folder):  # noqa: PTH114
        return []
    try:
        return sorted(name for name in os.listdir(folder) if _OURS.fullmatch(name))  # noqa: PTH208
    except FileNotFoundError:
        return []


def staged_of(folder: str, owners: Collection[str]) -> list[str]:
    """The names of complete files of some partitions in a staging folder."""
    return [name for name in staged_names(folder) if is_complete(name) and owner_of(name) in owners]


def owner_of(name: str) -> str:
    """The identity of the partition that a staged file is of; of the place, for one that is aside."""
    return name[:24]


def is_aside(name: str) -> bool:
    """Whether a file is a value that was being moved out of the way of a folder."""
    return name.endswith(f"-{ASIDE}")


def is_complete(name: str) -> bool:
    """Whether a file has the name of a complete one, which a record may be about."""
    return not name.endswith(PARTIAL) and not is_aside(name)


def unplaced(files: ValueFiles, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    """Recorded values that are not in place but aside, because their writer was stopped: the file of each.

    Every one was compared with its record.
    """
    names = set(staged_names(files.staging))
    found = {}
    for key, artifact in artifacts.items() if names else ():
        for path in (files.staged(asset_key, key, artifact.digest), files.aside(asset_key, key)):
            if os.path.basename(path) in names and holds(path, artifact):  # noqa: PTH119
                found[key] = path
                break
    return found


def put_in_place(files: ValueFiles, asset_key: AssetKey, artifacts: Mapping[str, Artifact]) -> list[str]:
    """Put recorded values in place whose writer was stopped before he could; the names of the files this were.

    For whoever holds the claims of these partitions, and has looked up since then what stands recorded.
    """
    done = []
    for key, path in unplaced(files, asset_key, artifacts).items():
        staged = files.staged(asset_key, key, artifacts[key].digest)
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, staged)  # noqa: PTH105
        files.publish(asset_key, {key: artifacts[key]})
        unlink_twin(staged, str(files.path(asset_key, key)))
        done.append(os.path.basename(path))  # noqa: PTH119
    return done


def unstage(
    files: ValueFiles, asset_key: AssetKey, partition_keys: Iterable[str], recorded: Mapping[str, Artifact]
) -> None:
    """Delete the staged files of some partitions, but for recorded values: those may have to be put in place yet.

    To be called by whoever keeps others from making these partitions.
    """
    ours = {identity(asset_key, key) for key in partition_keys}
    kept = {os.path.basename(files.staged(asset_key, key, each.digest)) for key, each in recorded.items()}  # noqa: PTH119
    for name in staged_names(files.staging):
        if owner_of(name) in ours and name not in kept and not is_aside(name):
            Path(files.staging, name).unlink(missing_ok=True)
