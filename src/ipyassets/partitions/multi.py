"""Definitions of several dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError, InvalidPartitionKeyError, nearest
from ipyassets.partitions.arguments import name_of
from ipyassets.partitions.as_of import AsOf, as_of
from ipyassets.partitions.definitions import (
    PartitionsDefinition,
    StaticPartitionsDefinition,
    ValuesPartitionsDefinition,
)
from ipyassets.partitions.keys import SEPARATOR, MultiPartitionKey, TimeWindow
from ipyassets.partitions.product_space import ProductSpace, SparseSpace
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition

_NOT_IN_A_DIMENSION = frozenset("|,[]")
Predicate = Callable[[MultiPartitionKey], bool]


class PartitionDimensionDefinition(NamedTuple):
    """One dimension of a definition."""

    name: str
    partitions_def: PartitionsDefinition


class MultiPartitionsDefinition(PartitionsDefinition):
    """Every combination of the keys of two or more dimensions, or those for which `where` is true.

    `partitions_defs` are the definitions by the names of their dimensions. Dimensions are in the order of their names,
    whatever the order given, and the first varies slowest; a key joins its parts by a vertical bar. `where` takes a
    MultiPartitionKey and is asked once for each combination.

        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
        >>> colors = StaticPartitionsDefinition(["red", "blue"])
        >>> MultiPartitionsDefinition({"date": days, "color": colors}).get_partition_keys()
        ['red|2024-01-01', 'red|2024-01-02', 'blue|2024-01-01', 'blue|2024-01-02']
        >>> in_order = lambda key: key.keys_by_dimension["first"] <= key.keys_by_dimension["last"]
        >>> MultiPartitionsDefinition({"first": days, "last": days}, where=in_order).get_num_partitions()
        3

    InvalidDefinitionError for fewer than two dimensions, for a dimension that is itself of several, and for keys listed
    with one of `|,[]`.
    """

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition], *, where: Predicate | None = None) -> None:
        if not isinstance(partitions_defs, Mapping):
            raise InvalidArgumentError(f"give a mapping from dimension to definition, not {partitions_defs!r}")
        if len(partitions_defs) < 2:  # noqa: PLR2004 - one dimension is no product
            raise InvalidDefinitionError(f"give at least two dimensions, not {len(partitions_defs)}")
        for name, definition in partitions_defs.items():
            _check_dimension(name, definition)
        self._dimensions = tuple(
            PartitionDimensionDefinition(name, partitions_defs[name]) for name in sorted(partitions_defs)
        )
        if where is not None and not callable(where):
            raise InvalidArgumentError(f"where must be a function of a MultiPartitionKey, not {where!r}")
        self.where = where

    @property
    def partitions_defs(self) -> Sequence[PartitionDimensionDefinition]:
        """The dimensions, in the order of their names."""
        return self._dimensions

    @property
    def partition_dimension_names(self) -> list[str]:
        """The names of the dimensions, in order."""
        return [each.name for each in self._dimensions]

    @property
    def time_window_dimension(self) -> PartitionDimensionDefinition:
        """The dimension of time; InvalidDefinitionError where there is not exactly one."""
        found = [each for each in self._dimensions if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)]
        if len(found) != 1:
            raise InvalidDefinitionError(
                f"there are {len(found)} dimensions of time among {self.partition_dimension_names}"
            )
        return found[0]

    @property
    def has_time_window_dimension(self) -> bool:
        """Whether any dimension is of time."""
        return any(isinstance(each.partitions_def, TimeWindowPartitionsDefinition) for each in self._dimensions)

    @property
    def primary_dimension(self) -> PartitionDimensionDefinition:
        """The dimension of time, if there is exactly one, else the first."""
        found = [each for each in self._dimensions if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)]
        return found[0] if len(found) == 1 else self._dimensions[0]

    @property
    def secondary_dimension(self) -> PartitionDimensionDefinition:
        """The first dimension that is not the primary one."""
        return next(each for each in self._dimensions if each != self.primary_dimension)

    def space(self, as_of: AsOf) -> ProductSpace | SparseSpace:
        """The combinations that exist at one moment."""
        product = _product(tuple((each.name, each.partitions_def.space(as_of)) for each in self._dimensions))
        return product if self.where is None else _sparse(product, self.where)

    def get_partitions_def_for_dimension(self, dimension_name: str) -> PartitionsDefinition:
        """The definition of a dimension; InvalidArgumentError for an unknown name."""
        for name, definition in self._dimensions:
            if name == dimension_name:
                return definition
        names = self.partition_dimension_names
        hint = nearest(str(dimension_name), names)
        raise InvalidArgumentError(f"there is no dimension {dimension_name!r} among {names}{hint}")

    def get_partition_key_from_str(self, partition_key_str: str) -> MultiPartitionKey:
        """The key of a text, whether it exists or not; InvalidPartitionKeyError where it has other parts."""
        if not isinstance(partition_key_str, str):
            raise InvalidPartitionKeyError(f"a partition key is a text, not {partition_key_str!r}")
        parts = partition_key_str.split(SEPARATOR)
        names = tuple(self.partition_dimension_names)
        if len(parts) != len(names):
            raise InvalidPartitionKeyError(f"{partition_key_str!r} must have a part for each of {list(names)}")
        return MultiPartitionKey.of(names, parts)

    def get_multipartition_keys_with_dimension_value(
        self, dimension_name: str, dimension_partition_key: str
    ) -> Sequence[MultiPartitionKey]:
        """The keys that have one value in a dimension; InvalidArgumentError for an unknown name."""
        dimension = self.get_partitions_def_for_dimension(dimension_name)
        now = as_of()
        space = self.space(now)
        place = dimension.space(now).index(dimension_partition_key)
        return space.keys(space.along(dimension_name, Spans.range(place, place + 1)))

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """The window of a key in the dimension of time; UnknownPartitionError where there is no such partition."""
        name = self.time_window_dimension.name
        space = self.space(as_of())
        space.index(partition_key)
        part = self.get_partition_key_from_str(partition_key).keys_by_dimension[name]
        dimension = self.get_partitions_def_for_dimension(name).space(as_of())
        window = dimension.window(dimension.index(part))
        if window is None:
            raise InvalidDefinitionError(f"dimension {name!r} has no windows of time")
        return window

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """The run tags with which Dagster names the partition of a run: the joined key, and one for each dimension."""
        parts = self.get_partition_key_from_str(partition_key).keys_by_dimension
        return {"dagster/partition": partition_key, **{f"dagster/partition/{name}": key for name, key in parts.items()}}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultiPartitionsDefinition):
            return NotImplemented
        return (self._dimensions, self.where) == (other._dimensions, other.where)

    def __hash__(self) -> int:
        return hash((self._dimensions, self.where))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self._dimensions)!r})"


def _check_dimension(name: object, definition: object) -> None:
    name_of("the name of a dimension", name)
    if not isinstance(definition, PartitionsDefinition):
        raise InvalidArgumentError(f"dimension {name!r} needs a partitions definition, not {definition!r}")
    if isinstance(definition, MultiPartitionsDefinition):
        raise InvalidDefinitionError(f"dimension {name!r} has dimensions itself: name all of them side by side")
    if getattr(definition, "partition_fn", None) is not None:
        raise InvalidDefinitionError(f"dimension {name!r} must name its dynamic partitions")
    if isinstance(definition, (StaticPartitionsDefinition, ValuesPartitionsDefinition)):
        for key in definition.get_partition_keys():
            if _NOT_IN_A_DIMENSION & set(key):
                raise InvalidDefinitionError(f"key {key!r} of dimension {name!r} must not contain any of | , [ ]")


@lru_cache(maxsize=128)
def _product(dimensions: tuple[tuple[str, PartitionSpace], ...]) -> ProductSpace:
    return ProductSpace(dict(dimensions))


@lru_cache(maxsize=64)
def _sparse(product: ProductSpace, where: Predicate) -> SparseSpace:
    keys = product.keys()
    exists = np.fromiter((bool(where(key)) for key in keys), dtype=np.bool_, count=len(keys))
    return SparseSpace(product, np.flatnonzero(exists))
