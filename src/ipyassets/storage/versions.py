"""Earlier values of partitions: kept on request, each under the seal it was recorded with."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

VERSIONS = ".versions"


class Versions:
    """The last values of each partition, at most `kept` besides the current one, below one folder.

    A version is a second name of the file that was put in place, so that it takes no room before the value is replaced.
    Versions are counted, not dated: a clock that was set back changes nothing.
    """

    def __init__(self, folder: Path, kept: int) -> None:
        self.folder = folder / VERSIONS
        self.kept = kept

    def keep(self, identity: str, seal: str, file: str | Path) -> None:
        """Keep what `file` holds as the newest version, and drop the oldest ones beyond the number wanted."""
        place = self.folder / identity
        known = self._numbered(identity)
        newest = place / f"{max(known, default=0) + 1:08d}-{seal}"
        for name in known.values():
            if name.endswith(seal):  # made again with the same content, or restored
                os.replace(place / name, newest)  # noqa: PTH105
                break
        else:
            place.mkdir(parents=True, exist_ok=True)
            duplicate(file, newest)
        for number, name in sorted(self._numbered(identity).items())[: -1 - self.kept]:
            del number
            (place / name).unlink(missing_ok=True)

    def find(self, identity: str, seal: str) -> Path | None:
        """The version with a seal, if it is still kept."""
        for name in self._numbered(identity).values():
            if name.endswith(f"-{seal}"):
                return self.folder / identity / name
        return None

    def seals(self, identity: str) -> list[str]:
        """The seals of all versions of a partition, newest first; the first is the current value."""
        return [name.partition("-")[2] for _, name in sorted(self._numbered(identity).items(), reverse=True)]

    def discard(self, identity: str) -> int:
        """Delete all versions of a partition; how many bytes only they held."""
        size = self.size(identity)
        shutil.rmtree(self.folder / identity, ignore_errors=True)
        return size

    def size(self, identity: str) -> int:
        """The bytes that only versions hold; the current value is a version too, and costs nothing more."""
        size = 0
        for name in self._numbered(identity).values():
            with contextlib.suppress(FileNotFoundError):
                status = (self.folder / identity / name).stat()
                size += status.st_size if status.st_nlink == 1 else 0
        return size

    def _numbered(self, identity: str) -> dict[int, str]:
        try:
            names = os.listdir(self.folder / identity)  # noqa: PTH208
        except FileNotFoundError:
            return {}
        return {int(name[:8]): name for name in names if name[:8].isdigit()}


def duplicate(file: str | Path, target: str | Path) -> None:
    """A second name of a file; a copy of it on a file system that knows no second names."""
    try:
        os.link(file, target)
    except FileExistsError:
        return
    except OSError:
        aside = f"{target}.part"
        shutil.copyfile(file, aside)
        os.replace(aside, target)  # noqa: PTH105
