"""What an import costs: the heavy libraries are loaded on use, and a worker never meets the notebook."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

HEAVY = ("pandas", "IPython", "anywidget", "ipywidgets", "traitlets", "matplotlib")
TASK = """
import tempfile
from ipyassets import Instance, asset, materialize

@asset
def modules():
    import sys
    return list(sys.modules)

with tempfile.TemporaryDirectory() as root:
    instance = Instance(root)
    materialize([modules], instance=instance, executor="processes", max_workers=1)
    print(*instance.store.load(modules, None))
    instance.close()
"""
EXTENSION = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell().run_line_magic("load_ext", "ipyassets")
"""
LATER = (
    "pandas",
    "anywidget",
    "ipywidgets",
    "matplotlib",
    "pendulum",
    "ipyassets.jupyter.bar",
    "ipyassets.engine.step",
)


def printed(program: str) -> set[str]:
    """The words that a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@cache
def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after the statement."""
    return printed(f"import sys\n{statement}\nprint(*sys.modules)")


@cache
def loaded_by_a_worker() -> set[str]:
    """The modules that another process has loaded when it runs the first body that it is sent."""
    return printed(TASK)


@pytest.mark.parametrize("heavy", HEAVY)
@pytest.mark.parametrize("statement", ["from ipyassets import *", "import ipyassets.engine.step"])
def test_an_import_loads_no_heavy_library(statement, heavy):
    assert heavy not in loaded_by(statement)


def test_the_check_would_see_a_heavy_library():
    assert "pandas" in loaded_by("import pandas")


def test_the_package_itself_loads_nothing_until_a_name_is_asked_for():
    assert not {"numpy", "typing", "dataclasses"} & loaded_by("import ipyassets")
    assert "ipyassets.partitions.time_window" in loaded_by("from ipyassets import DailyPartitionsDefinition")


def test_the_notebook_layer_is_loaded_only_by_the_extension():
    assert not [name for name in loaded_by("from ipyassets import *") if name.startswith("ipyassets.jupyter")]


@pytest.mark.parametrize("heavy", [*HEAVY, "sqlite3", "pendulum", "cronsim", "ipyassets.instance", "ipyassets.jupyter"])
def test_a_worker_loads_what_its_task_needs(heavy):
    assert heavy not in loaded_by_a_worker()
    assert "ipyassets.storage.pickle_io" in loaded_by_a_worker()


@pytest.mark.parametrize("later", LATER)
def test_the_extension_loads_what_its_first_cell_needs(later):
    assert later not in loaded_by(EXTENSION)
    assert "ipyassets.jupyter.magics" in loaded_by(EXTENSION)
