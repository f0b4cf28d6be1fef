"""A cell's body as a function."""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
import textwrap
import traceback
import warnings
from itertools import count
from pathlib import Path
from typing import cast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from ipyassets.errors import InvalidBodyError
from ipyassets.jupyter.cell import Body, Cell

TRANSFORM = TransformerManager().transform_cell
MODULES = sorted(Path(ast.__file__).parent.glob("[a-c]*.py"))[:24]  # any Python will do
_NUMBERS = count()


class Context:
    partition_key = "2013-01-01"


def cell(body: str, *heading: str) -> Cell:
    return Cell(f"<cell-{next(_NUMBERS)}>", heading or ("%%asset flights --partitions days",), textwrap.dedent(body))


def read(body: str, *heading: str) -> Body:
    return Body.read(cell(body, *heading), TRANSFORM)


def function(body: str, *arguments: str, **variables):
    return read(body).function("flights", arguments, {"__name__": "__main__", **variables})


def refusal(body: str, *heading: str) -> SyntaxError:
    with pytest.raises(InvalidBodyError) as caught:
        read(body, *heading).function("flights", (), {})
    return caught.value.syntax_error


def test_the_last_expression_is_the_value():
    assert function("x = 1\nx + 1")() == 2


def test_a_body_may_return_early():
    assert function("if early: return 'early'\n'late'", "early")(1) == "early"


@pytest.mark.parametrize("body", ["x = 1", "x: int = 1", "x = 0\nx += 1", "def f(): return 1\nx = f()"])
def test_a_body_that_ends_by_binding_a_name_loses_the_value(body):
    assert read(body).loses_its_value
    assert function(body)() is None


@pytest.mark.parametrize("body", ["1", "return 1", "if 0: return 1\nx = 2", "for x in [1]: x", "import sys"])
def test_a_body_that_ends_in_another_way_loses_nothing(body):
    assert not read(body).loses_its_value


def test_names_bound_by_the_body_do_not_reach_the_users_variables():
    variables: dict[str, object] = {"__name__": "__main__"}
    read("x = 1\nx").function("flights", (), variables)()
    assert set(variables) - {"__builtins__"} == {"__name__"}


def test_the_body_sees_the_users_variables_as_they_are_when_it_runs():
    variables: dict[str, object] = {"x": 1}
    made = read("x").function("flights", (), variables)
    variables["x"] = 2
    assert made() == 2


def test_the_partition_key_is_at_hand():
    assert function("f'{partition_key}!'", "context")(Context()) == "2013-01-01!"


def test_the_partition_key_is_at_hand_in_functions_inside():
    assert function("[(lambda: partition_key)() for _ in [1]]", "context")(Context()) == ["2013-01-01"]


def test_a_body_may_have_a_partition_key_of_its_own():
    assert function("partition_key = 1\npartition_key")() == 1


def test_the_partition_key_leaves_a_docstring_in_its_place():
    made = function('"""Flights."""\npartition_key', "context")
    assert (made.__doc__, made(Context())) == ("Flights.", "2013-01-01")


def test_an_input_may_be_bound_anew():
    assert function("raw = raw + 1\nraw", "raw")(1) == 2


def test_a_body_that_awaits_is_a_coroutine_function():
    made = function("import asyncio\nawait asyncio.sleep(0)\nx = [y async for y in rows()]\nx", rows=rows)
    assert inspect.iscoroutinefunction(made)
    assert asyncio.run(made()) == [1]


async def rows():
    yield 1


@pytest.mark.parametrize("body", ["async def f(): await g()\nf", "lambda: 1"])
def test_a_body_that_awaits_only_inside_a_function_is_an_ordinary_one(body):
    assert not inspect.iscoroutinefunction(function(body))


@pytest.mark.parametrize("heading", [("%%asset flights",), ("", "", "%%asset flights \\", "   --partitions days")])
def test_a_traceback_shows_the_lines_of_the_cell(heading):
    one = cell("x = 1\n\n1 / 0\n", *heading)
    made = Body.read(one, TRANSFORM).function("flights", (), {})
    with pytest.raises(ZeroDivisionError) as caught:
        made()
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line, last.name) == (one.filename, len(heading) + 3, "1 / 0", "flights")


def test_a_line_shell_command_keeps_the_lines_below_it_where_they_are():
    calls = []
    shell = type("Shell", (), {"system": lambda _, text: calls.append(text)})()
    made = function("!echo one \\\n  two\n\n1 / 0", get_ipython=lambda: shell)
    with pytest.raises(ZeroDivisionError) as caught:
        made()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 5
    assert [" ".join(each.split()) for each in calls] == ["echo one two"]


def test_leading_blank_lines_keep_the_lines_below_where_they_are():
    with pytest.raises(ZeroDivisionError) as caught:
        function("\n\n# first\n\n1 / 0")()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 6


def test_what_python_warns_of_is_said_once():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        function(r"x = '\d'" + "\nx is 1")
    assert sorted({(each.lineno, each.filename) for each in said}) == sorted((e.lineno, e.filename) for e in said)
    assert [each.lineno for each in said] == [2, 3]


def test_the_source_of_the_function_is_valid_python():
    source = inspect.getsource(function("x = '''\n  kept\n'''\n# noted\nx + raw", "raw"))
    assert source.startswith("def flights(raw):  # %%asset flights --partitions days\n")
    compile(source, "<source>", "exec")
    assert source.endswith("    x + raw\n")


@pytest.mark.parametrize(
    "body",
    [
        'x = """a\nb\n  c"""\nx',
        "x = '''a\\\nb'''\nx",
        'x = f"""a\n{1 +\n1}\nb"""\nx',
        'def f():\n    return """a\n\n    b\n"""\nf()',
        'x = ("a"\n"b"\n"""c\nd""")\nx',
        'x = rb"""a\nb"""\nx',
    ],
)
def test_a_string_over_several_lines_keeps_its_text(body):
    statements, expression = body.rsplit("\n", 1)
    names: dict[str, object] = {}
    exec(statements, names)
    assert function(body)() == eval(expression, names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_function_has_the_statements_and_the_lines_of_the_body(path):
    body = path.read_text().replace(" import *", " import everything")  # which a body cannot
    written = ast.parse(body).body
    source = inspect.getsource(Body.read(cell(body), str).function("flights", (), {}))
    made = cast("ast.FunctionDef", ast.parse(source).body[0]).body
    assert [ast.dump(each) for each in made] == [ast.dump(each) for each in written]
    assert [each.lineno - 1 for each in made] == [each.lineno for each in written]


def test_brackets_over_several_lines_may_be_indented_in_any_way():
    assert function("[\n1,\n    # two\n2,\n  ]")() == [1, 2]


def test_a_syntax_error_stands_at_its_place_in_the_cell():
    error = refusal("x = 1\ny = = 2\n", "", "%%asset flights")
    assert (error.lineno, error.offset, error.text) == (4, 5, "y = = 2\n")


def test_an_error_that_only_the_compiler_finds_stands_at_its_place_in_the_cell():
    error = refusal("x = 1\nif x:\n  nonlocal y\n")
    assert (error.lineno, error.offset, error.text) == (4, 3, "  nonlocal y")


@pytest.mark.parametrize(
    ("body", "line", "offset", "message"),
    [
        ("x = 1\nif x: yield x", 3, 7, "a body cannot yield"),
        ("x = yield from y", 2, 5, "a body cannot yield"),
        ("from math import *\nsin", 2, 1, "a body is a function, in which `import *` cannot work"),
        ("\n%%time\n1", 3, None, "a body cannot hold another cell magic"),
        ("# only this", 1, None, "the body is empty"),
    ],
)
def test_what_a_body_cannot_do_is_said_at_its_place(body, line, offset, message):
    error = refusal(body)
    assert (error.lineno, error.offset) == (line, offset)
    assert message in str(error)


def test_a_generator_inside_the_body_is_allowed():
    assert list(function("def f():\n    yield 1\nf()")()) == [1]


def test_a_body_that_was_refused_is_shown_as_it_was_written():
    one = cell("x = = 1\n")
    with pytest.raises(InvalidBodyError):
        Body.read(one, TRANSFORM)
    assert linecache.getlines(one.filename) == ["%%asset flights --partitions days\n", "x = = 1\n"]


def test_a_heading_over_several_lines_is_taken_from_the_body():
    one = cell("    --partitions days\nx", "%%asset flights \\")
    longer = one.with_longer_heading(1)
    assert (longer.heading, longer.body) == (("%%asset flights \\", "    --partitions days"), "x")
    assert longer.text == one.text
