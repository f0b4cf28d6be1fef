"""Which cell is running: its text, its file name, and which cell of the notebook it is."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from IPython.core.interactiveshell import InteractiveShell

from ipyassets.jupyter.cell import Cell


def running_cell(shell: InteractiveShell, magic: str, line: str, body: str) -> Cell:
    """The cell that has called a cell magic with this line and body; made up where it was called from elsewhere."""
    heading: tuple[str, ...] = (f"%%{magic} {line}".rstrip(),)
    for text in _texts(shell):
        raw = text if text.endswith("\n") else f"{text}\n"
        before = raw[: len(raw) - len(body)].splitlines() if raw.endswith(body) else []
        if before and before[-1].lstrip().startswith(f"%%{magic}"):
            heading = tuple(before)
    cell = Cell("", heading, body)
    return Cell(_filename(shell, magic, cell.text), heading, body)


@dataclass(frozen=True, slots=True)
class CellName:
    """Which cell of the notebook is meant: by the notebook's own id, "" where there is none, and as in `In[4]`."""

    identity: str
    number: int

    @classmethod
    def of(cls, shell: InteractiveShell) -> CellName:
        """The cell that is running."""
        metadata = _parent(shell).get("metadata")
        identity = metadata.get("cellId") if isinstance(metadata, Mapping) else ""
        history = shell.history_manager  # of inputs, which begin at 1; IPython 9 counts a cell before it runs, 8 after
        number = len(history.input_hist_raw) if history is not None else int(shell.execution_count)
        return cls(str(identity or ""), max(number - 1, 1))

    def is_another_than(self, other: CellName) -> bool:
        """Whether two names are certainly of two cells: a cell that runs again keeps its id and gets a new number."""
        return bool(self.identity) and bool(other.identity) and self.identity != other.identity


def _parent(shell: InteractiveShell) -> Mapping[str, object]:
    """The request that the kernel is answering; empty in a terminal."""
    parent: object = getattr(shell, "get_parent", dict)()
    return parent if isinstance(parent, Mapping) else {}


def _texts(shell: InteractiveShell) -> Iterator[str]:
    """What the running cell may have been, the best witness last."""
    history = shell.history_manager
    if history is not None and history.input_hist_raw:
        yield history.input_hist_raw[-1]
    content = _parent(shell).get("content")
    if isinstance(content, Mapping):
        yield str(content.get("code", ""))


def _filename(shell: InteractiveShell, magic: str, text: str) -> str:
    """The name under which the shell has compiled the call of the magic: the cell's, to tracebacks and debuggers."""
    call = f"get_ipython().run_cell_magic('{magic}'"  # what IPython makes of a cell with a magic
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if frame.f_globals is shell.user_ns and linecache.getline(name, 1).startswith(call):
            return name
        frame = frame.f_back
    return str(shell.compile.cache(text, shell.execution_count, raw_code=text))
