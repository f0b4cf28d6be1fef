"""The mapping that applies where none is given: Dagster's rules."""

from __future__ import annotations

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.function_mapping import FunctionPartitionMapping, KeyFunction
from ipyassets.partitions.mapping import AllPartitionMapping, IdentityPartitionMapping, PartitionMapping
from ipyassets.partitions.multi import MultiPartitionsDefinition
from ipyassets.partitions.multi_mapping import MultiToSingleDimensionPartitionMapping
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition


def infer_partition_mapping(
    partition_mapping: PartitionMapping | KeyFunction | None,
    downstream_partitions_def: PartitionsDefinition | None,
    upstream_partitions_def: PartitionsDefinition | None,
) -> PartitionMapping:
    """The mapping given (a plain function from key to keys is one), else the default one.

    By default a side without partitions reads, or is read by, all; several dimensions and a plain definition match in
    one dimension; windows of time read those that overlap; anything else reads the same key. None means: not
    partitioned.
    """
    down, up = downstream_partitions_def, upstream_partitions_def
    if isinstance(partition_mapping, PartitionMapping):
        return partition_mapping.between(downstream_partitions_def, upstream_partitions_def)
    if partition_mapping is not None:
        if isinstance(partition_mapping, type) or not callable(partition_mapping):
            raise InvalidArgumentError(
                f"partition_mapping must be a PartitionMapping or a function, not {partition_mapping!r}"
            )
        return FunctionPartitionMapping(partition_mapping)
    return AllPartitionMapping() if down is None or up is None else _default(down, up)


def _default(down: PartitionsDefinition, up: PartitionsDefinition) -> PartitionMapping:
    if isinstance(down, MultiPartitionsDefinition) != isinstance(up, MultiPartitionsDefinition):
        try:
            return MultiToSingleDimensionPartitionMapping().between(down, up)
        except InvalidMappingError:
            return IdentityPartitionMapping()
    if isinstance(down, TimeWindowPartitionsDefinition) and isinstance(up, TimeWindowPartitionsDefinition):
        return TimeWindowPartitionMapping()
    return IdentityPartitionMapping()
