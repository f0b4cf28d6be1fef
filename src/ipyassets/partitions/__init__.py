"""The partition algebra: definitions, spaces, subsets, mappings and selections.

Pure: no files, no threads; the clock is read in one place, `as_of`.
"""

from ipyassets.partitions.as_of import AsOf, DynamicPartitionsStore, as_of, partition_loading_context
from ipyassets.partitions.calendar_definitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from ipyassets.partitions.calendar_space import CalendarSpace, WallRuns
from ipyassets.partitions.defaults import infer_partition_mapping
from ipyassets.partitions.definitions import (
    DynamicPartitionsDefinition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
    ValuesPartitionsDefinition,
    check_key,
    checked_keys,
)
from ipyassets.partitions.dynamic import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    checked_dynamic_keys,
)
from ipyassets.partitions.earlier_mapping import EarlierPartitionsMapping
from ipyassets.partitions.function_mapping import FunctionPartitionMapping
from ipyassets.partitions.keys import MultiPartitionKey, PartitionKeyRange, TimeWindow
from ipyassets.partitions.mapping import (
    AllPartitionMapping,
    IdentityPartitionMapping,
    LastPartitionMapping,
    Mapped,
    PartitionMapping,
    UpstreamPartitionsResult,
)
from ipyassets.partitions.multi import MultiPartitionsDefinition, PartitionDimensionDefinition
from ipyassets.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
)
from ipyassets.partitions.paging import PaginatedResults
from ipyassets.partitions.product_space import ProductSpace, SparseSpace
from ipyassets.partitions.schedule import ScheduleType
from ipyassets.partitions.space import Dimension, PartitionSpace, SequenceSpace, WholeSpace
from ipyassets.partitions.spans import Indices, Mask, Spans
from ipyassets.partitions.static_mapping import SpecificPartitionsPartitionMapping, StaticPartitionMapping
from ipyassets.partitions.subset import PartitionsSubset
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping
from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition

__all__ = [
    "AddDynamicPartitionsRequest",
    "AllPartitionMapping",
    "AsOf",
    "CalendarSpace",
    "DailyPartitionsDefinition",
    "DeleteDynamicPartitionsRequest",
    "Dimension",
    "DimensionPartitionMapping",
    "DynamicPartitionsDefinition",
    "DynamicPartitionsStore",
    "EarlierPartitionsMapping",
    "FunctionPartitionMapping",
    "HourlyPartitionsDefinition",
    "IdentityPartitionMapping",
    "Indices",
    "LastPartitionMapping",
    "Mapped",
    "Mask",
    "MonthlyPartitionsDefinition",
    "MultiPartitionKey",
    "MultiPartitionMapping",
    "MultiPartitionsDefinition",
    "MultiToSingleDimensionPartitionMapping",
    "PaginatedResults",
    "PartitionDimensionDefinition",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionSpace",
    "PartitionsDefinition",
    "PartitionsSubset",
    "ProductSpace",
    "ScheduleType",
    "SequenceSpace",
    "Spans",
    "SparseSpace",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "UpstreamPartitionsResult",
    "ValuesPartitionsDefinition",
    "WallRuns",
    "WeeklyPartitionsDefinition",
    "WholeSpace",
    "as_of",
    "check_key",
    "checked_dynamic_keys",
    "checked_keys",
    "infer_partition_mapping",
    "partition_loading_context",
]
