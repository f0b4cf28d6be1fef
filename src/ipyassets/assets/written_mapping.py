"""Mappings that are functions of the user's own: another mapping once their code has been edited."""

from __future__ import annotations

import functools
from dataclasses import replace

from ipyassets.assets.code_version import code_hash
from ipyassets.partitions.function_mapping import FunctionPartitionMapping
from ipyassets.partitions.mapping import PartitionMapping
from ipyassets.partitions.multi_mapping import MultiPartitionMapping


@functools.singledispatch
def as_written(mapping: PartitionMapping) -> PartitionMapping:
    """A mapping as its code is now: equal to what it was if that has not been edited."""
    return mapping


@as_written.register
def _(mapping: FunctionPartitionMapping) -> PartitionMapping:
    return replace(mapping, version=code_hash(mapping.function).version)


@as_written.register
def _(mapping: MultiPartitionMapping) -> PartitionMapping:
    by_dimension = mapping.downstream_mappings_by_upstream_dimension
    return MultiPartitionMapping(
        {up: replace(each, partition_mapping=as_written(each.partition_mapping)) for up, each in by_dimension.items()}
    )
