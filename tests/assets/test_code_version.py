"""The code version: what changes it, what does not, and that every version of Python agrees."""

from __future__ import annotations

import ast
import functools
import gc
import importlib.util
import itertools
import linecache
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from ipyassets.assets import source
from ipyassets.assets.code_version import CodeHash, code_hash, counted_as_before, version_of
from ipyassets.assets.decorator import asset
from ipyassets.assets.definition import AssetsDefinition

_NUMBERS = count()


class Notebook:
    """Cells run one after another in one namespace, as in a kernel."""

    def __init__(self, names: dict[str, object] | None = None) -> None:
        self.names: dict[str, object] = {"__name__": "__main__"} if names is None else names

    def run(self, text: str) -> Notebook:
        text = textwrap.dedent(text)
        name = f"<cell-{next(_NUMBERS)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), self.names)
        return self

    def hash(self) -> CodeHash:
        return code_hash(self.body)

    @property
    def body(self) -> Callable[..., object]:
        found = self.names["body"]
        assert callable(found)
        return found

    def run_body(self, *arguments: object) -> None:
        """Run the body as a run of its asset does."""
        with self.counted_as_before():
            self.body(*arguments)

    def counted_as_before(self) -> AbstractContextManager[None]:
        return counted_as_before([asset(name="body", ins={})(self.body)])


def version(*cells: str) -> str:
    notebook = Notebook()
    for cell in cells:
        notebook.run(cell)
    return notebook.hash().version


def in_process(program: str, seed: str) -> str:
    """What a program prints in a process whose sets of texts come in an order of their own."""
    env = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True).stdout


def asset_version(cell: str) -> str:
    made = Notebook().run(cell).names["body"]
    assert isinstance(made, AssetsDefinition)
    return version_of(made).version


BODY = """
def body(context, flights):
    rows = flights[flights.delay > 5]
    return rows.mean()
"""


def test_a_version_is_the_same_text_every_time():
    assert version(BODY) == version(BODY)


@pytest.mark.parametrize(
    "same",
    [
        BODY.replace("> 5]", ">   5]  # minutes"),
        BODY.replace("    rows =", "    # only the late ones\n\n    rows ="),
        BODY.replace("    rows =", '    """Only the late ones."""\n    rows ='),
        BODY.replace("flights[flights.delay > 5]", "(\n      flights[\n       flights.delay > 5\n      ]\n    )"),
        "import sys\n\n\n" + BODY,
        BODY.replace("def body", "def renamed") + "\nbody = renamed",
    ],
    ids=["comment", "blank line", "docstring", "brackets", "place in the cell", "name"],
)
def test_how_the_body_is_written_down_does_not_count(same):
    assert version(same) == version(BODY)


@pytest.mark.parametrize(
    "other",
    [
        BODY.replace("5", "6"),
        BODY.replace("5", "5.0"),
        BODY.replace("mean", "median"),
        BODY.replace("    rows", "    flights = flights.copy()\n    rows"),
        BODY.replace("(context, flights)", "(context, flights, weights=1)"),
        BODY.replace("def", "async def"),
    ],
    ids=["number", "type of a number", "attribute", "statement", "argument", "async"],
)
def test_what_the_body_does_counts(other):
    assert version(other) != version(BODY)


HELPED = ["LIMIT = 5", "def late(rows):\n    return rows.delay > LIMIT", "def body(flights):\n    return late(flights)"]


def test_a_function_that_the_body_calls_counts():
    assert version(HELPED[0], HELPED[1].replace(">", ">="), HELPED[2]) != version(*HELPED)


def test_a_constant_that_a_called_function_reads_counts():
    assert version("LIMIT = 6", *HELPED[1:]) != version(*HELPED)


def test_a_comment_in_a_called_function_does_not_count():
    assert version(HELPED[0], HELPED[1] + "  # in minutes", HELPED[2]) == version(*HELPED)


def test_a_constant_that_nothing_reads_does_not_count():
    assert version("OTHER = 1", *HELPED) == version("OTHER = 2", *HELPED)


def test_an_attribute_called_like_a_global_does_not_count():
    body = "def body(frame):\n    return frame.limit"
    assert version("limit = 1", body) == version("limit = 2", body)


def test_functions_that_call_one_another_have_a_version():
    even = "def even(n):\n    return n == 0 or odd(n - 1)"
    odd = "def odd(n):\n    return n != 0 and even(n - 1)"
    body = "def body():\n    return even(4)"
    assert version(even, odd, body) != version(even, odd.replace("!=", "=="), body)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("['EWR', 'JFK']", "['EWR', 'LGA']"),
        ("{'a': (1, [2])}", "{'a': (1, [3])}"),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
        ("frozenset({1, 2})", "frozenset({1, 3})"),
        ("1", "True"),
        ("b'x'", "'x'"),
        ("__import__('datetime').date(2013, 1, 1)", "__import__('datetime').date(2013, 1, 2)"),
        ("__import__('zoneinfo').ZoneInfo('Europe/Paris')", "__import__('zoneinfo').ZoneInfo('Europe/Rome')"),
        ("__import__('re').compile('a')", "__import__('re').compile('a', 2)"),
        ("__import__('pathlib').Path('a')", "__import__('pathlib').Path('b')"),
        ("__import__('numpy').arange(3)", "__import__('numpy').arange(3.0)"),
        ("__import__('numpy').float64(1)", "__import__('numpy').float64(2)"),
        ("__import__('functools').partial(round, ndigits=1)", "__import__('functools').partial(round, ndigits=2)"),
        ("__import__('math')", "__import__('cmath')"),
        ("__import__('math').sin", "__import__('math').cos"),
        ("lambda x: x + 1", "lambda x: x + 2"),
    ],
)
def test_plain_constants_count_by_their_content(before, after):
    body = "def body():\n    return CONSTANT"
    assert version(f"CONSTANT = {before}", body) == version(f"CONSTANT = {before}", body)
    assert version(f"CONSTANT = {before}", body) != version(f"CONSTANT = {after}", body)


def test_a_set_has_one_version_in_every_process():
    program = textwrap.dedent(
        """
        from ipyassets.assets.code_version import code_hash
        def one(): pass
        def two(): pass
        NAMES, FUNCTIONS = {"EWR", "JFK", "LGA"}, {one, two, len}
        print(code_hash(lambda: (NAMES, FUNCTIONS)).version)
        """
    )
    assert in_process(program, "1") == in_process(program, "2") != ""


def test_a_constant_that_holds_itself_has_a_version():
    assert version("loop = []\nloop.append(loop)", "def body():\n    return loop")


DEEP = {
    "lists": "x = ['{}']\nfor _ in range(400): x = [x]",
    "dicts": "x = {{'last': '{}'}}\nfor _ in range(400): x = {{'next': x}}",
    "objects": """
        class Node:
            def __init__(self, following): self.following = following
        x = Node('{}')
        for _ in range(400): x = Node(x)
    """,
    "functions": "\n".join(
        ["def x(): return f1()", *(f"def f{n}(): return f{n + 1}()" for n in range(1, 400)), "def f400(): return '{}'"]
    ),
}


@pytest.mark.parametrize("cell", DEEP.values(), ids=DEEP)
def test_what_is_nested_deeper_than_python_can_call_counts(cell):
    assert len({version(cell.format(end), "def body(): return x") for end in ("here", "here", "there")}) == 2


def test_a_constant_counts_up_to_so_many_elements_however_deep_they_are():
    notebook = Notebook().run("x = []\nfor _ in range(20_000): x = [x]\ndef body(): return x")
    assert notebook.hash().unhashed == ("x: has more than 10,000 elements, those beyond count by their number alone",)


@pytest.mark.parametrize(
    "changed",
    [
        "limit = 5\n    def late(self):\n        return self.limit < 9",
        "limit = 6\n    def late(self):\n        return self.limit < 8",
    ],
    ids=["method", "attribute"],
)
def test_a_class_that_the_body_uses_counts(changed):
    body = "def body():\n    return Rule().late()"
    rule = "class Rule:\n    limit = 5\n    def late(self):\n        return self.limit < 8"
    assert version(rule, body) != version(f"class Rule:\n    {changed}", body)


# Each is one definition with an edit of it, which the body reaches by the name `it`.
EDITS = {
    "a private attribute": "class it:\n    _limit = {}",
    "a computed private attribute": "LIMIT = {}\nclass it:\n    _limit = LIMIT\n    def late(self): return self._limit",
    "a default of a named tuple": "from typing import NamedTuple\nclass it(NamedTuple):\n    limit: int = {}",
    "a factory of a dataclass": """
        from dataclasses import dataclass, field
        @dataclass
        class it:
            limits: list = field(default_factory=lambda: [{}])
    """,
    "a default of a dataclass with slots": """
        from dataclasses import dataclass
        @dataclass(slots=True)
        class it:
            limit: int = {}
    """,
    "the order of a dataclass": "from dataclasses import dataclass\n@dataclass(order={} == 2)\nclass it:\n    x: int",
    "a singleton of a class": """
        class it:
            def __init__(self, limit): self.limit = limit
        it.USUAL = it({})
    """,
    "a metaclass": """
        class Meta(type):
            def __call__(cls): return {}
        class it(metaclass=Meta): pass
    """,
    "a slot of an object": """
        class Rule:
            __slots__ = ("limit",)
            def __init__(self): self.limit = {}
        it = Rule()
    """,
    "the class of a text": """
        class Name(str):
            def late(self): return {}
        it = Name("a")
    """,
    "the class of a named tuple": """
        from typing import NamedTuple
        class Rule(NamedTuple):
            limit: int
            def late(self): return {}
        it = Rule(1)
    """,
    "a method of an enumeration of texts": """
        from enum import StrEnum
        class Kind(StrEnum):
            A = "a"
            def late(self): return {}
        it = Kind.A
    """,
    "a namespace": "from types import SimpleNamespace\nit = SimpleNamespace(limit={})",
    "arguments of a command line": "from argparse import Namespace\nit = Namespace(limit={})",
    "a function that NumPy wraps": "import numpy as np\ndef add(x): return x + {}\nit = np.vectorize(add)",
    "a function for another type": """
        from functools import singledispatch
        @singledispatch
        def it(x): return 0
        @it.register
        def _(x: int): return {}
    """,
    "a decorator that is a class": """
        from functools import update_wrapper
        class twice:
            def __init__(self, f): update_wrapper(self, f); self.f = f
            def __call__(self): return self.f() * {}
        @twice
        def it(): return 1
    """,
    "a method of a dict": "TABLE = dict(a={})\nit = TABLE.get",
    "a name with two underscores": "def __late(): return {}\ndef it(): return __late()",
    "a long pattern": "import re\nit = re.compile('a' * 250 + '{}')",
    "an alias of types": "it = list[{}]",
    "a function in a function without text": "exec('def it(x): return (lambda y: y + {})(x)')",
    "an attribute that code without text reads": "exec('def it(x): return x.' + ('mean' if {} == 1 else 'median'))",
}


@pytest.mark.parametrize("definition", EDITS.values(), ids=EDITS)
def test_an_edit_of_what_the_body_reaches_is_noticed(definition):
    body = "def body():\n    return it"
    definition = textwrap.dedent(definition)
    one, two = (definition.replace("{}", number) for number in ("1", "2"))
    assert version(one, body) == version(one, body)
    assert version(one, body) != version(two, body)


@pytest.mark.parametrize("use", ["it.add(1)", "it.limit = 1"])
def test_what_only_looks_as_if_it_were_changed_in_place_counts(use):
    cell = "class it:\n    @staticmethod\n    def add(x): return x + {}"
    one, two = (version(cell.replace("{}", number), f"def body():\n    {use}") for number in ("1", "2"))
    assert one != two


def test_an_edit_of_fields_that_libraries_take_in_is_noticed():
    cells = {
        "pydantic": "from pydantic import BaseModel\nclass it(BaseModel):\n    limit: int = {}",
        "attrs": "import attrs\n@attrs.define\nclass it:\n    limits: list = attrs.field(factory=lambda: [{}])",
        "toolz": "from toolz import compose\ndef add(x): return x + {}\nit = compose(str, add)",
    }
    for library, cell in cells.items():
        if importlib.util.find_spec(library):
            one, two = (version(cell.replace("{}", number), "def body(): return it") for number in ("1", "2"))
            assert one != two, library


def test_defaults_of_the_configuration_of_an_asset_count():
    cell = """
        from ipyassets import Config, asset
        class Cleaning(Config):
            threshold: float = {}
        @asset
        def body(config: Cleaning): return config.threshold
    """
    versions = [asset_version(cell.replace("{}", number)) for number in ("0.5", "0.9", "0.5")]
    assert versions[0] == versions[2] != versions[1]


def test_which_asset_an_argument_stands_for_counts_where_it_has_another_name():
    cell = """
        from ipyassets import AssetIn, asset
        @asset(ins={"left": AssetIn("{}"), "right": AssetIn("{}")})
        def body(left, right): return left - right
    """
    both = [cell.replace("{}", first, 1).replace("{}", second) for first, second in (("a", "b"), ("b", "a"))]
    assert asset_version(both[0]) != asset_version(both[1])
    named = both[0].replace('"a"', '["air", "left"]').replace('"b"', '"right"')
    assert asset_version(named) == version("def body(left, right): return left - right")


def test_a_code_version_that_was_given_is_the_version():
    assert version_of(asset(code_version="7")(lambda: 1)) == CodeHash("7")


def test_a_helper_that_a_method_calls_counts():
    rule = "class Rule:\n    def late(self):\n        return limit()"
    body = "def body():\n    return Rule().late()"
    assert version("def limit():\n    return 1", rule, body) != version("def limit():\n    return 2", rule, body)


def test_a_base_class_counts():
    rule = "class Rule(Base):\n    pass"
    body = "def body():\n    return Rule()"
    assert version("class Base:\n    x = 1", rule, body) != version("class Base:\n    x = 2", rule, body)


def test_the_fields_of_a_dataclass_count():
    rule = "from dataclasses import dataclass\n\n@dataclass\nclass Rule:\n    limit: int = {}\n"
    body = "def body():\n    return Rule()"
    assert version(rule.format(1), body) != version(rule.format(2), body)


def test_the_content_of_an_instance_of_a_dataclass_counts():
    rule = "from dataclasses import dataclass\n\n@dataclass\nclass Rule:\n    limit: int\n"
    body = "def body():\n    return RULE"
    assert version(rule, "RULE = Rule(1)", body) != version(rule, "RULE = Rule(2)", body)


def test_the_members_of_an_enumeration_count():
    kinds = "from enum import Enum\n\nclass Kind(Enum):\n    A = {}\n"
    body = "def body():\n    return Kind.A"
    assert version(kinds.format(1), body) != version(kinds.format(2), body)


def test_what_a_closure_holds_counts():
    maker = "def maker(limit):\n    def inner(rows):\n        return rows > limit\n    return inner"
    assert version(maker, "body = maker(1)") != version(maker, "body = maker(2)")


def test_the_value_of_a_default_counts():
    body = "def body(limit=LIMIT):\n    return limit"
    assert version("LIMIT = 1", body) != version("LIMIT = 2", body)


def test_a_decorated_body_counts_together_with_its_decorator():
    decorator = "def twice(f):\n    def inner():\n        return f() * {}\n    return inner"
    body = "@twice\ndef body():\n    return {}"
    plain = version(decorator.format(2), body.format(1))
    assert version(decorator.format(3), body.format(1)) != plain
    assert version(decorator.format(2), body.format(2)) != plain


def test_a_body_behind_an_imported_decorator_counts():
    body = "from functools import cache\n\n@cache\ndef body():\n    return {}"
    assert version(body.format(1)) != version(body.format(2))


WRAPPED = {
    "a function": ("@lru_cache\ndef helper(x): return x + {}", "helper(1)"),
    "a method": ("class Helper:\n    @cache\n    def add(self): return {}", "Helper().add()"),
    "an object of a library": ("@jit\ndef helper(x): return x + {}", "helper(1)"),
}


@pytest.mark.parametrize(("cell", "use"), WRAPPED.values(), ids=WRAPPED)
def test_what_a_library_wraps_counts_in_a_notebook_too(monkeypatch, cell, use):
    class Compiled:
        def __init__(self, function: Callable[..., object]) -> None:
            functools.update_wrapper(self, function)

        def __call__(self, *arguments: object) -> object:
            return self.__wrapped__(*arguments)  # type: ignore[attr-defined]  # from `update_wrapper`

    def hash_in_kernel(by: int) -> CodeHash:
        monkeypatch.setitem(sys.modules, "__main__", main := ModuleType("__main__"))
        vars(main).update(functools=functools, lru_cache=functools.lru_cache, cache=functools.cache, jit=Compiled)
        return Notebook(vars(main)).run(f"{cell.format(by)}\ndef body(): return {use}").hash()

    assert hash_in_kernel(1) == hash_in_kernel(1) != hash_in_kernel(2)
    assert hash_in_kernel(1).unhashed == ()


def test_a_function_that_a_shell_has_among_its_variables_is_no_part_of_the_shell():
    notebook = Notebook().run(
        "class Shell: pass\nShell.__module__ = 'elsewhere'\nshell = Shell()\ndef body(): return shell"
    )
    notebook.names["shell"].user_ns = notebook.names  # type: ignore[attr-defined]  # as IPython has it
    before = notebook.hash()
    assert notebook.run("def other(): pass").hash() == before


def test_arguments_of_the_asset_decorator_do_not_count():
    body = "from ipyassets.assets.decorator import asset\n\n@asset(description='{}')\ndef body():\n    return 1"
    versions = []
    for text in ("one", "two"):
        notebook = Notebook().run(body.format(text))
        versions.append(code_hash(notebook.names["body"].compute).version)  # type: ignore[attr-defined]
    assert versions[0] == versions[1]


def test_another_asset_that_the_body_mentions_counts_by_its_key_alone():
    other = "from ipyassets.assets.decorator import asset\n\n@asset\ndef other():\n    return {}"
    body = "def body():\n    return other['2013']"
    assert version(other.format(1), body) == version(other.format(2), body)


def test_imported_code_counts_by_its_name_alone():
    body = "def body(text):\n    return {}(text)"
    assert version("from json import dumps", body.format("dumps")) == version(
        "from json import dumps\ndumps", body.format("dumps")
    )
    assert version("from json import dumps as f", body.format("f")) != version(
        "from json import loads as f", body.format("f")
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [("lambda x: x + 1", "lambda x: x + 2"), ("lambda x: (lambda y: y)(x)", "lambda x: (lambda y: -y)(x)")],
)
def test_two_lambdas_on_one_line_are_told_apart(first, second):
    pair = f"pair = [{first}, {second}]"
    assert version(pair, "body = pair[0]") == version(f"body = {first}")
    assert version(pair, "body = pair[1]") == version(f"body = {second}")
    assert version(f"body = {first}") != version(f"body = {second}")


def test_what_cannot_be_counted_is_said():
    notebook = Notebook().run("import threading\nlock = threading.Lock()\ndef body():\n    return lock")
    assert notebook.hash().unhashed == ("lock: a lock, of which only the type counts",)


def test_the_environment_does_not_count_and_is_said(monkeypatch):
    notebook = Notebook().run("from os import environ\ndef body():\n    return environ['HOME']")
    before = notebook.hash()
    monkeypatch.setenv("IPYASSETS_OTHER", "1")
    assert notebook.hash() == before
    assert before.unhashed == ("environ: the environment, which is another in every process",)


def test_a_large_constant_counts_by_its_size_and_is_said():
    notebook = Notebook().run("table = list(range(20_000))\ndef body():\n    return table")
    assert notebook.hash().unhashed == ("table: has 20,000 elements, of which only their number counts",)


@pytest.mark.parametrize("change", ["seen.append(1)", "seen[0] = 1", "global seen; seen = [1]", "seen[0].x.y = 1"])
def test_a_global_that_the_body_itself_changes_does_not_count_and_is_said(change):
    notebook = Notebook().run(f"seen = [0]\ndef body():\n    {change}\n    return seen")
    before = notebook.hash()
    notebook.names["seen"] = [0, 1]
    assert notebook.hash() == before
    assert before.unhashed == ("seen: is changed by the code itself, so what it holds does not count",)


@pytest.mark.parametrize("value", ["{'k': 3}", "3", "__import__('json')"])
def test_a_global_that_the_body_itself_binds_first_does_not_count_before_and_after(value):
    notebook = Notebook().run(
        f"def body():\n    global made\n    if 'made' not in globals():\n        made = {value}\n    return made"
    )
    before = notebook.hash()
    notebook.run_body()
    assert notebook.hash() == before
    assert before.unhashed == ("made: is changed by the code itself, so what it holds does not count",)


def test_code_without_source_has_a_version_and_is_said():
    names: dict[str, Callable[[], object]] = {}
    exec("def body():\n    return 1\n\ndef other():\n    return 2", names)
    found = code_hash(names["body"])
    assert found.version != code_hash(names["other"]).version
    assert "bytecode" in found.unhashed[0]


def test_a_body_as_long_as_a_novel_has_a_version():
    assert version("def body():\n    return " + " + ".join(["1"] * 900))


def test_a_module_of_its_own_counts_like_a_notebook(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    versions = []
    for limit in (1, 2):
        text = f"LIMIT = {limit}\n\ndef body():\n    return LIMIT\n"
        (tmp_path / f"pipeline{limit}.py").write_text(text)
        versions.append(code_hash(importlib.import_module(f"pipeline{limit}").body).version)
    assert versions[0] != versions[1]


# ------------------------------------------------------------------------------------------------ what running changes

STATE = {
    "a default": "def helper(x, _memo={}):\n    _memo[x] = 1\ndef body(): helper('a')",
    "a default behind another name": "def helper(x, _memo={}):\n    m = _memo\n    m[x] = 1\ndef body(): helper('a')",
    "a keyword's default": "def body(*, seen=[]): seen.append(1)",
    "an object": """
        class Client:
            def __init__(self): self.calls = 0
            def get(self): self.calls += 1
        client = Client()
        def body(): client.get()
    """,
    "a dict that is handed on": "CACHE = {}\ndef put(store, k): store[k] = 1\ndef body(): put(CACHE, 'a')",
    "a list behind another name": "seen = []\ndef body():\n    s = seen\n    s.append(1)",
    "a heap": "import heapq\nq = []\ndef body(): heapq.heappush(q, 1)",
    "a set in a dict": "D = {'a': set()}\ndef body():\n    for each in D.values(): each.add(1)",
    "a queue": "from collections import deque\nq = deque()\ndef body(): (lambda x: x.append(1))(q)",
    "an array": "import numpy as np\nA = np.zeros(3)\ndef fill(a): a[0] = 1\ndef body(): fill(A)",
    "a class": """
        class Counter:
            count = 0
            @classmethod
            def hit(cls): cls.count += 1
        def body(): Counter.hit()
    """,
    "a variable of an enclosing function": """
        def make():
            total = 0
            def inner():
                nonlocal total
                total += 1
            return inner
        body = make()
    """,
    "a global": "total = 0\ndef body():\n    global total\n    total += 1",
    "an attribute of a function": "def helper(): helper.calls = 1\ndef body(): helper()",
    "what is worked out once": """
        import functools
        class Table:
            @functools.cached_property
            def rows(self): return [1]
        table = Table()
        def body(): return table.rows
    """,
}


@pytest.mark.parametrize("cell", STATE.values(), ids=STATE)
def test_what_running_changes_counts_as_it_was_before(cell):
    notebook = Notebook().run(cell)
    before = notebook.hash().version
    for _ in range(2):
        with notebook.counted_as_before():
            notebook.body()
            assert notebook.hash().version == before
        assert notebook.hash().version == before
    assert Notebook().run(cell).hash().version == before


def test_what_running_changes_behind_other_names_is_said():
    notebook = Notebook().run(STATE["a dict that is handed on"])
    assert notebook.hash().unhashed == ()
    notebook.run_body()
    assert notebook.hash().unhashed == ("CACHE: is changed by running the code, so it counts as it was before",)


def test_what_a_person_changes_in_place_is_an_edit_before_and_after_a_run():
    notebook = Notebook().run("LIMITS = {'late': 5}\ndef body(): return LIMITS['late']")
    versions = [notebook.hash().version]
    for limit in (6, 7):
        notebook.run(f"LIMITS['late'] = {limit}")
        versions.append(notebook.hash().version)
        notebook.run_body()
        versions.append(notebook.hash().version)
    assert [versions.index(each) for each in versions] == [0, 1, 1, 3, 3]


def test_a_name_that_is_bound_anew_while_its_old_value_runs_counts_as_what_it_is_now():
    notebook = Notebook().run(STATE["a dict that is handed on"])
    with notebook.counted_as_before():
        notebook.body()
        before = notebook.hash().version
        notebook.run("CACHE = {'a': 2}")
        assert notebook.hash().version != before
    assert notebook.hash().version != before


def test_what_two_runs_change_at_once_counts_as_it_was_before_the_first():
    notebook = Notebook().run(STATE["a dict that is handed on"])
    before, second = notebook.hash().version, ExitStack()
    with notebook.counted_as_before():
        notebook.body()
        second.enter_context(notebook.counted_as_before())
    with second:
        notebook.body()
    assert notebook.hash().version == before


def test_what_is_reached_in_two_ways_counts_in_both_as_it_was_before():
    notebook = Notebook().run(
        "CACHE, MORE = {n: n for n in range(9_000)}, list(range(5_000))\n"
        "BOTH = [MORE, CACHE]\n"
        "def put(store): store[0] = 'x'\n"
        "def body(): put(CACHE)\n"
        "def other(): return BOTH"
    )
    other = notebook.names["other"]
    assert callable(other)
    before = notebook.hash().version, code_hash(other).version
    for _ in range(2):
        with counted_as_before([asset(name="body")(notebook.body), asset(name="other")(other)]):
            notebook.body()
        assert (notebook.hash().version, code_hash(other).version) == before


def test_what_running_has_changed_is_let_go_of_once_nobody_has_it_any_more():
    class Big:
        pass

    notebook = Notebook().run(
        "CACHE = {}\nALL = [CACHE]\ndef put(store, value): store['a'] = value\ndef body(x): put(CACHE, x); return ALL"
    )
    big = Big()
    gone = weakref.ref(big)
    notebook.run_body(big)
    del big
    assert gone() is not None
    notebook.run("CACHE, ALL = {}, []")
    with notebook.counted_as_before():
        gc.collect()
        assert gone() is None


def test_a_dict_that_another_thread_fills_has_a_version():
    notebook = Notebook().run("D = {n: n for n in range(3000)}\ndef body(): return D")
    stop, table = threading.Event(), notebook.names["D"]
    assert isinstance(table, dict)

    def fill() -> None:
        for number in itertools.cycle(range(3000, 9000)):
            table[number] = 1
            table.pop(number - 2000, None)
            if stop.is_set():
                return

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        for _ in range(100):
            assert notebook.hash().unhashed == ()
    finally:
        stop.set()
        thread.join()


def test_a_constant_counts_up_to_so_many_elements_in_all():
    cell = "TABLE = {str(k): [k] * 100 for k in range(200)}\nTABLE['0'][0] = 'x'\n%s\ndef body(): return TABLE, OTHER"
    notebook = Notebook().run(cell % "OTHER = [[1]]")
    said = "TABLE: has more than 10,000 elements, those beyond count by their number alone"
    assert notebook.hash().unhashed == (said,)
    assert version(cell.replace("'x'", "'y'") % "OTHER = [[1]]") != notebook.hash().version
    assert version(cell % "OTHER = [[2]]") != notebook.hash().version
    assert version(cell % "OTHER = [[1]]\nTABLE['199'][0] = 'y'") == notebook.hash().version


# ------------------------------------------------------------------------------------------------ files that are edited

OLD, NEW = "def body():\n    return {'old': 1}['old']\n", "def body():\n    return {'new': 2}['new']\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of its own name that is written, imported and reloaded."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name = f"pipeline_{next(_NUMBERS)}"

    def load(text: str) -> ModuleType:
        write(text)
        importlib.invalidate_caches()
        sys.modules.pop(name, None)
        return importlib.import_module(name)

    def write(text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)

    load.write = write  # type: ignore[attr-defined]
    yield load
    sys.modules.pop(name, None)


def test_a_file_that_was_edited_after_its_import_counts_as_what_runs(module):
    loaded = module(OLD)
    before = code_hash(loaded.body)
    module.write(NEW)
    assert code_hash(loaded.body) == before
    assert code_hash(module(NEW).body).version != before.version
    assert code_hash(module(OLD).body) == before


def test_a_file_that_was_edited_between_its_import_and_the_first_look_is_not_believed(module):
    loaded = module(OLD)
    module.write(NEW)
    found = code_hash(loaded.body)
    assert found.unhashed == (
        "body: without the text that runs, its bytecode counts, which differs between versions of Python",
    )
    assert found.version not in {code_hash(module(text).body).version for text in (OLD, NEW)}


def test_a_class_of_a_file_that_was_edited_after_its_import_counts_as_what_runs(module):
    text = "class Rule:\n    limit = 1\n    def late(self): return self.limit\ndef body(): return Rule()\n"
    loaded = module(text)
    before = code_hash(loaded.body)
    module.write(text.replace("= 1", "= 2"))
    assert code_hash(loaded.body) == before
    assert code_hash(module(text.replace("= 1", "= 2")).body).version != before.version


def checked(x):
    assert x
    return x


def test_code_that_was_made_of_its_text_in_another_way_is_still_found_in_its_file():
    assert any("pytest" in name for name in checked.__code__.co_names)  # it rewrites what asserts
    assert code_hash(checked) == CodeHash(version("def body(x):\n    assert x\n    return x"))


def test_code_that_has_run_often_is_still_found_in_its_file(module):
    loaded = module("def body(n=3):\n    return sum(x * 2 for x in range(n))\n")
    for _ in range(10_000):  # Python rewrites what it runs often
        loaded.body()
    assert code_hash(loaded.body).unhashed == ()


def test_code_without_text_has_the_same_version_in_every_process():
    program = textwrap.dedent(
        """
        from ipyassets.assets.code_version import code_hash
        names = {}
        exec("def body(x): return [y for y in x if y in {'a', 'b', 'c'}], (lambda z: z)(x)", names)
        print(code_hash(names["body"]).version)
        """
    )
    assert in_process(program, "1") == in_process(program, "2") != ""


# ------------------------------------------------------------------------------------------------ every Python agrees

SAMPLE = '''
def sample(context, a, /, b: int = 2, *args, c=None, **kwargs):
    """Said in words."""
    global seen
    total: float = 1e3 + 2j.imag - -3
    text = f"{a!r:>{b}} and {total:.2f}" "literal" f"{b=}" rf"\\d{{2}}" f"{a:}"
    raw = {**kwargs, "k": None, **{1: ...}}
    match a:
        case [1, *rest] | (2, rest): pass
        case {"x": None, **more} if more: return None
        case str(x) as y: return y
    try:
        with open("f") as f, open("g"): ...
    except (ValueError, KeyError) as error:
        raise RuntimeError from error
    else:
        del raw["k"]
    finally:
        [x async for x in a] if False else None
    return [lambda z, *, w=1: (y := z) for q in b if q for r in q], {x: 1 for x in a}, text[1:, ::2], b"\\x00", u"u"
'''.replace("async for", "for")


def pythons() -> list[str]:
    """This interpreter, and every other one of this machine that the project supports."""
    found = [shutil.which(f"python3.{minor}") for minor in (11, 12, 13, 14)]
    versions = Path.home() / ".pyenv" / "versions"
    installed = sorted(versions.glob("3.1[1-4].*/bin/python3")) if versions.is_dir() else []
    return [sys.executable, *map(str, installed), *(each for each in found if each and "shims" not in each)]


@pytest.mark.parametrize("path", sorted(Path(ast.__file__).parent.glob("[a-c]*.py"))[:24], ids=lambda path: path.stem)
def test_code_written_anew_by_a_program_has_the_same_canonical_text(path):
    tree = ast.parse(path.read_text())
    assert source.canonical(ast.parse(ast.unparse(tree))) == source.canonical(tree)


@pytest.mark.parametrize("python", pythons())
def test_every_python_writes_the_same_canonical_text(python, tmp_path):
    files = [Path(source.__file__), *sorted(Path(ast.__file__).parent.glob("[a-d]*.py"))[:20]]
    (tmp_path / "sample.py").write_text(SAMPLE)
    program = textwrap.dedent(
        """
        import ast, hashlib, runpy, sys
        canonical = runpy.run_path(sys.argv[1])["canonical"]
        for name in sys.argv[2:]:
            print(hashlib.sha256(canonical(ast.parse(open(name).read())).encode()).hexdigest())
        """
    )
    names = [source.__file__, str(tmp_path / "sample.py"), *map(str, files)]
    answers = [
        subprocess.run([one, "-c", program, *names], capture_output=True, text=True, check=True).stdout
        for one in (sys.executable, python)
    ]
    assert answers[0] == answers[1] != ""


def test_the_version_of_a_body_is_the_one_that_logs_already_hold():
    helper = "LIMIT = {'late': [15, 60.0]}\n\ndef late(rows, key='late'):\n    return rows.delay > LIMIT[key][0]\n"
    assert (
        version(helper, "def body(context, flights):\n    return flights[late(flights)]")
        == "d3362993bf77b733c748f54e76e42399"
    )
    assert version(SAMPLE.replace("sample", "body")) == "8f45886668554374f7c4a5d01b1cee1a"
