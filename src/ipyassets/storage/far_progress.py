"""How far bodies in other processes of this machine have come, told in a folder of their run.

A body that says how far it is has a file there: one byte with the percent, then what it makes. What it says later is
that byte alone, so that it may say it at every turn, nothing of it is held back, and nobody reads half of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import IpyassetsError


@dataclass(frozen=True, slots=True)
class Report:
    """Partitions of an asset that a body is making, and how far they have come, from 0 to 1."""

    asset_key: AssetKey
    partition_keys: tuple[str, ...]
    fraction: float


class Reporter:
    """What the bodies of one task report with in the process that they are sent to.

    The folder is never made here: where it is not, as on another machine or after the run, what is said is dropped.
    Its file goes with it; that of a process that was killed goes with the folder.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._makes: tuple[AssetKey, str, int] | None = None
        self._descriptor = -1
        self._close: Callable[[], object] = lambda: None
        self._guard = Lock()

    def __reduce__(self) -> tuple[type[Reporter], tuple[str]]:
        return Reporter, (self._folder,)

    def __call__(self, asset_key: AssetKey, partition_keys: Sequence[str], fraction: float) -> None:
        """Say how far partitions have come; raises nothing."""
        makes = (asset_key, partition_keys[0], len(partition_keys))
        with self._guard, contextlib.suppress(OSError, ValueError):
            percent = bytes([round(100 * fraction)])
            if makes != self._makes:
                self._makes = makes
                self._begin(percent + json.dumps([asset_key.to_string(), *partition_keys]).encode())
            elif self._descriptor >= 0:
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.write(self._descriptor, percent)

    def _begin(self, record: bytes) -> None:
        self._close()
        self._descriptor = -1
        path = f"{self._folder}/{uuid.uuid4().hex}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)
        self._close = weakref.finalize(self, _leave, descriptor, path)
        os.write(descriptor, record)
        self._descriptor = descriptor


def _leave(descriptor: int, path: str) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
    with contextlib.suppress(OSError):
        Path(path).unlink()


class Reports:
    """What is reported in a folder, as the process of the run reads it; one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Report] = {}

    def news(self) -> list[Report]:
        """What has been reported since this was last asked; a few microseconds for each body that reports."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - asked often
        except OSError:
            names = []
        before, self._known = self._known, dict(self._read(names))
        return [report for name, report in self._known.items() if report != before.get(name)]

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, Report]]:
        for name in names:
            with contextlib.suppress(OSError), open(f"{self._folder}/{name}", "rb") as file:  # noqa: PTH123 - often
                if percent := file.read(1):
                    known = self._known.get(name) or _report(file.read())
                    if known is not None:
                        yield name, Report(known.asset_key, known.partition_keys, min(percent[0], 100) / 100)


def _report(record: bytes) -> Report | None:
    """What a body makes; None where that is not written to its end yet, or is no record at all."""
    try:
        asset, *partitions = json.loads(record)
        return Report(AssetKey.from_db_string(asset), tuple(map(str, partitions)), 0.0)
    except (ValueError, TypeError, AttributeError, IpyassetsError):
        return None
