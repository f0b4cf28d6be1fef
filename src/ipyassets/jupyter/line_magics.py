"""What line magics and shell commands take from a body by the text behind them, written out as Python.

IPython puts values into the text of `!wc {path}`, and runs the one of `%time`: no compiler sees the names there, which
would be no inputs of the asset, and out of reach in functions inside the body.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TypeVar

from IPython.utils.text import DollarFormatter

from ipyassets.jupyter.free_names import names_bound, names_read_before_bound

Node = TypeVar("Node", bound=ast.AST)
Refuse = Callable[[ast.expr, str], Exception]

_READ = "_read_by_magic"  # the local variable of the function that reads what a text reads
_OPTIONS = re.compile(r"(--no-raise-error\s+)?")
_BINDS = re.compile(r"[\w\s,]+=\s*[!%]")  # `x = !command`, which is no Python


def write_out(tree: ast.Module, refuse: Refuse) -> None:
    """Let a body read the names in its line magics and commands, and bind what `%time x = ...` binds.

    What IPython would run without what the body has bound, or would bind in vain, is refused.
    """
    _Writer(refuse).visit(tree)


class _Writer(ast.NodeTransformer):
    """Puts a function beside each call of IPython: it reads what the text reads, and only %time runs it."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """A statement: `%time x = ...` becomes `x = %time ...`."""
        match _command(node.value):
            case ["run_line_magic", "time", text]:
                match _statements(text):
                    case [ast.Assign() | ast.AnnAssign() | ast.AugAssign() as statement] if statement.value:
                        statement.value = _timed(node.value, text, statement.value)
                        return _placed(statement, node)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call: of a shell command or a line magic."""
        self.generic_visit(node)
        match _command(node):
            case ["run_line_magic", "time", text]:
                return _placed(self._timed(node, text), node)
            case ["run_line_magic", "timeit" | "prun" as magic, _]:
                # the one mixes them, whatever other bodies do with theirs meanwhile; the other does not see the body's
                why = f"%{magic} runs with the notebook's variables, not with the body's: use %time"
                raise self._refuse(node, why)
            case [_, *_, text]:
                return _placed(_reading(node, _names(_expanded(text))), node)
        return node

    def _timed(self, node: ast.Call, text: str) -> ast.expr:
        """The call of `%time`."""
        statements = _statements(text)
        if names_bound(statements) or _BINDS.match(text):
            raise self._refuse(node, "what %time binds here does not reach the body: time an expression")
        match statements:
            case [ast.Expr(value)]:
                return _timed(node, text, value)
        return _reading(node, _names(statements))


def _command(node: ast.AST) -> list[str]:
    """The method of the shell that a node calls, and with what: `["system", "ls {path}"]`; empty where it is none."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name("get_ipython")), attr="system" | "getoutput" | "run_line_magic" as method
            )
        ) if all(isinstance(each, ast.Constant) for each in node.args):
            return [method, *(str(each.value) for each in node.args if isinstance(each, ast.Constant))]
    return []


def _statements(text: str) -> list[ast.stmt]:
    """What a magic runs, without its options; nothing where that is no Python."""
    try:
        return ast.parse(_OPTIONS.sub("", text, count=1)).body
    except SyntaxError:
        return []


def _expanded(text: str) -> list[ast.stmt]:
    """The expressions whose values IPython puts into a text: `{...}` and `$name`."""
    try:
        fields = [(field, spec) for _, field, spec, _ in DollarFormatter().parse(text) if field]
    except ValueError:  # it leaves such a text as it is
        return []
    return [each for field, spec in fields for each in [*_statements(field), *_expanded(spec or "")]]


def _names(statements: list[ast.stmt]) -> ast.expr:
    return ast.Tuple([ast.Name(name, ast.Load()) for name in names_read_before_bound(statements)], ast.Load())


def _timed(call: ast.expr, text: str, value: ast.expr) -> ast.expr:
    """A call of %time that runs an expression among the body's variables."""
    assert isinstance(call, ast.Call)  # noqa: S101 - narrowing
    options = _OPTIONS.match(text)
    call.args[-1] = ast.Constant(f"{options[0] if options else ''}{_READ}()")
    return _reading(call, value)


def _reading(call: ast.expr, value: ast.expr) -> ast.expr:
    """`(read := lambda: value, call)[1]`."""
    arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    read = ast.NamedExpr(ast.Name(_READ, ast.Store()), ast.Lambda(arguments, value))
    return ast.Subscript(ast.Tuple([read, call], ast.Load()), ast.Constant(1), ast.Load())


def _placed(node: Node, original: ast.AST) -> Node:
    """A node with all of it where the original stands."""
    for each in ast.walk(node):
        ast.copy_location(each, original)
    return node
