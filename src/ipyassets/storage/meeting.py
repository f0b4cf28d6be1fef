"""Names that an asset cannot have: too long for a path, or one below which another's values lie.

Such are `pp` and `pp/q`: the second lies where partition q of the first does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import compress
from typing import Protocol

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError
from ipyassets.events import Records
from ipyassets.partitions.keys import SEPARATOR
from ipyassets.storage.paths import address

# Bytes below the folder of all values. Most systems take twice as much, and there is more to a path than this.
LONGEST = 2000


class Recorded(Protocol):
    """What an event log tells of stored values."""

    def asset_keys(self) -> list[AssetKey]:
        """Every asset that has a record."""

    def records(self, asset_key: AssetKey) -> Records:
        """The latest row of every partition of an asset."""


def refuse_long(asset_key: AssetKey) -> None:
    """Raise InvalidDefinitionError if the values of an asset would have paths that are too long."""
    if (length := len(address(asset_key, None).encode())) > LONGEST:
        raise InvalidDefinitionError(
            f"the key {str(asset_key)[:60]}... makes a path of {length} bytes: an asset may have {LONGEST}"
        )


def refuse_meeting(log: Recorded, assets: Collection[AssetKey], begins: Callable[[AssetKey, str], bool]) -> None:
    """Raise InvalidDefinitionError if values of any of the assets would share a place with those of another, or do.

    `begins` says whether a key of one of the assets has that text as its first dimension. What is recorded of other
    assets, or of partitions that are none any more, counts as long as a value is stored.
    """
    for shorter, longer in _related(assets, log.asset_keys()):
        part = longer.path[len(shorter.path)]
        if longer not in assets and not any(log.records(longer).made):
            continue
        advice = f"rename one of them, or give {longer} another prefix"
        if shorter in assets and begins(shorter, part):
            raise InvalidDefinitionError(
                f"the values of {longer} would lie where partition {part!r} of {shorter} does: {advice}"
            )
        if part in first_dimension(log.records(shorter)):
            raise InvalidDefinitionError(
                f"the values of {longer} would lie where that of partition {part!r} of {shorter} is stored:"
                f" wipe that one, {advice}"
            )


def _related(assets: Collection[AssetKey], recorded: Iterable[AssetKey]) -> Iterator[tuple[AssetKey, AssetKey]]:
    """Pairs of which the longer key begins with all of the shorter, at least one being among the assets."""
    known = dict.fromkeys([*assets, *recorded])
    for longer in known:
        for length in range(1, len(longer.path)):
            shorter = AssetKey(longer.path[:length])
            if shorter in known and (shorter in assets or longer in assets):
                yield shorter, longer


def first_dimension(records: Records) -> set[str]:
    """The first dimension's keys of all partitions that have a stored value."""
    return {key.partition(SEPARATOR)[0] for key in compress(records.keys, records.made)}
