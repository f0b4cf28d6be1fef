"""Executors by name, and any other that is handed in."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ipyassets.engine.manner import Manner, OnError
from ipyassets.errors import InvalidArgumentError
from ipyassets.interrupt import ignore_interrupts
from ipyassets.storage.signature import KEY_VARIABLE

T = TypeVar("T")

NAMES = ("threads", "processes")
IDLE = 300  # seconds after which an idle worker ends: one that ends just as work comes is warned of
UNKNOWN = 16  # workers that an executor is taken to have that does not tell: a cluster's, say
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
        processes = Processes(workers)
        kill = processes.kill
        return Manner(executor=processes, in_flight=workers + 1, chunk=CHUNK, on_error=on_error, kill=kill)
    if isinstance(executor, str):
        raise InvalidArgumentError(
            f"executor={executor!r} is not one of {NAMES}: or give a concurrent.futures.Executor"
        )
    if not hasattr(executor, "submit"):
        raise InvalidArgumentError(f"executor={executor!r} is neither one of {NAMES} nor a concurrent.futures.Executor")
    known = max_workers or getattr(executor, "_max_workers", None) or UNKNOWN
    return Manner(executor=executor, in_flight=2 * known, chunk=CHUNK, on_error=on_error)


class Processes(Executor):
    """loky's worker processes, as one run uses them: begun anew where they were killed, or one of them has died.

    There is one pool of them in this process. It is kept for the next run, unless the key has changed that workers look
    up; loky ends those that are idle for a while.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._begun()

    def submit(self, function: Callable[..., T], /, *arguments: Any, **more: Any) -> Future[T]:
        """Have something done by one of them."""
        try:
            work: Future[T] = self._pool.submit(function, *arguments, **more)
        except RuntimeError:
            self._pool = self._begun()
            work = self._pool.submit(function, *arguments, **more)
        _AT_WORK[work] = self
        work.add_done_callback(_AT_WORK.pop)
        return work

    def kill(self) -> None:
        """End them in the midst of what they do; where another run uses them, too, only begin nothing more."""
        at_work = list(_AT_WORK.items())
        if all(run is self for _, run in at_work):
            self._pool.shutdown(kill_workers=True)
            return
        for work, run in at_work:
            if run is self:
                work.cancel()

    def _begun(self) -> Any:
        from loky import get_reusable_executor

        key = {KEY_VARIABLE: os.environ[KEY_VARIABLE]} if KEY_VARIABLE in os.environ else None
        return get_reusable_executor(max_workers=self._workers, timeout=IDLE, initializer=ignore_interrupts, env=key)


_AT_WORK: dict[Future[Any], Processes] = {}  # what they have to do, and for which run
