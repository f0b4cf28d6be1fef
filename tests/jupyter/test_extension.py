from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import ipyassets
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.instance import Instance
from ipyassets.instance.current import current_instance, set_default_instance
from ipyassets.jupyter.extension import load, notebook_folder, unload
from ipyassets.storage.signature import Signer

DECLARE = """
import ipyassets
@ipyassets.asset(partitions_def=ipyassets.StaticPartitionsDefinition(["a", "b"]))
def letters(context):
    print("at work")
    return context.partition_key
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("IPYASSETS_HOME", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    before = sys.displayhook, sys.excepthook
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    # IPython makes these magics when they are first used
    run(made, "%unload_ext ipyassets")
    yield made
    unload(made)
    made.restore_sys_module_state()
    sys.displayhook, sys.excepthook = before
    InteractiveShell.clear_instance()


def run(shell, code):
    done = shell.run_cell(code)
    done.raise_error()
    return done


def everything(shell):
    """All that an extension could leave behind in a shell and its process."""
    formatters = [shell.display_formatter.ipython_display_formatter, *shell.display_formatter.formatters.values()]
    return {
        "variables": {name: id(value) for name, value in shell.user_ns.items() if not name.startswith("_")},
        "hidden variables": {name for name in shell.user_ns_hidden if not name.startswith("_")},
        "magics": {kind: dict(table) for kind, table in shell.magics_manager.magics.items()},
        "magics objects": dict(shell.magics_manager.registry),
        "completers": list(shell.Completer.custom_matchers),
        "completion hooks": [each.__qualname__ for each in shell.Completer.matchers],
        "display": [dict(each.type_printers) | dict(each.deferred_printers) for each in formatters],
        "events": {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()},
        "configurables": list(map(id, shell.configurables)),
        "input transformers": [list(shell.input_transformers_cleanup), list(shell.input_transformers_post)],
        "ast transformers": list(shell.ast_transformers),
        "exceptions": [shell.custom_exceptions, sys.excepthook],
        "streams": [id(sys.stdout), id(sys.stderr), id(sys.displayhook), id(sys.breakpointhook)],
        "logging": list(logging.getLogger().handlers),
        "publishing": set(vars(shell.display_pub)),
        "instance": [set_default_instance(each) for each in [set_default_instance(None)]],
    }


def test_loading_leaves_no_file_and_unloading_leaves_nothing_at_all(shell, tmp_path):
    files = sorted(tmp_path.rglob("*"))
    before = everything(shell)
    run(shell, "%load_ext ipyassets")
    assert everything(shell) != before
    run(shell, "%unload_ext ipyassets")
    assert everything(shell) == before
    assert sorted(tmp_path.rglob("*")) == files


def test_unloading_after_use_leaves_the_users_assets_and_the_store(shell, tmp_path, capsys):
    run(shell, DECLARE)
    before = everything(shell)
    run(shell, "%load_ext ipyassets\n%materialize letters\nletters")
    run(shell, "%unload_ext ipyassets")
    assert everything(shell) == before
    assert sorted(p.name for p in (tmp_path / ".ipyassets" / "storage" / "letters").iterdir()) == ["a", "b"]
    capsys.readouterr()


def test_loading_twice_is_loading_once(shell):
    run(shell, "%load_ext ipyassets")
    once = everything(shell)
    kernel = load(shell)
    ipyassets.load_ipython_extension(shell)
    assert everything(shell) == once
    assert load(shell) is kernel


def test_unloading_what_was_not_loaded_does_nothing(shell):
    before = everything(shell)
    unload(shell)
    assert everything(shell) == before


def test_an_extension_can_be_loaded_again(shell, capsys):
    for _ in range(2):
        run(shell, "%load_ext ipyassets")
        run(shell, DECLARE + "letters")
        assert "2 missing" in capsys.readouterr().out
        run(shell, "%unload_ext ipyassets")


def test_magics_and_displays_that_were_there_before_come_back(shell):
    def theirs(line):
        return "theirs"

    shell.register_magic_function(theirs, "line", "assets")
    formatter = shell.display_formatter.ipython_display_formatter
    formatter.for_type(AssetsDefinition, theirs)
    run(shell, "%load_ext ipyassets")
    assert shell.magics_manager.magics["line"]["assets"] is not theirs
    run(shell, "%unload_ext ipyassets")
    assert shell.magics_manager.magics["line"]["assets"] is theirs
    assert formatter.lookup_by_type(AssetsDefinition) is theirs


def test_in_a_terminal_an_asset_is_shown_as_text_and_stays_the_value_of_its_cell(shell, capsys):
    run(shell, "%load_ext ipyassets")
    done = run(shell, DECLARE + "letters")
    assert "letters: 2 partitions, a to b\n░░\n░ 2 missing" in capsys.readouterr().out
    assert done.result is shell.user_ns["letters"]


def test_the_store_lies_beside_the_notebook_that_the_server_names(shell, tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "work" / "flights.ipynb"))
    assert load(shell).instance.root == tmp_path / "work" / ".ipyassets"


def test_an_editor_names_its_notebook_in_a_variable(shell, tmp_path, monkeypatch):
    (tmp_path / "editor").mkdir()
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "elsewhere.ipynb"))
    shell.user_ns["__vsc_ipynb_file__"] = str(tmp_path / "editor" / "flights.ipynb")
    assert notebook_folder(shell) == tmp_path / "editor"


@pytest.mark.parametrize("told", ["flights.ipynb", "/no/such/folder/flights.ipynb", ""])
def test_a_notebook_that_cannot_be_found_means_the_working_directory(shell, tmp_path, monkeypatch, told):
    monkeypatch.setenv("JPY_SESSION_NAME", told)
    assert notebook_folder(shell) == Path.cwd() == tmp_path


def test_the_environment_names_a_store_for_all_notebooks(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYASSETS_HOME", str(tmp_path / "home"))
    assert load(shell).instance.root == tmp_path / "home"


def test_configuration_wins_over_everything(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IPYASSETS_KEY", "secret")
    shell.config.IPyAssets.root = str(tmp_path / "configured")
    shell.config.IPyAssets.durability = "fast"
    shell.config.IPyAssets.key_file = "team"
    instance = load(shell).instance
    assert instance.root == tmp_path / "configured"
    assert instance.durability == "fast"
    assert getattr(instance.io_manager, "key_id", None) == Signer(key_file=tmp_path / "team").key_id


def test_configuration_can_be_looked_at(shell, capsys):
    run(shell, "%load_ext ipyassets\n%config IPyAssets")
    out = capsys.readouterr().out
    assert "IPyAssets.root" in out
    assert "IPyAssets.durability" in out
    assert "IPyAssets.key_file" in out


def test_values_are_read_from_the_notebooks_own_instance(shell, tmp_path, capsys):
    run(shell, "%load_ext ipyassets")
    assert current_instance() is load(shell).instance
    run(shell, DECLARE + "\nipyassets.materialize([letters], partition_key='a')")
    assert run(shell, "letters['a']").result == "a"
    assert os.path.commonpath([load(shell).instance.root, tmp_path]) == str(tmp_path)
    capsys.readouterr()


def test_the_instance_that_was_current_before_is_current_again(shell):
    mine = Instance.ephemeral()
    before = set_default_instance(mine)
    try:
        load(shell)
        assert current_instance() is not mine
        unload(shell)
        assert current_instance() is mine
    finally:
        set_default_instance(before)
