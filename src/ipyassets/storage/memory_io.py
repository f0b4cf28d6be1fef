"""Values kept in memory, for an instance that is thrown away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidInvocationError, NotMaterializedError


class InMemoryIOManager(IOManager):
    """Keeps each value as it is, in this process, for as long as this object lives (Dagster's InMemoryIOManager)."""

    def __init__(self) -> None:
        self.values: dict[tuple[AssetKey, str], object] = {}

    def __reduce__(self) -> tuple[type[_Elsewhere], tuple[()]]:
        return _Elsewhere, ()

    def handle_output(self, context: OutputContext, obj: object) -> None:
        """Keep `obj` as the value of the partition in hand."""
        key = context.asset_partition_key if context.has_asset_partitions else ""
        self.values[context.asset_key, str(key)] = obj

    def load_input(self, context: InputContext) -> object:
        """The value in hand, None for no partition, or a dict of key to value in definition order.

        Raises NotMaterializedError for what is not here.
        """
        if not context.has_asset_partitions:
            return self._value(context.asset_key, "")
        keys = context.asset_partition_keys
        if context.gives_one:
            return self._value(context.asset_key, context.asset_partition_key) if keys else None
        return {key: self._value(context.asset_key, key) for key in keys}

    def present(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the partitions have a value here; the key "" asks for the asset without partitions."""
        return np.array([(asset_key, str(key)) in self.values for key in partition_keys], np.bool_)

    def delete(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget the values of partitions; one that is not here is no error."""
        for key in partition_keys:
            self.values.pop((asset_key, str(key)), None)

    def _value(self, asset_key: AssetKey, key: str) -> object:
        try:
            return self.values[asset_key, str(key)]
        except KeyError:
            raise NotMaterializedError(f"{asset_key.quoting(key)} is not in memory: materialize it first") from None


class _Elsewhere(IOManager):
    """What values in memory are to another process: out of reach."""

    def handle_output(self, context: OutputContext, obj: object) -> None:
        """Refuse: nobody would ever see it."""
        del obj
        raise self._refusal(context.asset_key)

    def load_input(self, context: InputContext) -> object:
        """Refuse: it is not here."""
        raise self._refusal(context.asset_key)

    def _refusal(self, asset_key: AssetKey) -> InvalidInvocationError:
        return InvalidInvocationError(
            f"{asset_key} is kept in memory, which another process does not share: run in threads, or store it in files"
        )
