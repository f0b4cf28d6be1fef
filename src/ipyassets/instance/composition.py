"""The instance: the one place where engine and storage meet."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from ipyassets.assets.code_version import version_of
from ipyassets.assets.definition import CoercibleToAssetKey
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.io_manager import IOManager
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.manner import Manner
from ipyassets.engine.plan import Plan, UpstreamMode, plan
from ipyassets.engine.ports import DynamicKeys, EventLog
from ipyassets.engine.reads import ReadsBook
from ipyassets.engine.ready import Partitions
from ipyassets.engine.reasons import reasons
from ipyassets.errors import InvalidArgumentError
from ipyassets.events import Event, State
from ipyassets.instance.dynamic import KeepsDynamicPartitions
from ipyassets.instance.places import refuse_bad_places
from ipyassets.instance.runs import Runs, translated
from ipyassets.instance.statebook import StateBook
from ipyassets.instance.store import Store
from ipyassets.interrupt import shielded
from ipyassets.partitions.as_of import AsOf, as_of
from ipyassets.partitions.space import PartitionSpace
from ipyassets.storage.carrying import recover
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.damage import Damage as FoundDamage
from ipyassets.storage.database import IN_MEMORY
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.live_runs import LiveRun, LiveRuns
from ipyassets.storage.memory_io import InMemoryIOManager
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from ipyassets.storage.watch import Watcher
from ipyassets.storage.whereabouts import elsewhere

if TYPE_CHECKING:
    from ipyassets.engine.result import RunResult
    from ipyassets.engine.run import Run

HOME = "IPYASSETS_HOME"
FOLDER = ".ipyassets"
LOG = "events.sqlite"


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is known of a partition: its state and why, its last attempt, the materialization that stands."""

    state: State
    reason: str
    attempt: Event | None
    materialization: Event | None


class Instance(KeepsDynamicPartitions):
    """Where values and the log of what happened are kept, and what is running.

    `root` is a folder: values lie below `storage`, the log beside it. Without one it is the folder named by
    IPYASSETS_HOME, else `.ipyassets` in the working directory. `durability="fast"` does not wait for the disk: safe
    when the process is killed, while what a power cut takes is noticed and shown as damaged. `io_manager` is the
    default of assets that have none of their own. `signer` signs values and says whose are trusted; without one it is
    `Signer.of_user()`. Nothing is created before it is needed. May be used from any thread.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        *,
        durability: Literal["full", "fast"] = "full",
        io_manager: IOManager | None = None,
        signer: Signer | None = None,
    ) -> None:
        if durability not in ("full", "fast"):
            raise InvalidArgumentError(f"durability={durability!r} is neither 'full' nor 'fast'")
        self.root = Path(root or os.environ.get(HOME) or FOLDER).expanduser().absolute()
        self.durability = durability
        self.store = Store(
            lambda: self.event_log, lambda: self._damage, self._as_of, lambda: self.io_manager, self._bound
        )
        self._given_io_manager = io_manager
        self._signer = signer
        self._is_ephemeral = False
        self._statebook = StateBook(
            lambda: self.event_log,
            lambda: self._damage,
            self.store.at_hand,
            lambda asset, manager: elsewhere(self._sqlite_log, asset.key, manager, is_sure=self.store.is_sure(asset)),
        )
        self._reads = ReadsBook()
        self._facts: Facts | None = None
        self._runs = Runs(
            lambda: self._sqlite_log,
            self.store,
            self._renewed,
            self._claims,
            lambda: self._live_runs,
            lambda: self._key,
            self,
        )

    @classmethod
    def ephemeral(cls, *, io_manager: IOManager | None = None, dynamic_keys: DynamicKeys | None = None) -> Self:
        """An instance in memory, gone with this object; its dynamic partitions may be those of another."""
        instance = cls(durability="fast", io_manager=io_manager or InMemoryIOManager())
        instance._is_ephemeral = True
        if dynamic_keys is not None:
            instance._dynamic_keys = dynamic_keys
        return instance

    @property
    def event_log(self) -> EventLog:
        """What happened to every partition."""
        return self._sqlite_log

    @cached_property
    def io_manager(self) -> IOManager:
        """Where values of assets without an I/O manager of their own are kept."""
        return self._bound(self._given_io_manager or FilesystemIOManager())

    @property
    def active(self) -> list[Run]:
        """The runs that have been asked for and have not ended, oldest first."""
        return self._runs.active

    @property
    def elsewhere(self) -> tuple[LiveRun, ...]:
        """The runs of other processes, or instances, on the same root that are going on for longer than a moment."""
        return self._runs.elsewhere

    def facts(self, graph: AssetGraph) -> Facts:
        """The states of all partitions of some assets, now."""
        cursor, graph = self.event_log.cursor(), graph.as_written()
        spaces = self._spaces(graph)
        # asked for before the pages: what has ended by then is recorded in them
        activity = self._runs.activity(spaces)
        pages = {asset.key: self._statebook.page(asset, spaces[asset.key]) for asset in graph}
        code = {asset.key: version_of(asset) for asset in graph}
        facts = Facts(
            graph=graph,
            spaces=spaces,
            standings={key: page.standing for key, page in pages.items()},
            code_versions={key: each.version for key, each in code.items()},
            uncounted={key: each.unhashed for key, each in code.items() if each.unhashed},
            damage={key: page.damage for key, page in pages.items() if page.damage},
            activity=activity,
            book=self._reads,
            cursor=cursor,
            earlier=self._facts,
        )
        self._facts = facts
        return facts

    def plan(self, graph: AssetGraph, wanted: Partitions, upstream: UpstreamMode = "missing") -> Plan:
        """What it takes to make the wanted partitions, as of now; see `plan_from`."""
        return self.plan_from(self.facts(graph), wanted, upstream)

    def plan_from(self, facts: Facts, wanted: Partitions, upstream: UpstreamMode = "missing") -> Plan:
        """What it takes to make the wanted partitions, as of some facts.

        Raises InvalidDefinitionError where values would share a place, as those of `pp/q` and partition q of `pp`, or
        have none because a name is too long.
        """
        refuse_bad_places(facts, self.event_log)
        return plan(facts, wanted, upstream)

    def run(self, plan: Plan, manner: Manner | None = None, *, watch: Callable[[Run], None] | None = None) -> RunResult:
        """Work a plan off in this thread; `watch` is handed the run before it begins."""
        with shielded():
            return self._runs.driven(self._runs.opened(plan, manner or Manner()), watch)

    def start(self, plan: Plan, manner: Manner | None = None) -> Run:
        """Work a plan off on the one thread that this instance owns, after what was started before."""
        with shielded():
            return self._runs.started(self._runs.opened(plan, manner or Manner()))

    def subscribe(self, callback: Callable[[frozenset[AssetKey]], None]) -> Callable[[], None]:
        """Have a function called, on any thread, with the assets whose states may have changed; the result ends it.

        The function must return at once. An empty set means that any asset may have changed.
        """
        if not self._is_ephemeral:
            self._watcher  # noqa: B018 - what other processes record is heard of from here on
        return self._runs.subscribe(callback)

    def describe(self, graph: AssetGraph, asset_key: CoercibleToAssetKey, partition_key: str | None = None) -> Detail:
        """All that is known of a partition; the key is left out for an asset without partitions."""
        asset = graph[AssetKey.from_coercible(asset_key)]
        facts = self.facts(graph)
        index = facts.space(asset.key).index(partition_key or "")
        attempt, standing = self.event_log.last(asset.key, partition_key or "")
        state = State(int(facts.states(asset.key)[index]))
        (why,) = reasons(facts, asset.key).texts(np.array([index]), {partition_key or "": attempt} if attempt else {})
        return Detail(state, why, attempt, standing)

    def close(self) -> None:
        """Cancel what is running and let go of the store; nothing may be asked afterwards."""
        self._runs.close()
        for name in ("_watcher", "_live_runs", "_sqlite_log"):
            if self.__dict__.get(name) is not None:
                getattr(self, name).close()

    @cached_property
    def _sqlite_log(self) -> SqliteEventLog:
        signer = None if self._is_ephemeral else lambda: self._key
        path = IN_MEMORY if self._is_ephemeral else self.root / LOG
        log = SqliteEventLog(path, durable=self.durability == "full", signer=signer)
        recover(log, lambda: self._key)
        return log

    @cached_property
    def _key(self) -> Signer:
        return self._signer or Signer.of_user()

    @cached_property
    def _damage(self) -> FoundDamage:
        return FoundDamage(self._sqlite_log)

    @cached_property
    def _watcher(self) -> Watcher:
        return Watcher(self._sqlite_log, lambda: self.elsewhere, self._runs.notify)

    @cached_property
    def _live_runs(self) -> LiveRuns | None:
        return None if self._is_ephemeral else LiveRuns(self.root)

    @cached_property
    def _dynamic_keys(self) -> DynamicKeys:
        return SqliteDynamicKeys(self._sqlite_log.database)

    def _keys_changed(self) -> None:
        self._runs.notify(frozenset())

    def _as_of(self) -> AsOf:
        return as_of(dynamic_partitions_store=self)

    def _bound(self, manager: IOManager) -> IOManager:
        return manager.bound(self.root / "storage", self._key, durable=self.durability == "full")

    def _claims(self) -> Claims | NoClaims:
        return NoClaims() if self._is_ephemeral else Claims(self.root)

    def _renewed(self, old: Plan) -> Plan:
        """The same partitions, by their keys, planned anew; those that are no longer there are left out."""
        graph, before = old.facts.graph, old.facts.spaces
        if old.facts.cursor == self.event_log.cursor() and before == self._spaces(graph):
            return old
        facts = self.facts(graph)
        wanted = {key: translated(spans, before[key], facts.spaces[key]) for key, spans in old.wanted.items()}
        return self.plan_from(facts, wanted, old.upstream)

    def _spaces(self, graph: AssetGraph) -> dict[AssetKey, PartitionSpace]:
        now = self._as_of()
        return {asset.key: asset.space(now) for asset in graph}
