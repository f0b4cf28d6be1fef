"""How errors look under a cell: the user's own lines, and none of the library's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from IPython.core.interactiveshell import InteractiveShell

from ipyassets.engine.failing import users_frames
from ipyassets.engine.result import RunResult
from ipyassets.errors import InvalidBodyError, IpyassetsError
from ipyassets.events import Attempt
from ipyassets.jupyter.progress_line import ProgressLine

SHOWN = 10  # failures told one by one
WIDTH = 100  # characters of a failure's message


@contextlib.contextmanager
def own_errors_in_a_line(shell: InteractiveShell) -> Iterator[None]:
    """Within this block, what the library raises on purpose is shown without the way it took."""
    try:
        yield
    except InvalidBodyError as error:
        wrong = error.syntax_error
        _show_as(error, lambda _: shell.SyntaxTB.structured_traceback(type(wrong), wrong, None))
        raise
    except IpyassetsError as error:
        _show_as(error, lambda shown: shell.InteractiveTB.get_exception_only(type(shown), shown))
        raise


def raise_failure(shell: InteractiveShell, result: RunResult) -> None:
    """Raise what made a run fail, if it did: shown from the body's first line on, with a table of several failures."""
    try:
        result.raise_for_failure()
    except Exception as error:
        trace = _from_a_cell(shell, error.__traceback__)

        def render(shown: BaseException) -> list[str]:
            lines = shell.InteractiveTB.structured_traceback(type(shown), shown, trace, tb_offset=0)
            return [*lines, *_table(result)]

        _show_as(error, render)
        raise


@contextlib.contextmanager
def cancelled(progress: ProgressLine) -> Iterator[None]:
    """Within this block, an interrupt is shown as what it has come to."""
    try:
        yield
    except KeyboardInterrupt as error:
        _show_as(error, lambda _: [f"KeyboardInterrupt: {progress.text}"])
        raise


def _show_as(error: BaseException, render: Callable[[BaseException], Sequence[str]]) -> None:
    # IPython's seam for how an exception is shown
    error._render_traceback_ = lambda: render(error)  # type: ignore[attr-defined]


def _from_a_cell(shell: InteractiveShell, trace: TracebackType | None) -> TracebackType | None:
    """A traceback from its first frame in a body: that of a cell, else the first that is not the library's.

    The frames of the cell that asked for the run come before those of the library.
    """
    inside = False
    at = trace
    while at is not None:
        is_ours = at.tb_frame.f_globals.get("__name__", "").startswith("ipyassets.")
        if inside and shell.compile.format_code_name(at.tb_frame.f_code.co_filename) is not None:
            return at
        inside = inside or is_ours
        at = at.tb_next
    return users_frames(trace)


def _table(result: RunResult) -> Iterator[str]:
    """The failures of a run, one a line, where there are several."""
    if result.progress.failed < 2:  # noqa: PLR2004 - the one failure is what the traceback shows
        return
    failed = [trouble for trouble in result.troubles if trouble.attempt is Attempt.FAILED]
    named = [f"{each.asset_key} {each.partition_key}".rstrip() for each in failed[:SHOWN]]
    width = max(map(len, named), default=0)
    yield f"\n{result.progress.failed:,} partitions failed:"
    for name, each in zip(named, failed, strict=False):
        yield f"  {name:<{width}}  {each.reason.partition(chr(10))[0][:WIDTH]}"
    if result.progress.failed > len(named):
        yield f"  and {result.progress.failed - len(named):,} more: see .status() of the asset"
