"""What an import costs: the heavy libraries are loaded on use, and a worker never meets the notebook."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

HEAVY = ("pandas", "IPython", "anywidget", "ipywidgets", "traitlets", "matplotlib")


@cache
def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after the statement."""
    program = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("heavy", HEAVY)
@pytest.mark.parametrize("statement", ["import ipyassets", "import ipyassets.engine.step"])
def test_an_import_loads_no_heavy_library(statement, heavy):
    assert heavy not in loaded_by(statement)


def test_the_check_would_see_a_heavy_library():
    assert "pandas" in loaded_by("import pandas")


def test_the_notebook_layer_is_loaded_only_by_the_extension():
    program = "import ipyassets, sys; print(any(name.startswith('ipyassets.jupyter') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
