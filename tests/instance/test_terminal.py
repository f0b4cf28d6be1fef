from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from ipyassets import Instance, asset, materialize
from ipyassets.engine.run import Run
from ipyassets.instance import terminal
from ipyassets.instance.terminal import line_of


class Terminal(io.StringIO):
    """A terminal that tells when it is written to."""

    def isatty(self):
        return True


@pytest.fixture
def runs(monkeypatch) -> Iterator[list[Run]]:
    monkeypatch.setattr(terminal, "PATIENCE", 0)
    instance = Instance.ephemeral()
    found: list[Run] = []
    materialize([asset(name="whole")(lambda: 1)], instance=instance, watch=found.append)
    yield found
    instance.close()


def test_a_terminal_shows_how_far_a_run_is_and_is_left_clean(runs, monkeypatch):
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with line_of(runs):
        while "1 partition: " not in shown.getvalue():
            pass
    assert shown.getvalue().endswith("\r\x1b[K")


def test_the_terminal_of_a_server_is_not_written_to_by_its_kernels(runs, monkeypatch):
    of_the_server = Terminal()
    monkeypatch.setattr(sys, "__stderr__", of_the_server)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with line_of(runs):
        pass
    assert of_the_server.getvalue() == ""
