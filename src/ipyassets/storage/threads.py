"""A few threads for what takes long: hashing and reading parts of large values, listing folders, flushing files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from ipyassets.interrupt import shielded

A = TypeVar("A")
T = TypeVar("T")

# What copies memory is limited by memory beyond a few.
THREADS = min(4, os.cpu_count() or 1)
# What only waits for the disk: its device takes what several ask for in one go.
WAITING = 8


def begin(task: Callable[[A], T], argument: A, threads: int = THREADS) -> Future[T]:
    """Have something done on another thread, one of so many that are kept for such things."""
    try:
        with shielded():  # Python's pools may lose a thread that is interrupted while it starts
            return _pool(threads).submit(task, argument)
    except RuntimeError:  # the interpreter is about to end, and begins nothing any more
        done: Future[T] = Future()
        done.set_result(task(argument))
        return done


def together(task: Callable[[A], T], arguments: Sequence[A], threads: int = THREADS) -> list[T]:
    """What a function makes of each of several things, done at the same time, one of them by this thread.

    It returns, or raises what one of them has raised, once all are done with.
    """
    begun = [begin(task, argument, threads) for argument in arguments[1:]]
    try:
        first = task(arguments[0])
    finally:
        wait(begun)
    return [first, *(each.result() for each in begun)]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="ipyassets-parts")


if hasattr(os, "register_at_fork"):  # the threads stay behind in the parent
    os.register_at_fork(after_in_child=_pool.cache_clear)
