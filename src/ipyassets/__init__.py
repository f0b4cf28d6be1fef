"""Partitioned data assets in a notebook: a cell is an asset, a bar shows its partitions, each is one pickle.

    %load_ext ipyassets

or, in a script, decorators under Dagster's names: `@asset(partitions_def=DailyPartitionsDefinition(...))`,
`materialize([...])`.
"""

from typing import TYPE_CHECKING

from ipyassets.assets import (
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    BackfillPolicy,
    Backoff,
    Config,
    DataVersion,
    InputContext,
    IOManager,
    Jitter,
    MaterializeResult,
    Output,
    OutputContext,
    RetryPolicy,
    RetryRequested,
    RunConfig,
    Skip,
    asset,
    build_asset_context,
)
from ipyassets.engine.plan import Plan
from ipyassets.engine.result import RunResult
from ipyassets.engine.run import Run
from ipyassets.errors import IpyassetsError
from ipyassets.events import State
from ipyassets.instance import (
    Definitions,
    Instance,
    current_instance,
    expire,
    materialize,
    materialize_in_background,
    materialize_to_memory,
    repair,
    upkeep,
    use_instance,
)
from ipyassets.partitions import (
    AddDynamicPartitionsRequest,
    AllPartitionMapping,
    DailyPartitionsDefinition,
    DeleteDynamicPartitionsRequest,
    DimensionPartitionMapping,
    DynamicPartitionsDefinition,
    EarlierPartitionsMapping,
    FunctionPartitionMapping,
    HourlyPartitionsDefinition,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    MultiToSingleDimensionPartitionMapping,
    PaginatedResults,
    PartitionDimensionDefinition,
    PartitionKeyRange,
    PartitionMapping,
    PartitionsDefinition,
    PartitionsSubset,
    ScheduleType,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindow,
    TimeWindowPartitionMapping,
    TimeWindowPartitionsDefinition,
    UpstreamPartitionsResult,
    ValuesPartitionsDefinition,
    WeeklyPartitionsDefinition,
    partition_loading_context,
)
from ipyassets.storage.memory_io import InMemoryIOManager
from ipyassets.storage.parquet_io import ParquetIOManager
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from ipyassets.storage.upath_io import UPathIOManager
from ipyassets.storage.wiping import Retention

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

DagsterInstance = Instance  # so that code moves

__version__ = "0.1.0"

__all__ = [
    "AddDynamicPartitionsRequest",
    "AllPartitionMapping",
    "AssetDep",
    "AssetExecutionContext",
    "AssetIn",
    "AssetKey",
    "AssetsDefinition",
    "BackfillPolicy",
    "Backoff",
    "Config",
    "DagsterInstance",
    "DailyPartitionsDefinition",
    "DataVersion",
    "Definitions",
    "DeleteDynamicPartitionsRequest",
    "DimensionPartitionMapping",
    "DynamicPartitionsDefinition",
    "EarlierPartitionsMapping",
    "FilesystemIOManager",
    "FunctionPartitionMapping",
    "HourlyPartitionsDefinition",
    "IOManager",
    "IdentityPartitionMapping",
    "InMemoryIOManager",
    "InputContext",
    "Instance",
    "IpyassetsError",
    "Jitter",
    "LastPartitionMapping",
    "MaterializeResult",
    "MonthlyPartitionsDefinition",
    "MultiPartitionKey",
    "MultiPartitionMapping",
    "MultiPartitionsDefinition",
    "MultiToSingleDimensionPartitionMapping",
    "Output",
    "OutputContext",
    "PaginatedResults",
    "ParquetIOManager",
    "PartitionDimensionDefinition",
    "PartitionKeyRange",
    "PartitionMapping",
    "PartitionsDefinition",
    "PartitionsSubset",
    "Plan",
    "Retention",
    "RetryPolicy",
    "RetryRequested",
    "Run",
    "RunConfig",
    "RunResult",
    "ScheduleType",
    "Signer",
    "Skip",
    "SpecificPartitionsPartitionMapping",
    "State",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "UPathIOManager",
    "UpstreamPartitionsResult",
    "ValuesPartitionsDefinition",
    "WeeklyPartitionsDefinition",
    "asset",
    "build_asset_context",
    "current_instance",
    "expire",
    "materialize",
    "materialize_in_background",
    "materialize_to_memory",
    "partition_loading_context",
    "repair",
    "upkeep",
    "use_instance",
]


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """`%load_ext ipyassets`."""
    from ipyassets.jupyter.extension import load

    load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """`%unload_ext ipyassets`: takes away everything that loading put in place."""
    from ipyassets.jupyter.extension import unload

    unload(shell)
