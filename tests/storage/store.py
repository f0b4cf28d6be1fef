"""A store as an instance would have it, to try housekeeping on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.events import Artifact, Attempt, Event, InputUse, data_version
from ipyassets.storage.carrying import Recorder
from ipyassets.storage.claims import Claims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from ipyassets.storage.upkeep import Upkeep
from ipyassets.storage.value_files import ValueFiles
from tests.conformance.io_manager import output, wanted

SALES = AssetKey("sales")
TOTALS = AssetKey(["reports", "totals"])
DAY = 86_400.0


@dataclass
class Store:
    root: Path
    secret: bytes = b"mine"
    versions: int = 0
    now: float = 100 * DAY
    log: SqliteEventLog = field(init=False)
    recorder: Recorder = field(init=False)
    manager: FilesystemIOManager = field(init=False)

    def __post_init__(self) -> None:
        self.log = SqliteEventLog(self.root / "events.sqlite")
        signer = Signer(secret=self.secret)
        self.recorder = Recorder(lambda: self.log, lambda: signer)
        self.manager = FilesystemIOManager(versions=self.versions).bound(self.root / "storage", signer)

    @property
    def files(self) -> ValueFiles:
        files = self.manager.files
        assert isinstance(files, ValueFiles)
        return files

    @property
    def upkeep(self) -> Upkeep:
        return Upkeep(self.log, lambda _: self.manager, lambda: self.now, lambda: Claims(self.root))

    def make(self, key: str | None, value: object, asset: AssetKey = SALES, **more) -> Event:
        """Store and record a value as a run does."""
        event = self.record(key, value, asset, **more)
        self.manager.publish(asset, {key or "": event.artifact})
        return event

    def record(self, key: str | None, value: object, asset: AssetKey = SALES, **more) -> Event:
        """The same without putting it in place."""
        context = output(key, asset)
        self.manager.stage(context, value)
        artifact = context.stored[key or ""]
        assert isinstance(artifact, Artifact)
        event = Event(
            attempt=Attempt.MATERIALIZED,
            asset_key=asset,
            partition_key=key or "",
            run_id="run",
            timestamp=more.pop("at", self.now),
            code_version="v1",
            data_version=data_version(key or "", artifact.content),
            artifact=artifact,
            **more,
        )
        self.recorder.record([event], self.manager.unflushed(asset, context.stored), lambda: None)
        return event

    def read(self, key: str | None, asset: AssetKey = SALES) -> Any:
        """The value of a partition, as the log has it."""
        artifacts = self.log.artifacts(asset, [key or ""])
        return self.manager.load_input(wanted(key, artifacts=artifacts, asset=asset))

    @property
    def aside(self) -> list[str]:
        """The names of all files that are not in place."""
        return sorted(path.name for path in Path(self.files.staging).glob("*"))

    def file(self, key: str | None, asset: AssetKey = SALES) -> Path:
        return self.manager.path(asset, key)

    def close(self) -> None:
        self.log.close()


def use_of(event: Event) -> InputUse:
    return InputUse(event.asset_key, 1, event.data_version)


def scope_of(*keys: str) -> PartitionScope:
    return PartitionScope("sales", keys)


class CreatesAFile:
    """Whoever unpickles it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return (os.mkdir, (str(self.path),))
