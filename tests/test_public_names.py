"""The public names: adding or losing one is a decision, and shows here."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import ipyassets
from ipyassets import errors

NAMES = [
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
IPYTHON_CALLS = {"load_ipython_extension", "unload_ipython_extension"}


def imported(module: Path) -> set[str]:
    """The names that a module binds by importing them."""
    statements = (node for node in ast.parse(module.read_text()).body if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name for statement in statements for alias in statement.names}


def test_these_are_the_public_names():
    assert sorted(ipyassets.__all__) == sorted(NAMES)


def test_a_star_import_brings_them_all():
    bound: dict[str, object] = {}
    exec("from ipyassets import *", bound)
    assert set(NAMES) <= set(bound)


def test_whatever_the_package_imports_by_name_is_public():
    assert imported(Path(ipyassets.__file__)) - {"TYPE_CHECKING"} <= set(NAMES)


def test_ipython_finds_what_it_calls():
    assert set(vars(ipyassets)) >= IPYTHON_CALLS


def test_every_public_name_says_what_it_is():
    assert not [name for name in NAMES if not inspect.getdoc(getattr(ipyassets, name))]


def test_every_error_can_be_caught_as_ours():
    ours = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert not [error for error in ours if not issubclass(error, ipyassets.IpyassetsError)]
