"""Mappings that list the keys they mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.arguments import texts
from ipyassets.partitions.definitions import (
    PartitionsDefinition,
    StaticPartitionsDefinition,
    ValuesPartitionsDefinition,
)
from ipyassets.partitions.mapping import Mapped, PartitionMapping
from ipyassets.partitions.relation import Relation
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans


@dataclass(frozen=True, slots=True)
class SpecificPartitionsPartitionMapping(PartitionMapping):
    """Every partition reads the upstream partitions of some keys.

    A key that does not exist upstream is reported as missing.

        >>> dep = AssetDep("regions", partition_mapping=SpecificPartitionsPartitionMapping(["north", "south"]))
    """

    partition_keys: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "partition_keys", texts("partition_keys", self.partition_keys))

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:  # noqa: ARG002
        """The partitions of the keys; those that do not exist are missing."""
        if not spans:
            return Mapped(Spans.empty())
        missing = tuple(key for key in self.partition_keys if key not in up)
        return Mapped(self._known(up), missing)

    def lacking(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Spans:
        """All of them where a key does not exist, else none."""
        return spans if self.upstream(spans, down, up).missing else Spans.empty()

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

    InvalidMappingError where a key listed is no partition of its side.

        >>> mapping = StaticPartitionMapping({"north": "cold", "south": ["warm", "hot"]})
        >>> dep = AssetDep("weather", partition_mapping=mapping)
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
