"""The line that tells how far a blocking run has come, in a terminal; what a notebook shows is tested in a kernel."""

from __future__ import annotations

import io
import sys
from typing import cast

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ipyassets.engine.progress import Progress
from ipyassets.engine.run import Run
from ipyassets.jupyter.progress_line import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class SomeRun:
    def __init__(self) -> None:
        self.progress = Progress(total=4, done=1, seconds_left=3.0)


@pytest.fixture
def run() -> SomeRun:
    return SomeRun()


def line(run: SomeRun, patience: float = 0.0) -> ProgressLine:
    made = ProgressLine(cast("InteractiveShell", object()), "flights", patience=patience)
    made.watch(cast("Run", run))
    return made


def test_a_short_run_is_told_at_its_end_alone(run, capsys):
    with line(run, patience=20.0):
        run.progress = Progress(total=4, done=4, seconds=0.2, active=False)
    assert capsys.readouterr() == ("flights: 4 materialized in 0.2 s\n", "")


def test_a_long_run_is_told_while_it_lasts(run, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with line(run) as shown:
        while "1 of 4" not in terminal.getvalue():
            shown._over.wait(0.001)
        run.progress = Progress(total=4, done=4, seconds=9.0, active=False)
    assert terminal.getvalue().startswith("\rflights: ██████░░░░░░░░░░░░░░░░░░ 1 of 4, about 3")
    assert capsys.readouterr().out == "flights: 4 materialized in 9.0 s\n"


def test_the_line_is_wiped_before_the_end_is_told(run, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with line(run) as shown:
        while "1 of 4" not in terminal.getvalue():
            shown._over.wait(0.001)
    *_, wiped, rest = terminal.getvalue().split("\r")
    assert (wiped.strip(), rest) == ("", "")


def test_nothing_is_drawn_where_nobody_watches(run, monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    with line(run) as shown:
        shown._over.wait(0.05)
    assert pipe.getvalue() == ""
