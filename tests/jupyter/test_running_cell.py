"""Which cell is running."""

from __future__ import annotations

import linecache

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ipyassets.jupyter.cell import Cell
from ipyassets.jupyter.running_cell import CellName, running_cell


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    yield shell
    if shell.history_manager is not None:
        shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def cells(shell) -> list[Cell]:
    """The cells that were running when the magic `%%here` was called."""
    found: list[Cell] = []
    shell.register_magic_function(
        lambda line, cell: found.append(running_cell(shell, "here", line, cell)), "cell", "here"
    )
    return found


def test_the_running_cell_is_known_by_the_name_that_tracebacks_have_for_it(shell, cells):
    shell.run_cell("%%here a b\nbody\n", store_history=True)
    assert (cells[0].heading, cells[0].body) == (("%%here a b",), "body\n")
    assert shell.compile.format_code_name(cells[0].filename) == ("Cell", "In[1]")
    assert "run_cell_magic" in linecache.getline(cells[0].filename, 1)


@pytest.mark.parametrize("ending", ["", "\n"])
def test_blank_lines_above_the_magic_belong_to_the_heading(shell, cells, ending):
    shell.run_cell(f"\n\n%%here a\nbody{ending}", store_history=True)
    assert (cells[0].heading, cells[0].body) == (("", "", "%%here a"), "body\n")
    assert shell.compile.format_code_name(cells[0].filename) == ("Cell", "In[1]")


def test_a_cell_run_without_history_is_put_together_from_its_line_and_body(shell, cells):
    shell.run_cell("%%here a\nbody\n", store_history=False)
    assert cells[0].text == "%%here a\nbody\n"


def test_a_magic_called_by_a_function_has_a_cell_of_its_own(shell, cells):
    shell.run_cell("x = 1\nget_ipython().run_cell_magic('here', 'a', 'body\\n')", store_history=True)
    assert cells[0].text == "%%here a\nbody\n"
    assert linecache.getlines(cells[0].filename) == ["%%here a\n", "body\n"]


def test_a_cell_that_runs_again_keeps_its_id():
    first, again, other, nameless = CellName("a", 1), CellName("a", 2), CellName("b", 3), CellName("", 4)
    assert not again.is_another_than(first)
    assert other.is_another_than(first)
    assert not nameless.is_another_than(first)


def test_the_number_of_a_cell_is_that_of_its_prompt(shell):
    shell.run_cell("1", store_history=True)
    names = []
    shell.user_ns["note"] = lambda: names.append(CellName.of(shell))
    shell.run_cell("note()", store_history=True)
    assert names == [CellName("", 2)]
