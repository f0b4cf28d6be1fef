"""Looking after values at a remote location, where nothing has a second name and a listing is all there is to go by."""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Artifact, Event
from ipyassets.partitions.keys import distinct_keys
from ipyassets.storage.compacting import Compacted
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import at_once
from ipyassets.storage.paths import ASSET_DIGITS, address, identity, owner
from ipyassets.storage.reading import content
from ipyassets.storage.remote_files import RemoteFiles
from ipyassets.storage.signature import NOT_SIGNED, seal_of
from ipyassets.storage.trusting import NOT_RECORDED, Account, Trusted
from ipyassets.storage.value_files import CHANGED, GONE


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored for a partition, and why it is not read; no reason where it is."""

    reason: str
    content: str = ""
    size: int = 0


def trust(
    log: SqliteEventLog,
    files: RemoteFiles,
    asset_key: AssetKey,
    partition_keys: Iterable[str] | None,
    account: Account,
    *,
    dry_run: bool = False,
) -> Trusted:
    """Sign stored values of an asset with this user's key, as `trusting.trust` does with files.

    Every value in question is downloaded and compared with its record. What nobody recorded is let in only by name.
    """
    recorded = log.artifacts(asset_key, log.records(asset_key).keys)
    keys = list(recorded) if partition_keys is None else distinct_keys(partition_keys)
    found: dict[str, _Found] = at_once(lambda key: _found(files, asset_key, key, recorded.get(key)), keys)
    never = {GONE, CHANGED} if partition_keys is None else {GONE}
    why = {key: each.reason for key, each in found.items() if each.reason}
    let_in = {key: reason for key, reason in why.items() if reason not in never}
    if not dry_run:
        stray = {key: recorded[key] for key, reason in let_in.items() if reason == NOT_SIGNED}
        files.publish(asset_key, stray)  # where it is staged, it has the name of the old seal
        log.append([_event(log, files, asset_key, key, found[key], account) for key in let_in])
    return Trusted(asset_key, let_in, {key: reason for key, reason in why.items() if reason in never})


def _found(files: RemoteFiles, asset_key: AssetKey, key: str, artifact: Artifact | None) -> _Found:
    if artifact is not None:
        with files.found(asset_key, key, artifact) as (file, _):
            if file is not None:
                is_mine = files.signer.signed(asset_key, key, artifact.digest)
                return _Found("" if is_mine else NOT_SIGNED, *_look(file))
    with files.copied(asset_key, key) as file:
        if file is None:
            return _Found(GONE)
        return _Found(NOT_RECORDED if artifact is None else CHANGED, *_look(file))


def _look(file: io.FileIO) -> tuple[str, int]:
    return content(file), os.fstat(file.fileno()).st_size


def _event(
    log: SqliteEventLog, files: RemoteFiles, asset_key: AssetKey, key: str, found: _Found, account: Account
) -> Event:
    _, standing = log.last(asset_key, key)
    artifact = Artifact(address(asset_key, key), found.size, files.signer.digest(asset_key, key, found.content))
    return account.event(standing, asset_key, key, artifact)


def compact(log: SqliteEventLog, files: RemoteFiles, *, dry_run: bool = False) -> Compacted:
    """Put in place what interrupted writers have recorded.

    Nothing is deleted: the values of several roots may lie at one location, and each has a log of its own.
    """
    finished = 0
    left = files.staged()
    theirs = {name[:ASSET_DIGITS] for name in left}
    for asset_key in log.asset_keys() if left else ():
        if identity(asset_key, "")[:ASSET_DIGITS] not in theirs:
            continue
        recorded = log.artifacts(asset_key, log.records(asset_key).keys)
        mine = {
            key: each for key, each in recorded.items() if f"{identity(asset_key, key)}-{seal_of(each.digest)}" in left
        }
        finished += len(mine)
        if not dry_run:
            files.publish(asset_key, mine)
    return Compacted(finished=finished)


def sizes(
    files: RemoteFiles, asset_key: AssetKey, assets: Iterable[AssetKey], hashed: Collection[str] = ()
) -> list[int]:
    """The size in bytes of every value of an asset; `assets` and `hashed` as for `walking.stored_files_of`."""
    known = frozenset(assets)
    owned = ((place, owner(PurePosixPath(place), known), size) for place, size in files.listed(asset_key))
    return [size for place, found, size in owned if (found[0] == asset_key if found else place in hashed)]
