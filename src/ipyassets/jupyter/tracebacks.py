"""How errors look under a cell: the user's own lines, and none of the library's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from IPython.core.interactiveshell import InteractiveShell

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.engine.failing import beyond_ours, is_all_in_its_message, readable, showable
from ipyassets.errors import InvalidBodyError, IpyassetsError
from ipyassets.events import Attempt
from ipyassets.jupyter.progress_line import ProgressLine

if TYPE_CHECKING:
    from ipyassets.engine.result import RunResult

SHOWN = 10  # failures told one by one
WIDTH = 100  # characters of a failure's message
_NO_INPUT = "an asset was read that is no input here: run this asset's cell again, or take it as an argument"


@contextlib.contextmanager
def own_frames_hidden(shell: InteractiveShell) -> Iterator[None]:
    """Within this block, an error that the library raises on purpose ends at the line that called the library.

    What a magic raises is shown as its message alone; a body that cannot become a function as a syntax error in place.
    """

    def render(error: IpyassetsError) -> Sequence[str]:
        if isinstance(error, InvalidBodyError):
            wrong = error.syntax_error
            return list(shell.SyntaxTB.structured_traceback(type(wrong), wrong, None))
        trace = _up_to_the_library(error.__traceback__)
        if trace is None or _is_magic(trace):
            return list(shell.InteractiveTB.get_exception_only(type(error), error))
        return list(shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0))

    IpyassetsError._render_traceback_ = render  # type: ignore[attr-defined]  # IPython's seam for how an error is shown
    try:
        yield
    finally:
        if vars(IpyassetsError).get("_render_traceback_") is render:  # else another shell has it by now
            del IpyassetsError._render_traceback_  # type: ignore[attr-defined]  # as above


def raise_failure(shell: InteractiveShell, result: RunResult) -> None:
    """Raise what made a run fail, if it did: shown from the body's first line on, with a table of several failures."""
    try:
        result.raise_for_failure()
    except KeyboardInterrupt:  # just now: that of a body has ended the run
        raise
    except BaseException as error:  # noqa: BLE001 - a body may raise any
        trace = _from_a_cell(shell, error.__traceback__)
        says_all = is_all_in_its_message(error)  # asked now: on its way out the traceback grows by frames of others
        told = showable(error)
        if repr(AssetsDefinition.__name__) in str(told):  # as Python says what something has not, or cannot
            told.add_note(_NO_INPUT)

        def render(shown: BaseException) -> list[str]:
            if says_all or trace is None:
                lines = shell.InteractiveTB.get_exception_only(type(shown), shown)
            else:
                lines = shell.InteractiveTB.structured_traceback(type(shown), shown, trace, tb_offset=0)
            return [*map(readable, lines), *_table(result)]

        _show_as(told, render)
        raise told  # noqa: B904 - the same error


@contextlib.contextmanager
def cancelled(progress: ProgressLine) -> Iterator[None]:
    """Within this block, an interrupt is shown as what it has come to."""
    try:
        yield
    except KeyboardInterrupt as error:
        _show_as(error, lambda _: [f"KeyboardInterrupt: {progress.text}"])
        raise


def _show_as(error: BaseException, render: Callable[[BaseException], Sequence[str]]) -> None:
    error._render_traceback_ = lambda: render(error)  # type: ignore[attr-defined]  # as above


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("ipyassets.")


def _up_to_the_library(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without its end, from the first frame of the library on; None where it begins there."""
    if trace is None or _is_ours(trace.tb_frame):
        return None
    return TracebackType(_up_to_the_library(trace.tb_next), trace.tb_frame, trace.tb_lasti, trace.tb_lineno)


def _is_magic(trace: TracebackType) -> bool:
    """Whether the last frame is IPython's, which has called a magic."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")).startswith("IPython.")


def _from_a_cell(shell: InteractiveShell, trace: TracebackType | None) -> TracebackType | None:
    """A traceback from its first frame in a body: that of a cell, else the first that is not the library's, if any.

    The frames of the cell that asked for the run come before those of the library.
    """
    inside = False
    at = trace
    while at is not None:
        if inside and shell.compile.format_code_name(at.tb_frame.f_code.co_filename) is not None:
            return at
        inside = inside or _is_ours(at.tb_frame)
        at = at.tb_next
    return beyond_ours(trace)


def _table(result: RunResult) -> Iterator[str]:
    """The failures of a run, one a line, where there are several."""
    if result.progress.failed < 2:  # noqa: PLR2004 - the one failure is what the traceback shows
        return
    failed = [trouble for trouble in result.troubles if trouble.attempt is Attempt.FAILED]
    named = [each.asset_key.naming(each.partition_key) for each in failed[:SHOWN]]
    width = max(map(len, named), default=0)
    yield f"\n{result.progress.failed:,} partitions failed:"
    for name, each in zip(named, failed, strict=False):
        yield f"  {name:<{width}}  {each.reason.partition(chr(10))[0][:WIDTH]}"
    if result.progress.failed > len(named):
        yield f"  and {result.progress.failed - len(named):,} more: see .status() of the asset"
