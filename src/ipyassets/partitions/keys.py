"""The values that name partitions: keys of several dimensions, ranges of keys, windows of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from ipyassets.errors import InvalidArgumentError, InvalidPartitionKeyError

SEPARATOR = "|"
# What a selection text or a file could not hold.
FORBIDDEN = ("...", "\a", "\b", "\f", "\n", "\r", "\t", "\v", "\0")


def distinct_keys(partition_keys: Iterable[str]) -> list[str]:
    """The keys that somebody has named, each once; InvalidArgumentError for a text, whose letters would be keys."""
    if isinstance(partition_keys, str):
        raise InvalidArgumentError(f"{partition_keys!r} is a text: give a list of partition keys")
    return list(dict.fromkeys(map(str, partition_keys)))


class MultiPartitionKey(str):
    """The key of a partition of several dimensions: a text, with the key in each dimension at hand.

    The text joins the keys by a vertical bar in the order of the dimension names, whatever the order given; it equals
    that plain text and hashes like it. InvalidPartitionKeyError for anything but texts.

        >>> MultiPartitionKey({"date": "2024-01-01", "color": "red"})
        'red|2024-01-01'
    """

    __slots__ = ("_names",)
    _names: tuple[str, ...]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> Self:
        """Take the key in each dimension."""
        if not isinstance(keys_by_dimension, Mapping):
            raise InvalidPartitionKeyError(f"give a mapping from dimension to key, not {keys_by_dimension!r}")
        pairs: Iterable[tuple[object, object]] = keys_by_dimension.items()
        for name, key in pairs:
            if not isinstance(name, str) or not isinstance(key, str):
                raise InvalidPartitionKeyError(f"dimension names and keys are texts: {name!r}: {key!r} is not")
            if SEPARATOR in key:
                raise InvalidPartitionKeyError(f"{key!r} of dimension {name!r} must not contain {SEPARATOR!r}")
        names = tuple(sorted(keys_by_dimension))
        return cls.of(names, [keys_by_dimension[name] for name in names])

    @classmethod
    def of(cls, names: tuple[str, ...], keys: Sequence[str]) -> Self:
        """The key of dimensions whose `names` are already in order; nothing is checked."""
        made = super().__new__(cls, SEPARATOR.join(keys))
        made._names = names
        return made

    @property
    def keys_by_dimension(self) -> dict[str, str]:
        """The key in each dimension, in the order of the dimension names."""
        return dict(zip(self._names, str(self).split(SEPARATOR), strict=False))

    def __getnewargs__(self) -> tuple[dict[str, str]]:  # type: ignore[override]  # pickled as what it is made of
        return (self.keys_by_dimension,)


@dataclass(frozen=True, slots=True)
class PartitionKeyRange:
    """The partitions from `start` to `end`, both included; of several dimensions, the box between two corners.

    Whether they exist is known once the range is asked for.

        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2025-01-01")
        >>> days.get_partition_keys_in_range(PartitionKeyRange("2024-02-28", "2024-03-01"))
        ['2024-02-28', '2024-02-29', '2024-03-01']
    """

    start: str
    end: str

    def __post_init__(self) -> None:
        for name, key in (("start", self.start), ("end", self.end)):
            if not isinstance(key, str):
                raise InvalidPartitionKeyError(f"the {name} of a range is a partition key, not {key!r}")


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """The time from `start` up to, not including, `end`; both carry a time zone."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        """How long it lasts; a day on which the clocks change has 23 or 25 hours."""
        return timedelta(seconds=self.end.timestamp() - self.start.timestamp())
