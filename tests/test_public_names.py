"""The public names: adding or losing one is a decision, and shows here."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import ipyassets
from ipyassets import errors
from ipyassets.public_names import HOME

NAMES = [
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
IPYTHON_CALLS = {"load_ipython_extension", "unload_ipython_extension"}


PACKAGE = Path(ipyassets.__file__)


def fresh(statements: str) -> str:
    """What an interpreter that has imported nothing prints."""
    return subprocess.run([sys.executable, "-c", statements], capture_output=True, text=True, check=True).stdout.strip()


def told_to_type_checkers() -> dict[str, str]:
    """The module that each public name is imported from where only type checkers look."""
    [block] = [node for node in ast.parse(PACKAGE.read_text()).body if isinstance(node, ast.If) and not node.orelse][:1]
    statements = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {
        alias.name: str(statement.module)
        for statement in statements
        for alias in statement.names
        if str(statement.module).startswith("ipyassets") and alias.asname is None
    }


def test_these_are_the_public_names():
    assert sorted(ipyassets.__all__) == sorted(NAMES)


def test_a_star_import_brings_them_all():
    bound: dict[str, object] = {}
    exec("from ipyassets import *", bound)
    assert set(NAMES) <= set(bound)


def test_type_checkers_are_told_the_same_as_the_interpreter():
    assert told_to_type_checkers() == {name: f"ipyassets.{home}" for name, home in HOME.items()}
    assert set(told_to_type_checkers()) == set(NAMES)


def test_dir_lists_public_names_that_were_not_asked_for_yet():
    assert fresh("import ipyassets; print('Instance' in dir(ipyassets), 'Instance' in vars(ipyassets))") == "True False"


def test_a_name_that_is_not_there_is_an_error_as_of_any_module():
    with pytest.raises(AttributeError, match="module 'ipyassets' has no attribute 'Asset'"):
        ipyassets.Asset  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Asset'"):
        from ipyassets import Asset  # type: ignore[attr-defined]  # noqa: F401


def test_errors_are_found_below_the_package_without_importing_them():
    assert fresh("import ipyassets; print(ipyassets.errors.IpyassetsError is ipyassets.IpyassetsError)") == "True"


def test_ipython_finds_what_it_calls():
    assert set(vars(ipyassets)) >= IPYTHON_CALLS


def test_every_public_name_says_what_it_is():
    assert not [name for name in NAMES if not inspect.getdoc(getattr(ipyassets, name))]


def test_every_error_can_be_caught_as_ours():
    ours = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert not [error for error in ours if not issubclass(error, ipyassets.IpyassetsError)]
