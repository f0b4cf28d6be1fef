from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ipyassets import (
    AssetDep,
    AssetIn,
    AssetKey,
    InvalidArgumentError,
    MetadataValue,
    asset,
    build_input_context,
    build_output_context,
)
from ipyassets.assets.metadata import plain

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
GIVEN = {"rows": MetadataValue.int(3), "by": "me"}
RECORDED = {"rows": 3, "by": "me"}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (MetadataValue.text("a"), "a"),
        (MetadataValue.int(3), 3),
        (MetadataValue.int(np.int64(3)), 3),  # type: ignore[arg-type]  # a count of rows is often one of NumPy's
        (MetadataValue.float(0.5), 0.5),
        (MetadataValue.float(2), 2),
        (MetadataValue.bool(False), False),
        (MetadataValue.md("*a*"), "*a*"),
        (MetadataValue.json({"a": [1, None]}), {"a": [1, None]}),
        (MetadataValue.url("https://example.org"), "https://example.org"),
        (MetadataValue.path(Path("a") / "b"), str(Path("a") / "b")),
        (MetadataValue.notebook("a.ipynb"), "a.ipynb"),
        (MetadataValue.timestamp(NOON), NOON),
        (MetadataValue.timestamp(NOON.timestamp()), NOON),
        (MetadataValue.asset(AssetKey(["a", "b"])), "a/b"),
        (MetadataValue.null(), None),
    ],
    ids=[
        "text",
        "int",
        "numpy",
        "float",
        "whole",
        "bool",
        "md",
        "json",
        "url",
        "path",
        "notebook",
        "moment",
        "seconds",
        "asset",
        "null",
    ],
)
def test_a_value_of_some_kind_is_recorded_as_the_plain_value(given, value):
    assert plain({"fact": given}) == {"fact": value}


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        (MetadataValue.text, 3, "text takes str, not int: 3"),
        (MetadataValue.int, "3", "int takes Integral, not str: '3'"),
        (MetadataValue.float, "a", "float takes Real"),
        (MetadataValue.bool, 1, "bool takes bool"),
        (MetadataValue.json, 3, "json takes Sequence or Mapping"),
        (MetadataValue.path, 3, "path takes str or PathLike"),
        (MetadataValue.asset, "a", "asset takes AssetKey"),
        (MetadataValue.timestamp, datetime(2024, 1, 1), "give it a time zone"),  # noqa: DTZ001 - that is what is refused
    ],
    ids=["text", "int", "float", "bool", "json", "path", "asset", "timestamp"],
)
def test_a_value_of_another_kind_is_refused(kind, value, wanted):
    with pytest.raises(InvalidArgumentError, match=wanted):
        kind(value)


@pytest.mark.parametrize(
    "metadata",
    [
        asset(metadata=GIVEN)(lambda: 1).metadata,
        AssetIn(metadata=GIVEN).metadata,
        AssetDep("a", metadata=GIVEN).metadata,
        build_output_context(definition_metadata=GIVEN).definition_metadata,
        build_input_context(definition_metadata=GIVEN).definition_metadata,
    ],
    ids=["asset", "AssetIn", "AssetDep", "build_output_context", "build_input_context"],
)
def test_a_definition_has_the_plain_values_of_its_metadata(metadata):
    assert metadata == RECORDED
