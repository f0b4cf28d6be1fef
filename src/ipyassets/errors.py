"""Everything that ipyassets raises on purpose, as one tree.

    IpyassetsError
        InvalidDefinitionError          a definition that cannot mean anything: a bad cron, two keys alike, two zones
            InvalidMappingError         a mapping that does not fit the two definitions it stands between
            InvalidBodyError            the body of a cell that cannot become a function; knows the place
        InvalidArgumentError            (ValueError) an argument of the wrong kind or out of its range
        InvalidPartitionKeyError        (ValueError) a key that could not be addressed later, or a malformed one
        InvalidSelectionError           (ValueError) a selection text that cannot be read; knows the position
        UnknownPartitionError           (LookupError) a key, or a range end, that is no partition
        SpaceMismatchError              (ValueError) an operation between partitions of two different universes
        NoDynamicPartitionsError        dynamic keys were asked for where no store of them is known
        UnknownAssetError               (LookupError) a name that is no asset here
        NotMaterializedError            (FileNotFoundError, LookupError) a value was asked for that is not stored
        DamagedPartitionError           a stored value is not what its record says: file gone, or content changed
            UntrustedPartitionError     a stored value that was not signed by this user's key, so it is not unpickled
        BusyPartitionError              a partition that somebody else is making, or looking after, just now
        UnknownPlaceError               a value that lies where, or was stored in a way that, is not known here
        UnstorableValueError            a value that cannot be pickled, or a place that cannot take it
        UnwritableStoreError            a store that cannot be written to: read-only, or its disk is full
        DamagedLogError                 the event log itself cannot be read
        IncompatibleLogError            an event log written by a newer version, or a file that is no event log
        InvalidInvocationError          a call that does not fit the asset: a partition key too many, or none
        NoInstanceError                 stored partitions were asked for in a process that has no instance
        MaterializationError            partitions failed, and there is no exception of the body to raise instead
        InvalidResultError              a body returned what cannot be kept: a generator, or no value for a key
        RunCancelledError               a body saw that its run was cancelled, and stopped
        InvalidMessageError             (ValueError) a message of the browser that cannot be meant
            OutdatedDrawingError        a message about partitions that have changed since they were drawn

Catch `IpyassetsError` for all of them. Messages name the value at fault and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable


class IpyassetsError(Exception):
    """Root of every error that this library raises on purpose."""


class InvalidDefinitionError(IpyassetsError):
    """A definition contradicts itself or cannot mean anything."""


class InvalidMappingError(InvalidDefinitionError):
    """A partition mapping does not fit the two definitions it stands between."""


class InvalidBodyError(InvalidDefinitionError):
    """The body of a cell cannot become a function.

    `syntax_error` holds the file name, line, column and text at fault.
    """

    def __init__(self, message: str, syntax_error: SyntaxError) -> None:
        super().__init__(message)
        self.syntax_error = syntax_error


class InvalidArgumentError(IpyassetsError, ValueError):
    """An argument is of the wrong kind or out of its range."""


class InvalidPartitionKeyError(IpyassetsError, ValueError):
    """A partition key is malformed, or could not be addressed later."""


class InvalidSelectionError(IpyassetsError, ValueError):
    """A selection text cannot be read.

    `position` is the offset in `text`, counted from 0, of the first character at fault.
    """

    def __init__(self, message: str, text: str = "", position: int = 0) -> None:
        super().__init__(message)
        self.text = text
        self.position = position


class UnknownPartitionError(IpyassetsError, LookupError):
    """A key, or one end of a range, is not a partition."""


class SpaceMismatchError(IpyassetsError, ValueError):
    """Partitions of two different universes were combined."""


class NoDynamicPartitionsError(IpyassetsError):
    """Dynamic partition keys were asked for where no store of them is known."""


class UnknownAssetError(IpyassetsError, LookupError):
    """A name is not that of an asset here."""


class NotMaterializedError(IpyassetsError, FileNotFoundError, LookupError):
    """A value was asked for that is not stored; an I/O manager may take it for a file that is not found."""


class InvalidInvocationError(IpyassetsError):
    """A call does not fit the asset: a partition key is missing, too many, or there are none to have."""


class NoInstanceError(IpyassetsError):
    """Stored partitions were asked for in a process that has no instance."""


class MaterializationError(IpyassetsError):
    """Partitions failed or were blocked, and there is no exception of a body to raise in its place."""


class InvalidResultError(IpyassetsError):
    """A body returned something that cannot be kept as the value of its partitions."""


class RunCancelledError(IpyassetsError):
    """Raised in a body by `context.raise_if_cancelled()`: its partition counts as cancelled, not as failed."""


class InvalidMessageError(IpyassetsError, ValueError):
    """A message of the browser cannot be meant."""


class OutdatedDrawingError(InvalidMessageError):
    """A message is about partitions that have changed since they were drawn."""


class DamagedPartitionError(IpyassetsError):
    """A stored value is not what its record says.

    `asset_key` and `partition_key` tell whose value it is, `reason` what is wrong with it, `digest` what was recorded.
    """

    def __init__(
        self, message: str, asset_key: object = None, partition_key: str = "", reason: str = "", digest: str = ""
    ) -> None:
        super().__init__(message, asset_key, partition_key, reason, digest)
        self.asset_key = asset_key
        self.partition_key = partition_key
        self.reason = reason
        self.digest = digest

    def __str__(self) -> str:
        return str(self.args[0])


class UntrustedPartitionError(DamagedPartitionError):
    """A stored value was not signed by this user's key, and is not unpickled before `trust()` is called."""


class BusyPartitionError(IpyassetsError):
    """A partition is being made, or looked after, by somebody else at this moment."""


class UnknownPlaceError(IpyassetsError):
    """Where a value is, or what has stored it, is not known here, and nothing is done on a guess."""


class UnstorableValueError(IpyassetsError):
    """A value cannot be stored as it is, or not where it should be."""


class UnwritableStoreError(IpyassetsError):
    """A store cannot be written to, or not any more."""


class DamagedLogError(IpyassetsError):
    """The event log cannot be read."""


class IncompatibleLogError(IpyassetsError):
    """The event log belongs to a newer version of ipyassets, or to something else."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """A phrase `; did you mean 'x'?` naming the choice closest to `name`, or an empty text if none is close."""
    import difflib

    found = difflib.get_close_matches(name, list(choices), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
