"""Names of assets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from ipyassets.errors import InvalidDefinitionError


@dataclass(frozen=True, slots=True, order=True, init=False)
class AssetKey:
    """The name of an asset: one or more parts, as in `AssetKey(["sales", "daily"])`.

    A plain string is one part, whatever characters it holds (Dagster's rule); `AssetKey.from_user_string("a/b")`
    splits at slashes. Raises InvalidDefinitionError for an empty key, an empty part, or a part that is not text, or no
    whole text.
    """

    parts: tuple[str, ...]
    _hash: int = field(compare=False, repr=False)
    _text: str = field(compare=False, repr=False)

    def __init__(self, path: str | Sequence[str]) -> None:
        parts: tuple[object, ...] = (path,) if isinstance(path, str) else tuple(path)
        if not parts or not all(isinstance(part, str) and part for part in parts):
            raise InvalidDefinitionError(f"{path!r} is not an asset key: give a name or several, none empty")
        text = json.dumps(parts, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidDefinitionError(f"{path!r} holds half of a character: no asset can have that name") from None
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "_hash", hash(parts))
        object.__setattr__(self, "_text", text)

    @property
    def path(self) -> list[str]:
        """The parts as a list (Dagster's name), made anew each time: the key itself never changes."""
        return list(self.parts)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[AssetKey], tuple[tuple[str, ...]]]:
        return AssetKey, (self.parts,)  # hashes of text differ from process to process

    @classmethod
    def from_user_string(cls, text: str) -> AssetKey:
        """The key written as people write it: `a/b` has two parts."""
        return cls(text.split("/"))

    @classmethod
    def from_coercible(cls, value: object) -> AssetKey:
        """The key meant by a key, a string, a list of parts, or anything that has a `key`."""
        if isinstance(value, AssetKey):
            return value
        if isinstance(value, str):
            return cls.from_user_string(value)
        if isinstance(value, Sequence):
            return cls(value)
        key = getattr(value, "key", None)
        if isinstance(key, AssetKey):
            return key
        raise InvalidDefinitionError(f"{value!r} does not name an asset: give an asset, an AssetKey or a string")

    @classmethod
    def from_db_string(cls, text: str) -> AssetKey:
        """The inverse of `to_string`."""
        return cls(json.loads(text))

    def to_user_string(self) -> str:
        """The key as people write it, parts joined by slashes."""
        return "/".join(self.parts)

    def to_string(self) -> str:
        """The key as the event log holds it: a JSON list, so that `["a/b"]` and `["a", "b"]` differ."""
        return self._text

    def to_python_identifier(self) -> str:
        """The key as a Python name, parts joined by two underscores."""
        return "__".join(self.parts).replace("-", "_").replace(".", "_")

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """The same key below a prefix."""
        return AssetKey([prefix, *self.parts] if isinstance(prefix, str) else [*prefix, *self.parts])

    def naming(self, partition_key: str) -> str:
        """A partition as reasons have it, `flights 2013-01-15`; the asset alone where it has none, and so a key ""."""
        return f"{self} {partition_key}" if partition_key else str(self)

    def quoting(self, partition_key: str) -> str:
        """The same as errors have it, `flights '2013-01-15'`."""
        return f"{self} {partition_key!r}" if partition_key else str(self)

    def __str__(self) -> str:
        return self.to_user_string()

    def __repr__(self) -> str:
        return f"AssetKey({self.path!r})"
