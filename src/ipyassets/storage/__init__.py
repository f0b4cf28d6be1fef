"""Where values and records are kept: SQLite for what happened, one file for each partition's value."""

from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.memory_io import InMemoryIOManager
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer

__all__ = [
    "FileIOManager",
    "FilesystemIOManager",
    "InMemoryIOManager",
    "Signer",
    "SqliteDynamicKeys",
    "SqliteEventLog",
]
