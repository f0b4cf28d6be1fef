"""Earlier values of partitions: kept on request, each under the hash of what it holds."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from pathlib import Path

from ipyassets.storage.placing import duplicate
from ipyassets.storage.reading import looked_at
from ipyassets.storage.signature import CONTENT_DIGITS, content_of, seal_of

VERSIONS = ".versions"
_DIGITS = 8
_IDENTITY = re.compile("[0-9a-f]{24}")


class Versions:
    """The last values of each partition, at most `kept` besides the current one, below one folder.

    A version is a second name of the file that was put in place, so that it takes no room before the value is replaced.
    Its name is "number-content"; the first releases wrote the seal of its record in place of the content. Neither is
    believed: what is read is compared with its record. Versions are counted, not dated: a clock that was set back
    changes nothing.
    """

    def __init__(self, folder: Path, kept: int) -> None:
        self.folder = folder / VERSIONS
        self.kept = kept

    def keep(self, identity: str, content: str, file: str | Path) -> None:
        """Keep what `file` holds as the newest version, and drop the oldest ones beyond the number wanted."""
        known = self._numbered(identity)
        self._add(identity, max(known, default=0) + 1, content, file)
        same = [number for number, name in known.items() if name.endswith(f"-{content}")]
        others = sorted(known.keys() - set(same))
        for number in [*same, *others[: max(0, len(others) - self.kept)]]:
            (self.folder / identity / known[number]).unlink(missing_ok=True)

    def keep_both(self, identity: str, before: str, staged: str, content: str) -> None:
        """Keep a staged value that is about to replace the one in the file `before`: that too, if it is not kept yet.

        There may be none before, or none that can be read, and none staged, because it is in place already.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            wanted = os.stat(before)  # noqa: PTH116
            is_kept = any(os.path.samestat(status, wanted) for _, status in self._newest_first(identity))
            if not is_kept and (found := looked_at(before)) is not None:
                self.keep(identity, found[0], before)
        with contextlib.suppress(FileNotFoundError):
            self.keep(identity, content, staged)

    def find(self, identity: str, digest: str) -> list[Path]:
        """The versions that may be the value with a digest, newest first."""
        names = content_of(digest), seal_of(digest)
        return [path for path, _ in self._newest_first(identity) if path.name.partition("-")[2] in names]

    def identities(self) -> set[str]:
        """The partitions that have versions, or have had some."""
        if self.folder.is_symlink():
            return set()
        try:
            return {name for name in os.listdir(self.folder) if _IDENTITY.fullmatch(name)}  # noqa: PTH208
        except FileNotFoundError:
            return set()

    def discard(self, identity: str) -> int:
        """Delete all versions of a partition; how many bytes only they held."""
        place = f"{self.folder}/{identity}"
        if not os.path.isdir(place):  # noqa: PTH112 - as a rule, and asked for every partition that is wiped
            return 0
        size = self.size(identity)
        shutil.rmtree(place, ignore_errors=True)
        return size

    def size(self, identity: str) -> int:
        """The bytes that only versions hold; the current value is a version too, and costs nothing more."""
        return sum(status.st_size for _, status in self._newest_first(identity) if status.st_nlink == 1)

    def hand_on(self, identity: str, heir: str) -> None:
        """Give all versions of a partition to another as well, in place of what that has.

        The first keeps them until they are discarded, so that nothing is lost if this is interrupted.
        """
        self.discard(heir)
        for path, _ in self._newest_first(identity):
            number, _, content = path.name.partition("-")
            if len(content) == CONTENT_DIGITS:
                self._add(heir, int(number), content, path)
            elif (found := looked_at(path)) is not None:
                self._add(heir, int(number), found[0], path)

    def _add(self, identity: str, number: int, content: str, file: str | Path) -> None:
        place = self.folder / identity
        place.mkdir(parents=True, exist_ok=True)
        duplicate(str(file), f"{place}/{number:0{_DIGITS}d}-{content}", f"{place}/.{secrets.token_hex(8)}.part")

    def _newest_first(self, identity: str) -> list[tuple[Path, os.stat_result]]:
        found = []
        for _, name in sorted(self._numbered(identity).items(), reverse=True):
            path = self.folder / identity / name
            with contextlib.suppress(FileNotFoundError):  # dropped just now
                found.append((path, path.stat()))
        return found

    def _numbered(self, identity: str) -> dict[int, str]:
        try:
            names = os.listdir(f"{self.folder}/{identity}")  # noqa: PTH208
        except FileNotFoundError:
            return {}
        return {int(name[:_DIGITS]): name for name in names if name[:_DIGITS].isdigit()}
