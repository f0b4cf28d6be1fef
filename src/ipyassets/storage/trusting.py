"""Letting in values that somebody else has made: signing them, so that they are unpickled from now on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, UnknownPartitionError, nearest
from ipyassets.events import Artifact, Attempt, Event, InputUse, Place, data_version
from ipyassets.partitions.keys import distinct_keys
from ipyassets.partitions.space import PartitionSpace
from ipyassets.storage.claims import Claims, NoClaims, claimed_in_turn
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.paths import address
from ipyassets.storage.reading import holds, looked_at
from ipyassets.storage.signature import NOT_SIGNED, content_of
from ipyassets.storage.staging import put_in_place, unplaced
from ipyassets.storage.value_files import CHANGED, GONE, ValueFiles
from ipyassets.storage.verifying import fault
from ipyassets.storage.walking import stored_files_of

NOT_RECORDED = "nobody recorded it"
NO_PARTITION = "its key is no partition"
BUSY = "somebody is making it just now"

MadeFrom = Callable[[str], tuple[InputUse, ...]]


def nothing(partition_key: str) -> tuple[InputUse, ...]:
    """The inputs of a partition that reads none."""
    del partition_key
    return ()


@dataclass(frozen=True, slots=True)
class Account:
    """How a value is recorded that nobody has recorded: when, as made by which code, from which inputs, and where."""

    at: float
    code_version: str = ""
    made_from: MadeFrom = nothing
    place: Place | None = None

    def event(self, standing: Event | None, asset_key: AssetKey, key: str, artifact: Artifact) -> Event:
        """The record of a value that is let in, whose content may have the record `standing` already.

        That goes on to say when and how this content was made; of another content no more is known than that it is
        there now.
        """
        if standing is None or standing.artifact is None:
            return Event(
                attempt=Attempt.MATERIALIZED,
                asset_key=asset_key,
                partition_key=key,
                run_id="",
                timestamp=self.at,
                code_version=self.code_version,
                data_version=data_version(key, artifact.content),
                artifact=replace(artifact, place=self.place),
                inputs=self.made_from(key),
                reason="trusted",
            )
        vouched = replace(standing, artifact=replace(artifact, place=standing.artifact.place), reason="trusted")
        if standing.artifact.content == artifact.content:
            return vouched
        return replace(vouched, timestamp=self.at, data_version=data_version(key, artifact.content))


@dataclass(frozen=True, slots=True)
class Trusted:
    """Which partitions were let in, or would be, and what each was before; which were refused, and why."""

    asset_key: AssetKey
    partition_keys: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def trust(
    log: SqliteEventLog,
    files: ValueFiles,
    asset_key: AssetKey,
    partition_keys: Iterable[str] | None,
    account: Account,
    *,
    assets: Iterable[AssetKey] = (),
    space: PartitionSpace | None = None,
    claims: Claims | NoClaims,
    dry_run: bool = False,
) -> Trusted:
    """Sign stored values of an asset with this user's key: unpickling them can run whatever their maker put in.

    Without `partition_keys`, all that somebody else signed or nobody recorded are let in, while values that differ from
    their record are refused: those have to be named to be taken as they are. Where `space` tells which keys the asset
    has, what nobody recorded has to be named, too, if its key is none of them. `account` says how a value that nobody
    recorded is recorded; its inputs are let in before. What lies where the value of one of `assets` would is left to
    that asset. What was made from these values stays as it is, since their data versions do not change; nor do they
    become younger.

    Raises UnknownPartitionError for a key that is no partition and has neither record nor file.
    """
    inspection = _Inspection(log, files, asset_key, account)
    named = partition_keys is not None
    keys, refused = (
        inspection.all_keys(assets, space) if partition_keys is None else (inspection.named(partition_keys, space), {})
    )
    let_in, others = _sorted(inspection.reasons(keys), named=named)
    if dry_run:
        return Trusted(asset_key, let_in, refused | others)
    wanted, let_in, seen = list(let_in), {}, set[str]()
    for taken in claimed_in_turn(claims, asset_key, wanted):
        seen.update(taken)
        put_in_place(files, asset_key, log.artifacts(asset_key, taken))
        some, changed = _sorted(inspection.reasons(taken), named=named)
        log.append([inspection.event(key, why) for key, why in some.items()])
        let_in |= some
        others |= changed
    busy = dict.fromkeys((key for key in wanted if key not in seen), BUSY)
    return Trusted(asset_key, let_in, refused | others | busy)


def _sorted(reasons: Mapping[str, str], *, named: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Why those are not read that may be let in, and why those that may not."""
    wrong = {key: why for key, why in reasons.items() if why == GONE or (why == CHANGED and not named)}
    return {key: why for key, why in reasons.items() if key not in wrong}, wrong


@dataclass(frozen=True, slots=True)
class _Inspection:
    """At the values of one asset: why they are not read."""

    log: SqliteEventLog
    files: ValueFiles
    asset_key: AssetKey
    account: Account

    def named(self, partition_keys: Iterable[str], space: PartitionSpace | None) -> list[str]:
        """The keys that a person has named; each must mean something."""
        keys = distinct_keys(partition_keys)
        recorded = set(self.log.records(self.asset_key).keys)
        for key in keys:
            is_known = key in recorded or (space is not None and key in space)
            if not is_known and not self.files.path(self.asset_key, key).is_file():
                hint = nearest(key, recorded if space is None else {*recorded, *space.keys()})
                raise UnknownPartitionError(f"{self.asset_key} has no partition {key!r}, and no such file{hint}")
        return keys

    def all_keys(self, assets: Iterable[AssetKey], space: PartitionSpace | None) -> tuple[list[str], dict[str, str]]:
        """The keys of all values that are there or should be, and of files that are refused."""
        recorded = dict.fromkeys(self.log.artifacts(self.asset_key, self.log.records(self.asset_key).keys))
        strays = {
            file.partition_key: NO_PARTITION
            for file in stored_files_of(self.files, self.asset_key, [*self.log.asset_keys(), *assets])
            if file.partition_key not in recorded
        }
        if space is None:
            return [*recorded, *strays], {}
        # Asked by key: the name of a long one does not tell it.
        keys = space.keys()
        others = [key for key in keys if key not in recorded]
        found = compress(others, self.files.present(self.asset_key, others))
        return [*recorded, *found], {key: why for key, why in strays.items() if key not in space}

    def reasons(self, keys: Iterable[str]) -> dict[str, str]:
        """Why values are not read; those in order are left out."""
        keys = list(keys)
        artifacts = self.log.artifacts(self.asset_key, keys)
        aside = unplaced(self.files, self.asset_key, artifacts)
        found = {}
        for key in keys:
            path = self.files.path(self.asset_key, key)
            if (artifact := artifacts.get(key)) is None:
                if path.is_file():
                    found[key] = NOT_RECORDED
            elif error := fault(self.files, self.asset_key, key, artifact):
                is_intact = key in aside or holds(str(path), artifact)
                found[key] = error.reason if error.reason != NOT_SIGNED or is_intact else _damage(path)
        return found

    def event(self, key: str, reason: str) -> Event:
        """The record of a value as it is, signed."""
        _, standing = self.log.last(self.asset_key, key)
        recorded = standing and standing.artifact
        if recorded and reason == NOT_SIGNED:
            content, size = content_of(recorded.digest), recorded.size  # as it was compared, whatever is there by now
        elif found := looked_at(file := self.files.path(self.asset_key, key)):
            content, size = found
        else:
            raise DamagedPartitionError(f"{file} has gone while it was being let in", self.asset_key, key, GONE)
        path = address(self.asset_key, key, portable=self.files.portable)
        artifact = Artifact(path, size, self.files.signer.digest(self.asset_key, key, content))
        return self.account.event(standing, self.asset_key, key, artifact)


def _damage(path: Path) -> str:
    return CHANGED if path.is_file() else GONE
