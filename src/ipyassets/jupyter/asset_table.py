"""`%assets` and `%assets --disk`: one row an asset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ipyassets.engine.facts import Facts
from ipyassets.events import State
from ipyassets.jupyter.namespace import Namespace
from ipyassets.storage.disk_use import DiskUse

if TYPE_CHECKING:
    import pandas as pd


def asset_table(facts: Facts, namespace: Namespace) -> pd.DataFrame:
    """A table of assets, upstream first: what each reads, its partitions, and how many of them are in each state.

    States that no partition is in have no column.
    """
    import pandas as pd

    counts = {asset.key: facts.counts(asset.key) for asset in facts.graph}
    seen = [state for state in State if any(state in each for each in counts.values())]
    rows = [
        {
            "asset": str(asset.key),
            "variable": namespace.name_of(asset.key) or "",
            "reads": ", ".join(str(upstream.key) for upstream in asset.upstreams),
            "partitions": len(space := facts.space(asset.key)),
            "first": space.key(0) if len(space) else "",
            "last": space.key(len(space) - 1) if len(space) else "",
            **{str(state): counts[asset.key].get(state, 0) for state in seen},
        }
        for asset in facts.graph
    ]
    columns = ["asset", "variable", "reads", "partitions", "first", "last", *map(str, seen)]
    return pd.DataFrame(rows, columns=columns).set_index("asset")


def disk_table(uses: Iterable[DiskUse]) -> pd.DataFrame:
    """A table of what stored values take, the largest first: their number, their bytes, the bytes of earlier versions.

    Assets that are recorded but no longer defined have a row too.
    """
    import pandas as pd

    rows = [
        {"asset": str(use.asset_key), "values": use.count, "bytes": use.size, "bytes of versions": use.versions}
        for use in sorted(uses, key=lambda use: -use.size - use.versions)
    ]
    return pd.DataFrame(rows, columns=["asset", "values", "bytes", "bytes of versions"]).set_index("asset")
