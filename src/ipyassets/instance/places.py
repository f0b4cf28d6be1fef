"""Refusing assets whose values would have no place, or lie in one another's, before anything runs."""

from __future__ import annotations

from functools import lru_cache

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.ports import EventLog
from ipyassets.partitions.keys import SEPARATOR
from ipyassets.partitions.space import PartitionSpace
from ipyassets.storage.meeting import refuse_long, refuse_meeting


def refuse_bad_places(facts: Facts, log: EventLog) -> None:
    """Raise InvalidDefinitionError if partition q of `pp` and `pp/q` exist, or any such two, or a name is too long.

    An asset's I/O manager does not matter: what runs in memory must not be refused later, on disk.
    """
    for key in facts.spaces:
        refuse_long(key)

    def begins(asset_key: AssetKey, part: str) -> bool:
        return _begins(facts.space(asset_key), part)

    refuse_meeting(log, facts.spaces.keys(), begins)


@lru_cache(maxsize=64)
def _begins(space: PartitionSpace, part: str) -> bool:
    """Whether any key has that text as its first dimension, or before its first bar."""
    first = space.dimensions[0].space
    return part in first or any(key.partition(SEPARATOR)[0] == part for key in first)
