"""Which upstream partitions a downstream partition reads: the mappings that look only at keys and their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.arguments import texts, whole_number
from ipyassets.partitions.definitions import (
    PartitionsDefinition,
    StaticPartitionsDefinition,
    ValuesPartitionsDefinition,
)
from ipyassets.partitions.relation import Relation, matching, relation_of
from ipyassets.partitions.space import PartitionSpace, WholeSpace
from ipyassets.partitions.spans import Indices, Spans


class Mapped(NamedTuple):
    """The upstream partitions found, and the keys that were called for but do not exist."""

    spans: Spans
    missing: tuple[str, ...] = ()


class PartitionMapping(ABC):
    """Which partitions of an upstream asset each partition of a downstream asset reads.

    A mapping of your own defines `upstream`; `downstream` follows from it, by asking for every downstream partition
    once, unless you define it too. Then the law to keep is: d is in `downstream({u})` exactly if u is in
    `upstream({d})`. An asset without partitions has a space of one. Mappings are values: define `__eq__` and
    `__hash__`, as a frozen dataclass does. A plain function from key to keys is a mapping too: see
    `FunctionPartitionMapping`.
    """

    @abstractmethod
    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """What the partitions `spans` of `down` read of `up`."""

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """The partitions of `down` that read any of the partitions `spans` of `up`."""
        return relation_of(self, down, up, _each_alone).rows_of(spans)

    def ranges(self, down: PartitionSpace, up: PartitionSpace) -> Indices | None:  # noqa: ARG002 - unknown here
        """For every partition of `down` the half-open range of `up` that it reads, as rows; None asks one by one."""
        return None

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Whether no downstream partition can ever read more than one: its input is then a value, else a dict."""
        return up is None

    def validate_partition_mapping(  # noqa: B027 - few mappings have anything to check
        self,
        upstream_partitions_def: PartitionsDefinition | None,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise InvalidMappingError where the mapping does not fit the two definitions (None: not partitioned)."""

    def between(
        self,
        down: PartitionsDefinition | None,  # noqa: ARG002 - asked of every mapping
        up: PartitionsDefinition | None,  # noqa: ARG002
    ) -> PartitionMapping:
        """What applies between two definitions: this mapping, or one that has settled what only definitions tell."""
        return self

    def points_backward(self, definition: PartitionsDefinition) -> bool:  # noqa: ARG002 - asked of every mapping
        """Whether, between an asset and itself, it leads only to earlier partitions."""
        return False

    def validate_self_dependency(self, definition: PartitionsDefinition | None) -> None:
        """Raise InvalidMappingError unless an asset with this definition may depend on itself through this mapping."""
        if definition is None or not self.points_backward(definition):
            raise InvalidMappingError(
                "an asset may depend on itself only through earlier partitions: in time, by "
                "TimeWindowPartitionMapping(start_offset=-1, end_offset=-1) or another range that ends before 0; "
                "in several dimensions, by a MultiPartitionMapping with such a mapping for a dimension of time"
            )

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        return (type(self).__doc__ or "").partition("\n")[0]


@dataclass(frozen=True, slots=True)
class IdentityPartitionMapping(PartitionMapping):
    """Each partition reads the one with the same key; of several dimensions, with the same text."""

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """The partitions with the same keys; keys that `up` lacks are missing."""
        if down == up:
            return Mapped(spans)
        if isinstance(down, WholeSpace) or isinstance(up, WholeSpace):
            raise InvalidMappingError(
                "an asset without partitions shares no key with one that has: map all, or the last"
            )
        members = spans.indices()
        found = matching(down, up)[members]
        lost = members[found < 0]
        missing = tuple(down.keys(Spans.from_indices(lost))) if len(lost) else ()
        return Mapped(Spans.from_indices(found[found >= 0]), missing)

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """The partitions with the same keys."""
        return self.upstream(spans, up, down).spans

    def ranges(self, down: PartitionSpace, up: PartitionSpace) -> Indices:
        """The partition with the same key, if there is one."""
        found = matching(down, up)
        return np.column_stack([np.maximum(found, 0), found + 1])

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition | None,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise InvalidMappingError where the two definitions are not of one kind."""
        if type(upstream_partitions_def) is not type(downstream_partitions_def):
            raise InvalidMappingError(
                f"the same key means nothing between {upstream_partitions_def!r} upstream and "
                f"{downstream_partitions_def!r} downstream: give a partition_mapping"
            )


@dataclass(frozen=True, slots=True)
class AllPartitionMapping(PartitionMapping):
    """Every partition reads every upstream partition; so does an asset without partitions."""

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:  # noqa: ARG002
        """All of them."""
        return Mapped(Spans.range(0, len(up)) if spans else Spans.empty())

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:  # noqa: ARG002
        """All of them."""
        return Spans.range(0, len(down)) if spans else Spans.empty()

    def ranges(self, down: PartitionSpace, up: PartitionSpace) -> Indices:
        """All of them."""
        return np.tile(np.array([[0, len(up)]], dtype=np.int64), (len(down), 1))


@dataclass(frozen=True, slots=True)
class LastPartitionMapping(PartitionMapping):
    """Every partition reads the newest upstream partition, or the newest `count`."""

    count: int = 1

    def __post_init__(self) -> None:
        whole_number("count", self.count, least=1)

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:  # noqa: ARG002
        """The newest ones; fewer, or none, where there are no more."""
        return Mapped(self._newest(up) if spans else Spans.empty())

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """All of them for one of the newest, else none."""
        return Spans.empty() if spans.isdisjoint(self._newest(up)) else Spans.range(0, len(down))

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Whether it is one."""
        return up is None or self.count == 1

    def ranges(self, down: PartitionSpace, up: PartitionSpace) -> Indices:
        """The newest ones."""
        return np.tile(np.array([[max(len(up) - self.count, 0), len(up)]], dtype=np.int64), (len(down), 1))

    def _newest(self, up: PartitionSpace) -> Spans:
        return Spans.range(max(len(up) - self.count, 0), len(up))


@dataclass(frozen=True, slots=True)
class SpecificPartitionsPartitionMapping(PartitionMapping):
    """Every partition reads the upstream partitions of some keys."""

    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "partition_keys", texts("partition_keys", self.partition_keys))

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:  # noqa: ARG002
        """The partitions of the keys; those that do not exist are missing."""
        if not spans:
            return Mapped(Spans.empty())
        missing = tuple(key for key in self.partition_keys if key not in up)
        return Mapped(self._known(up), missing)

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """All of them for one of the keys, else none."""
        return Spans.empty() if spans.isdisjoint(self._known(up)) else Spans.range(0, len(down))

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Whether it is one key."""
        return up is None or len(self.partition_keys) <= 1

    def _known(self, up: PartitionSpace) -> Spans:
        indices = up.indices(self.partition_keys)
        return Spans.from_indices(indices[indices >= 0])


@dataclass(frozen=True, slots=True)
class StaticPartitionMapping(PartitionMapping):
    """Upstream keys feed the downstream keys listed for them; a key listed nowhere reads nothing.

    StaticPartitionMapping({"north": "cold", "south": ["warm", "hot"]})
    """

    downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]
    _pairs: tuple[tuple[str, str], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.downstream_partition_keys_by_upstream_partition_key
        if not isinstance(given, Mapping):
            raise InvalidArgumentError(f"give a mapping from upstream key to downstream keys, not {given!r}")
        pairs = []
        for up, downs in given.items():
            fed = (downs,) if isinstance(downs, str) else texts(f"the downstream keys of {up!r}", downs)
            pairs += [(up, down) for up in texts("upstream keys", [up]) for down in fed]
        object.__setattr__(self, "_pairs", tuple(pairs))

    def __hash__(self) -> int:
        return hash(self._pairs)

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """The partitions that feed the given ones; InvalidMappingError where an upstream key listed does not exist."""
        _check_known("upstream", [each for each, _ in self._pairs], up)
        return Mapped(_relation_of_pairs(self._pairs, down, up).targets_of(spans))

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """The partitions that the given ones feed; InvalidMappingError where a downstream key listed does not exist."""
        _check_known("downstream", [each for _, each in self._pairs], down)
        return _relation_of_pairs(self._pairs, down, up).rows_of(spans)

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Whether no downstream key is listed twice."""
        fed = [each for _, each in set(self._pairs)]
        return up is None or len(fed) == len(set(fed))

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition | None,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise InvalidMappingError where a side is not static, or lacks one of the keys listed for it."""
        sides = (
            ("upstream", upstream_partitions_def, list(self.downstream_partition_keys_by_upstream_partition_key)),
            ("downstream", downstream_partitions_def, [down for _, down in self._pairs]),
        )
        for side, definition, keys in sides:
            if not isinstance(definition, (StaticPartitionsDefinition, ValuesPartitionsDefinition)):
                raise InvalidMappingError(f"StaticPartitionMapping needs static partitions {side}, not {definition!r}")
            unknown = [key for key in keys if not definition.has_partition_key(key)]
            if unknown:
                raise InvalidMappingError(
                    f"{unknown[0]!r} of StaticPartitionMapping is no partition of the {side} asset"
                )


def _check_known(side: str, keys: Sequence[str], space: PartitionSpace) -> None:
    unknown = [key for key in keys if key not in space]
    if unknown:
        raise InvalidMappingError(f"{unknown[0]!r} of StaticPartitionMapping is no partition of the {side} asset")


@lru_cache(maxsize=64)
def _relation_of_pairs(pairs: tuple[tuple[str, str], ...], down: PartitionSpace, up: PartitionSpace) -> Relation:
    targets = up.indices([each for each, _ in pairs])
    rows = down.indices([each for _, each in pairs])
    known = (targets >= 0) & (rows >= 0)
    return Relation(rows[known], targets[known])


def _each_alone(mapping: PartitionMapping, down: PartitionSpace, up: PartitionSpace) -> Relation:
    """Ask a mapping for every downstream partition by itself."""
    found = [mapping.upstream(Spans.range(row, row + 1), down, up).spans.indices() for row in range(len(down))]
    rows = np.repeat(np.arange(len(down), dtype=np.int64), [len(each) for each in found])
    return Relation(rows, np.concatenate(found) if found else rows)
