"""Whose a stored value is, and whether it is still what was stored: digests and the key behind them.

A digest has two halves, both hexadecimal: the BLAKE3 hash of the file, which says what it holds, and a seal over that
hash and the partition's identity made with the user's own key, which says who stored it and as what. The first is the
same on every machine, so that versions of data can be compared; the second cannot be made without the key, so that a
file from elsewhere, or one moved to another partition's place, is noticed before it is unpickled. The key lies in the
user's Jupyter data folder, as the one that signs notebooks, and never in the store.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from blake3 import blake3

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError

CONTENT_DIGITS = 64
SEAL_DIGITS = 32
KEY_ID_DIGITS = 8
KEY_BYTES = 32
NOT_SIGNED = "not signed by you"
KEY_VARIABLE = "IPYASSETS_KEY"
KEY_FILE_VARIABLE = "IPYASSETS_KEY_FILE"
_KEY_FILE = "ipyassets_key"


def content_hash() -> blake3:
    """A hash to feed the bytes of a file to; its `hexdigest()` is the first half of a digest."""
    return blake3()


def content_of(digest: str) -> str:
    """The half of a digest that says what the file holds."""
    return digest[:CONTENT_DIGITS]


def seal_of(digest: str) -> str:
    """The half of a digest that says who stored it, and as what."""
    return digest[CONTENT_DIGITS:]


def key_id_of(digest: str) -> str:
    """Which key a digest claims to be made with: enough to sort values by, not to trust them."""
    return digest[CONTENT_DIGITS : CONTENT_DIGITS + KEY_ID_DIGITS]


@dataclass(frozen=True)
class Signer:
    """Signs what is stored with a secret key: the bytes of `secret`, or else those of the file `key_file`.

    The file is read when first needed, and made if there is none: for its owner alone, who may open it to others. A
    signer that is sent to a worker takes the name of its file along, not the key.
    """

    secret: bytes = field(default=b"", repr=False)
    key_file: str | Path | None = None

    def __post_init__(self) -> None:
        if self.key_file is not None:  # the same file, wherever a worker happens to be
            object.__setattr__(self, "key_file", Path(self.key_file).expanduser().absolute())

    @classmethod
    def of_user(cls, environ: Mapping[str, str] | None = None) -> Signer:
        """The signer of the user who runs this process.

        IPYASSETS_KEY gives the secret itself, IPYASSETS_KEY_FILE a file to share one among people who share a root;
        otherwise the key is the user's own.
        """
        environ = os.environ if environ is None else environ
        if secret := environ.get(KEY_VARIABLE):
            return cls(secret=secret.encode())
        if named := environ.get(KEY_FILE_VARIABLE):
            return cls(key_file=named)
        return cls(key_file=jupyter_data_folder(environ) / _KEY_FILE)

    @cached_property
    def _key(self) -> bytes:
        secret = self.secret or (read_or_make_key(Path(self.key_file)) if self.key_file else b"")
        if not secret:
            raise InvalidArgumentError("a signer needs a secret: give secret= or key_file=, or use Signer.of_user()")
        return hashlib.blake2b(secret, digest_size=KEY_BYTES, person=b"ipyassets").digest()

    @cached_property
    def key_id(self) -> str:
        """A short name of the key, which tells nothing about it; every seal begins with it."""
        return hashlib.blake2b(key=self._key, digest_size=KEY_ID_DIGITS // 2, person=b"ipyassets-id").hexdigest()

    def __getstate__(self) -> dict[str, object]:
        return {"secret": self.secret, "key_file": self.key_file}

    def digest(self, asset_key: AssetKey, partition_key: str, content: str) -> str:
        """The digest of a file with that content hash, stored as the value of a partition."""
        return content + self._seal(asset_key, partition_key, content)

    def signed(self, asset_key: AssetKey, partition_key: str, digest: str) -> bool:
        """Whether a digest was made with this key for this very partition."""
        own = self._seal(asset_key, partition_key, content_of(digest))
        return hmac.compare_digest(seal_of(digest).encode(), own.encode())

    def _seal(self, asset_key: AssetKey, partition_key: str, content: str) -> str:
        identity = f"{asset_key.to_string()}\0{partition_key}\0{content}".encode("utf-8", "surrogatepass")
        return self.key_id + hashlib.blake2b(identity, key=self._key, digest_size=SEAL_DIGITS // 2).hexdigest()


def jupyter_data_folder(environ: Mapping[str, str]) -> Path:
    """Where Jupyter keeps what belongs to the user, without importing Jupyter (a worker has no need of it)."""
    if given := environ.get("JUPYTER_DATA_DIR"):
        return Path(given)
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "jupyter"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def read_or_make_key(path: Path) -> bytes:
    """The secret in a file that its owner alone can read; made on first use, once, however many processes try."""
    try:
        return _read_key(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(KEY_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # unlike a rename, it never replaces the key that another process has just made
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not path.exists():
                fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if not secret:
        raise InvalidArgumentError(f"{path} is empty: delete it for a new key, then trust() what the old one signed")
    return secret
