"""What a body prints, warns, logs and displays, kept with its partition instead of going wherever the kernel points.

A context variable says where output goes, so that bodies in several threads do not mix and everything else prints as
before. `contextlib.redirect_stdout` would redirect the whole process.
"""

from __future__ import annotations

import base64
import contextlib
import contextvars
import io
import logging
import os
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

LIMIT = 1_000_000  # characters kept of one partition: a body that prints in a loop must not fill the log
DISPLAYED = 20_000_000  # bytes kept of what it displays

_SINK: contextvars.ContextVar[Output | None] = contextvars.ContextVar("ipyassets_output", default=None)


@dataclass(slots=True)
class Output:
    """What one body has put out so far: text in order, MIME bundles that it displayed, pyplot figures that are open."""

    pieces: list[str] = field(default_factory=list)
    displays: list[Mapping[str, object]] = field(default_factory=list)
    figures: OrderedDict[object, Any] = field(default_factory=OrderedDict)
    size: int = 0
    displayed: int = 0
    _places: dict[object, tuple[int, int]] = field(default_factory=dict)  # of what may be updated: its text and bundle
    _is_to_clear: bool = False

    def write(self, text: str) -> None:
        """Keep text, up to a million characters."""
        self._clear_if_asked()
        if self.size < LIMIT:
            self.pieces.append(text[: LIMIT - self.size])
            self.size += len(text)
            if self.size >= LIMIT:
                self.pieces.append("\n[output beyond 1,000,000 characters was dropped]\n")

    def display(self, bundle: Mapping[str, object], display_id: object = None) -> None:
        """Keep a displayed object, bytes in base64 as Jupyter has them, and its plain text among the prints."""
        self._clear_if_asked()
        if self.displayed < DISPLAYED:
            self.displays.append(kept := _kept(bundle))
            self.displayed += _size(kept)
            if self.displayed >= DISPLAYED:
                self.write("[what is displayed beyond 20 MB is kept by its text alone]\n")
            elif display_id is not None and self.size < LIMIT:
                self._places[display_id] = len(self.pieces), len(self.displays) - 1
        self.write(said_of(bundle))

    def update(self, bundle: Mapping[str, object], display_id: object) -> bool:
        """Put an object in the place of the one that was displayed under an id; whether there is one."""
        if display_id not in self._places:
            return False
        text, shown = self._places[display_id]
        self.displayed -= _size(self.displays[shown])
        self.displays[shown] = kept = _kept(bundle)
        self.displayed += _size(kept)
        self.size -= len(self.pieces[text])
        self.pieces[text] = said_of(bundle)[: max(LIMIT - self.size, 0)]
        self.size += len(self.pieces[text])
        return True

    def clear(self, *, wait: bool = False) -> None:
        """Forget text and displays; with `wait`, once something new comes."""
        self._is_to_clear = wait
        if not wait:
            self.pieces.clear()
            self.displays.clear()
            self._places.clear()
            self.size = self.displayed = 0

    def _clear_if_asked(self) -> None:
        if self._is_to_clear:
            self.clear()

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self.pieces)


def said_of(bundle: Mapping[str, object]) -> str:
    """What stands in a body's text, in its place, for something that the body displayed."""
    return f"{bundle['text/plain']}\n" if "text/plain" in bundle else ""


def _kept(bundle: Mapping[str, object]) -> Mapping[str, object]:
    return {kind: base64.b64encode(data).decode() if isinstance(data, bytes) else data for kind, data in bundle.items()}


def _size(bundle: Mapping[str, object]) -> int:
    """About how many bytes a bundle takes in the log; a small one counts as one of 1,000."""
    return max(sum(len(data if isinstance(data, str) else repr(data)) for data in bundle.values()), 1_000)


def current_output() -> Output | None:
    """Where the body that runs in this context puts its output; None outside a body."""
    return _SINK.get()


class Stream(io.TextIOBase):
    """A stand-in for `sys.stdout` or `sys.stderr`: a body's text goes to its partition, other text as before.

    Attributes are read through, because ipykernel calls methods of its own on `sys.stdout`; they are never written
    through: IPython replaces `write` for the time of a cell, which would then call itself without end.
    """

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        """Hand text to the body's output, else on."""
        sink = _SINK.get()
        if sink is None:
            return self.inner.write(text)
        sink.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind, unless a body's output is kept."""
        if _SINK.get() is None:
            self.inner.flush()

    def close(self) -> None:
        """Nothing: the stream behind is not this one's to close, and may be closed before this one is forgotten."""

    def isatty(self) -> bool:
        """Whether somebody looks on: what a body puts out is kept."""
        return _SINK.get() is None and self.inner.isatty()

    def fileno(self) -> int:
        """The file behind, for programs that are started."""
        return self.inner.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
        """The encoding of the stream behind."""
        return self.inner.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # as above
        """What the stream behind does with text that it cannot encode."""
        return self.inner.errors

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


class _Handler(logging.Handler):
    """Log records of a body go to its partition: other handlers hold the stream they were born with."""

    def emit(self, record: logging.LogRecord) -> None:
        sink = _SINK.get()
        if sink is None:
            return
        try:
            sink.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - logging never raises: a record that cannot be written is told of
            self.handleError(record)


class _Streams:
    """The stand-ins of this process: put in place by the first body that runs, taken away after the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        # kept and used again: `print` holds no reference to where it writes, and other threads may be printing to one
        self._stand_ins: deque[Stream] = deque(maxlen=4)
        self._handler = _Handler()
        self._handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self._hook: Callable[..., object] = sys.breakpointhook

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            sys.stdout, sys.stderr = self._stand_in(sys.stdout), self._stand_in(sys.stderr)
            if self._users == 1:
                logging.getLogger().addHandler(self._handler)
                self._hook, sys.breakpointhook = sys.breakpointhook, self._talk

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                logging.getLogger().removeHandler(self._handler)
                sys.breakpointhook = self._hook
                # what somebody else has put in place meanwhile is theirs to take away
                if isinstance(sys.stdout, Stream):
                    sys.stdout = sys.stdout.inner
                if isinstance(sys.stderr, Stream):
                    sys.stderr = sys.stderr.inner

    def _stand_in(self, stream: TextIO) -> Stream:
        """What stands in for a stream, which may be one that does already."""
        found = stream if isinstance(stream, Stream) else next((s for s in self._stand_ins if s.inner is stream), None)
        if found is None:
            self._stand_ins.append(found := Stream(stream))
        return found

    def _talk(self, *args: object, **kwargs: object) -> object:
        """A debugger talks to its user: from a breakpoint on, nothing of this body is captured."""
        _SINK.set(None)
        if self._hook is sys.__breakpointhook__ and not os.environ.get("PYTHONBREAKPOINT"):
            import pdb  # noqa: T100 - what the user asks for

            pdb.Pdb().set_trace(sys._getframe(1))  # noqa: SLF001 - Python's own hook would stop here, not in the body
            return None
        return self._hook(*args, **kwargs)


_STREAMS = _Streams()


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Keep the stand-ins in place for a whole run, rather than putting them in place for each body."""
    _STREAMS.enter()
    try:
        yield
    finally:
        _STREAMS.leave()


@contextlib.contextmanager
def captured() -> Iterator[Output]:
    """Keep what is printed, warned, logged and displayed inside, in this thread and context alone."""
    output = Output()
    _STREAMS.enter()
    token = _SINK.set(output)
    try:
        yield output
    finally:
        _SINK.reset(token)
        _STREAMS.leave()
