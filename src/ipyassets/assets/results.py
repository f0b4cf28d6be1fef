"""What a body may return besides a plain value, or raise to say more than an exception does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ipyassets.assets.keys import AssetKey
from ipyassets.assets.metadata import plain


class NoValue:
    """The type of the marker for a result that carries no value."""

    def __repr__(self) -> str:
        return "no value"


NO_VALUE = NoValue()


@dataclass(frozen=True, slots=True)
class DataVersion:
    """A version of a value's content, as text (Dagster's DataVersion)."""

    value: str

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Output:
    """A value with facts about it (Dagster's Output).

    `metadata` is shown in the partition's detail and its status row. `data_version` is what downstream assets compare
    instead of the content: give it for a value that differs from run to run without meaning to. An asset has one
    output, so `output_name` says nothing here.
    """

    value: object
    output_name: str | None = None
    metadata: Mapping[str, object] | None = None
    data_version: str | DataVersion | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializeResult:
    """Facts about a partition that the body has stored itself, or of which there is nothing to store (Dagster's name).

    With a `value` it is the same as `Output`; without one the I/O manager is not asked.
    """

    asset_key: AssetKey | str | Sequence[str] | None = None
    metadata: Mapping[str, object] | None = None
    data_version: str | DataVersion | None = None
    tags: Mapping[str, str] | None = None
    value: object = NO_VALUE


@dataclass(frozen=True, slots=True)
class Skip:
    """There is nothing to produce for this partition, and that is a result: `return Skip("a holiday")`.

    What reads it alone is skipped too; what reads several partitions goes without it. A value from before stands: it is
    kept and counts as made now, until code or inputs change again; wipe it where it should go.
    """

    reason: str = "nothing to produce"


class Failure(Exception):  # noqa: N818 - Dagster's name
    """Raise it in a body to fail with a description and facts that are recorded with the partition (Dagster's Failure).

    With `allow_retries=False` it is final: no RetryPolicy tries again. A body that makes several partitions may also
    return one as the value of a key.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: Mapping[str, object] | None = None,
        allow_retries: bool | None = None,  # noqa: FBT001 - Dagster's signature
    ) -> None:
        super().__init__(*([] if description is None else [description]))
        self.description = description
        self.metadata = plain(metadata)
        self.allow_retries = allow_retries is not False
