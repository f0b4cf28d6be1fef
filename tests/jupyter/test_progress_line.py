"""The line that tells how far a blocking run has come."""

from __future__ import annotations

import time
from typing import cast

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipyassets.engine.progress import Progress
from ipyassets.engine.run import Run
from ipyassets.jupyter.progress_line import ProgressLine

HALF = Progress(total=4, done=2, seconds_left=3.0)
END = Progress(total=4, done=4, seconds=9.0, active=False)


class SomeRun:
    """The one thing of a run that the line looks at."""

    progress = HALF


class Notebook:
    """What tells a notebook's shell from a terminal's."""

    kernel = object()


@pytest.fixture
def displays(tmp_path, monkeypatch):
    """What a notebook shows, as (is an update, text)."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = publisher = CapturingDisplayPublisher()
    yield lambda: [(each["update"], each["data"]["text/plain"]) for each in publisher.outputs]
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def line(where: object, patience: float = 20.0) -> tuple[ProgressLine, SomeRun]:
    run = SomeRun()
    made = ProgressLine(cast("InteractiveShell", where), "flights", patience=patience)
    made.watch(cast("Run", run))
    return made, run


def test_a_short_run_is_told_at_its_end_alone(displays):
    shown, run = line(Notebook())
    with shown.shown():
        run.progress = END
    assert displays() == [(False, "flights: 4 materialized in 9.0 s")]


def test_a_long_run_is_told_in_one_place_while_it_lasts(displays):
    shown, run = line(Notebook(), patience=0.0)
    with shown.shown():
        while not displays():
            time.sleep(0.001)
        run.progress = END
    assert displays()[0] == (False, "flights: ████████████░░░░░░░░░░░░ 2 of 4, about 3.0 s left")
    assert displays()[-1] == (True, "flights: 4 materialized in 9.0 s")


def test_a_run_that_fails_is_told_too(displays):
    shown, run = line(Notebook())
    run.progress = END
    with pytest.raises(KeyboardInterrupt), shown.shown():
        raise KeyboardInterrupt
    assert displays() == [(False, "flights: 4 materialized in 9.0 s")]


def test_in_a_terminal_the_end_is_printed(capsys):
    shown, run = line(object())
    with shown.shown():
        run.progress = END
    assert capsys.readouterr().out == "flights: 4 materialized in 9.0 s\n"


def test_where_nothing_has_begun_nothing_is_told(displays):
    shown = ProgressLine(cast("InteractiveShell", Notebook()), "flights")
    with shown.shown():
        pass
    assert displays() == []
    assert shown.text == "flights: nothing was begun"
