"""The latest row of a partition, packed: what `Records` needs, at a fixed place in a fixed number of bytes."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedLogError
from ipyassets.events import Attempt, Event, InputUse, Records, version_number

FACTS = np.dtype(
    [
        ("code", "<u8"),
        ("data", "<u8"),
        ("tried", "<u8"),
        ("size", "<i8"),
        ("timestamp", "<f8"),
        ("seconds", "<f4"),
        ("attempt", "u1"),
        ("made", "u1"),
        ("inputs", "<u2"),
    ]
)
INPUT = np.dtype([("asset", "<i8"), ("count", "<i8"), ("versions", "<u8")])
_JOINED = """
    SELECT json_group_array(partition), CAST(group_concat(facts, '') AS BLOB), CAST(group_concat(inputs, '') AS BLOB)
    FROM latest WHERE asset = ?"""
_FACTS = struct.Struct("<QQQqdfBBH")
_INPUT = struct.Struct("<qqQ")
_64_BITS = 2**64 - 1
# `made` is 0 without a value that stands; a second bit says that an I/O manager took it, which rows of the first format
# only tell by a size.
_MADE = 1
_STORED = 2

Row = tuple[int | None, bytes, bytes]


def builds_on_what_stands(event: Event) -> bool:
    """Whether what stood before an event decides about what stands after it."""
    return event.attempt not in (Attempt.MATERIALIZED, Attempt.WIPED)


def updated(event_id: int, event: Event, asset_ids: Mapping[AssetKey, int], before: Row | None) -> Row:
    """What stands after an event, as (event that made the value, facts, inputs), given what stood before it."""
    tried = version_number(event.code_version)
    if event.attempt is Attempt.MATERIALIZED:
        size = event.artifact.size if event.artifact else 0
        made = (tried, event.data_version & _64_BITS, tried, size, event.timestamp, event.seconds)
        facts = _FACTS.pack(*made, event.attempt, _MADE | _STORED * event.is_stored, len(event.inputs))
        return event_id, facts, _packed_inputs(event.inputs, asset_ids)
    if before is None or before[0] is None or event.attempt is Attempt.WIPED:
        return None, _FACTS.pack(0, 0, tried, 0, event.timestamp, 0.0, event.attempt, 0, 0), b""
    code, data, _, size, _, seconds, _, stands, count = _FACTS.unpack(before[1])
    inputs = before[2]
    if event.attempt is Attempt.SKIPPED:  # a skip lets the value stand: for this code, and with these inputs
        code, count, inputs = tried, len(event.inputs), _packed_inputs(event.inputs, asset_ids)
    facts = _FACTS.pack(code, data, tried, size, event.timestamp, seconds, event.attempt, stands, count)
    return before[0], facts, inputs


def _packed_inputs(inputs: Sequence[InputUse], asset_ids: Mapping[AssetKey, int]) -> bytes:
    return b"".join(_INPUT.pack(asset_ids[use.asset_key], use.count, use.versions & _64_BITS) for use in inputs)


def records(connection: sqlite3.Connection, asset: int, names: Mapping[int, AssetKey]) -> Records:
    """All latest rows of an asset, column by column; DamagedLogError for rows that were not written like this."""
    try:
        return _records(*_columns(connection, asset), names)
    except (KeyError, ValueError) as error:
        raise DamagedLogError(
            f"the latest rows of {names[asset]} are damaged ({error!r}): repair() mends them"
        ) from error


def _records(keys: list[str], facts: bytes, inputs: bytes, names: Mapping[int, AssetKey]) -> Records:
    if not keys:
        return Records.empty()
    columns = np.frombuffer(facts, FACTS)
    entries = np.frombuffer(inputs, INPUT)
    position = np.repeat(np.arange(len(keys)), columns["inputs"])
    sums: dict[AssetKey, NDArray[np.uint64]] = {}
    used: dict[AssetKey, NDArray[np.bool_]] = {}
    for upstream in np.unique(entries["asset"]).tolist():
        here = entries["asset"] == upstream
        name = names[upstream]
        sums[name] = np.zeros(len(keys), np.uint64)
        sums[name][position[here]] = entries["versions"][here]
        used[name] = np.zeros(len(keys), np.bool_)
        used[name][position[here]] = True
    return Records(
        keys=keys,
        attempt=columns["attempt"].copy(),
        made=columns["made"] > 0,
        stored=(columns["made"] & _STORED > 0) | (columns["size"] > 0),
        code=columns["code"].copy(),
        data=columns["data"].copy(),
        inputs=sums,
        used=used,
        tried=columns["tried"].copy(),
        seconds=columns["seconds"].copy(),
        size=columns["size"].copy(),
        timestamp=columns["timestamp"].copy(),
    )


def _columns(connection: sqlite3.Connection, asset: int) -> tuple[list[str], bytes, bytes]:
    """Keys, facts and inputs of all rows, each in one piece: joined inside SQLite, which makes no object a row."""
    texts, facts, inputs = connection.execute(_JOINED, (asset,)).fetchone()
    keys: list[str] = json.loads(texts)
    facts, inputs = facts or b"", inputs or b""
    if len(facts) == len(keys) * FACTS.itemsize and len(inputs) == _inputs_size(facts):
        return keys, facts, inputs
    # A build of SQLite that ends a blob at its first zero byte when joining
    rows = connection.execute("SELECT partition, facts, inputs FROM latest WHERE asset = ?", (asset,)).fetchall()
    return [row[0] for row in rows], b"".join(row[1] for row in rows), b"".join(row[2] for row in rows)


def _inputs_size(facts: bytes) -> int:
    return int(np.frombuffer(facts, FACTS)["inputs"].sum(dtype=np.int64)) * INPUT.itemsize
