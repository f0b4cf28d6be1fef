"""The source of live functions and classes, in a form that layout, comments and the version of Python do not change."""

from __future__ import annotations

import ast
import dis
import linecache
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType
from weakref import ref

_STARTED = time.time()

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# Written differently by different versions of Python, or without meaning for what the code does.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_BINDS_GLOBAL = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})
_BINDS_OUTER = frozenset({"STORE_DEREF", "DELETE_DEREF"})
_CHANGING_METHODS = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"),
        *("remove", "reverse", "setdefault", "sort", "update"),
    }
)


def canonical(node: ast.AST) -> str:
    """A text of the tree: equal for equal code, on every version of Python.

    Fields that are None or an empty list are left out, because versions differ in which of them exist; so are
    docstrings.
    """
    pieces: list[str] = []
    pending: list[object] = [node]  # a stack, not recursion: a sum of a thousand terms is a thousand levels deep
    while pending:
        item = pending.pop()
        if isinstance(item, ast.AST):
            pieces.append(f"({type(item).__name__}")
            pending.append(_Mark(")"))
            for name, value in reversed(list(_fields(item))):
                pending += [value, _Mark(f" {name}=")]
        elif isinstance(item, list):
            pieces.append(f"[{len(item)}:")
            pending.append(_Mark("]"))
            pending += reversed(item)
        elif isinstance(item, _Mark):
            pieces.append(item)
        else:
            pieces.append(f"{type(item).__name__}:{item!a},")
    return "".join(pieces)


class _Mark(str):
    """Punctuation of the canonical text."""

    __slots__ = ()


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name in _IGNORED_FIELDS or value is None or value == []:
            # the value of `None` itself is a field that is None
            if isinstance(node, ast.Constant | ast.MatchSingleton) and name == "value":
                yield name, value
        elif name == "body" and isinstance(node, Definition):
            yield name, node.body[1:] if ast.get_docstring(node, clean=False) is not None else value
        elif name == "values" and isinstance(node, ast.JoinedStr):
            yield name, [each for each in node.values if not (isinstance(each, ast.Constant) and each.value == "")]
        else:
            yield name, value


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where code was written: the node that it was compiled from, and the whole of that text."""

    node: FunctionNode
    tree: ast.Module


# What was found for code that is in memory: a file may be edited after it was imported, and is another text then. By
# id, since code is equal to the same code in another text.
_PLACES: dict[int, tuple[ref[CodeType], _Place]] = {}


def function_node(function: FunctionType) -> FunctionNode | None:
    """The definition of a function in the text it was compiled from; None where that text is not known any more."""
    place = _place(function.__code__)
    return None if place is None else place.node


def class_node(kind: type) -> ast.ClassDef | None:
    """The definition of a class, looked for where its methods were compiled; None for a class without any."""
    for method in vars(kind).copy().values():
        place = _place(method.__code__) if isinstance(method, FunctionType) else None
        for node in () if place is None else ast.walk(place.tree):
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__ and _spans(node, method.__code__):
                return node
    return None


def _spans(node: ast.ClassDef, code: CodeType) -> bool:
    return node.lineno <= code.co_firstlineno <= (node.end_lineno or node.lineno)


def _place(code: CodeType) -> _Place | None:
    number = id(code)
    if number in _PLACES:
        return _PLACES[number][1]
    if (place := _looked_up(code)) is not None:
        _PLACES[number] = ref(code, lambda _: _PLACES.pop(number, None)), place
    return place


def _looked_up(code: CodeType) -> _Place | None:
    text = _text(code.co_filename)
    found = _functions(text).get((code.co_firstlineno, code.co_name), [])
    if len(found) > 1:  # lambdas that begin on one line: the innermost that holds all of the code
        found = sorted((node for node in found if _holds(node, code)), key=_extent)[:1]
    if not found or not (code in _codes(text) or _is_as_it_was(code.co_filename)):
        return None
    return _Place(found[0], _tree(text))


def what_runs(node: FunctionNode) -> str:
    """The canonical text of what a function does: its arguments and body, without its name and its decorators.

    A decorator that matters has put its own function in place of the decorated one, and is met there.
    """
    body = node.body if isinstance(node, ast.Lambda) else ast.Module(_without_docstring(node), [])
    return f"{type(node).__name__}{canonical(node.args)}{canonical(body)}"


def _without_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


@lru_cache(maxsize=1024)
def names_read(code: CodeType) -> tuple[str, ...]:
    """The global names that code reads, nested functions included, in alphabetical order; not Python's own.

    What rewrites code, as pytest does, gives names that no text could have.
    """
    names = {each.argval for each in dis.get_instructions(code) if each.opname in _READS}
    for inner in _inside(code):
        names.update(names_read(inner))
    own = (name for name in names if name.isidentifier() and not (name.startswith("__") and name.endswith("__")))
    return tuple(sorted(own))


@lru_cache(maxsize=1024)
def names_rebound(code: CodeType) -> frozenset[str]:
    """The names outside of itself that code binds, as globals or in enclosing functions; nested functions included."""
    names = {
        each.argval
        for each in dis.get_instructions(code)
        if each.opname in _BINDS_GLOBAL or (each.opname in _BINDS_OUTER and each.argval in code.co_freevars)
    }
    for inner in _inside(code):
        names |= names_rebound(inner) - set(code.co_cellvars)
    return frozenset(names)


def bytecode(code: CodeType) -> str:
    """What code does, as this version of Python has compiled it: the same in every process."""
    constants = [bytecode(each) if isinstance(each, CodeType) else _plain(each) for each in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars} {constants}"


def _plain(constant: object) -> str:
    return ascii(sorted(constant, key=ascii) if isinstance(constant, frozenset) else constant)


def _inside(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def names_changed(node: ast.AST) -> frozenset[str]:
    """Names whose values the code changes in place, if they are containers: they hold results, not code."""
    changed: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Subscript | ast.Attribute) and isinstance(each.ctx, ast.Store | ast.Del):
            changed.add(_root(each))
        elif isinstance(each, ast.Call) and getattr(each.func, "attr", "") in _CHANGING_METHODS:
            changed.add(_root(each.func))
    return frozenset(changed)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _text(filename: str) -> str:
    linecache.checkcache(filename)  # a module may have been reloaded; the text of a cell is never dropped
    return "".join(linecache.getlines(filename))


def _is_as_it_was(filename: str) -> bool:
    """Whether a text has not changed since code was made of it, however that was made: it is a cell, or an old file."""
    known = linecache.cache.get(filename, ())
    return len(known) > 1 and (known[1] is None or known[1] < _STARTED)


@lru_cache(maxsize=256)
def _tree(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore"):  # Python has said it when it read the text itself
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # a file that has changed, or was never Python
        return ast.Module([], [])


@lru_cache(maxsize=32)
def _codes(text: str) -> frozenset[CodeType]:
    """All code that a text compiles to."""
    try:
        with warnings.catch_warnings(action="ignore"):
            found = [compile(text, "<text>", "exec", dont_inherit=True)]
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    for code in found:
        found += _inside(code)
    return frozenset(found)


@lru_cache(maxsize=256)
def _functions(text: str) -> dict[tuple[int, str], list[FunctionNode]]:
    """The functions of a text by what their code objects say: first line and name."""
    found: dict[tuple[int, str], list[FunctionNode]] = {}
    for node in ast.walk(_tree(text)):
        if isinstance(node, FunctionNode):
            found.setdefault((_first_line(node), _name(node)), []).append(node)
    return found


def _name(node: FunctionNode) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def _first_line(node: FunctionNode) -> int:
    """The line that a code object says it begins at: the first decorator's, where there is one."""
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(each.lineno for each in decorators)])


def _holds(node: FunctionNode, code: CodeType) -> bool:
    """Whether all of the code stands where the node does."""
    start, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return all(
        start <= (line, column) and (end_line, end_column) <= end
        for line, end_line, column, end_column in code.co_positions()
        if line and end_line and column is not None and end_column  # a made-up instruction has no width
    )


def _extent(node: FunctionNode) -> tuple[int, int]:
    return (node.end_lineno or node.lineno) - node.lineno, (node.end_col_offset or 0) - node.col_offset
