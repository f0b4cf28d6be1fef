from __future__ import annotations

import os

import pytest

from ipyassets.storage.naming import MARK, decide_names, names_are_portable
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import Signer
from tests.conformance.io_manager import SALES, output, wanted

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names are of one kind there")
MINE = Signer(secret=b"mine")


@pytest.fixture
def ignores_case(monkeypatch):
    """As if every file system took A for a."""
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: exists(path) or exists(str(path).lower()))


@pytest.fixture
def refuses_colons(monkeypatch):
    """As if every file system refused some characters."""
    opened = os.open

    def refusing(path, *more):
        if ":" in str(path):
            raise OSError(22, "Invalid argument")
        return opened(path, *more)

    monkeypatch.setattr(os, "open", refusing)


def test_a_folder_that_tells_all_names_apart_has_plain_ones_and_nothing_more_in_it(tmp_path):
    decide_names(tmp_path / "values")
    assert list((tmp_path / "values").iterdir()) == []
    (tmp_path / "values" / "sales").mkdir()
    assert names_are_portable(tmp_path / "values") is False


@pytest.mark.parametrize("kind", ["ignores_case", "refuses_colons"])
def test_a_folder_that_does_not_is_marked(tmp_path, request, kind):
    request.getfixturevalue(kind)
    decide_names(tmp_path / "values")
    assert [each.name for each in (tmp_path / "values").iterdir()] == [MARK]
    assert names_are_portable(tmp_path / "values") is True


def test_the_answer_goes_with_the_folder(tmp_path, ignores_case, monkeypatch):
    decide_names(tmp_path / "values")
    monkeypatch.undo()
    (tmp_path / "values").rename(tmp_path / "elsewhere")
    decide_names(tmp_path / "elsewhere")
    assert names_are_portable(tmp_path / "elsewhere") is True


def test_a_folder_that_has_values_keeps_the_names_it_has(tmp_path, ignores_case):
    (tmp_path / "sales").mkdir()
    decide_names(tmp_path)
    assert names_are_portable(tmp_path) is False


def test_what_another_process_is_trying_out_is_no_value(tmp_path):
    (tmp_path / ".probe-0123x").touch()
    assert names_are_portable(tmp_path) is None


def test_nothing_is_made_in_a_folder_that_is_only_looked_at(tmp_path):
    manager = FilesystemIOManager(tmp_path / "values", signer=MINE)
    assert manager.present(SALES, ["a"]).tolist() == [False]
    assert not (tmp_path / "values").exists()


def test_keys_that_differ_in_case_alone_have_files_of_their_own(tmp_path, ignores_case):
    manager = FilesystemIOManager(tmp_path / "values", signer=MINE)
    assert manager.present(SALES, ["a", "A"]).tolist() == [False, False]
    stored: dict[str, object] = {}
    for key in ("a", "A"):
        context = output(key)
        manager.handle_output(context, key)
        stored |= context.stored
    assert {each.name.lower() for each in (tmp_path / "values" / "sales").iterdir()} == {"a", "a%^1"}
    again = FilesystemIOManager(tmp_path / "values", signer=MINE)
    assert [again.load_input(wanted(key, artifacts=stored)) for key in ("a", "A")] == ["a", "A"]
    assert again.present(SALES, ["a", "A"]).tolist() == [True, True]
