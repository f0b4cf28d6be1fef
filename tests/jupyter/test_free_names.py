"""Which names a body takes from outside."""

from __future__ import annotations

import ast
import builtins
import textwrap

import pytest

from ipyassets.jupyter.free_names import names_read_before_bound


def taken(body: str) -> list[str]:
    names = names_read_before_bound(ast.parse(textwrap.dedent(body)).body)
    return [name for name in names if not hasattr(builtins, name)]


@pytest.mark.parametrize(
    "body",
    [
        "raw.mean()",
        "raw = raw + 1",
        "raw += 1",
        "raw: int = raw",
        "raw['x'] = 1",
        "del raw",
        "for raw in raw: pass",
        "[raw for raw in raw]",
        "[1 for x in [1] if x in raw]",
        "{x: raw for x in [1]}",
        "(raw := raw.head())",
        "f'{raw!r:>{5}}'",
        "f'{1:{raw}}'",
        "lambda x, y=raw: x",
        "lambda x: raw[x]",
        "def f(x=raw): pass",
        "def f(): return raw",
        "def f():\n    def g(): return raw\n    return g",
        "async def f(): return await raw",
        "@raw\ndef f(): pass",
        "class C(raw): pass",
        "class C:\n    x = raw",
        "class C:\n    raw = 1\n    def f(self): return raw",
        "class C:\n    raw = raw",
        "with raw as raw: pass",
        "try:\n    pass\nexcept raw: pass",
        "match raw:\n    case _: pass",
        "match 1:\n    case raw.X: pass",
        "match 1:\n    case x if raw: pass",
        "import numpy as np\nnp.sum(raw)",
        "if 0:\n    raw = 1\nraw",
        "try:\n    raw = 1\nexcept ValueError:\n    pass\nraw",
        "match 1:\n    case 1: raw = 1\nraw",
        "def f():\n    nonlocal raw\n    raw = 1",
        "def f(): return raw\nraw = f()",
        "print(*raw, **raw)",
        "assert raw, raw",
        "return raw",
    ],
)
def test_a_name_read_before_it_is_bound_comes_from_outside(body):
    assert taken(body) == ["raw"]


@pytest.mark.parametrize(
    "body",
    [
        "raw = 1\nraw",
        "raw, other = 1, 2\nraw",
        "(raw := 1) + raw",
        "[raw := 1]\nraw",
        "[y for x in [1] if (y := x)]\ny",
        "import raw\nraw",
        "import raw.sub\nraw",
        "from x import y as raw\nraw",
        "def raw(): pass\nraw",
        "class raw: pass\nraw",
        "for raw in [1]: pass\nraw",
        "for x in [1]: raw = x\nraw",
        "while True:\n    raw = 1\n    break\nraw",
        "with open('f') as raw: raw",
        "with open('f'): raw = 1\nraw",
        "try:\n    1\nexcept ValueError as raw:\n    raw",
        "try:\n    raw = 1\nexcept ValueError:\n    raise\nraw",
        "try:\n    raw = 1\nexcept ValueError:\n    raw = 2\nraw",
        "try:\n    pass\nfinally:\n    raw = 1\nraw",
        "if 0:\n    raw = 1\nelse:\n    raw = 2\nraw",
        "if 0:\n    raise ValueError\nelse:\n    raw = 2\nraw",
        "match 1:\n    case 1: raw = 1\n    case _: raw = 2\nraw",
        "match [1]:\n    case [raw, *rest]: (raw, rest)",
        "match {}:\n    case {'a': 1, **raw}: raw",
        "match 1:\n    case int() as raw if raw: raw",
        "[raw for raw in [1]]",
        "{raw: raw for raw in [1]}",
        "(lambda raw: raw)(1)",
        "def f(raw): return raw\nf(1)",
        "def f():\n    raw = 1\n    return raw",
        "def f(): return [raw for raw in [1]]",
        "raw = 1\ndef f(): return raw",
        "def f(): return raw\nraw = 1\nf()",
        "class C:\n    raw = 1\n    x = raw",
        "def f():\n    global raw\n    raw = 1",
        "global raw\nraw",
        "x.raw",
        "'raw'",
        "raw: int\nraw = 1",
    ],
)
def test_a_name_that_the_body_binds_first_is_its_own(body):
    assert "raw" not in taken(body)


def test_names_come_in_the_order_in_which_they_are_first_read():
    assert taken("c(b, a=a)\nb") == ["c", "b", "a"]


def test_a_name_whose_global_is_declared_is_not_an_input():
    assert taken("def f():\n    global raw\n    return raw") == []
