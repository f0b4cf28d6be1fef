"""Subsets: some partitions of one space, as a value with set operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ipyassets.errors import SpaceMismatchError
from ipyassets.partitions import selection_text
from ipyassets.partitions.keys import PartitionKeyRange
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans


@dataclass(frozen=True, slots=True)
class PartitionsSubset:
    """Some of the partitions of a space.

    `|`, `&`, `-`, `^` and comparisons work between subsets of equal spaces and raise SpaceMismatchError between others:
    an index means another key elsewhere. `~` is everything else. It iterates over its keys in the order of the space.
    """

    space: PartitionSpace
    spans: Spans

    @classmethod
    def of(cls, space: PartitionSpace, keys: Iterable[str]) -> PartitionsSubset:
        """The partitions of some keys; UnknownPartitionError for the first that does not exist."""
        wanted = list(keys)
        indices = space.indices(wanted)
        if (indices < 0).any():
            raise space.unknown(wanted[int((indices < 0).argmax())])
        return cls(space, Spans.from_indices(indices))

    @classmethod
    def all(cls, space: PartitionSpace) -> PartitionsSubset:
        """Every partition of a space."""
        return cls(space, Spans.range(0, len(space)))

    @classmethod
    def parse(cls, space: PartitionSpace, text: str) -> PartitionsSubset:
        """The partitions that a selection text means, like `[a...c], latest 2`; InvalidSelectionError if unreadable."""
        return cls(space, selection_text.parse(text, space))

    def text(self) -> str:
        """The shortest list of keys and ranges that `parse` reads back."""
        return selection_text.text(self.spans, self.space)

    def get_partition_keys(self) -> Sequence[str]:
        """The keys, in order."""
        return self.space.keys(self.spans)

    def key_ranges(self) -> list[PartitionKeyRange]:
        """The maximal runs of neighbouring partitions, as ranges with both ends included."""
        return [PartitionKeyRange(self.space.key(a), self.space.key(b - 1)) for a, b in self.spans.ranges()]

    @property
    def is_empty(self) -> bool:
        """Whether there are no partitions in it."""
        return not self.spans

    def __or__(self, other: PartitionsSubset) -> PartitionsSubset:
        return PartitionsSubset(self.space, self.spans | self._spans_of(other))

    def __and__(self, other: PartitionsSubset) -> PartitionsSubset:
        return PartitionsSubset(self.space, self.spans & self._spans_of(other))

    def __sub__(self, other: PartitionsSubset) -> PartitionsSubset:
        return PartitionsSubset(self.space, self.spans - self._spans_of(other))

    def __xor__(self, other: PartitionsSubset) -> PartitionsSubset:
        return PartitionsSubset(self.space, self.spans ^ self._spans_of(other))

    def __invert__(self) -> PartitionsSubset:
        return PartitionsSubset(self.space, self.spans.complement(len(self.space)))

    def __le__(self, other: PartitionsSubset) -> bool:
        return self.spans.issubset(self._spans_of(other))

    def __len__(self) -> int:
        return len(self.spans)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.space.index_of(key) in self.spans

    def __iter__(self) -> Iterator[str]:
        return iter(self.space.keys(self.spans))

    def __repr__(self) -> str:
        ranges = [
            f"{each.start!r}" if each.start == each.end else f"{each.start!r}..{each.end!r}"
            for each in self.key_ranges()[:4]
        ]
        more = ", ..." if len(self.spans.bounds) // 2 > len(ranges) else ""
        return f"<{len(self)} of {len(self.space)} partitions: {', '.join(ranges)}{more}>"

    def _spans_of(self, other: PartitionsSubset) -> Spans:
        if self.space != other.space:
            raise SpaceMismatchError(
                f"partitions of two definitions, or two moments, cannot be combined: {self.space!r} and {other.space!r}"
            )
        return other.spans
