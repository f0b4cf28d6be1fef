"""What happened to partitions, and what that makes of them: the records that engine and storage both speak.

An `Event` is one fact of the past and never changes. `Records` is the latest row of every partition of one asset,
column by column, so that states of a million partitions are array arithmetic. A `State` is never stored: it is
derived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey

NOTHING: Mapping[str, object] = MappingProxyType({})


class State(IntEnum):
    """What the bar shows of a partition; the lowest that applies wins."""

    RUNNING = 0
    QUEUED = 1
    FAILED = 2
    BLOCKED = 3
    DAMAGED = 4
    STALE = 5
    FRESH = 6
    SKIPPED = 7
    CANCELLED = 8
    MISSING = 9

    def __str__(self) -> str:
        return self.name.lower()


class Attempt(IntEnum):
    """How the last attempt at a partition ended; NONE where there was none."""

    NONE = 0
    MATERIALIZED = 1
    FAILED = 2
    CANCELLED = 3
    SKIPPED = 4
    BLOCKED = 5
    WIPED = 6

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an I/O manager keeps values: its location, and the name of its class.

    The location is a folder, relative to the root where it is inside of it, or what else the manager calls it; "" where
    it does not say.
    """

    location: str
    manager: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored value: path, size in bytes, and the keyed digest of identity and content as hex.

    The digest begins with the content alone: an identical re-run has the same. The path is below the
    location of `place`, which is None where it was recorded before places were.
    """

    path: str
    size: int
    digest: str
    place: Place | None = None

    @property
    def content(self) -> str:
        """What is stored, whoever stored it and as what, as 128 bits in hex."""
        return self.digest[:32]


@dataclass(frozen=True, slots=True)
class InputUse:
    """What a partition was made from: an upstream asset, how many of its partitions, the sum of their data versions.

    Each version is mixed before it is added, so that different sets have different sums.
    """

    asset_key: AssetKey
    count: int
    versions: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as a person reads it: its type, its message, and the traceback cut to the user's own frames."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """How one attempt at one partition ended.

    `partition_key` is "" for an asset without partitions. `timestamp` is when the attempt ended, in UTC epoch
    seconds; `seconds` is how long the body ran; `retries` how often it was tried again before it ended so.
    `data_version` is the unsigned 64-bit number that downstream assets compare: that of the artifact, or of the text
    that the body gave, or one never seen before where nothing is known of the content. `place` is where a value went
    whose I/O manager reports no artifact. `config` is the run configuration that the body was given; `displays` are the
    MIME bundles that it displayed, its prints being in `output`. What does not apply to the kind of attempt is empty.
    """

    attempt: Attempt
    asset_key: AssetKey
    partition_key: str
    run_id: str
    timestamp: float
    seconds: float = 0.0
    code_version: str = ""
    data_version: int = 0
    artifact: Artifact | None = None
    place: Place | None = None
    inputs: tuple[InputUse, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    tags: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    failure: Failure | None = None
    output: str = ""
    displays: tuple[Mapping[str, object], ...] = ()
    config: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    retries: int = 0

    @property
    def is_stored(self) -> bool:
        """Whether there was a value that an I/O manager took; a body that returns nothing has none."""
        return self.artifact is not None or self.place is not None


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The latest rows of one asset: one position per partition that the log knows, in no particular order.

    `attempt` holds Attempt codes of the last attempt. `made` says whether a value stands recorded (a failed re-run
    keeps the previous one), `stored` whether an I/O manager took it; `code` and `data` are the 64-bit code and data
    versions of that value (`version_number` of the event's text, the event's own number); `inputs` the recorded sums of
    input versions by upstream asset, with `used` saying where an upstream was recorded at all. A skip lets a value
    stand: `code` and `inputs` are then those of the skip. `tried` is the 64-bit code version of the last attempt,
    whatever came of it; `seconds` is the duration of the last successful attempt, `size` its bytes, `timestamp` the end
    of the last attempt in UTC epoch seconds.
    """

    keys: list[str]
    attempt: NDArray[np.uint8]
    made: NDArray[np.bool_]
    stored: NDArray[np.bool_]
    code: NDArray[np.uint64]
    data: NDArray[np.uint64]
    inputs: Mapping[AssetKey, NDArray[np.uint64]]
    used: Mapping[AssetKey, NDArray[np.bool_]]
    tried: NDArray[np.uint64]
    seconds: NDArray[np.float32]
    size: NDArray[np.int64]
    timestamp: NDArray[np.float64]

    @classmethod
    def empty(cls) -> Records:
        """No rows at all."""
        return cls(
            keys=[],
            attempt=np.empty(0, np.uint8),
            made=np.empty(0, np.bool_),
            stored=np.empty(0, np.bool_),
            code=np.empty(0, np.uint64),
            data=np.empty(0, np.uint64),
            inputs={},
            used={},
            tried=np.empty(0, np.uint64),
            seconds=np.empty(0, np.float32),
            size=np.empty(0, np.int64),
            timestamp=np.empty(0, np.float64),
        )


def data_version(partition_key: str, content: str) -> int:
    """The data version of a partition whose content, or the version that its body gave, is told by a text.

    The key is part of it: two partitions that exchange their contents have changed, though their sum has not.
    """
    return version_number(f"{partition_key}\0{content}")


def version_number(code_version: str) -> int:
    """A code version (any text) as the unsigned 64-bit number that `Records.code` holds; 0 stands for none."""
    if not code_version:
        return 0
    return int.from_bytes(hashlib.blake2b(code_version.encode(), digest_size=8).digest(), "big") or 1
