"""Which upstream partitions a downstream partition reads: the mappings that look only at keys and their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np

from ipyassets.errors import InvalidMappingError
from ipyassets.partitions.arguments import whole_number
from ipyassets.partitions.as_of import AsOf, DynamicPartitionsStore, as_of
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.relation import Relation, matching, relation_of
from ipyassets.partitions.space import PartitionSpace, WholeSpace
from ipyassets.partitions.spans import Indices, Spans
from ipyassets.partitions.subset import PartitionsSubset


class Mapped(NamedTuple):
    """The upstream partitions found, and the keys that were called for but do not exist."""

    spans: Spans
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpstreamPartitionsResult:
    """Upstream partitions, and the keys that were called for but do not exist: Dagster's form of `Mapped`."""

    partitions_subset: PartitionsSubset
    required_but_nonexistent_partition_keys: Sequence[str]


class PartitionMapping(ABC):
    """Which partitions of an upstream asset each partition of a downstream asset reads.

    A mapping of your own defines `upstream`; `downstream` follows from it, by asking for every downstream partition
    once, unless you define it too. Then the law to keep is: d is in `downstream({u})` exactly if u is in
    `upstream({d})`. An asset without partitions has a space of one. Mappings are values: define `__eq__` and
    `__hash__`, as a frozen dataclass does. A plain function from key to keys is a mapping too: see
    `FunctionPartitionMapping`.

        >>> @dataclass(frozen=True)
        ... class FirstPartitionMapping(PartitionMapping):
        ...     def upstream(self, spans, down, up):
        ...         return Mapped(Spans.range(0, 1) & Spans.range(0, len(up)) if spans else Spans.empty())
    """

    @abstractmethod
    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """What the partitions `spans` of `down` read of `up`."""

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """The partitions of `down` that read any of the partitions `spans` of `up`."""
        return relation_of(self, down, up, _each_alone).rows_of(spans)

    def lacking(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Spans:
        """Those of the partitions `spans` of `down` that call for what does not exist; found by halving."""
        if not self.upstream(spans, down, up).missing:
            return Spans.empty()
        if len(spans) == 1:
            return spans
        members = spans.indices()
        halves = np.split(members, [len(members) // 2])
        lower, upper = (self.lacking(Spans.from_indices(half), down, up) for half in halves)
        return lower | upper

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

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition | None,
        upstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """What a subset reads, under Dagster's name; None means an asset without partitions."""
        moment = as_of(current_time, dynamic_partitions_store)
        up = upstream_partitions_def.space(moment)
        down = downstream_partitions_subset
        if down is None:
            down = PartitionsSubset.all(_space(downstream_partitions_def, moment))
        found = self.between(downstream_partitions_def, upstream_partitions_def).upstream(down.spans, down.space, up)
        return UpstreamPartitionsResult(PartitionsSubset(up, found.spans), found.missing)

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """What reads a subset, under Dagster's name; None means an asset without partitions."""
        down = _space(downstream_partitions_def, as_of(current_time, dynamic_partitions_store))
        mapping = self.between(downstream_partitions_def, upstream_partitions_def)
        up = upstream_partitions_subset
        return PartitionsSubset(down, mapping.downstream(up.spans, up.space, down))

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
    """Each partition reads the one with the same key; of several dimensions, with the same text.

    It is the default between two definitions of one kind, except windows of time. (Dagster's rule.)

        >>> dep = AssetDep("orders", partition_mapping=IdentityPartitionMapping())
    """

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

    def lacking(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Spans:
        """Those whose keys `up` lacks."""
        return Spans.empty() if down == up else spans & Spans.from_mask(matching(down, up) < 0)

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
    """Every partition reads every upstream partition; so does an asset without partitions.

    It is the default where one side has no partitions. (Dagster's rule.) The body gets a dictionary from key to value.

        >>> dep = AssetDep("regions", partition_mapping=AllPartitionMapping())
    """

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
    """Every partition reads the newest upstream partition, or the newest `count`: those at the end of the definition.

    A new upstream partition makes all downstream partitions stale. InvalidArgumentError for a count below 1.

        >>> dep = AssetDep("rates", partition_mapping=LastPartitionMapping())
    """

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


def _space(definition: PartitionsDefinition | None, moment: AsOf) -> PartitionSpace:
    return WholeSpace() if definition is None else definition.space(moment)


def _each_alone(mapping: PartitionMapping, down: PartitionSpace, up: PartitionSpace) -> Relation:
    """Ask a mapping for every downstream partition by itself."""
    found = [mapping.upstream(Spans.range(row, row + 1), down, up).spans.indices() for row in range(len(down))]
    rows = np.repeat(np.arange(len(down), dtype=np.int64), [len(each) for each in found])
    return Relation(rows, np.concatenate(found) if found else rows)
