"""Where the value of a partition lies: Dagster's plain paths for plain keys, an address of its own for every other key.

An address is made from the asset key and the partition key alone. Different partitions of an asset have different
addresses, and so have those of different assets unless the key of one begins with all of the other's: partition q of
asset pp, and asset pp/q. All of them are below the folder given, whatever characters they hold:

    flights, 2013-01-01       flights/2013-01-01
    mp, red|2024-01-01        mp/red/2024-01-01         one folder a dimension
    ["p1", "p2"], a           p1/p2/a
    x, ../../etc              x/%2E.%2F..%2Fetc
    x, (300 letters)          x/aaaa...%~<hash of all of it>

"%" starts everything that is not plain: two hexadecimal digits for a byte that a file name should not have, another
character for a mark of ours. No plain name starts with a dot, so that dotted names beside the values are ours.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import TypeVar

from ipyassets.assets.keys import AssetKey
from ipyassets.partitions.keys import SEPARATOR

P = TypeVar("P", bound=PurePath)

# What a value is called inside a folder that stands where its own file should be: `x` next to `x|y` of a changed
# definition.
DISPLACED = "%value"
ASIDE = "aside"  # ends the dotted name of a value while that is moved out of the way of a folder
ASSET_DIGITS = 8  # of an identity
# A partition in hand is named a dozen times on its way
_IN_HAND = 1024
_EMPTY = "%-"
HASHED = "%~"  # then a hash of all of it
_CASE = "%^"  # then the positions of capitals, as hexadecimal bits

_LONGEST = 200  # bytes; the limit of file systems is 255, and some keep a part of it for themselves
_KEPT_OF_LONG = 120

_PLAIN = re.compile(r"[\w+=@,;~#!$&'()\[\]{}^:-](?:[\w+=@,;~#!$&'()\[\]{}^:. -]*[\w+=@,;~#!$&'()\[\]{}^:-])?", re.ASCII)
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:[ .].*)?", re.IGNORECASE | re.DOTALL
)
_SHORT_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))})
_UNSAFE = frozenset("/\\%|")
_DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"  # whose capital is that of i
_UNSAFE_SOMEWHERE = frozenset('<>:"?*')
# A character is plain or not for ever, whichever Python asks: hence the one Unicode version that never changes.
_UNICODE = unicodedata.ucd_3_2_0


@lru_cache(_IN_HAND)
def address(asset_key: AssetKey, partition_key: str | None, *, portable: bool = False) -> str:
    """Where a partition's value lies below the folder of all values, names joined by slashes.

    The key None or "" asks for an asset without partitions. `portable` is for file systems that take "A" for "a" or
    refuse ":", "?", "con" or a space at the end: names then differ by more than that.
    """
    parts = (*asset_key.parts, *partition_key.split(SEPARATOR)) if partition_key else asset_key.parts
    return "/".join([escaped(part, portable=portable) for part in parts])


def partition_path(root: P, asset_key: AssetKey, partition_key: str | None, *, portable: bool = False) -> P:
    """The file of a partition's value below `root`: see `address`."""
    return root.joinpath(*address(asset_key, partition_key, portable=portable).split("/"))


def asset_folder(root: P, asset_key: AssetKey, *, portable: bool = False) -> P:
    """The folder of an asset's partitions; without partitions, the file of its value."""
    return partition_path(root, asset_key, None, portable=portable)


def are_plain(texts: Sequence[str], *, portable: bool = False) -> bool:
    """Whether all texts, one dimension each, are certainly their own file names: a quick look at many at once."""
    if not texts or len(max(texts, key=len)) > _LONGEST:
        return not texts
    if not re.fullmatch(r"[a-z0-9_-]*" if portable else r"[A-Za-z0-9_:-]*", "".join(texts)):
        return False
    return all(texts) and not (portable and _SHORT_RESERVED.intersection(texts))


@lru_cache(_IN_HAND)
def identity(asset_key: AssetKey, partition_key: str) -> str:
    """A short name of a partition for dotted files and locks: eight digits for the asset, sixteen for both."""
    return _asset_identity(asset_key) + _short_hash(f"{asset_key.to_string()}\0{partition_key}")


@lru_cache(_IN_HAND)
def _asset_identity(asset_key: AssetKey) -> str:
    return _short_hash(asset_key.to_string())[:ASSET_DIGITS]


def place_identity(address: str) -> str:
    """A short name of an address for what is moved out of its way: known without knowing whose it is."""
    return identity(AssetKey(address.split("/")), "")


def _short_hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def escaped(text: str, *, portable: bool = False) -> str:
    """A file name for any text: the text itself where that is safe, and never the name of another text."""
    if not text:
        return _EMPTY
    is_plain = not portable and _PLAIN.fullmatch(text)
    name = text if is_plain else "".join(_escapes(text, portable=portable))
    if len(name.encode()) > _LONGEST:
        return _shortened(text, name)
    return name


def _escapes(text: str, *, portable: bool) -> Iterator[str]:
    composed = _UNICODE.normalize("NFC", text) == text
    capitals = 0
    for i, character in enumerate(text):
        at_edge = text == ".." or (i == 0 and character == ".")
        at_edge |= portable and i == len(text) - 1 and character in ". "
        reserved = portable and i == 0 and _RESERVED.fullmatch(text) is not None
        if at_edge or reserved or not _is_safe(character, composed=composed, portable=portable):
            yield "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
            continue
        capitals |= ("A" <= character <= "Z") << i
        yield character
    if portable and capitals:
        yield f"{_CASE}{capitals:x}"


def _is_safe(character: str, *, composed: bool, portable: bool) -> bool:
    if character.isascii():
        unsafe = character in _UNSAFE or (portable and character in _UNSAFE_SOMEWHERE)
        return " " <= character <= "~" and not unsafe
    # Letters, marks, numbers, punctuation and symbols; no format characters, private use or separators
    known = _UNICODE.category(character)[0] in "LMNPS"
    return known and composed and not (portable and (character.casefold() != character or character == _DOTLESS))


def _shortened(text: str, name: str) -> str:
    kept = name.encode()[:_KEPT_OF_LONG].decode(errors="ignore")
    kept = re.sub(r"%[^%]?$", "", kept)  # an escape cut in two
    return f"{kept}{HASHED}{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def original(name: str) -> str | None:
    """The text that `escaped` made a name from; None where only a hash of it is left, or the name is not ours."""
    if name == _EMPTY:
        return ""
    if HASHED in name:
        return None
    name = name.partition(_CASE)[0]
    if re.search(r"%(?![0-9A-F]{2})", name):
        return None
    pieces = re.split(r"((?:%[0-9A-F]{2})+)", name)
    try:
        return "".join(
            bytes.fromhex(piece.replace("%", "")).decode("utf-8", "surrogatepass") if piece.startswith("%") else piece
            for piece in pieces
        )
    except UnicodeDecodeError:
        return None


def owner(address: PurePath, assets: Collection[AssetKey] = ()) -> tuple[AssetKey, str] | None:
    """The asset and partition that an address below the root belongs to; None where that cannot be told.

    Of the assets given it is the one whose key is the longest beginning of the address; if none is, the address is
    taken for that of an asset with a key of one part.
    """
    names = address.parts[:-1] if address.name == DISPLACED else address.parts
    texts = [text for name in names if (text := original(name)) is not None]
    if len(texts) < max(len(names), 1) or not texts[0]:
        return None
    lengths = (len(asset.parts) for asset in assets if asset.parts == tuple(texts[: len(asset.parts)]))
    parts = max(lengths, default=1)
    return AssetKey(texts[:parts]), SEPARATOR.join(texts[parts:])
