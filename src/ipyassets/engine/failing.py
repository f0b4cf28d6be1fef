"""Exceptions of bodies: as text for the log, cut to the user's own frames, and as objects that survive the way back."""

from __future__ import annotations

import contextlib
import os
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ipyassets.errors import IpyassetsError, MaterializationError
from ipyassets.events import Failure

# The folder with its slash: a neighbour may begin so, too. What is opened to read an input goes through contextlib.
OURS = (os.path.join(Path(__file__).parent.parent, ""), contextlib.__file__)  # noqa: PTH118 - as above
LIMIT = 10_000  # characters kept of a text: an error that quotes its data must not fill the log


def users_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not ours; the whole of it where all are."""
    return beyond_ours(trace) or trace


def is_all_in_its_message(error: BaseException) -> bool:
    """Whether the library refuses what a body returned: no line of the user's has raised it."""
    raised = (error, error.__cause__)
    return isinstance(error, IpyassetsError) and not any(beyond_ours(each.__traceback__) for each in raised if each)


def failure_of(error: BaseException) -> Failure:
    """An exception as the log keeps it."""
    if is_all_in_its_message(error):
        lines = traceback.format_exception_only(error)
    else:
        lines = traceback.format_exception(type(error), error, users_frames(error.__traceback__))
    return Failure(type=type(error).__qualname__, message=_said(error), traceback=readable("".join(lines)))


def _said(error: BaseException) -> str:
    try:
        return readable(str(error))
    except Exception as inner:  # noqa: BLE001 - the user's own `__str__`
        return f"<it cannot say why: its __str__ raises {type(inner).__name__}>"


def showable(error: BaseException) -> BaseException:
    """The exception itself; a MaterializationError in its place where its message is none that can be shown."""
    message = _said(error)
    with contextlib.suppress(Exception):
        if str(error) == message:
            return error
    told = MaterializationError(f"{type(error).__qualname__}: {message}")
    told.__suppress_context__ = True  # it is the same error
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told.with_traceback(error.__traceback__)


def readable(text: str) -> str:
    """A text that tables and pages can show: without its middle, where it is long, and without half characters."""
    if (left_out := len(text) - LIMIT) > 0:
        text = f"{text[: LIMIT // 2]}\n[{left_out:,} characters left out]\n{text[-LIMIT // 2 :]}"
    return text.encode("utf-8", "backslashreplace").decode()


def without_frames(error: BaseException) -> None:
    """Let go of what an exception, and those that led to it, hold of the frames that they went through."""
    left: list[BaseException | None] = [error]
    seen: set[int] = set()  # one may be its own cause
    while left:
        if (each := left.pop()) is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            left += [each.__cause__, each.__context__]


def beyond_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not ours; None where all are."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(OURS):
        trace = trace.tb_next
    return trace


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception on its way from a worker to the kernel.

    Within a process it is the exception itself, traceback included. Sent to another, it is the exception with the
    worker's traceback as a note; one that cannot be pickled becomes a MaterializationError that says the same.
    """

    error: BaseException

    def __reduce__(self) -> tuple[Callable[[bytes], Raised], tuple[bytes]]:
        failure = failure_of(self.error)
        try:
            sent = pickle.dumps(self.error)
            pickle.loads(sent)  # noqa: S301 - what was just pickled; some exceptions fail only here
        except Exception:  # noqa: BLE001 - an exception class may fail in any way of its own
            sent = pickle.dumps(MaterializationError(f"{failure.type}: {failure.message}"))
        return _arrived, (pickle.dumps((sent, failure.traceback)),)


def _arrived(sent: bytes) -> Raised:
    pickled, text = pickle.loads(sent)  # noqa: S301 - from our own worker
    error: BaseException = pickle.loads(pickled)  # noqa: S301 - as above
    error.add_note(f"\nin the worker:\n{text}")
    return Raised(error)
