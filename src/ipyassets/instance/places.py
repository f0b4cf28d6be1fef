"""Refusing assets whose values would have no place, or lie in one another's, before anything runs."""

from __future__ import annotations

from functools import lru_cache

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.ports import EventLog
from ipyassets.errors import InvalidDefinitionError
from ipyassets.partitions import PartitionSpace
from ipyassets.partitions.keys import SEPARATOR
from ipyassets.storage.meeting import refuse_meeting
from ipyassets.storage.paths import address

# Bytes below the folder of all values. Most systems take twice as much, and there is more to a path than this.
LONGEST = 2000


def refuse_bad_places(facts: Facts, log: EventLog) -> None:
    """Raise InvalidDefinitionError if partition q of `pp` and `pp/q` exist, or any such two, or a name is too long.

    An asset's I/O manager does not matter: what runs in memory must not be refused later, on disk.
    """
    for key in facts.spaces:
        if (length := len(address(key, None).encode())) > LONGEST:
            raise InvalidDefinitionError(
                f"the key {str(key)[:60]}... makes a path of {length} bytes: an asset may have {LONGEST}"
            )

    def begins(asset_key: AssetKey, part: str) -> bool:
        return _begins(facts.space(asset_key), part)

    refuse_meeting(log, facts.spaces.keys(), begins)


@lru_cache(maxsize=64)
def _begins(space: PartitionSpace, part: str) -> bool:
    """Whether any key has that text as its first dimension, or before its first bar."""
    first = space.dimensions[0].space
    return part in first or any(key.partition(SEPARATOR)[0] == part for key in first)
