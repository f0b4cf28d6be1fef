"""The code version: what changes it, what does not, and that every version of Python agrees."""

from __future__ import annotations

import ast
import importlib.util
import linecache
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from ipyassets.assets import source
from ipyassets.assets.code_version import CodeHash, code_hash

_NUMBERS = count()


class Notebook:
    """Cells run one after another in one namespace, as in a kernel."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"__name__": "__main__"}

    def run(self, text: str) -> Notebook:
        text = textwrap.dedent(text)
        name = f"<cell-{next(_NUMBERS)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), self.names)
        return self

    def hash(self, name: str = "body") -> CodeHash:
        compute = self.names[name]
        assert callable(compute)
        return code_hash(compute)


def version(*cells: str) -> str:
    notebook = Notebook()
    for cell in cells:
        notebook.run(cell)
    return notebook.hash().version


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


def test_a_set_of_texts_has_one_version_in_every_process():
    program = textwrap.dedent(
        """
        from ipyassets.assets.code_version import code_hash
        NAMES = {"EWR", "JFK", "LGA"}
        print(code_hash(lambda: NAMES).version)
        """
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""


def test_a_constant_that_holds_itself_has_a_version():
    assert version("loop = []\nloop.append(loop)", "def body():\n    return loop")


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
