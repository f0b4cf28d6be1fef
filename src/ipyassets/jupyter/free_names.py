"""Which names a cell's body takes from outside: those it reads before it has bound them itself.

The compiler's own answer will not do: to it, a name that is assigned anywhere is local everywhere, but
`raw = raw.dropna()` does read the asset `raw`. So the body is walked in the order in which it runs. Where that depends
on a condition, the walk takes a name as bound only if every way through binds it; a loop is taken to run at least once.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import partial

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def names_read_before_bound(body: Iterable[ast.stmt]) -> list[str]:
    """The names that a body takes from outside, in the order in which it first reads them; builtins among them."""
    walk = _Walk(set())
    walk.run(body)
    walk.call_the_rest()
    return list(walk.read)


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a body itself, without what has a scope of its own: functions, classes, comprehensions' targets."""
    pending = list(body)
    while pending:
        node = pending.pop(0)
        yield node
        if isinstance(node, ast.comprehension):
            pending += [node.iter, *node.ifs]
        elif not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            pending += ast.iter_child_nodes(node)


def names_bound(body: Iterable[ast.AST]) -> set[str]:
    """The names that a body binds by itself, whenever that happens."""
    return {name for node in own_nodes(body) for name in _bound_by(node)}


def _bindings(node: ast.Lambda | Function) -> set[str]:
    """The local names of a function: its arguments and all that it binds, whenever that happens."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    names = {each.arg for each in arguments if each is not None}
    outside: set[str] = set()
    for inner in own_nodes(node.body if isinstance(node.body, list) else [node.body]):
        if isinstance(inner, ast.Global | ast.Nonlocal):
            outside.update(inner.names)
        else:
            names.update(_bound_by(inner))
    return names - outside


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that one node binds by itself."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


class _Names(ast.NodeVisitor):
    """What one scope reads and binds, expression by expression in the order in which they run."""

    def __init__(self, bound: set[str]) -> None:
        self.bound = bound
        self.read: dict[str, None] = {}
        self._global: set[str] = set()
        self._later: dict[str, list[str]] = {}

    def _call(self, name: str) -> None:
        for each in self._later.pop(name, ()):
            self._load(each)

    def _load(self, name: str) -> None:
        if name not in self.bound and name not in self._global:
            self.read.setdefault(name)
        self._call(name)

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _inside(self, inner: _Names) -> None:
        """Take over what a scope inside has read from this one."""
        for name in inner.read:
            self._load(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        else:
            self._load(node.id)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit_all([node.value, node.target])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_all([*node.args.defaults, *node.args.kw_defaults])
        inner = _Names(_bindings(node))
        inner.visit(node.body)
        self._inside(inner)

    def _comprehension(self, node: Comprehension) -> None:
        first, *_ = node.generators
        self.visit(first.iter)
        inner = _Names(set())
        for each in node.generators:
            inner._visit_all([None if each is first else each.iter, each.target, *each.ifs])
        inner._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self._inside(inner)
        # `:=` inside binds outside
        self.bound.update(each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_Assign(self, node: ast.Assign) -> None:
        self._visit_all([node.value, *node.targets])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._load(node.target.id)
        self._visit_all([node.value, node.target])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        # the annotation of a local name is not evaluated, and without a value nothing is bound
        if node.value is not None or not isinstance(node.target, ast.Name):
            self._visit_all([node.value, node.target])

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for each in node.names:
            self.bound.update(_bound_by(each))

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Global(self, node: ast.Global) -> None:
        self._global.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            self._load(name)


class _Walk(_Names):
    """A walk through the statements of one scope in the order in which they run.

    `visit` of a statement returns False where control never goes past it. The body of a function runs when the function
    is first mentioned after its definition, or at the end.
    """

    def run(self, body: Iterable[ast.stmt]) -> bool:
        """Walk statements one after another; whether control reaches the end."""
        return all(self.visit(statement) is not False for statement in body)

    def call_the_rest(self) -> None:
        """Walk into the functions that were never mentioned."""
        while self._later:
            self._call(next(iter(self._later)))

    def _one_of(self, *ways: Callable[[], bool]) -> bool:
        """Walk alternatives: what every one that goes on binds is bound; whether any goes on."""
        before, ends = self.bound, []
        for way in ways:
            self.bound = set(before)
            if way():
                ends.append(self.bound)
        self.bound = set.intersection(*ends) if ends else before
        return bool(ends)

    def visit_FunctionDef(self, node: Function) -> None:
        arguments = node.args
        annotations = [each.annotation for each in ast.walk(arguments) if isinstance(each, ast.arg)]
        self._visit_all([*node.decorator_list, *arguments.defaults, *arguments.kw_defaults, *annotations, node.returns])
        inner = _Walk(_bindings(node))
        inner.run(node.body)
        inner.call_the_rest()
        self.bound.add(node.name)
        self._later[node.name] = list(inner.read)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *(each.value for each in node.keywords)])
        inner = _Walk(set())
        inner.run(node.body)
        self._inside(inner)
        self.bound.add(node.name)
        # methods do not see the names of the class
        self._later[node.name] = [name for names in inner._later.values() for name in names]

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit_all([node.iter, node.target])
        self.run(node.body)
        self.run(node.orelse)

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.run(node.body)
        self.run(node.orelse)

    def visit_If(self, node: ast.If) -> bool:
        self.visit(node.test)
        return self._one_of(lambda: self.run(node.body), lambda: self.run(node.orelse))

    def visit_With(self, node: ast.With | ast.AsyncWith) -> bool:
        for each in node.items:
            self._visit_all([each.context_expr, each.optional_vars])
        return self.run(node.body)

    visit_AsyncWith = visit_With  # noqa: N815

    def visit_Try(self, node: ast.Try) -> bool:
        def succeed() -> bool:
            return self.run(node.body) and self.run(node.orelse)

        handled = [partial(self.visit_ExceptHandler, handler) for handler in node.handlers]
        goes_on = self._one_of(succeed, *handled)
        return self.run(node.finalbody) and goes_on

    def visit_TryStar(self, node: ast.TryStar) -> bool:
        return self.visit_Try(ast.Try(node.body, node.handlers, node.orelse, node.finalbody))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> bool:
        self._visit_all([node.type])
        self.bound.update(_bound_by(node))
        return self.run(node.body)

    def visit_Match(self, node: ast.Match) -> bool:
        def take(case: ast.match_case) -> bool:
            self.visit(case.pattern)
            self.bound.update(name for each in ast.walk(case.pattern) for name in _bound_by(each))
            self._visit_all([case.guard])
            return self.run(case.body)

        self.visit(node.subject)
        last = node.cases[-1]
        is_exhaustive = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        return self._one_of(*(partial(take, case) for case in node.cases), *([] if is_exhaustive else [lambda: True]))

    def _ends(self, node: ast.AST) -> bool:
        self.generic_visit(node)
        return False

    visit_Return = visit_Raise = visit_Continue = visit_Break = _ends  # noqa: N815
