"""Partitions definitions: what the user declares, without a clock and without a store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import lru_cache

from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError, InvalidPartitionKeyError
from ipyassets.partitions.arguments import name_of
from ipyassets.partitions.as_of import AsOf, DynamicPartitionsStore, as_of
from ipyassets.partitions.dynamic import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from ipyassets.partitions.keys import FORBIDDEN, PartitionKeyRange
from ipyassets.partitions.paging import PaginatedResults, page_of
from ipyassets.partitions.space import PartitionSpace, SequenceSpace
from ipyassets.partitions.spans import Indices, Spans
from ipyassets.partitions.subset import PartitionsSubset


class PartitionsDefinition(ABC):
    """A set of partitions, as declared.

    `space(as_of)` is all that a kind of your own must define: the ordered universe of keys at one moment. Everything
    else, Dagster's methods included, is asked of that space. The time and the dynamic keys are those given, else those
    of an enclosing `partition_loading_context`, else the clock of this machine and no keys.

        >>> class Squares(PartitionsDefinition):
        ...     def space(self, as_of):
        ...         return SequenceSpace([str(i * i) for i in range(4)])
        >>> Squares().get_next_partition_key("4")
        '9'
    """

    @abstractmethod
    def space(self, as_of: AsOf) -> PartitionSpace:
        """The keys that exist at one moment; the same object or an equal one for the same moment."""

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Every key, in order.

        `current_time` may be naive: it then means the zone of the definition. NoDynamicPartitionsError where dynamic
        keys are needed and no store is known.
        """
        return self._now(current_time, dynamic_partitions_store).keys()

    def get_first_partition_key(self) -> str | None:
        """The first key, or None where there is none."""
        space = self._now()
        return space.key(0) if len(space) else None

    def get_last_partition_key(self) -> str | None:
        """The last key, or None where there is none."""
        space = self._now()
        return space.key(len(space) - 1) if len(space) else None

    def get_num_partitions(self) -> int:
        """How many partitions there are."""
        return len(self._now())

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Whether this exact text is a key."""
        return partition_key in self._now(current_time, dynamic_partitions_store)

    def get_next_partition_key(self, partition_key: str) -> str | None:
        """The key after another one, or None after the last; UnknownPartitionError where that one does not exist."""
        space = self._now()
        index = space.index(partition_key) + 1
        return space.key(index) if index < len(space) else None

    def get_partition_keys_in_range(
        self, partition_key_range: PartitionKeyRange, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[str]:
        """The keys from one to another, both included; in several dimensions, of the box between two corners.

        None where the end comes first. UnknownPartitionError where an end is no key.
        """
        space = self._now(None, dynamic_partitions_store)
        return space.keys(space.between(partition_key_range.start, partition_key_range.end))

    def get_paginated_partition_keys(
        self,
        context: AsOf,
        limit: int,
        ascending: bool,  # noqa: FBT001 - Dagster's signature
        cursor: str | None = None,
    ) -> PaginatedResults:
        """At most `limit` keys after the page that `cursor` came with, from either end.

        `context` is what `partition_loading_context` yields. InvalidArgumentError for a limit below 1.
        """
        return page_of(self.space(context), limit, cursor, ascending=ascending)

    def empty_subset(self) -> PartitionsSubset:
        """No partitions."""
        return PartitionsSubset(self._now(), Spans.empty())

    def subset_with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """The partitions of those keys that exist; `PartitionsSubset.of` refuses others instead of leaving them out."""
        space = self._now()
        indices = self._places(space, list(partition_keys))
        return PartitionsSubset(space, Spans.from_indices(indices[indices >= 0]))

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """Every partition."""
        return PartitionsSubset.all(self._now())

    def validate_partition_definition(self) -> None:  # noqa: B027 - few kinds have anything to check
        """Raise InvalidDefinitionError where the definition contradicts itself; a definition that exists does not."""

    def validate_partition_key(self, partition_key: str) -> None:
        """Raise UnknownPartitionError where this is no key."""
        self._now().index(partition_key)

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """The run tags with which Dagster names the partition of a run."""
        return {"dagster/partition": partition_key}

    def _places(self, space: PartitionSpace, keys: Sequence[str]) -> Indices:
        """The index of each of `keys`, -1 where it is left out of a subset."""
        return space.indices(keys)

    def _now(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> PartitionSpace:
        return self.space(as_of(current_time, dynamic_partitions_store))


class StaticPartitionsDefinition(PartitionsDefinition):
    """A fixed list of keys, in the order given.

    A key is any text, also an empty one, without `...`, a line break, a tab or another control character
    (InvalidPartitionKeyError), and occurs once (InvalidDefinitionError). For numbers, dates and enums see
    `ValuesPartitionsDefinition`.

        >>> oceans = StaticPartitionsDefinition(["arctic", "atlantic", "indian", "pacific", "southern"])
    """

    def __init__(self, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, (str, bytes)) or not isinstance(partition_keys, Sequence):
            raise InvalidArgumentError(f"partition_keys must be a list of texts, not {partition_keys!r}")
        self._space = SequenceSpace(checked_keys(partition_keys))

    def space(self, as_of: AsOf) -> SequenceSpace:  # noqa: ARG002 - the keys are the same at every moment
        """The keys."""
        return self._space

    def __eq__(self, other: object) -> bool:
        return self._space == other._space if isinstance(other, StaticPartitionsDefinition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._space)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shortened(self._space)})"


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Keys that are added and removed at run time, under a `name` that several assets may share.

    The keys live in the instance: `instance.add_dynamic_partitions(name, keys)`, or a request of a sensor. They are in
    the order of their addition. `partition_fn` gives the keys by a function of the current time instead of a name.

        >>> cities = DynamicPartitionsDefinition(name="cities")
        >>> current_instance().add_dynamic_partitions("cities", ["Oslo", "Rome"])
    """

    def __init__(
        self, partition_fn: Callable[[datetime], Iterable[str]] | None = None, name: str | None = None
    ) -> None:
        if partition_fn is not None and not callable(partition_fn):
            raise InvalidArgumentError(f"partition_fn must be a function of the current time, not {partition_fn!r}")
        if name is not None:
            name_of("the name of dynamic partitions", name)
        if (name is None) == (partition_fn is None):
            raise InvalidDefinitionError("dynamic partitions need a name: DynamicPartitionsDefinition(name='fruits')")
        self.name, self.partition_fn = name, partition_fn

    def space(self, as_of: AsOf) -> SequenceSpace:
        """The keys known at a moment; NoDynamicPartitionsError where no store of them is."""
        if self.partition_fn is not None:
            return _sequence(tuple(checked_keys(list(self.partition_fn(as_of.now)))))
        return _sequence(as_of.keys_of(self.name or ""))

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """A request to add keys, for the result of a sensor."""
        return AddDynamicPartitionsRequest(self._named(), partition_keys)

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """A request to remove keys, for the result of a sensor."""
        return DeleteDynamicPartitionsRequest(self._named(), partition_keys)

    def _named(self) -> str:
        if self.name is None:
            raise InvalidDefinitionError("keys given by a function cannot be added or removed: give a name instead")
        return self.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DynamicPartitionsDefinition):
            return NotImplemented
        return (self.name, self.partition_fn) == (other.name, other.partition_fn)

    def __hash__(self) -> int:
        return hash((self.name, self.partition_fn))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.partition_fn!r})"
            if self.name is None
            else f"{type(self).__name__}(name={self.name!r})"
        )


class ValuesPartitionsDefinition(PartitionsDefinition):
    """Numbers, dates, enum members or other values as partitions, in their natural order.

    A key is the text of its value: `str` of it, the ISO form of dates, the name of an enum member. Values that cannot
    be compared keep the order given. InvalidDefinitionError where two values have one text.

        >>> ValuesPartitionsDefinition([10, 2, 1])
        ValuesPartitionsDefinition(['1', '2', '10'])
    """

    def __init__(self, values: Iterable[Hashable]) -> None:
        given = list(values)
        try:
            ordered = given if all(isinstance(each, Enum) for each in given) else sorted(given)  # type: ignore[type-var]
        except TypeError:
            ordered = given
        self._values = dict(zip(checked_keys([key_of(each) for each in ordered]), ordered, strict=True))
        self._space = SequenceSpace(tuple(self._values))

    def space(self, as_of: AsOf) -> SequenceSpace:  # noqa: ARG002 - the keys are the same at every moment
        """The texts of the values, in the order of the values."""
        return self._space

    def value_for_partition_key(self, partition_key: str) -> Hashable:
        """The value whose text this is; UnknownPartitionError where there is none."""
        return self._values[self._space.key(self._space.index(partition_key))]

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, ValuesPartitionsDefinition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._space)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_shortened(self._space)})"


def key_of(value: object) -> str:
    """The key of a value: the name of an enum member, the ISO form of a date or datetime, else its text."""
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date) else str(value)


def checked_keys(keys: Sequence[str]) -> Sequence[str]:
    """The keys, if each can be written in a selection, and occurs once; InvalidDefinitionError otherwise."""
    for key in keys:
        check_key(key)
    if len(set(keys)) < len(keys):
        twice = [key for key, count in Counter(keys).items() if count > 1]
        raise InvalidDefinitionError(f"partition keys must be unique: {twice[:5]} occur more than once")
    return keys


def check_key(key: object) -> None:
    """Raise InvalidPartitionKeyError for what could not be addressed later: no text, `...`, a control character."""
    if not isinstance(key, str):
        raise InvalidPartitionKeyError(f"a key is a text, not {key!r}; ValuesPartitionsDefinition takes other values")
    found = [each for each in FORBIDDEN if each in key]
    if found:
        raise InvalidPartitionKeyError(f"partition key {key!r} contains {found[0]!r}, which a selection could not hold")


@lru_cache(maxsize=64)
def _sequence(keys: tuple[str, ...]) -> SequenceSpace:
    """The same keys give the same space, with its index of keys already made."""
    return SequenceSpace(keys)


def _shortened(space: SequenceSpace) -> str:
    shown = [repr(space.key(index)) for index in range(min(len(space), 5))]
    return f"[{', '.join(shown)}{', ...' if len(space) > len(shown) else ''}]"
