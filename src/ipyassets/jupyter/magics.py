"""`%%asset`, `%materialize`, `%assets` and `%cancel`: each reads its line, calls one function and shows the result."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import MagicArgumentParser

from ipyassets.assets.config import RunConfigLike
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.instance.executors import NAMES, manner_of
from ipyassets.instance.launch import configs
from ipyassets.interrupt import shielded
from ipyassets.jupyter.arguments import evaluate, header, parse
from ipyassets.jupyter.cell import Body
from ipyassets.jupyter.declaration import Surroundings, asset_key, declare, reads_variable
from ipyassets.jupyter.kernel import NotebookKernel, note
from ipyassets.jupyter.options import ASSET, MATERIALIZE
from ipyassets.jupyter.progress_line import ProgressLine
from ipyassets.jupyter.running_cell import CellName, running_cell
from ipyassets.jupyter.tracebacks import cancelled, raise_failure
from ipyassets.partitions.definitions import PartitionsDefinition
from ipyassets.partitions.selection_text import parse as parse_selection
from ipyassets.partitions.spans import Spans

if TYPE_CHECKING:
    import pandas as pd

UNFINISHED = "unfinished"  # the selection where none is given
Function = TypeVar("Function", bound=Callable[..., object])


def _documented_by(parser: MagicArgumentParser) -> Callable[[Function], Function]:
    def document(function: Function) -> Function:
        function.__doc__ = parser.format_help()
        return function

    return document


@magics_class
class AssetMagics(Magics):
    """The magics of one notebook."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell, kernel: NotebookKernel) -> None:
        super().__init__(shell)
        self._kernel = kernel
        self._declared_in: dict[str, CellName] = {}

    @no_var_expand
    @line_cell_magic
    @_documented_by(ASSET)
    def asset(self, line: str, cell: str | None = None) -> None:
        """Declare the asset of a cell, or show one that was declared."""
        heading, continued = header(line, cell or "")
        arguments = parse(ASSET, heading, "names")
        if arguments.help:
            print(ASSET.format_help())  # noqa: T201
            return
        if cell is None:
            if not arguments.names:
                raise self._lacking("%asset")
            self._kernel.show(self._kernel.namespace.find(" ".join(arguments.names)))
            return
        key = asset_key(arguments.names)
        written = running_cell(self.shell, "asset", line, cell).with_longer_heading(continued)
        body = Body.read(written, self.shell.transform_cell)
        around = Surroundings(self.shell.user_ns, self._kernel.namespace.assets)
        made = declare(body, key, arguments, around, flags=self.shell.compile.flags)
        self._bind(key.path[-1], made)
        self._kernel.show(made)
        if body.loses_its_value:
            note(f"the value of {key} is None, because the body ends by binding a name: end it with that name alone")

    def _bind(self, variable: str, made: AssetsDefinition) -> None:
        """Bind an asset, once it is certain that it fits the others and takes the place of nothing that they need."""
        graph = self._kernel.namespace.graph_with(variable, made)
        lost = self.shell.user_ns.get(variable)
        here, before = CellName.of(self.shell), self._declared_in.get(variable)
        if isinstance(lost, AssetsDefinition):
            if lost.key not in graph:
                note(f"the variable {variable} was the asset {lost.key}, which is not defined any more")
            elif before is not None and before.is_another_than(here) and lost.key == made.key:
                note(f"{made.key} was declared in cell [{before.number}], and is now what cell [{here.number}] says")
        else:
            if isinstance(lost, PartitionsDefinition):
                _refuse_to_lose(variable, lost, graph)
            if lost is not None:
                note(f"the variable {variable} was a {type(lost).__name__}, and is now the asset {made.key}")
            for name, asset in self._kernel.namespace.assets.items():
                if name in self._declared_in and reads_variable(asset, variable):
                    note(f"{asset.key} takes {variable} for a plain variable: run its cell again to make it an input")
        self._declared_in[variable] = here
        self.shell.user_ns[variable] = made

    @no_var_expand
    @line_magic
    @_documented_by(MATERIALIZE)
    def materialize(self, line: str) -> None:
        """Make partitions of assets, and wait for them."""
        arguments = parse(MATERIALIZE, line, "words")
        if arguments.help:
            print(MATERIALIZE.format_help())  # noqa: T201
            return
        instance = self._kernel.instance
        assets, selection = self._asked(arguments.words)
        title = ", ".join(str(asset.key) for asset in assets)
        progress = ProgressLine(self.shell, title)
        with cancelled(progress):
            facts = instance.facts(self._kernel.graph())
            plan = instance.plan_from(facts, _wanted(facts, assets, selection), arguments.upstream)
            manner = replace(
                manner_of(self._executor(arguments.executor), arguments.max_workers, arguments.on_error),
                tags=self._mapping("--tags", arguments.tags),
                resources=self._mapping("--resources", arguments.resources),
                configs=configs(plan, cast("RunConfigLike", self._value("--config", arguments.config))),
            )
            if not (len(plan) or plan.held):
                print(f"nothing to make: nothing of {title} is {selection}; `all` would make it again")  # noqa: T201
            elif arguments.dry_run:
                print(plan)  # noqa: T201
            else:
                with shielded(), progress.shown():
                    result = instance.run(plan, manner, watch=progress.watch)
                raise_failure(self.shell, result)

    def _asked(self, words: list[str]) -> tuple[list[AssetsDefinition], str]:
        """The assets that a line names, and the selection after them; without one, what is not fresh."""
        namespace = self._kernel.namespace
        if not words:
            raise self._lacking("%materialize")
        first, *rest = words
        names = _names(first)
        while rest and all(map(namespace.has, _names(rest[0]))):
            names += _names(rest.pop(0))
        assets = [namespace.find(name) for name in names]
        return assets, " ".join(rest) or UNFINISHED

    def _lacking(self, magic: str) -> UsageError:
        """The error of a line that names no asset."""
        known = ", ".join(self._kernel.namespace.assets) or "none yet"
        return UsageError(f"{magic} takes an asset, as in {magic} NAME (assets here: {known})")

    def _executor(self, text: str | None) -> Executor | str | None:
        if text in NAMES:
            return text
        if isinstance(found := self._value("--executor", text), type):
            raise UsageError(f"--executor {text}: this is a class: give an executor made of it, as in {text}(4)")
        return cast("Executor | None", found)

    def _value(self, option: str, text: str | None) -> object:
        return None if text is None else evaluate(option, text, self.shell.user_ns)

    def _mapping(self, option: str, text: str | None) -> dict[str, Any]:
        found = self._value(option, text) or {}
        if not isinstance(found, dict):
            raise UsageError(f"{option} {text}: give a dict")
        return found

    @line_magic
    def assets(self, line: str) -> pd.DataFrame:
        """A table of the assets here: what they read and are partitioned by, how many partitions are in each state.

        `%assets --disk` is about the disk instead: how many values each asset has stored, and what they take.
        """
        from ipyassets.jupyter.asset_table import asset_table, disk_table

        match line.split():
            case []:
                return asset_table(self._kernel.instance.facts(self._kernel.graph()), self._kernel.namespace)
            case ["--disk"]:
                from ipyassets.instance.upkeep import upkeep

                return disk_table(upkeep(self._kernel.instance, self._kernel.graph()).disk_use())
        raise UsageError(f"%assets takes --disk or nothing, not {line.strip()!r}; %asset NAME shows one asset")

    @line_magic
    def cancel(self, line: str) -> None:
        """Cancel runs that go on in the background: those of the assets named, or all.

        What has finished stays, what is running ends by itself, what is queued does not start.
        """
        keys = {self._kernel.namespace.find(name).key for name in _names(line)}
        runs = [run for run in self._kernel.instance.active if not keys or keys & {*run.plan.pending, *run.plan.held}]
        for run in runs:
            run.cancel()
        print(f"cancelled {len(runs)} run{'s' * (len(runs) != 1)}" if runs else "nothing is running")  # noqa: T201


def _wanted(facts: Facts, assets: list[AssetsDefinition], selection: str) -> dict[AssetKey, Spans]:
    """The partitions that a selection means; it is not about assets without partitions that stand beside others."""
    mixed = any(asset.partitions_def is not None for asset in assets)
    texts = {one.key: UNFINISHED if mixed and one.partitions_def is None else selection for one in assets}
    return {key: parse_selection(text, facts.space(key), facts.named(key)) for key, text in texts.items()}


def _refuse_to_lose(variable: str, definition: PartitionsDefinition, graph: AssetGraph) -> None:
    """Raise UsageError if assets are partitioned by what a variable holds: their cells could not be run again."""
    if partitioned := [str(asset.key) for asset in graph if asset.partitions_def == definition]:
        raise UsageError(
            f"the variable {variable} holds what {', '.join(partitioned)} would be partitioned by, and would become "
            "this asset: give one of the two another name"
        )


def _names(text: str) -> list[str]:
    return text.replace(",", " ").split()
