"""States and plans of many partitions, what an executor adds to a step, and the memory of a long run."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from joblib import Memory

from benchmarks.table import Row, seconds
from ipyassets import (
    AssetExecutionContext,
    AssetsDefinition,
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    Instance,
    StaticPartitionsDefinition,
    asset,
    materialize,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.engine.standing import mixed
from ipyassets.events import NOTHING, Artifact, Attempt, Event, InputUse
from ipyassets.partitions.spans import Spans

HOURS = HourlyPartitionsDefinition("2000-01-01-00:00", end_date="2011-05-30-00:00")  # 100,008 of them
TEN_THOUSAND = HourlyPartitionsDefinition("2000-01-01-00:00", end_date="2001-02-20-16:00")
DAYS = DailyPartitionsDefinition("2000-01-01", end_date="2011-05-30")
CHAIN = 10
VERSION = np.array([7], np.uint64)  # of every recorded value
STEPS = 400
LONG = 10_000


def chain(partitions: HourlyPartitionsDefinition | DailyPartitionsDefinition, length: int) -> AssetGraph:
    """Assets that read one another in a row, partition by partition."""
    assets: list[AssetsDefinition] = []
    for number in range(length):
        deps = [assets[-1]] if assets else []
        assets.append(asset(name=f"a{number}", partitions_def=partitions, deps=deps, code_version="1")(lambda: None))
    return AssetGraph.of(assets)


def recorded(instance: Instance, graph: AssetGraph, metadata: Mapping[str, object] = NOTHING) -> None:
    """Have every partition of every asset once made, each from what its inputs are: all are fresh."""
    ours = getattr(instance.io_manager, "key_id", "")
    facts = instance.facts(graph)
    for made in graph:
        folder = instance.root / "storage" / str(made.key)
        folder.mkdir(parents=True)
        for key in facts.space(made.key):
            (folder / key).touch()
        uses = tuple(InputUse(edge.up, 1, int(mixed(VERSION)[0])) for edge in graph.edges[made.key])
        instance.event_log.append(
            [
                Event(
                    attempt=Attempt.MATERIALIZED,
                    asset_key=made.key,
                    partition_key=key,
                    run_id="bench",
                    timestamp=1.0,
                    seconds=0.1,
                    code_version=facts.code_versions[made.key],
                    data_version=int(VERSION[0]),
                    artifact=Artifact(key, 5, ("0" * 64 + ours).ljust(96, "0")),
                    inputs=uses,
                    metadata=metadata,
                )
                for key in facts.space(made.key)
            ]
        )


def states(root: Path, graph: AssetGraph) -> float:
    """Seconds from opening a log to the states of every asset."""
    instance = Instance(root, durability="fast")
    recorded(instance, graph)
    instance.close()
    os.sync()  # what was just made is on disk when it is looked at

    def look() -> None:
        fresh = Instance(root, durability="fast")
        facts = fresh.facts(graph)
        for key in graph.assets:
            facts.states(key)
        fresh.close()

    (taken,) = seconds(look, rounds=3)
    return taken


def edited(root: Path, graph: AssetGraph) -> float:
    """Seconds from an edit of the first asset to the states of all that it makes stale."""
    instance = Instance(root, durability="fast")
    versions = [0]

    def edit() -> None:
        versions[0] += 1
        first = asset(name="a0", partitions_def=TEN_THOUSAND, code_version=str(versions))(lambda: None)
        after = AssetGraph.of([first, *(one for one in graph if one.key != first.key)])
        facts = instance.facts(after)
        for key in after.assets:
            facts.states(key)

    edit()
    (taken,) = seconds(edit, rounds=5)
    instance.close()
    return taken


def planned(graph: AssetGraph) -> float:
    """Seconds to plan the last asset of a chain and all that it lacks."""
    instance = Instance.ephemeral()
    last = list(graph.assets)[-1]
    everything = Spans.range(0, len(instance.facts(graph).space(last)))

    def plan() -> None:
        assert len(instance.plan(graph, {last: everything})) == len(graph) * len(everything)

    (taken,) = seconds(plan, rounds=3)
    return taken


@asset(partitions_def=StaticPartitionsDefinition([str(number) for number in range(STEPS)]))
def nothing() -> None:
    """Nothing to store, so that what is left is the way to a worker and back."""


def noop(number: int) -> int:
    return number


def bare(pool: Executor) -> None:
    """The executor's own tasks, one for each partition."""
    for future in [pool.submit(noop, number) for number in range(STEPS)]:
        future.result()


def beside(name: str, pool: Executor, workers: int) -> Iterator[Row]:
    """A step on an executor next to a task of the executor's own."""
    instance = Instance.ephemeral()

    def run() -> None:
        materialize([nothing], partition_keys="all", instance=instance, executor=pool, max_workers=workers)

    run()
    ours, theirs = seconds(run, lambda: bare(pool), rounds=3)
    yield Row(f"a step {name}", ours / STEPS * 1e6, "us")
    yield Row(f"  a bare task {name}", theirs / STEPS * 1e6, "us")


def executors() -> Iterator[Row]:
    from distributed import Client, LocalCluster
    from loky import get_reusable_executor

    with ThreadPoolExecutor(2) as threads:
        yield from beside("in threads", threads, 2)
    yield from beside("in loky processes", get_reusable_executor(max_workers=2), 2)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield from beside("on a dask cluster", client.get_executor(), 2)


def memory(root: Path) -> float:
    """How much more memory is held at the end of a long run than after its first tenth, in bytes a partition."""
    held: list[int] = []

    @asset(partitions_def=StaticPartitionsDefinition([str(number) for number in range(LONG)]))
    def many(context: AssetExecutionContext) -> dict[str, str]:
        if int(context.partition_key) in (LONG // 10, LONG - 1):
            held.append(tracemalloc.get_traced_memory()[0])
        return {"key": context.partition_key}

    instance = Instance(root, durability="fast")
    tracemalloc.start()
    materialize([many], partition_keys="all", instance=instance)
    tracemalloc.stop()
    instance.close()
    return (held[1] - held[0]) / (LONG * 0.9)


def beside_joblib(folder: Path) -> Iterator[Row]:
    """A tiny partition next to joblib's cache of a tiny call, which keeps neither log nor order on the disk."""
    memory = Memory(folder / "joblib", verbose=0)
    rounds = 5
    keys = [str(number) for number in range(STEPS * rounds)]
    for_us, for_them = iter(keys), iter(keys)

    @memory.cache
    def cached(key: str) -> dict[str, str]:
        return {"key": key}

    @asset(partitions_def=StaticPartitionsDefinition(keys))
    def tiny(context: AssetExecutionContext) -> dict[str, str]:
        return {"key": context.partition_key}

    def ours() -> None:
        materialize([tiny], partition_keys=list(islice(for_us, STEPS)), instance=instance)

    def theirs() -> None:
        for key in islice(for_them, STEPS):
            cached(key)

    instance = Instance(folder / "ours", durability="fast")
    kept, cache = seconds(ours, theirs, rounds=rounds)
    instance.close()
    yield Row("a tiny partition, fast, to a miss of joblib.Memory", kept / cache, "x", most=1)
    yield Row("  the same", kept / STEPS * 1e6, "us")


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = chain(HOURS, 1)
        yield Row("states of 100,000 partitions, from log and disk", states(folder / "one", one), "s", most=0.3)
        ten = chain(TEN_THOUSAND, CHAIN)
        yield Row("states of 10 assets x 10,000, from log and disk", states(folder / "ten", ten), "s")
        yield Row("what an edit makes stale, 10 assets x 10,000", edited(folder / "ten", ten), "s", most=0.3)
        yield Row("plan 10 assets x 100,000", planned(chain(HOURS, CHAIN)), "s", most=0.3)
        yield Row("memory kept of each partition in a run of 10,000", memory(folder / "long"), "bytes", most=200)
        yield from beside_joblib(folder)
    yield from executors()
