"""One pickle for each partition: the default way of storing values."""

from __future__ import annotations

import pickle
from collections import deque
from typing import BinaryIO

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.errors import UnknownPlaceError, UnstorableValueError
from ipyassets.storage.file_io import FileIOManager
from ipyassets.storage.opening import ADVICE
from ipyassets.storage.sink import Sink


class FilesystemIOManager(FileIOManager):
    """Stores each partition as one pickle that plain `pickle.load` reads (Dagster's FilesystemIOManager)."""

    def dump(self, obj: object, file: Sink) -> None:
        """Pickle `obj`; large buffers go to the file as they are. UnstorableValueError says what cannot be pickled."""
        try:
            pickle.Pickler(file, protocol=5).dump(obj)
        except OSError:
            raise
        except Exception as error:
            name = type(obj).__name__
            raise UnstorableValueError(f"{name} cannot be pickled ({error}){_advice(name, error)}") from error

    def load(self, file: BinaryIO) -> object:
        """Unpickle what was verified."""
        try:
            return pickle.Unpickler(file).load()  # noqa: S301  # verified by whoever opened it
        except (AttributeError, ImportError) as error:
            error.add_note("a class or module of the value is not here: run the cell that defines it, or import it")
            raise
        except OSError:
            raise
        except Exception as error:
            if not isinstance(error, pickle.UnpicklingError) and _is_pickle(file):
                raise  # of the value's own code
            raise UnknownPlaceError(f"a value that is as it was stored is no pickle ({error}): {ADVICE}") from error


def _is_pickle(file: BinaryIO) -> bool:
    """Whether a file is a whole pickle, as far as can be told without unpickling it."""
    import pickletools

    file.seek(0)
    try:
        deque(pickletools.genops(file), maxlen=0)
    except (ValueError, OverflowError, MemoryError):
        return False
    return True


def _advice(name: str, error: Exception) -> str:
    if name == AssetsDefinition.__name__:
        return ": it is no input of this asset; run this asset's cell again, or take it as an argument"
    text = f"{name} {error}".lower()
    if "generator" in text:
        return ": return a list or a frame instead"
    if "lambda" in text or "local object" in text or "<locals>" in text:
        return ": name the function or class in a cell of its own"
    if any(word in text for word in ("socket", "textiowrapper", "bufferedreader", "connection", "cursor")):
        return ": return what was read from the open handle, not the handle"
    if "_thread." in text:  # a lock, as widgets and clients have them
        return ": it holds what only this process has; return the data in it instead"
    return ""
