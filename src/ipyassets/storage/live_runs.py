"""Runs that are going on, as processes on one root tell each other of them: what each is making, and how far it is.

A run that lasts is told of in a small file that is written again as it goes on. The file is believed while its run's
name is locked, so that the run of a kernel that died is gone at once; whoever looks next clears its file away, and the
folder in which its bodies in other processes reported.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import IpyassetsError, UnwritableStoreError
from ipyassets.storage.far_progress import Report, Reporter, Reports
from ipyassets.storage.locks import LockFile

FOLDER = "runs"
_TOLD, _STOP, _PART, _PROGRESS = "json", "cancel", "part", "progress"
_NAME = re.compile(rf"([0-9a-f]{{32}})\.({_TOLD}|{_STOP}|{_PART}|{_PROGRESS})")

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class AtWork:
    """Of one asset: the partitions that a run is making, and those it has before it as first and last keys of ranges.

    Keys are text: in another process the same partition may have another place. `fractions` says how far those have
    come that are being made and tell.
    """

    running: tuple[str, ...] = ()
    queued: tuple[tuple[str, str], ...] = ()
    fractions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run at one moment: its assets, how many partitions have ended, of how many, and how it words that itself."""

    run_id: str
    assets: Mapping[AssetKey, AtWork]
    done: int
    total: int
    failed: int
    text: str
    folder: Path = field(default_factory=Path, compare=False)

    def cancel(self) -> None:
        """Ask the process that it belongs to to cancel it, which is noticed within a moment."""
        with contextlib.suppress(FileNotFoundError):  # the last run of all is over, and its folder gone
            (self.folder / f"{self.run_id}.{_STOP}").touch()


class LiveRuns:
    """The runs that processes on one root tell of. May be asked from any thread."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._ours: dict[str, LiveRun | None] = {}
        self._reports: dict[str, Reports] = {}
        self._read: dict[str, tuple[Stamp, LiveRun | None]] = {}
        self._locks: LockFile | None = None
        self._guard = Lock()

    def tell(self, run: LiveRun) -> None:
        """Tell the others of a run of this process; nothing is written where nothing has changed, or can be."""
        part, told = (self._folder / f"{run.run_id}.{kind}" for kind in (_PART, _TOLD))
        with self._guard, contextlib.suppress(OSError, UnwritableStoreError):
            locks = self._opened()
            locks.follow()
            locks.take([run.run_id])
            if self._ours.get(run.run_id) != run or not told.exists():
                part.write_text(_text(run))
                part.replace(told)
            self._ours[run.run_id] = run

    def listen(self, run_id: str) -> Reporter | None:
        """What bodies of a run of this process report with from others; None where there can be no such thing."""
        folder = self._folder / f"{run_id}.{_PROGRESS}"
        with self._guard, contextlib.suppress(OSError, UnwritableStoreError):
            self._opened().take([run_id])  # first: a folder of a run that is not locked is cleared away
            self._ours.setdefault(run_id)
            folder.mkdir()
            self._reports[run_id] = Reports(folder)
            return Reporter(str(folder))
        return None

    def reports(self, run_id: str) -> list[Report]:
        """What bodies in other processes have reported since this was last asked, to a run of this process."""
        reports = self._reports.get(run_id)
        return [] if reports is None else reports.news()

    def forget(self, run_id: str) -> None:
        """A run of this process is over."""
        with self._guard:
            if run_id in self._ours:
                del self._ours[run_id]
                self._reports.pop(run_id, None)
                self._clear(run_id)
                self._opened().release([run_id])

    def is_cancelled(self, run_id: str) -> bool:
        """Whether somebody has asked that a run of this process be cancelled."""
        return run_id in self._ours and os.path.exists(f"{self._folder}/{run_id}.{_STOP}")  # noqa: PTH110 - asked often

    def others(self) -> tuple[LiveRun, ...]:
        """The runs of other processes that are going on; a few microseconds where there are none."""
        with self._guard:
            try:
                names = os.listdir(self._folder)  # noqa: PTH208 - asked often
                found = {match[1] for name in names if (match := _NAME.fullmatch(name))} - self._ours.keys()
                live = [run_id for run_id in sorted(found) if self._is_live(run_id)] if found else []
            except OSError:  # there is none, or it is not for us to look into
                return ()
            self._read = {run_id: each for run_id in live if (each := self._reading(run_id)) is not None}
            return tuple(run for _, run in self._read.values() if run is not None)

    def close(self) -> None:
        """Tell of nothing any more."""
        with self._guard:
            for run_id in self._ours:
                self._clear(run_id)
            self._ours.clear()
            self._reports.clear()
            if self._locks is not None:
                self._locks.close()

    def _opened(self) -> LockFile:
        if self._locks is None:
            self._locks = LockFile(self._folder / "live.lock")
        return self._locks

    def _is_live(self, run_id: str) -> bool:
        """Whether a run's process lives; the files of one that does not are cleared away."""
        if self._opened().is_free(run_id):
            self._clear(run_id)
            return False
        return True

    def _clear(self, run_id: str) -> None:
        for kind in (_TOLD, _STOP, _PART):
            with contextlib.suppress(OSError):
                (self._folder / f"{run_id}.{kind}").unlink()
        shutil.rmtree(self._folder / f"{run_id}.{_PROGRESS}", ignore_errors=True)

    def _reading(self, run_id: str) -> tuple[Stamp, LiveRun | None] | None:
        """What a run's file says, read anew only if it was written anew; None where there is none (any more)."""
        path = self._folder / f"{run_id}.{_TOLD}"
        try:
            status = path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if (known := self._read.get(run_id)) is not None and known[0] == stamp:
                return known
            return stamp, _run(run_id, path.read_text(), self._folder)
        except OSError:
            return None


def _text(run: LiveRun) -> str:
    assets = {
        key.to_string(): {"running": work.running, "queued": work.queued, "fractions": dict(work.fractions)}
        for key, work in run.assets.items()
    }
    return json.dumps({"done": run.done, "total": run.total, "failed": run.failed, "text": run.text, "assets": assets})


def _run(run_id: str, text: str, folder: Path) -> LiveRun | None:
    """A run as another process has told of it; None where that cannot be understood, as from another version."""
    try:
        told = json.loads(text)
        assets = {
            AssetKey.from_db_string(key): AtWork(
                tuple(map(str, work["running"])),
                tuple((str(first), str(last)) for first, last in work["queued"]),
                {str(key): float(fraction) for key, fraction in work.get("fractions", {}).items()},
            )
            for key, work in told["assets"].items()
        }
        done, total, failed = (int(told[name]) for name in ("done", "total", "failed"))
        return LiveRun(run_id, assets, done, total, failed, str(told["text"]), folder)
    except (ValueError, TypeError, KeyError, AttributeError, IpyassetsError):
        return None
