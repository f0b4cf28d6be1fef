"""What a definition cannot know: the time, and the keys added at run time. Read once, here, and then passed along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from ipyassets.errors import InvalidArgumentError, NoDynamicPartitionsError

DynamicKeys = Mapping[str, Sequence[str]] | Callable[[str], Sequence[str]]


@runtime_checkable
class DynamicPartitionsStore(Protocol):
    """Whatever holds the keys of dynamic partitions definitions by name, such as an `Instance`."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Every key of one name, in the order of addition."""
        ...

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether a key is among those of one name."""
        ...


def _unknown(name: str) -> Sequence[str]:
    raise NoDynamicPartitionsError(
        f"the keys of the dynamic partitions {name!r} are kept by an instance: pass dynamic_partitions_store=instance, "
        "or work inside partition_loading_context(dynamic_partitions_store=instance)"
    )


@dataclass(frozen=True, slots=True)
class AsOf:
    """One moment, and the dynamic keys known at it.

    `now` may be naive: it then means the zone of the definition it is asked of. `dynamic_keys` gives the keys of a
    name, as a mapping or as a function of the name; NoDynamicPartitionsError is raised only once keys are asked for
    that it lacks.
    """

    now: datetime
    dynamic_keys: DynamicKeys = field(default=_unknown, compare=False)

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The dynamic keys of `name`, in the order of addition."""
        return tuple(
            self.dynamic_keys.get(name, ()) if isinstance(self.dynamic_keys, Mapping) else self.dynamic_keys(name)
        )


NO_DYNAMIC_KEYS: DynamicKeys = MappingProxyType({})

_FIXED: ContextVar[tuple[datetime | None, DynamicPartitionsStore | None]] = ContextVar("fixed", default=(None, None))


@contextmanager
def partition_loading_context(
    effective_dt: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
) -> Iterator[AsOf]:
    """Within this block, `effective_dt` is the current time and the store holds the dynamic keys, for every definition.

    What is left out is kept from an enclosing block. A naive `effective_dt` means the zone of each definition. Yields
    the moment that is now meant.

        >>> with partition_loading_context(datetime(2024, 2, 1)):
        ...     DailyPartitionsDefinition("2024-01-01").get_last_partition_key()
        '2024-01-31'
    """
    if effective_dt is not None and not isinstance(effective_dt, datetime):
        raise InvalidArgumentError(f"effective_dt must be a datetime, not {effective_dt!r}")
    now, store = _FIXED.get()
    if dynamic_partitions_store is not None:
        store = dynamic_partitions_store
    token = _FIXED.set((effective_dt or now, store))
    try:
        yield as_of()
    finally:
        _FIXED.reset(token)


def as_of(current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> AsOf:
    """The moment meant: what is given, else what an enclosing `partition_loading_context` fixed, else the clock."""
    fixed_now, fixed_store = _FIXED.get()
    if current_time is not None and not isinstance(current_time, datetime):
        raise InvalidArgumentError(f"current_time must be a datetime, not {current_time!r}")
    store = dynamic_partitions_store if dynamic_partitions_store is not None else fixed_store
    return AsOf(
        current_time or fixed_now or datetime.now(UTC), _unknown if store is None else store.get_dynamic_partitions
    )
