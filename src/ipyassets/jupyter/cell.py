"""A cell's body becomes a function that lives in its cell: with the cell's file name, line numbers and text.

So tracebacks, `%debug`, breakpoints and `inspect.getsource` show what the user wrote, where it was written.
"""

from __future__ import annotations

import ast
import difflib
import linecache
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import cast

from ipyassets.errors import InvalidBodyError
from ipyassets.jupyter.free_names import names_read_before_bound, own_nodes
from ipyassets.jupyter.line_magics import write_out

INDENT = "    "
_AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
# A template string holds text in the same way as a formatted one (Python 3.14).
_STRINGS: tuple[type[ast.AST], ...] = (ast.Constant, ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell with a cell magic: the lines before the body, the magic's own among them, and the body."""

    filename: str
    heading: tuple[str, ...]
    body: str

    @property
    def text(self) -> str:
        """All of the cell."""
        return "".join(f"{line}\n" for line in self.heading) + self.body

    def with_longer_heading(self, count: int) -> Cell:
        """The same cell with the first lines of its body counted to its heading."""
        lines = self.body.splitlines(keepends=True)
        moved = tuple(line.rstrip("\n") for line in lines[:count])
        return Cell(self.filename, (*self.heading, *moved), "".join(lines[count:]))


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a cell, read as Python: its lines stand where the cell has them."""

    cell: Cell
    lines: tuple[str, ...]
    tree: ast.Module

    @classmethod
    def read(cls, cell: Cell, transform: Callable[[str], str]) -> Body:
        """Read a body, line magics and all; raises InvalidBodyError where it cannot become a function.

        `transform` makes Python of what a notebook adds to it (InteractiveShell.transform_cell).
        """
        remember(cell.filename, cell.text)
        first = cell.body.lstrip().partition("\n")[0]
        before = len(cell.heading)
        if first.startswith("%%"):
            raise _invalid(cell, "a body cannot hold another cell magic", before + _blank_lines(cell.body) + 1, first)
        lines = _aligned(transform(cell.body).splitlines(), cell.body.splitlines())
        try:
            with warnings_said_elsewhere():
                tree = ast.parse("\n" * before + "\n".join(lines) + "\n", cell.filename)
        except SyntaxError as error:
            raise InvalidBodyError(error.msg, error) from None
        body = cls(cell, tuple(lines), tree)
        write_out(tree, body._refuse)
        body._check()
        return body

    def _check(self) -> None:
        if not self.tree.body:
            raise _invalid(self.cell, "the body is empty: its last expression is the value", len(self.cell.heading), "")
        for node in own_nodes(self.tree.body):
            if isinstance(node, ast.Yield | ast.YieldFrom):
                raise self._refuse(node, "a body cannot yield: collect the rows, and end with them as the value")
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                raise self._refuse(node, "a body is a function, in which `import *` cannot work: name what you import")

    def _refuse(self, node: ast.expr | ast.stmt, why: str) -> InvalidBodyError:
        line = self.lines[node.lineno - len(self.cell.heading) - 1]
        return _invalid(self.cell, why, node.lineno, line, node.col_offset, node.end_col_offset)

    @property
    def reads(self) -> list[str]:
        """The names that the body takes from outside, in the order in which it first reads them."""
        return names_read_before_bound(self.tree.body)

    @property
    def is_async(self) -> bool:
        """Whether the body awaits, so that it becomes an `async def`."""
        return any(
            isinstance(node, _AWAITS) or (isinstance(node, ast.comprehension) and node.is_async)
            for node in own_nodes(self.tree.body)
        )

    @property
    def loses_its_value(self) -> bool:
        """Whether the body ends by binding a name, and returns nothing: whoever wrote it probably meant that value."""
        returns = any(isinstance(node, ast.Return) and node.value is not None for node in own_nodes(self.tree.body))
        return isinstance(self.tree.body[-1], ast.Assign | ast.AnnAssign | ast.AugAssign) and not returns

    def function(
        self, name: str, arguments: Sequence[str], variables: dict[str, object], *, flags: int = 0
    ) -> FunctionType:
        """The body as a function whose globals are `variables`; its last expression is what it returns.

        A body that reads `partition_key` finds it in a local variable, taken from its argument `context`.
        """
        text = self._text(name, arguments)
        try:
            module = ast.parse(text, self.cell.filename)
            write_out(module, self._refuse)
            definition = cast("ast.FunctionDef | ast.AsyncFunctionDef", module.body[0])
            _return_last(definition)
            if "partition_key" in self.reads:
                _take_partition_key(definition)
            code = compile(module, self.cell.filename, "exec", flags, dont_inherit=True)
        except SyntaxError as error:
            raise InvalidBodyError(error.msg, self._as_written(error)) from None
        remember(self.cell.filename, text)
        made: dict[str, object] = {}
        exec(code, variables, made)  # noqa: S102  # a definition: it runs nothing of the body
        return cast("FunctionType", made[name])

    def _text(self, name: str, arguments: Iterable[str]) -> str:
        """The cell with a `def` where its magic was, and the body indented below."""
        heading = list(self.cell.heading)
        magic = next(number for number, line in enumerate(heading) if line.strip())
        heading[magic] = f"{'async ' * self.is_async}def {name}({', '.join(arguments)}):  # {heading[magic].strip()}"
        heading[magic + 1 :] = [f"{INDENT}# {line.strip()}" for line in heading[magic + 1 :]]
        inside = self._lines_inside_strings()
        body = [
            line if number in inside or not line.strip() else INDENT + line
            for number, line in enumerate(self.lines, len(heading) + 1)
        ]
        return "".join(f"{line}\n" for line in [*heading, *body])

    def _lines_inside_strings(self) -> set[int]:
        """Numbers of the lines that begin inside a string: to indent them would change it."""
        numbers: set[int] = set()
        pending: list[ast.AST] = [self.tree]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.expr) and isinstance(node, _STRINGS):
                numbers.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
            else:
                pending += ast.iter_child_nodes(node)
        return numbers

    def _as_written(self, error: SyntaxError) -> SyntaxError:
        """An error in the indented text, at the place where the user wrote it."""
        line = (error.lineno or 1) - len(self.cell.heading) - 1
        if 0 <= line < len(self.lines):
            error.text = self.lines[line]
            error.offset = max((error.offset or 1) - len(INDENT), 1)
            error.end_offset = error.end_offset and max(error.end_offset - len(INDENT), 1)
        return error


@contextmanager
def warnings_said_elsewhere() -> Iterator[None]:
    """Within this block, Python does not warn of what it reads: it warns when the function is made, once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)  # a wrong escape, before Python 3.12
        yield


def remember(filename: str, text: str) -> None:
    """Let tracebacks, debuggers and `inspect` find a text under a file name."""
    # without a time of modification an entry is never dropped
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


def _invalid(
    cell: Cell, why: str, line: int, text: str, start: int | None = None, end: int | None = None
) -> InvalidBodyError:
    if start is None or end is None:
        return InvalidBodyError(why, SyntaxError(why, (cell.filename, line, None, text)))
    return InvalidBodyError(why, SyntaxError(why, (cell.filename, line, start + 1, text, line, end + 1)))


def _blank_lines(text: str) -> int:
    """How many blank lines a text begins with."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _aligned(lines: list[str], original: list[str]) -> list[str]:
    """Transformed lines with blank ones put in where the transformation has made one line of several."""
    aligned: list[str] = []
    matcher = difflib.SequenceMatcher(None, original, lines, autojunk=False)
    for _, start, stop, low, high in matcher.get_opcodes():
        aligned += lines[low:high]
        aligned += [""] * ((stop - start) - (high - low))
    return aligned


def _return_last(definition: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    last = definition.body[-1]
    if isinstance(last, ast.Expr):
        definition.body[-1] = ast.copy_location(ast.Return(last.value), last)


def _take_partition_key(definition: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Begin with `partition_key = context.partition_key`: a local variable, which a debugger can show."""
    [statement] = ast.parse("partition_key = context.partition_key").body
    for node in ast.walk(statement):
        ast.copy_location(node, definition.args.args[0])
    after_docstring = int(ast.get_docstring(definition, clean=False) is not None)
    definition.body.insert(after_docstring, statement)
