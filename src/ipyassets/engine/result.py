"""How a run ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ipyassets.assets.definition import CoercibleToAssetKey
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.failing import users_frames
from ipyassets.engine.progress import Progress
from ipyassets.engine.words import amount
from ipyassets.errors import InvalidInvocationError, MaterializationError
from ipyassets.events import Attempt

SHOWN = 3  # failures that an error names one by one


@dataclass(frozen=True, slots=True)
class Trouble:
    """A partition that ended badly: how, why, and its exception where there is one."""

    asset_key: AssetKey
    partition_key: str
    attempt: Attempt
    reason: str
    error: BaseException | None = None

    def __str__(self) -> str:
        return f"{self.asset_key.naming(self.partition_key)}: {self.reason}"


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """How a run ended, under the names of Dagster's ExecuteInProcessResult where it has them.

    `troubles` are the partitions that failed or were blocked, the first thousand of them. `function_bytes` says how
    many bytes of each function were sent to other processes with every task: large ones drag data along with them.
    """

    run_id: str
    progress: Progress
    troubles: tuple[Trouble, ...]
    load: Callable[[AssetKey, str | None], object] = field(repr=False)
    keys: Mapping[AssetKey, str | None] = field(default_factory=dict, repr=False)
    function_bytes: Mapping[AssetKey, int] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        failures = "".join(f"\n  {trouble}" for trouble in self.troubles[:SHOWN])
        more = f"\n  and {len(self.troubles) - SHOWN:,} more" if len(self.troubles) > SHOWN else ""
        return f"<run {self.run_id[:8]}: {self.progress.text}{failures}{more}>"

    @property
    def success(self) -> bool:
        """Whether every partition got a value or was skipped."""
        return self.progress.failed + self.progress.blocked + self.progress.cancelled == 0

    def asset_value(self, asset_key: CoercibleToAssetKey, partition_key: str | None = None) -> object:
        """The value of an asset as it is stored now; the key may be left out where the run made only one."""
        key = AssetKey.from_coercible(asset_key)
        if partition_key is None and key in self.keys and (partition_key := self.keys[key]) is None:
            raise InvalidInvocationError(f"the run made several partitions of {key}: give partition_key")
        return self.load(key, partition_key or None)

    def output_for_node(self, node_str: str) -> object:
        """The value of an asset by its name (Dagster's name for it)."""
        named = (key for key in self.keys if node_str in (key.to_python_identifier(), str(key)))
        return self.asset_value(next(named, AssetKey.from_user_string(node_str)))

    def raise_for_failure(self) -> None:
        """Raise the first failed body's own exception, with a note; MaterializationError if there is none."""
        if self.success:
            return
        failed = [trouble for trouble in self.troubles if trouble.attempt is Attempt.FAILED]
        count = self.progress.failed
        first = next((trouble for trouble in failed if trouble.error is not None), None)
        if first is not None and first.error is not None:
            where = first.asset_key.naming(first.partition_key)
            others = f"; {amount(count - 1, 'other partition')} failed too" if count > 1 else ""
            note = f"while materializing {where}{others}"
            if note not in getattr(first.error, "__notes__", ()):
                first.error.add_note(note)
            raise first.error.with_traceback(users_frames(first.error.__traceback__))
        shown = "; ".join(map(str, self.troubles[:SHOWN]))
        raise MaterializationError(f"{self.progress.text}: {shown}")
