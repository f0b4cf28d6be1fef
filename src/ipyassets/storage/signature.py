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
from ipyassets.errors import InvalidArgumentError, UnwritableStoreError

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

    The file is read when first needed, and made if there is none, unless `makes_key` is False. A secret that comes from
    an environment `variable` is looked for there by a worker too: a signer that is sent to one takes along where its
    key is, and what it is called, not the key. Raises InvalidArgumentError where there is no key, or another one.
    """

    secret: bytes = field(default=b"", repr=False)
    key_file: str | Path | None = None
    makes_key: bool = True
    variable: str = ""

    def __post_init__(self) -> None:
        if self.key_file is not None:  # the same file, wherever a worker happens to be
            object.__setattr__(self, "key_file", Path(self.key_file).expanduser().absolute())
        if not isinstance(self.secret, bytes):
            raise InvalidArgumentError(f"a secret is bytes, not {type(self.secret).__name__}: give secret=b'...'")

    @classmethod
    def of_user(cls, environ: Mapping[str, str] | None = None) -> Signer:
        """The signer of the user who runs this process.

        IPYASSETS_KEY gives the secret itself, IPYASSETS_KEY_FILE a file to share one among people who share a root;
        otherwise the key is the user's own.
        """
        environ = os.environ if environ is None else environ
        if secret := environ.get(KEY_VARIABLE):
            return cls(secret=secret.encode(), variable=KEY_VARIABLE)
        if named := environ.get(KEY_FILE_VARIABLE):
            return cls.of_file(named)
        return cls(key_file=jupyter_data_folder(environ) / _KEY_FILE)

    @classmethod
    def of_file(cls, key_file: str | Path) -> Signer:
        """The signer of whoever has a file, which has to be there; InvalidArgumentError for a relative path."""
        if not Path(key_file).expanduser().is_absolute():
            raise InvalidArgumentError(
                f"the key file {str(key_file)!r} would be another one in each working directory: give its whole path"
            )
        return cls(key_file=key_file, makes_key=False)

    @cached_property
    def _key(self) -> bytes:
        return hashlib.blake2b(self._secret(), digest_size=KEY_BYTES, person=b"ipyassets").digest()

    def _secret(self) -> bytes:
        if self.secret:
            return self.secret
        if self.variable:
            if secret := os.environ.get(self.variable):
                return secret.encode()
            raise InvalidArgumentError(f"{self.variable} is not set here: set it wherever partitions are made")
        if self.key_file is None:
            raise InvalidArgumentError("a signer needs a secret: give secret= or key_file=, or use Signer.of_user()")
        return (read_or_make_key if self.makes_key else read_key)(Path(self.key_file))

    @cached_property
    def key_id(self) -> str:
        """A short name of the key, which tells nothing about it; every seal begins with it."""
        found = hashlib.blake2b(key=self._key, digest_size=KEY_ID_DIGITS // 2, person=b"ipyassets-id").hexdigest()
        if found != self.__dict__.get("_sent_as", found):
            raise InvalidArgumentError(
                f"the key in {self.variable or self.key_file} is another one here than where this run was started: its"
                " values would not be trusted there; give all machines the same key"
            )
        return found

    def __getstate__(self) -> dict[str, object]:
        where = {"key_file": self.key_file, "makes_key": False, "variable": self.variable}
        # Asking what the key is called makes it, if there is none yet: a worker makes none of its own.
        return {**where, "secret": b"" if self.variable else self.secret, "_sent_as": self.key_id}

    def digest(self, asset_key: AssetKey, partition_key: str, content: str) -> str:
        """The digest of a file with that content hash, stored as the value of a partition."""
        return content + self._seal(asset_key, partition_key, content)

    def signed(self, asset_key: AssetKey, partition_key: str, digest: str) -> bool:
        """Whether a digest was made with this key for this very partition."""
        own = self._seal(asset_key, partition_key, content_of(digest))
        return hmac.compare_digest(seal_of(digest).encode(), own.encode())

    def seal_of(self, text: str) -> str:
        """A seal over a text that is not a value."""
        return hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=SEAL_DIGITS // 2, person=b"ipyassets-text"
        ).hexdigest()

    def has_sealed(self, text: str, seal: str) -> bool:
        """Whether a text was sealed with this key."""
        return hmac.compare_digest(self.seal_of(text).encode(), seal.encode("utf-8", "surrogatepass"))

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
    """The secret in a file that its owner alone can read; made on first use, once, however many processes try.

    Raises UnwritableStoreError where it cannot be made.
    """
    try:
        if not path.exists():
            _make_key(path)
    except OSError as error:
        raise UnwritableStoreError(
            f"{path} cannot be made ({error.strerror}), and values are signed with the key in it: name another file in"
            f" {KEY_FILE_VARIABLE}, or give the key in {KEY_VARIABLE}"
        ) from error
    return read_key(path)


def read_key(path: Path) -> bytes:
    """The secret in a file; InvalidArgumentError where there is none."""
    try:
        secret = path.read_bytes().strip()
    except FileNotFoundError:
        make = f'python -c "import secrets; print(secrets.token_hex())" > {path}'
        raise InvalidArgumentError(
            f"the key file {path} is not there: correct its name, copy it from where it is, or make a key with {make}"
        ) from None
    except OSError as error:
        raise InvalidArgumentError(f"the key file {path} cannot be read: {error.strerror}") from error
    if not secret:
        raise InvalidArgumentError(f"{path} is empty: delete it for a new key, then trust() what the old one signed")
    return secret


def _make_key(path: Path) -> None:
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
