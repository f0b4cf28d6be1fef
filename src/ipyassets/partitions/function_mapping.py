"""A plain function as a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ipyassets.errors import InvalidArgumentError, InvalidMappingError
from ipyassets.partitions.annotations import annotations_of
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.mapping import Mapped, PartitionMapping
from ipyassets.partitions.relation import Relation
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

KeyFunction = Callable[[str], str | Iterable[str] | None]


@dataclass(frozen=True, slots=True)
class FunctionPartitionMapping(PartitionMapping):
    """Each partition reads the upstream keys that `function` returns for its key: one, several, or None for none.

    The function is asked once for every downstream key; of several dimensions it takes a MultiPartitionKey. A key it
    returns that does not exist upstream is missing. Annotated `-> str`, it reads exactly one partition, and the input
    is a value instead of a dict.

    It must answer the same each time while its code is the same, and what that reads: a graph fills in `version`, and
    asks anew once that is another.

        >>> def previous_year(key: str) -> str:
        ...     return f"{int(key[:4]) - 1}{key[4:]}"
        >>> dep = AssetDep("sales", partition_mapping=previous_year)  # or FunctionPartitionMapping(previous_year)
    """

    function: KeyFunction
    version: str = field(default="", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InvalidArgumentError(f"a mapping is a function from key to keys, not {self.function!r}")

    def upstream(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Mapped:
        """What the function returns."""
        answers = _answers(self, down, up)
        missing = [key for row, keys in answers.missing.items() if row in spans for key in keys]
        return Mapped(answers.relation.targets_of(spans), tuple(dict.fromkeys(missing)))

    def lacking(self, spans: Spans, down: PartitionSpace, up: PartitionSpace) -> Spans:
        """Those for which the function returns a key that does not exist."""
        return spans & Spans.from_indices(list(_answers(self, down, up).missing))

    def downstream(self, spans: Spans, up: PartitionSpace, down: PartitionSpace) -> Spans:
        """Those for which the function returns one of the given partitions."""
        return _answers(self, down, up).relation.rows_of(spans)

    def gives_one(self, down: PartitionsDefinition | None, up: PartitionsDefinition | None) -> bool:  # noqa: ARG002
        """Whether the function is annotated to return one key."""
        return up is None or annotations_of(self.function).get("return") in {str, "str"}


@dataclass(frozen=True, slots=True)
class _Answers:
    relation: Relation
    missing: dict[int, list[str]]


@lru_cache(maxsize=32)
def _answers(mapping: FunctionPartitionMapping, down: PartitionSpace, up: PartitionSpace) -> _Answers:
    function = mapping.function
    rows: list[int] = []
    wanted: list[str] = []
    for row, key in enumerate(down.keys()):
        answer = function(key)
        keys = [] if answer is None else [answer] if isinstance(answer, str) else list(answer)
        for each in keys:
            if not isinstance(each, str):
                raise InvalidMappingError(
                    f"{function!r} must return keys, which are texts; for {key!r} it returned {each!r}"
                )
        rows += [row] * len(keys)
        wanted += keys
    targets = up.indices(wanted)
    missing: dict[int, list[str]] = {}
    for place in np.flatnonzero(targets < 0).tolist():
        missing.setdefault(rows[place], []).append(wanted[place])
    known = targets >= 0
    return _Answers(Relation(np.array(rows, dtype=np.int64)[known], targets[known]), missing)
