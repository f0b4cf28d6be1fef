"""Mappings where a side has several dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ipyassets.errors import InvalidArgumentError, InvalidMappingError, nearest
from ipyassets.partitions.by_dimension import ByDimensionMapping, DimensionDependency, product_of
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.mapping import IdentityPartitionMapping, PartitionMapping
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.product_space import ProductSpace, SparseSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition


@dataclass(frozen=True, slots=True)
class MultiToSingleDimensionPartitionMapping(ByDimensionMapping):
    """Between a definition of several dimensions and a plain one, either way round: the keys of one dimension match.

    The dimension is the one named, else the only one with the same definition, else the only one of time, whose windows
    then overlap. Other dimensions are read whole, or read the same.

        >>> dep = AssetDep("sales", partition_mapping=MultiToSingleDimensionPartitionMapping("date"))
    """

    partition_dimension_name: str | None = None

    def __post_init__(self) -> None:
        name = self.partition_dimension_name
        if name is not None and not isinstance(name, str):
            raise InvalidArgumentError(f"partition_dimension_name must be the name of a dimension, not {name!r}")

    def dependencies(self, down: PartitionSpace, up: PartitionSpace) -> Sequence[DimensionDependency]:
        """The one dimension that matches."""
        several, plain = (down, up) if _is_multi(down) else (up, down)
        if _is_multi(plain) or not _is_multi(several):
            raise InvalidMappingError(
                "MultiToSingleDimensionPartitionMapping needs several dimensions on exactly one side"
            )
        name, mapping = self._match({each.name: each.space for each in product_of(several).dimensions}, plain)
        return [DimensionDependency(name, "", mapping) if several is down else DimensionDependency("", name, mapping)]

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:
        """Whether the plain side is upstream, and one of its partitions is read."""
        if up is None or not isinstance(down, MultiPartitionsDefinition) or isinstance(up, MultiPartitionsDefinition):
            return up is None
        name, mapping = self.match(down, up)
        return mapping.gives_one(down.get_partitions_def_for_dimension(name), up)

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition | None,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise InvalidMappingError where no dimension matches, or several do."""
        sides = (downstream_partitions_def, upstream_partitions_def)
        several = [each for each in sides if isinstance(each, MultiPartitionsDefinition)]
        plain = [each for each in sides if each is not None and not isinstance(each, MultiPartitionsDefinition)]
        if len(several) != 1 or len(plain) != 1:
            raise InvalidMappingError(
                "MultiToSingleDimensionPartitionMapping needs several dimensions on exactly one side"
            )
        self.match(several[0], plain[0])

    def between(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> PartitionMapping:
        """The same with the dimension named, so that keys alike in two dimensions cannot make it ambiguous later."""
        for several, plain in ((down, up), (up, down)):
            if isinstance(several, MultiPartitionsDefinition) and plain is not None:
                return MultiToSingleDimensionPartitionMapping(self.match(several, plain)[0])
        return self

    def match(self, several: MultiPartitionsDefinition, plain: PartitionsDefinition) -> tuple[str, PartitionMapping]:
        """The dimension of `several` that matches `plain`, and how; InvalidMappingError where that is not one."""
        return self._match(dict(several.partitions_defs), plain)

    def _match(self, dimensions: Mapping[str, object], plain: object) -> tuple[str, PartitionMapping]:
        name = self.partition_dimension_name
        if name is not None:
            if name not in dimensions:
                raise InvalidMappingError(
                    f"there is no dimension {name!r} among {list(dimensions)}{nearest(name, dimensions)}"
                )
            dimensions = {name: dimensions[name]}
        same = [each for each, what in dimensions.items() if what == plain]
        if len(same) > 1:
            raise InvalidMappingError(f"dimensions {same} all match: name one by partition_dimension_name")
        if same:
            return same[0], IdentityPartitionMapping()
        timed = [each for each, what in dimensions.items() if _is_timed(what)]
        if len(timed) == 1 and _is_timed(plain):
            return timed[0], TimeWindowPartitionMapping()
        raise InvalidMappingError(f"no dimension of {list(dimensions)} matches {plain!r}, nor are both of time")


@dataclass(frozen=True, slots=True)
class DimensionPartitionMapping:
    """The downstream dimension that reads an upstream dimension, and by which mapping."""

    dimension_name: str
    partition_mapping: PartitionMapping

    def __post_init__(self) -> None:
        if not isinstance(self.dimension_name, str):
            raise InvalidArgumentError(
                f"dimension_name must be the name of a downstream dimension, not {self.dimension_name!r}"
            )
        if not isinstance(self.partition_mapping, PartitionMapping):
            raise InvalidArgumentError(f"partition_mapping must be a PartitionMapping, not {self.partition_mapping!r}")


@dataclass(frozen=True, slots=True)
class MultiPartitionMapping(ByDimensionMapping):
    """Between two definitions of several dimensions: one mapping for each pair of dimensions named.

    The keys are upstream dimensions. An upstream dimension not named is read whole; a downstream dimension not named
    makes no difference.

        >>> before = DimensionPartitionMapping("date", TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))
        >>> dep = AssetDep("sales", partition_mapping=MultiPartitionMapping({"date": before}))
    """

    downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]

    def __post_init__(self) -> None:
        given = self.downstream_mappings_by_upstream_dimension
        if not isinstance(given, Mapping):
            raise InvalidArgumentError(
                f"give a mapping from upstream dimension to DimensionPartitionMapping, not {given!r}"
            )
        for up, each in given.items():
            if not isinstance(each, DimensionPartitionMapping):
                raise InvalidArgumentError(f"dimension {up!r} needs a DimensionPartitionMapping, not {each!r}")
        read = [each.dimension_name for each in given.values()]
        if len(set(read)) < len(read):
            raise InvalidMappingError(
                f"a downstream dimension can read one upstream dimension only: {read} names one twice"
            )

    def __hash__(self) -> int:
        return hash(frozenset(self.downstream_mappings_by_upstream_dimension.items()))

    def dependencies(self, down: PartitionSpace, up: PartitionSpace) -> Sequence[DimensionDependency]:  # noqa: ARG002
        """The pairs named."""
        named = self.downstream_mappings_by_upstream_dimension.items()
        return [DimensionDependency(each.dimension_name, up_name, each.partition_mapping) for up_name, each in named]

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:
        """Whether every upstream dimension is named, and each gives one."""
        if not isinstance(down, MultiPartitionsDefinition) or not isinstance(up, MultiPartitionsDefinition):
            return up is None
        named = self.downstream_mappings_by_upstream_dimension
        return set(named) == set(up.partition_dimension_names) and all(
            each.partition_mapping.gives_one(
                down.get_partitions_def_for_dimension(each.dimension_name), up.get_partitions_def_for_dimension(name)
            )
            for name, each in named.items()
        )

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition | None,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise InvalidMappingError where a side has no such dimensions, or a mapping does not fit its pair."""
        down, up = downstream_partitions_def, upstream_partitions_def
        if not isinstance(down, MultiPartitionsDefinition) or not isinstance(up, MultiPartitionsDefinition):
            raise InvalidMappingError("MultiPartitionMapping needs several dimensions on both sides")
        for name, each in self.downstream_mappings_by_upstream_dimension.items():
            for side, wanted, names in (
                ("upstream", name, up.partition_dimension_names),
                ("downstream", each.dimension_name, down.partition_dimension_names),
            ):
                if wanted not in names:
                    raise InvalidMappingError(
                        f"there is no {side} dimension {wanted!r} among {names}{nearest(wanted, names)}"
                    )
            each.partition_mapping.validate_partition_mapping(
                up.get_partitions_def_for_dimension(name), down.get_partitions_def_for_dimension(each.dimension_name)
            )

    def points_backward(self, definition: PartitionsDefinition) -> bool:
        """Whether one dimension leads only to earlier partitions of itself."""
        return isinstance(definition, MultiPartitionsDefinition) and any(
            each.dimension_name == name
            and name in definition.partition_dimension_names
            and each.partition_mapping.points_backward(definition.get_partitions_def_for_dimension(name))
            for name, each in self.downstream_mappings_by_upstream_dimension.items()
        )


def _is_multi(space: PartitionSpace) -> bool:
    return isinstance(space, (ProductSpace, SparseSpace))


def _is_timed(what: object) -> bool:
    if isinstance(what, PartitionSpace):
        return what.is_timed
    return isinstance(what, TimeWindowPartitionsDefinition)
