"""Tracebacks that were kept as text, with cells under the names that a notebook gives them."""

from __future__ import annotations

import re
from functools import partial

from IPython.core.interactiveshell import InteractiveShell

_FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", (?P<rest>line \d+.*)$', re.MULTILINE)
# Where ipykernel pretends that cells are, in a folder that is gone with the kernel.
_CELL_FILE = re.compile(r"ipykernel_\d+[/\\]\d+\.py$")


def with_cells_named(shell: InteractiveShell, traceback: str) -> str:
    """A traceback in which a cell is `Cell In[4]`, or one of an earlier session, rather than a file nobody can open."""
    return _FRAME.sub(partial(_frame, shell), traceback)


def _frame(shell: InteractiveShell, found: re.Match[str]) -> str:
    file, rest = found["file"], found["rest"]
    if (known := shell.compile.format_code_name(file)) is not None:
        return f"  {' '.join(known)}, {rest}"
    if _CELL_FILE.search(file):
        return f"  a cell of an earlier session, {rest}"
    return found[0]
