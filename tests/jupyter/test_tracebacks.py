"""How errors look under a cell; what the magics raise is tested in a kernel."""

from __future__ import annotations

import re

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipyassets.errors import InvalidBodyError, IpyassetsError, UnknownAssetError
from ipyassets.jupyter.namespace import Namespace
from ipyassets.jupyter.tracebacks import own_frames_hidden

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns["find"] = Namespace({}).find
    yield shell
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def shown(shell, code: str, capsys) -> str:
    shell.run_cell(code)
    return COLOUR.sub("", capsys.readouterr().out)


def test_an_error_of_the_library_ends_at_the_users_line(shell, capsys):
    with own_frames_hidden(shell):
        text = shown(shell, "def mine():\n    find('x')\nmine()", capsys)
    assert "----> 2     find('x')" in text
    assert "namespace.py" not in text
    assert text.rstrip().endswith("UnknownAssetError: 'x' is not an asset here")


def test_the_error_that_a_magic_raises_is_one_line(shell, capsys):
    shell.register_magic_function(Namespace({}).find, "line", "find")
    with own_frames_hidden(shell):
        assert shown(shell, "%find x", capsys).strip() == "UnknownAssetError: 'x' is not an asset here"


def test_a_body_that_cannot_be_is_shown_as_a_syntax_error(shell, capsys):
    def refuse(_line):
        raise InvalidBodyError("no", SyntaxError("no", ("<cell>", 3, 5, "x = = 1", 3, 6)))

    shell.register_magic_function(refuse, "line", "refuse")
    with own_frames_hidden(shell):
        text = shown(shell, "%refuse", capsys)
    assert text.split() == ["File", "<cell>:3", "x", "=", "=", "1", "^", "SyntaxError:", "no"]


def test_an_error_of_the_user_is_left_alone(shell, capsys):
    with own_frames_hidden(shell):
        assert "ZeroDivisionError" in shown(shell, "1 / 0", capsys)


def test_afterwards_errors_are_shown_as_before(shell, capsys):
    with own_frames_hidden(shell):
        pass
    assert not hasattr(IpyassetsError, "_render_traceback_")
    assert "namespace.py" in shown(shell, "find('x')", capsys)
    assert not hasattr(UnknownAssetError("x"), "_render_traceback_")
