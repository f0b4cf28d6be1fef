"""Facts about partitions and assets: plain values, and Dagster's way to say what kind of value one is."""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import TypeVar

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """A value of metadata with a word on its kind: `MetadataValue.int(3)` (Dagster's MetadataValue).

    It may stand wherever metadata are given. What is recorded is its `value`, as if that had been given plainly: the
    kind is checked and then forgotten, so that markdown is shown as its text.
    """

    value: object

    @staticmethod
    def text(text: str) -> MetadataValue:
        """A text."""
        return MetadataValue(_of_kind("text", text, str))

    @staticmethod
    def int(value: builtins.int) -> MetadataValue:
        """A whole number."""
        return MetadataValue(_of_kind("int", value, Integral))

    @staticmethod
    def float(value: builtins.float) -> MetadataValue:
        """A number."""
        return MetadataValue(_of_kind("float", value, Real))

    @staticmethod
    def bool(value: builtins.bool) -> MetadataValue:
        """True or False."""
        return MetadataValue(_of_kind("bool", value, builtins.bool))

    @staticmethod
    def md(data: str) -> MetadataValue:
        """A text in markdown."""
        return MetadataValue(_of_kind("md", data, str))

    @staticmethod
    def json(data: Sequence[object] | Mapping[str, object]) -> MetadataValue:
        """Lists and mappings of what JSON can hold."""
        return MetadataValue(_of_kind("json", data, Sequence, Mapping))

    @staticmethod
    def url(url: str) -> MetadataValue:
        """An address of the web."""
        return MetadataValue(_of_kind("url", url, str))

    @staticmethod
    def path(path: str | os.PathLike[str]) -> MetadataValue:
        """A path, recorded as its text."""
        return MetadataValue(os.fspath(_of_kind("path", path, str, os.PathLike)))

    @staticmethod
    def notebook(path: str | os.PathLike[str]) -> MetadataValue:
        """The path of a notebook, recorded as its text."""
        return MetadataValue.path(path)

    @staticmethod
    def timestamp(value: builtins.float | datetime) -> MetadataValue:
        """A moment: seconds since 1970 in UTC, or a datetime with a time zone; recorded as ISO text."""
        if isinstance(value, datetime) and value.tzinfo is None:
            raise InvalidArgumentError(f"{value!r} names no moment: give it a time zone, {value!r}.astimezone()")
        moment = _of_kind("timestamp", value, Real, datetime)
        return MetadataValue(moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC))

    @staticmethod
    def asset(asset_key: AssetKey) -> MetadataValue:
        """An asset, recorded as the text of its key."""
        return MetadataValue(str(_of_kind("asset", asset_key, AssetKey)))

    @staticmethod
    def null() -> MetadataValue:
        """None."""
        return MetadataValue(None)


def _of_kind(name: str, value: Value, *kinds: type) -> Value:
    """The value; raises InvalidArgumentError unless it is of one of the kinds."""
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise InvalidArgumentError(f"MetadataValue.{name} takes {wanted}, not {type(value).__name__}: {value!r}")
    return value


def plain(metadata: Mapping[str, object] | None) -> dict[str, object]:
    """Metadata as they are recorded."""
    given = metadata or {}
    return {name: each.value if isinstance(each, MetadataValue) else each for name, each in given.items()}
