"""Spaces: the finite, ordered universe of partition keys of one definition at one moment."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ipyassets.errors import UnknownPartitionError, nearest
from ipyassets.partitions.keys import TimeWindow
from ipyassets.partitions.spans import Indices, Spans

# Beyond this many, a typing error is not compared with every key: an error is shown while somebody types.
_COMPARED = 3_000


class Dimension(NamedTuple):
    """One axis of a space: its name (empty where there is only one) and its own space."""

    name: str
    space: PartitionSpace


class PartitionSpace(ABC):
    """The partition keys of one definition at one moment, numbered from 0.

    A space is a value: equal spaces have the same keys in the same order. Its length, `key(i)`, `index(key)` and
    `key in space` take the same time however many keys there are. Subclass it for a kind of your own: `__len__`, `key`,
    `index_of` and `fingerprint` are enough, the rest has defaults.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def key(self, index: int) -> str:
        """The key at `index`; IndexError outside."""

    @abstractmethod
    def index_of(self, key: str) -> int:
        """The index of `key`, or -1 where it is none."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A short text that is the same exactly for spaces with the same keys in the same order."""

    def index(self, key: str) -> int:
        """The index of `key`; UnknownPartitionError names the first, the last and the nearest key."""
        found = self.index_of(key) if isinstance(key, str) else -1  # type: ignore[redundant-expr]  # notebooks are not checked
        if found < 0:
            raise self.unknown(key)
        return found

    def keys(self, spans: Spans | None = None) -> Sequence[str]:
        """The keys of `spans`, or all of them, in order."""
        return [self.key(index) for index in (range(len(self)) if spans is None else spans)]

    def indices(self, keys: Sequence[str]) -> Indices:
        """The index of each of `keys`, -1 where it is none."""
        return np.fromiter((self.index_of(key) for key in keys), dtype=np.int64, count=len(keys))

    def between(self, start: str | None, end: str | None) -> Spans:
        """The partitions from one key to another, both included; in several dimensions, the box between two corners.

        A key left out (None) sets no bound. None where the end comes first. UnknownPartitionError where an end is no
        key.
        """
        first = 0 if start is None else self.index(start)
        return Spans.range(first, len(self) if end is None else self.index(end) + 1)

    def window(self, index: int) -> TimeWindow | None:  # noqa: ARG002 - a space without time has none
        """The time that the partition at `index` covers, or None."""
        return None

    @property
    def is_timed(self) -> bool:
        """Whether every partition is a window of time."""
        return False

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The axes, outermost first; a plain space has one, without a name."""
        return (Dimension("", self),)

    def unknown(self, key: object) -> UnknownPartitionError:
        """The error to raise for a key that is none of these."""
        if not len(self):
            return UnknownPartitionError(f"{key!r} is not a partition: there are none at all")
        first, last = self.key(0), self.key(len(self) - 1)
        hint = nearest(key, self.similar(key)) if isinstance(key, str) else ""
        return UnknownPartitionError(f"{key!r} is not a partition: keys run from {first!r} to {last!r}{hint}")

    def similar(self, key: str) -> Sequence[str]:  # noqa: ARG002 - a space in order looks around the key
        """Keys among which the one meant by a wrong key may be."""
        return self.keys() if len(self) <= _COMPARED else ()

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.index_of(key) >= 0

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, PartitionSpace) and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        ends = f" {self.key(0)!r}..{self.key(len(self) - 1)!r}" if len(self) else ""
        return f"<{type(self).__name__} of {len(self)} partitions{ends}>"


class SequenceSpace(PartitionSpace):
    """Keys given one by one, in the order given."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, index: int) -> str:
        """The key at `index`; IndexError outside."""
        return self._keys[index]

    def index_of(self, key: str) -> int:
        """The index of `key`, or -1 where it is none."""
        return self._places.get(key, -1)

    def keys(self, spans: Spans | None = None) -> Sequence[str]:
        """The keys of `spans`, or all of them, in order."""
        if spans is None:
            return list(self._keys)
        return [key for start, stop in spans.ranges() for key in self._keys[start:stop]]

    def indices(self, keys: Sequence[str]) -> Indices:
        """The index of each of `keys`, -1 where it is none."""
        places = self._places
        return np.fromiter((places.get(key, -1) for key in keys), dtype=np.int64, count=len(keys))

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all keys; made once."""
        return fingerprint_of("sequence", len(self._keys), "\0".join(self._keys))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self._keys)}


class WholeSpace(PartitionSpace):
    """The single partition, with the empty key, of an asset that is not partitioned."""

    fingerprint = "whole"

    def __len__(self) -> int:
        return 1

    def key(self, index: int) -> str:
        """The empty key; IndexError for an index other than 0."""
        return ("",)[index]

    def index_of(self, key: str) -> int:
        """0 for the empty key, else -1."""
        return 0 if key == "" else -1

    def unknown(self, key: object) -> UnknownPartitionError:
        """The error to raise for any key."""
        return UnknownPartitionError(f"{key!r} is not a partition: this asset is not partitioned")


def fingerprint_of(*parts: object) -> str:
    """A short digest of texts and numbers, the same in every process."""
    digest = hashlib.blake2b(digest_size=10)
    for part in parts:
        text = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(text))
        digest.update(text)
    return digest.hexdigest()
