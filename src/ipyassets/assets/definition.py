"""Assets: a function, what it reads, and the partitions that its value comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from ipyassets.assets.binding import stored
from ipyassets.assets.config import Config
from ipyassets.assets.direct import context_among, in_context, in_hand
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.metadata import plain
from ipyassets.assets.policies import BackfillPolicy, RetryPolicy
from ipyassets.assets.stored import PartitionInHand, PartitionValues
from ipyassets.errors import InvalidInvocationError
from ipyassets.partitions.arguments import whole_number
from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.space import PartitionSpace, WholeSpace

if TYPE_CHECKING:
    import pandas as pd

    from ipyassets.partitions.function_mapping import KeyFunction
    from ipyassets.partitions.mapping import PartitionMapping

CoercibleToAssetKey: TypeAlias = "str | Sequence[str] | AssetKey | AssetsDefinition"


@dataclass(frozen=True, slots=True, init=False)
class AssetIn:
    """An input of an asset that is loaded and passed to the body (Dagster's AssetIn)."""

    key: AssetKey | None
    metadata: Mapping[str, object]
    key_prefix: tuple[str, ...]
    partition_mapping: PartitionMapping | KeyFunction | None

    def __init__(
        self,
        key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, object] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        partition_mapping: PartitionMapping | KeyFunction | None = None,
    ) -> None:
        prefix = (key_prefix,) if isinstance(key_prefix, str) else tuple(key_prefix or ())
        object.__setattr__(self, "key", None if key is None else AssetKey.from_coercible(key))
        object.__setattr__(self, "metadata", plain(metadata))
        object.__setattr__(self, "key_prefix", prefix)
        object.__setattr__(self, "partition_mapping", partition_mapping)

    def key_for(self, name: str) -> AssetKey:
        """The upstream asset meant: the key given, else the argument's name below the prefix."""
        return self.key or AssetKey([*self.key_prefix, name])


@dataclass(frozen=True, slots=True, init=False)
class AssetDep:
    """An upstream asset that is not loaded: order and lineage only (Dagster's AssetDep)."""

    asset_key: AssetKey
    partition_mapping: PartitionMapping | KeyFunction | None
    metadata: Mapping[str, object]

    def __init__(
        self,
        asset: CoercibleToAssetKey,
        *,
        partition_mapping: PartitionMapping | KeyFunction | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        object.__setattr__(self, "asset_key", AssetKey.from_coercible(asset))
        object.__setattr__(self, "partition_mapping", partition_mapping)
        object.__setattr__(self, "metadata", plain(metadata))


@dataclass(frozen=True, slots=True)
class Upstream:
    """One edge into an asset: where it leads, how partitions correspond, and the argument that takes the value."""

    key: AssetKey
    partition_mapping: PartitionMapping | KeyFunction | None = None
    argument: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AssetsDefinition:
    """An asset: call it to run its body, index it to read a stored partition.

    `asset["2013-01-15"]` is one value; `asset["2013-01-01":"2013-01-31"]` a lazy mapping from key to value over an
    inclusive range. `code_version` "" means the hash of the body counts. `max_concurrent` is how many of its
    partitions may run at a time. `resource_defs` are at hand in the body as `context.resources`, as are those that a
    run is given; all of `required_resource_keys` must be among them. One of its own called `io_manager_key` stores it.
    """

    key: AssetKey
    compute: Callable[..., object]
    takes_context: bool = False
    upstreams: tuple[Upstream, ...] = ()
    partitions_def: PartitionsDefinition | None = None
    io_manager: IOManager | None = None
    code_version: str = ""
    description: str = ""
    group_name: str = "default"
    metadata: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    io_manager_key: str = "io_manager"
    output_required: bool = True
    returns_nothing: bool = False
    retry_policy: RetryPolicy | None = None
    backfill_policy: BackfillPolicy | None = None
    config: type[Config] | None = None
    max_concurrent: int | None = None
    resource_defs: Mapping[str, object] = field(default_factory=dict)
    required_resource_keys: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.max_concurrent is not None:
            whole_number(f"max_concurrent of {self.key}", self.max_concurrent, least=1)

    def space(self, as_of: AsOf) -> PartitionSpace:
        """The asset's partitions at one moment; a single one for an asset without partitions."""
        return WholeSpace() if self.partitions_def is None else self.partitions_def.space(as_of)

    @property
    def is_batched(self) -> bool:
        """Whether the body makes several partitions in one call, and so returns a value for each key."""
        policy = self.backfill_policy
        return self.partitions_def is not None and policy is not None and policy.max_partitions_per_run != 1

    def with_io_manager(self, io_manager: IOManager) -> AssetsDefinition:
        """The same asset, stored elsewhere."""
        return replace(self, io_manager=io_manager)

    @overload
    def __getitem__(self, selection: str) -> Any: ...

    @overload
    def __getitem__(self, selection: slice) -> PartitionValues: ...

    def __getitem__(self, selection: str | slice) -> Any:
        """The stored value of a partition key, or a lazy mapping over an inclusive slice of keys.

        In several dimensions a slice is the box between two corners, as a range in a selection is.
        """
        return stored(self)[selection]

    __iter__ = None  # Python would try the keys 0, 1, 2 and so on

    def value(self) -> Any:
        """The stored value of an asset without partitions."""
        return stored(self).value()

    def status(self) -> pd.DataFrame:
        """A table of all partitions: key, state, reason, when (UTC), seconds, bytes."""
        return stored(self).status()

    def history(self, partition_key: str | None = None, *, limit: int | None = None) -> pd.DataFrame:
        """A table of all attempts, newest first, or of the newest `limit` of them; of one partition, or of all."""
        return stored(self).history(partition_key, limit=limit)

    def errors(self) -> pd.DataFrame:
        """The partitions whose last attempt failed: error, message, when (UTC), traceback, output, metadata."""
        return stored(self).errors()

    def output(self, partition_key: str | None = None) -> Any:
        """What the last attempt at a partition printed and displayed, shown again."""
        return stored(self).output(partition_key)

    def debug(self, partition_key: str | None = None) -> PartitionInHand:
        """A partition's inputs, context and body in hand: call the result to run the body again, here and unstored."""
        return stored(self).debug(partition_key)

    def plot(self, *columns: str) -> Any:
        """Columns of `status()`, metadata among them, drawn over the partitions; over time where they have windows."""
        return stored(self).plot(*columns)

    def versions(self, partition_key: str | None = None) -> Any:
        """The values of a partition that can still be had, newest first; each has `value()` and `restore()`."""
        return stored(self).versions(partition_key)

    def wipe(self, selection: str | Sequence[str] | None = None, *, dry_run: bool = False) -> Any:
        """Delete the stored values of some partitions, their history staying; tells what was deleted, or would be.

        `selection` is a text such as "2013-01-*, failed", or a list of keys, which may be keys that are no partitions
        any more; it is left out for an asset without partitions alone.
        """
        return stored(self).wipe(selection, dry_run=dry_run)

    def trust(self, partition_keys: Sequence[str] | None = None, *, dry_run: bool = False) -> Any:
        """Let in stored values that somebody else made or nobody recorded: reading them runs what their maker put in.

        Without keys, values that differ from their record are refused; name them to have them taken as they are.
        """
        return stored(self).trust(partition_keys, dry_run=dry_run)

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Run the body directly, as a plain function: nothing is stored.

        A body that takes a context is given one made by `build_asset_context`; one that takes none may be given it too.
        """
        given, others = context_among(args, kwargs)
        if given is None:
            if self.takes_context:
                raise InvalidInvocationError(f"{self.key} takes a context: {self.key}(build_asset_context(...), ...)")
            return self.compute(*args, **kwargs)
        context = in_hand(given, self.key, self.partitions_def)
        rest = {name: value for name, value in kwargs.items() if value is not given}
        return in_context(context, self.compute, *((context,) if self.takes_context else ()), *others, **rest)

    def __repr__(self) -> str:
        return f"<asset {self.key}{'' if self.partitions_def is None else f' by {self.partitions_def!r}'}>"
