"""Ctrl-C lands where a body runs or a run waits, never between a file and its record."""

from __future__ import annotations

import contextlib
import contextvars
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

_SHIELD: contextvars.ContextVar[_Shield | None] = contextvars.ContextVar("ipyassets_shield", default=None)


@dataclass(slots=True)
class _Shield:
    is_open: bool = False
    is_pending: bool = False


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Within this block, an interrupt of the main thread waits for the next `interruptible` part, or the end.

    Elsewhere than in the main thread this does nothing: Python interrupts no other.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    shield = _Shield()

    def handle(number: int, frame: FrameType | None) -> None:
        if shield.is_open:
            before(number, frame)
        else:
            shield.is_pending = True

    token = _SHIELD.set(shield)
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _SHIELD.reset(token)
    if shield.is_pending:
        raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within this block, an interrupt raises KeyboardInterrupt at once, and so does one that has been waiting."""
    shield = _SHIELD.get()
    if shield is None:
        yield
        return
    try:
        shield.is_open = True
        if shield.is_pending:
            shield.is_pending = False
            raise KeyboardInterrupt
        yield
    finally:
        shield.is_open = False


def ignore_interrupts() -> None:
    """For a worker process: Ctrl-C reaches the whole group, and one that it breaks would take the pool along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
