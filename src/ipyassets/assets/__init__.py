"""Assets: keys, definitions, the graph of what reads what, and the contexts that bodies and I/O managers are handed."""

from ipyassets.assets.config import Config, RunConfig
from ipyassets.assets.context import AssetExecutionContext
from ipyassets.assets.decorator import asset
from ipyassets.assets.definition import AssetDep, AssetIn, AssetsDefinition
from ipyassets.assets.direct import build_asset_context
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext, PathAddressed
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.policies import BackfillPolicy, Backoff, Jitter, RetryPolicy, RetryRequested
from ipyassets.assets.results import DataVersion, MaterializeResult, Output, Skip

__all__ = [
    "AssetDep",
    "AssetExecutionContext",
    "AssetGraph",
    "AssetIn",
    "AssetKey",
    "AssetsDefinition",
    "BackfillPolicy",
    "Backoff",
    "Config",
    "DataVersion",
    "IOManager",
    "InputContext",
    "Jitter",
    "MaterializeResult",
    "Output",
    "OutputContext",
    "PathAddressed",
    "RetryPolicy",
    "RetryRequested",
    "RunConfig",
    "Skip",
    "asset",
    "build_asset_context",
]
