"""`async def` bodies and I/O managers, run to their end on a loop of the worker's own."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from ipyassets.interrupt import shielded, waited

if TYPE_CHECKING:
    import asyncio

CANCEL_SECONDS = 0.2  # how long a body that was interrupted may take to clean up behind itself


def finished(result: object) -> object:
    """What a function returned, or, if that is a coroutine, what that returns."""
    if not isinstance(result, Coroutine):
        return result
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(result)
    return _run_in_another_thread(result)


def _run_in_another_thread(coroutine: Coroutine[object, object, object]) -> object:
    """Run it on a loop of its own: the one that runs in this thread is a kernel's, not ours to use."""
    import asyncio

    loop = asyncio.new_event_loop()
    done: Future[object] = Future()

    def drive() -> None:
        task = loop.create_task(coroutine)
        try:
            done.set_result(loop.run_until_complete(task))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
            done.set_exception(error)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(drive,), name="ipyassets-async-body", daemon=True)
    with shielded():
        thread.start()
        try:
            waited(partial(_has_ended, thread))
        except KeyboardInterrupt:
            with contextlib.suppress(RuntimeError):  # it has just ended, and closed its loop
                loop.call_soon_threadsafe(_cancel_all, loop)
            thread.join(CANCEL_SECONDS)
            raise
    return done.result()


def _has_ended(thread: threading.Thread, seconds: float) -> bool:
    """Wait so many seconds, at most, for a thread to end; whether it has."""
    thread.join(seconds)
    return not thread.is_alive()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    import asyncio

    for task in asyncio.all_tasks(loop):
        task.cancel()
