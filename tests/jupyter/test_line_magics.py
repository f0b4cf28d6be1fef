"""Line magics and shell commands in a body read what the body reads, run by a real shell."""

from __future__ import annotations

import ast
import inspect
from itertools import count

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipyassets.errors import InvalidBodyError
from ipyassets.jupyter.cell import Body, Cell

_NUMBERS = count()


class Context:
    partition_key = "2013-01-01"


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns.update(base="the asset", partition_key="of the notebook")
    yield shell
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def read(body: str) -> Body:
    cell = Cell(f"<cell-{next(_NUMBERS)}>", ("%%asset flights",), body)
    return Body.read(cell, InteractiveShell.instance().transform_cell)


def value(shell: InteractiveShell, body: str, **inputs: object) -> object:
    """What a body makes of its inputs."""
    return read(body).function("flights", ("context", *inputs), shell.user_ns)(Context(), **inputs)


@pytest.mark.parametrize(
    "line",
    [
        "!wc {base}",
        "x = !wc $base.name",
        "!!wc {base:{width}}",
        "%sql select {base}",
        "x = %time sum(base)",
        "%time x = [y for y in base]",
        "%time f(); g(base)",
        "def f():\n    !wc {base}",
    ],
)
def test_a_name_in_the_text_of_a_magic_or_a_command_is_read(shell, line):
    assert "base" in read(line).reads


@pytest.mark.parametrize("line", ["!wc base", "!wc '$base'", "!awk {base", "%cd base", "base = 1\n!wc {base}"])
def test_a_word_that_ipython_puts_no_value_for_is_not_read(shell, line):
    assert "base" not in read(line).reads


def test_a_command_gets_what_the_body_has(shell):
    body = "x = 3\nout = !echo {partition_key} $partition_key {base[0] + x}\nout"
    assert value(shell, body, base=[1]) == ["2013-01-01 2013-01-01 4"]


def test_a_command_in_a_function_inside_gets_what_the_body_has(shell):
    assert value(shell, "def f():\n    out = !echo {partition_key}\n    return out\nf()") == ["2013-01-01"]


def test_an_expression_that_is_timed_is_one_of_the_body(shell, capsys):
    assert value(shell, "n = 2\n%time --no-raise-error sum(n * b for b in base)", base=[1, 2]) == 6
    assert "Wall time" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "bound"), [("%time x = sum(base)", 3), ("%time x: int = len(base)", 2), ("x = 1\n%time x += sum(base)", 4)]
)
def test_what_is_timed_and_bound_is_bound_in_the_body(shell, line, bound):
    shell.user_ns["x"] = "of the notebook"
    assert value(shell, f"{line}\nx", base=[1, 2]) == bound
    assert shell.user_ns["x"] == "of the notebook"


def test_a_body_that_ends_by_timing_a_binding_loses_its_value(shell):
    assert read("%time x = 1").loses_its_value


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%time import json", "what %time binds here"),
        ("y = %time x = 1", "what %time binds here"),
        ("%time x = !ls", "what %time binds here"),
        ("%time (x := 1)", "what %time binds here"),
        ("def f():\n    %time for x in []: x", "what %time binds here"),
        ("%prun f(x)", "%prun runs with the notebook's variables"),
        ("y = %timeit -o f(x)", "%timeit runs with the notebook's variables"),
    ],
)
def test_a_magic_that_would_not_do_what_it_says_is_refused_at_its_place(shell, line, why):
    with pytest.raises(InvalidBodyError, match=why) as caught:
        read(line)
    assert caught.value.syntax_error.lineno == 1 + len(line.splitlines())


def test_code_of_the_user_that_only_a_magic_calls_is_code_of_the_body(shell):
    made = read("%time helper(1)").function("flights", (), {})
    names = {name for inner in made.__code__.co_consts if hasattr(inner, "co_names") for name in inner.co_names}
    assert "helper" in names


def test_the_source_of_the_function_shows_the_calls_as_ipython_writes_them(shell):
    source = inspect.getsource(read("%time x = base\nx").function("flights", ("base",), {}))
    ast.parse(source)
    assert "run_line_magic('time', 'x = base')" in source
