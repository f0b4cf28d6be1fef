"""Ctrl-C lands where a body runs or a run waits, never between a file and its record, never with a lock held."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

SLICE_SECONDS = 0.05  # how soon an interrupt ends a waiting


class _Shield:
    """The handler of SIGINT while something is shielded: an interrupt goes through where that is open, else waits."""

    installed: _Shield | None = None

    def __init__(self, before: Callable[[int, FrameType | None], object]) -> None:
        self.before = before
        self.is_open = False
        self.is_pending = False
        self.raised = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # raised at the very entry of what closes the shield, it would leave it open
        is_closing = frame is not None and frame.f_code is interruptible.__exit__.__code__
        if self.is_open and not is_closing:
            try:
                self.before(number, frame)
            except KeyboardInterrupt:
                self.raised += 1
                raise
        else:
            self.is_pending = True

    def take(self) -> None:
        """Raise the interrupt that has been waiting, if there is one."""
        if self.is_pending:
            self.is_pending = False
            self.raised += 1
            raise KeyboardInterrupt


class shielded:  # noqa: N801 - reads as a statement
    """Within this block, an interrupt of the main thread waits for the next `interruptible` part, or the end.

    What is shielded within an interruptible part, as a run within a body, is shielded just so. Elsewhere than in the
    main thread this does nothing: Python interrupts no other.

    A class, because a generator takes several microseconds more, and all that is read or stored goes through here.
    """

    __slots__ = ("_is_outermost", "_shield", "_was_open")

    def __enter__(self) -> None:
        self._shield, self._is_outermost = None, False
        if not _is_main():
            return
        if (outer := _Shield.installed) is not None:
            self._shield = outer
            self._was_open, outer.is_open = outer.is_open, False
        elif callable(before := signal.getsignal(signal.SIGINT)):
            self._shield, self._was_open, self._is_outermost = _Shield(before), True, True
            signal.signal(signal.SIGINT, self._shield)
            _Shield.installed = self._shield

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        shield = self._shield
        if shield is None:
            return
        if self._is_outermost:
            _Shield.installed = None
            signal.signal(signal.SIGINT, shield.before)
        else:
            shield.is_open = self._was_open
        if self._was_open and error is None:
            shield.take()


class interruptible:  # noqa: N801 - reads as a statement, like `shielded`
    """Within this block, an interrupt raises KeyboardInterrupt at once, and so does one that has been waiting.

    It is raised again at the end if the block has kept it to itself, as IPython does for `!command`.

    A class, too, because a generator could be interrupted before it has closed the shield again.
    """

    __slots__ = ("_raised", "_shield", "_was_open")

    def __enter__(self) -> None:
        self._shield = _Shield.installed if _is_main() else None
        if self._shield is None:
            return
        self._was_open, self._raised = self._shield.is_open, self._shield.raised
        try:
            self._shield.is_open = True
            self._shield.take()
        except BaseException:
            self._shield.is_open = self._was_open
            raise

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._shield is None:
            return
        self._shield.is_open = self._was_open
        if self._shield.raised != self._raised and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt


def checkpoint() -> None:
    """Let an interrupt come that has been waiting."""
    with interruptible():
        pass


def waited(wait: Callable[[float], bool], timeout: float | None = None) -> bool:
    """Wait, at most so many seconds, for `wait` to return True, which it does or not within the seconds it is given.

    Python's own locks and events may stay locked for ever if the waiting for them is interrupted. So that is shielded,
    and an interrupt comes in between.
    """
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    with shielded():
        while not wait(max(0.0, min(SLICE_SECONDS, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return False
            checkpoint()
    return True


def ignore_interrupts() -> None:
    """For a worker process: Ctrl-C reaches the whole group, and one that it breaks would take the pool along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()
