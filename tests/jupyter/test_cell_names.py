from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ipyassets.jupyter.cell_names import with_cells_named

HEAD = "Traceback (most recent call last):\n"
SOURCE = '    return flights / 0\n           ~~~~~~~~^~~\nZeroDivisionError: File "x", line 3, in y\n'


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_cell_has_the_name_that_the_notebook_gives_it(shell):
    file = shell.compile.cache("1 / 0", 4)
    told = f'{HEAD}  File "{file}", line 3, in delays\n{SOURCE}'
    assert with_cells_named(shell, told) == f"{HEAD}  Cell In[4], line 3, in delays\n{SOURCE}"


def test_a_cell_of_a_kernel_that_is_gone_is_not_called_a_file(shell):
    told = f'  File "/tmp/ipykernel_20433/240948906.py", line 4, in delays\n{SOURCE}'
    assert with_cells_named(shell, told) == f"  a cell of an earlier session, line 4, in delays\n{SOURCE}"


def test_files_stay_files(shell):
    told = f'  File "/home/me/flights.py", line 4, in delays\n{SOURCE}'
    assert with_cells_named(shell, told) == told
