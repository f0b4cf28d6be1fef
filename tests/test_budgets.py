"""The size of things, as a gate on the tail: what has grown past a budget asks for a better cut."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "ipyassets"
MODULES = sorted(SOURCE.rglob("*.py"))

MODULE_LINES = 300
CLASS_LINES = 200
PUBLIC_METHODS = 12
BODY_LINES = 40
# Its methods are Dagster's: code that moves over expects every one of them.
MANY_METHODS = {"PartitionsDefinition"}
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "base", "types", "manager"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(params=MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def module(request) -> Path:
    path: Path = request.param
    return path


@cache
def nodes(module: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(module.read_text())))


def classes(module: Path) -> list[ast.ClassDef]:
    return [node for node in nodes(module) if isinstance(node, ast.ClassDef)]


def functions(module: Path) -> list[Function]:
    return [node for node in nodes(module) if isinstance(node, Function)]


def lines(first: ast.stmt, last: ast.stmt) -> int:
    return (last.end_lineno or last.lineno) - first.lineno + 1


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return lines(statements[0], statements[-1]) if statements else 0


def public_methods(node: ast.ClassDef) -> set[str]:
    """Names of the public methods, each overload once.

    A property is read, not called; a visitor's methods are named by the syntax tree: neither counts.
    """
    return {
        each.name
        for each in node.body
        if isinstance(each, Function)
        and not each.name.startswith(("_", "visit_"))
        and not any("property" in ast.unparse(decorator) for decorator in each.decorator_list)
    }


def test_a_module_can_be_taken_in(module):
    assert len(module.read_text().splitlines()) <= MODULE_LINES


def test_a_class_can_be_taken_in(module):
    long = {each.name: lines(each, each) for each in classes(module) if lines(each, each) > CLASS_LINES}
    assert not long


def test_a_class_has_few_public_methods(module):
    many = {each.name for each in classes(module) if len(public_methods(each)) > PUBLIC_METHODS}
    assert many <= MANY_METHODS


def test_a_function_fits_on_a_screen(module):
    long = {each.name: body_lines(each) for each in functions(module) if body_lines(each) > BODY_LINES}
    assert not long


def test_a_module_is_named_for_what_it_holds(module):
    assert module.stem not in NAMES_THAT_SAY_NOTHING
