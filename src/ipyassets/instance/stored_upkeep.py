"""Looking after the stored values of one asset, in the words a person uses for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import InputContext
from ipyassets.assets.scope import PartitionScope
from ipyassets.asynchronous import finished
from ipyassets.engine.facts import Facts
from ipyassets.engine.workshop import Means, Workshop
from ipyassets.errors import InvalidArgumentError, InvalidInvocationError
from ipyassets.events import Event, InputUse
from ipyassets.instance.composition import Instance
from ipyassets.instance.upkeep import upkeep
from ipyassets.partitions.selection_text import parse
from ipyassets.storage.restoring import Version
from ipyassets.storage.trusting import Trusted
from ipyassets.storage.wiping import Wiped


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A value that a partition had: how it was recorded, and whether it is the one that stands."""

    asset: AssetsDefinition
    instance: Instance
    version: Version

    @property
    def event(self) -> Event:
        """How the value was made."""
        return self.version.event

    @property
    def is_current(self) -> bool:
        """Whether it is the value that stands."""
        return self.version.is_current

    def value(self) -> Any:
        """The value itself."""
        key = self.event.partition_key
        scope = PartitionScope(str(self.asset.key), (key,) if key else None, None, self.asset.partitions_def)
        context = InputContext(
            asset_key=self.asset.key,
            scope=scope,
            metadata=self.asset.metadata,
            artifacts={key: self.event.artifact} if self.event.artifact else {},
        )
        return finished(self.instance.store.at_hand(self.asset).load_input(context))

    def restore(self) -> None:
        """Make it the value that stands, as if it had just been made; NotMaterializedError if it is no longer kept."""
        upkeep(self.instance, AssetGraph.of([self.asset])).restore(self.asset.key, self.version)


def known(facts: Facts, asset: AssetsDefinition, instance: Instance, keys: Any) -> Sequence[str]:
    """Keys as they are, if each is a partition, or something is recorded of it.

    Raises UnknownPartitionError for any other, InvalidArgumentError for what is no list of keys.
    """
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise InvalidArgumentError(f"{keys!r} is no list of partition keys of {asset.key}")
    space = facts.space(asset.key)
    found: Sequence[str] = keys
    if others := [found[i] for i in np.flatnonzero(space.indices(found) < 0).tolist()]:
        recorded = set(instance.event_log.records(asset.key).keys)
        for key in others:
            if key not in recorded:
                raise space.unknown(key)
    return found


def known_key(facts: Facts, asset: AssetsDefinition, instance: Instance, key: str | None) -> str:
    """The key of a partition, or "" for None; InvalidInvocationError where it is lacking or not called for."""
    if (key is None) != (asset.partitions_def is None):
        wants = "is not partitioned: leave the key out" if key is not None else "is partitioned: say of which partition"
        raise InvalidInvocationError(f"{asset.key} {wants}")
    [found] = known(facts, asset, instance, [key or ""])
    return found


def versions(facts: Facts, asset: AssetsDefinition, instance: Instance, key: str | None) -> list[StoredVersion]:
    """The values of a partition that can still be had, newest first."""
    key = known_key(facts, asset, instance, key)
    found = upkeep(instance, facts.graph).versions(asset.key, key)
    return [StoredVersion(asset, instance, version) for version in found]


def wipe(
    facts: Facts, asset: AssetsDefinition, instance: Instance, selection: str | Sequence[str] | None, *, dry_run: bool
) -> Wiped:
    """Delete the stored values of some partitions."""
    if (selection is None) != (asset.partitions_def is None):
        wants = "is not partitioned: leave the selection out" if selection is not None else "is partitioned: say which"
        raise InvalidInvocationError(f"{asset.key} {wants}")
    keys: Sequence[str] = selection if selection is not None and not isinstance(selection, str) else [""]
    if isinstance(selection, str):
        space = facts.space(asset.key)
        keys = space.keys(parse(selection, space, facts.named(asset.key)))
    return upkeep(instance, facts.graph).wipe(asset.key, known(facts, asset, instance, keys), dry_run=dry_run)


def trust(
    facts: Facts, asset: AssetsDefinition, instance: Instance, keys: Sequence[str] | None, *, dry_run: bool
) -> Trusted:
    """Let in stored values that somebody else made or nobody recorded, as made by today's code from today's inputs."""
    space, store = facts.space(asset.key), instance.store
    means = Means(io_manager=store.io_manager, artifacts=store.artifacts, standing=store.standing, run_id="trusted")
    workshop = Workshop(facts, means)

    def made_from(key: str) -> tuple[InputUse, ...]:
        return workshop.uses(asset.key, space.index(key)) if key in space else ()

    return upkeep(instance, facts.graph).trust(
        asset.key, keys, code_version=facts.code_versions[asset.key], made_from=made_from, dry_run=dry_run
    )
