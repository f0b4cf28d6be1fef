"""Which partitions have a file: asked of many at once, answered by listing folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.keys import AssetKey
from ipyassets.partitions.keys import SEPARATOR
from ipyassets.storage.paths import (
    ASIDE,
    ASSET_DIGITS,
    address,
    are_plain,
    asset_folder,
    escaped,
    identity,
    place_identity,
)

if TYPE_CHECKING:
    from ipyassets.storage.value_files import ValueFiles


def present(files: ValueFiles, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
    """Which of the partitions have a file in place, or one a reader will put there; "" asks for the whole asset."""
    found = _in_place(files, asset_key, partition_keys)
    if not found.all() and (names := _listed(files.staging)):
        ours = identity(asset_key, "")[:ASSET_DIGITS]
        staged = {name.partition("-")[0] for name in names if name.startswith(ours) and "-" in name}
        aside = {name.partition("-")[0] for name in names if name.endswith(f"-{ASIDE}")}
        for i in np.flatnonzero(~found).tolist() if staged or aside else ():
            place = place_identity(address(asset_key, partition_keys[i], portable=files.portable))
            found[i] = identity(asset_key, partition_keys[i]) in staged or place in aside
    return found


def _in_place(files: ValueFiles, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
    folder = str(asset_folder(files.folder, asset_key, portable=files.portable))
    heads, tails = _split(partition_keys)
    if not are_plain(tails, portable=files.portable):
        tails = [escaped(tail, portable=files.portable) for tail in tails]
    listings = {head: _listed(_joined(folder, head, portable=files.portable)) for head in set(heads)}
    if len(listings) == 1:
        found = np.fromiter(map(listings[heads[0]].__contains__, tails), np.bool_, len(tails))
    else:
        pairs = zip(heads, tails, strict=True)
        found = np.fromiter((tail in listings[head] for head, tail in pairs), np.bool_, len(tails))
    for i, key in enumerate(partition_keys) if "" in partition_keys else ():
        if not key:
            found[i] = files.path(asset_key, None).is_file()
    return found


def _split(partition_keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Each key as all of its dimensions but the last, and the last."""
    if not any(SEPARATOR in key for key in partition_keys):
        return [""] * len(partition_keys), list(partition_keys)
    parts = [key.rpartition(SEPARATOR) for key in partition_keys]
    return [head + bar for head, bar, _ in parts], [tail for _, _, tail in parts]


def _joined(folder: str, head: str, *, portable: bool) -> str:
    if not head:
        return folder
    texts = head.removesuffix(SEPARATOR).split(SEPARATOR)
    return "/".join([folder, *(escaped(text, portable=portable) for text in texts)])


def _listed(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208  # a tenth of what pathlib takes for many files
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
