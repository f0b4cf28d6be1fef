"""Partitioned data assets in a notebook: a cell is an asset, a bar shows its partitions, each is one pickle.

    %load_ext ipyassets

or, in a script, decorators under Dagster's names: `@asset(partitions_def=DailyPartitionsDefinition(...))`,
`materialize([...])`.
"""

from importlib import import_module

from ipyassets.assets import binding
from ipyassets.public_names import HOME, PARTS

TYPE_CHECKING = False  # as in `typing`, which takes several times as long to load as all of this

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ipyassets.assets.config import Config, RunConfig
    from ipyassets.assets.context import AssetExecutionContext
    from ipyassets.assets.decorator import asset
    from ipyassets.assets.definition import AssetDep, AssetIn, AssetsDefinition
    from ipyassets.assets.direct import build_asset_context, build_input_context, build_output_context
    from ipyassets.assets.graph import AssetGraph
    from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext
    from ipyassets.assets.keys import AssetKey
    from ipyassets.assets.metadata import MetadataValue
    from ipyassets.assets.policies import BackfillPolicy, Backoff, Jitter, RetryPolicy, RetryRequested
    from ipyassets.assets.results import DataVersion, Failure, MaterializeResult, Output, Skip
    from ipyassets.assets.settings import ConfigurableIOManager
    from ipyassets.assets.stored import StoredPartitions as _StoredPartitions
    from ipyassets.engine.plan import Plan
    from ipyassets.engine.result import RunResult
    from ipyassets.engine.run import Run
    from ipyassets.errors import (
        BusyPartitionError,
        DamagedLogError,
        DamagedPartitionError,
        IncompatibleLogError,
        InvalidArgumentError,
        InvalidDefinitionError,
        InvalidInvocationError,
        InvalidPartitionKeyError,
        InvalidResultError,
        InvalidSelectionError,
        IpyassetsError,
        MaterializationError,
        NotMaterializedError,
        RunCancelledError,
        UnknownAssetError,
        UnknownPartitionError,
        UnknownPlaceError,
        UnstorableValueError,
        UntrustedPartitionError,
        UnwritableStoreError,
    )
    from ipyassets.events import State
    from ipyassets.instance import DagsterInstance, Definitions, Instance, current_instance, use_instance
    from ipyassets.instance.launch import materialize, materialize_in_background, materialize_to_memory
    from ipyassets.instance.upkeep import expire, repair, upkeep
    from ipyassets.partitions.as_of import partition_loading_context
    from ipyassets.partitions.calendar_definitions import (
        DailyPartitionsDefinition,
        HourlyPartitionsDefinition,
        MonthlyPartitionsDefinition,
        WeeklyPartitionsDefinition,
    )
    from ipyassets.partitions.definitions import (
        DynamicPartitionsDefinition,
        PartitionsDefinition,
        StaticPartitionsDefinition,
        ValuesPartitionsDefinition,
    )
    from ipyassets.partitions.dynamic import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
    from ipyassets.partitions.earlier_mapping import EarlierPartitionsMapping
    from ipyassets.partitions.function_mapping import FunctionPartitionMapping
    from ipyassets.partitions.keys import MultiPartitionKey, PartitionKeyRange, TimeWindow
    from ipyassets.partitions.mapping import (
        AllPartitionMapping,
        IdentityPartitionMapping,
        LastPartitionMapping,
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
    from ipyassets.partitions.schedule import ScheduleType
    from ipyassets.partitions.static_mapping import SpecificPartitionsPartitionMapping, StaticPartitionMapping
    from ipyassets.partitions.subset import PartitionsSubset
    from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping
    from ipyassets.partitions.time_window import TimeWindowPartitionsDefinition
    from ipyassets.storage.file_io import FileIOManager
    from ipyassets.storage.memory_io import InMemoryIOManager
    from ipyassets.storage.parquet_io import ParquetIOManager
    from ipyassets.storage.pickle_io import FilesystemIOManager
    from ipyassets.storage.signature import Signer
    from ipyassets.storage.upath_io import UPathIOManager
    from ipyassets.storage.wiping import Retention

__version__ = "0.1.0"

__all__ = [
    "AddDynamicPartitionsRequest",
    "AllPartitionMapping",
    "AssetDep",
    "AssetExecutionContext",
    "AssetGraph",
    "AssetIn",
    "AssetKey",
    "AssetsDefinition",
    "BackfillPolicy",
    "Backoff",
    "BusyPartitionError",
    "Config",
    "ConfigurableIOManager",
    "DagsterInstance",
    "DailyPartitionsDefinition",
    "DamagedLogError",
    "DamagedPartitionError",
    "DataVersion",
    "Definitions",
    "DeleteDynamicPartitionsRequest",
    "DimensionPartitionMapping",
    "DynamicPartitionsDefinition",
    "EarlierPartitionsMapping",
    "Failure",
    "FileIOManager",
    "FilesystemIOManager",
    "FunctionPartitionMapping",
    "HourlyPartitionsDefinition",
    "IOManager",
    "IdentityPartitionMapping",
    "InMemoryIOManager",
    "IncompatibleLogError",
    "InputContext",
    "Instance",
    "InvalidArgumentError",
    "InvalidDefinitionError",
    "InvalidInvocationError",
    "InvalidPartitionKeyError",
    "InvalidResultError",
    "InvalidSelectionError",
    "IpyassetsError",
    "Jitter",
    "LastPartitionMapping",
    "MaterializationError",
    "MaterializeResult",
    "MetadataValue",
    "MonthlyPartitionsDefinition",
    "MultiPartitionKey",
    "MultiPartitionMapping",
    "MultiPartitionsDefinition",
    "MultiToSingleDimensionPartitionMapping",
    "NotMaterializedError",
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
    "RunCancelledError",
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
    "UnknownAssetError",
    "UnknownPartitionError",
    "UnknownPlaceError",
    "UnstorableValueError",
    "UntrustedPartitionError",
    "UnwritableStoreError",
    "UpstreamPartitionsResult",
    "ValuesPartitionsDefinition",
    "WeeklyPartitionsDefinition",
    "asset",
    "build_asset_context",
    "build_input_context",
    "build_output_context",
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


if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        if name in PARTS:
            return import_module(f"{__name__}.{name}")
        if name not in HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        found = globals()[name] = getattr(import_module(f"{__name__}.{HOME[name]}"), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


def _stored(asset: "AssetsDefinition") -> "_StoredPartitions":
    from ipyassets.instance.reading import stored_asset

    return stored_asset(asset)


binding.bind(_stored)


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """`%load_ext ipyassets`."""
    from ipyassets.jupyter.extension import load

    load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """`%unload_ext ipyassets`: takes away everything that loading put in place."""
    from ipyassets.jupyter.extension import unload

    unload(shell)
