"""Executors by name, and any other that is handed in."""

from __future__ import annotations

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from ipyassets.engine.interrupt import ignore_interrupts
from ipyassets.engine.manner import Manner, OnError
from ipyassets.errors import InvalidArgumentError

NAMES = ("threads", "processes")
CHUNK = 8  # short partitions in one task of a process, which costs more than they do


def manner_of(executor: Executor | str | None, max_workers: int | None, on_error: OnError) -> Manner:
    """How to work a plan off: in the calling thread, in threads or processes, or with an executor given.

    `max_workers` alone asks for threads. An executor that is given is not shut down; it is handed twice as many tasks
    as it has workers, or as `max_workers` says.
    """
    if max_workers is not None and max_workers < 1:
        raise InvalidArgumentError(f"max_workers={max_workers} is not a number of workers")
    if executor is None and max_workers is None:
        return Manner(on_error=on_error)
    workers = max_workers or os.cpu_count() or 1
    if executor is None or executor == "threads":
        pool = ThreadPoolExecutor(workers, thread_name_prefix="ipyassets")
        return Manner(executor=pool, in_flight=workers, on_error=on_error, close=lambda: pool.shutdown(wait=False))
    if executor == "processes":
        from loky import get_reusable_executor

        # kept for the next run; loky ends workers that have been idle for a while
        processes = get_reusable_executor(max_workers=workers, initializer=ignore_interrupts)
        kill = partial(processes.shutdown, wait=False, kill_workers=True)
        return Manner(executor=processes, in_flight=workers + 1, chunk=CHUNK, on_error=on_error, kill=kill)
    if isinstance(executor, str):
        raise InvalidArgumentError(
            f"executor={executor!r} is not one of {NAMES}: or give a concurrent.futures.Executor"
        )
    known = max_workers or getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    return Manner(executor=executor, in_flight=2 * known, chunk=CHUNK, on_error=on_error)
