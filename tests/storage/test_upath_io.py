from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from ipyassets.errors import DamagedPartitionError, UnstorableValueError
from ipyassets.storage.signature import Signer
from ipyassets.storage.upath_io import UPathIOManager
from tests.conformance.io_manager import IOManagerConformance, output, wanted

MINE = Signer(secret=b"mine")


class JsonIOManager(UPathIOManager):
    """As Dagster's documentation has it."""

    extension = ".json"

    def dump_to_path(self, context, obj, path):
        with path.open("w") as file:
            json.dump({"asset": str(context.asset_key), "value": obj}, file)

    def load_from_path(self, context, path):
        with path.open("r") as file:
            loaded = json.load(file)
        assert loaded["asset"] == str(context.asset_key)
        return loaded["value"]


class TestByPath(IOManagerConformance):
    @pytest.fixture
    def manager(self, tmp_path):
        return JsonIOManager(base_path=tmp_path, signer=MINE)


def test_what_was_written_by_path_is_verified_like_everything(tmp_path):
    manager = JsonIOManager(tmp_path, signer=MINE)
    context = output("a")
    manager.handle_output(context, [1, 2])
    file = tmp_path / "sales" / "a"
    file.write_text(file.read_text().replace("1", "7"))
    with pytest.raises(DamagedPartitionError):
        manager.load_input(wanted("a", artifacts=context.stored))


class ArrayIOManager(UPathIOManager):
    def dump_to_path(self, context, obj, path):
        np.save(path, obj)

    def load_from_path(self, context, path):
        return np.load(path)


class WithItsExtension(ArrayIOManager):
    extension = ".npy"


class FolderIOManager(ArrayIOManager):
    def dump_to_path(self, context, obj, path):
        path.mkdir()


class WritesNothing(ArrayIOManager):
    def dump_to_path(self, context, obj, path):
        pass


def test_a_library_that_goes_by_the_extension_is_given_it(tmp_path):
    manager, context = WithItsExtension(tmp_path, signer=MINE), output("a")
    manager.handle_output(context, np.arange(3))
    loaded = manager.load_input(wanted("a", artifacts=context.stored))
    assert isinstance(loaded, np.ndarray)
    assert loaded.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ArrayIOManager, r"wrote value\.npy in place of value: set extension = '\.npy'"),
        (FolderIOManager, "wrote a folder"),
        (WritesNothing, "wrote no file"),
    ],
)
def test_what_was_not_written_at_the_path_given_is_told(tmp_path, kind, words):
    with pytest.raises(UnstorableValueError, match=f"{kind.__name__}.dump_to_path {words}"):
        kind(tmp_path, signer=MINE).handle_output(output("a"), np.arange(3))


class WhereLoaded(ArrayIOManager):
    extension = ".npy"

    def load_from_path(self, context, path):
        return threading.current_thread()


class WhereLoadedAtOnce(WhereLoaded):
    loads_at_once = True


@pytest.mark.parametrize("kind", [WhereLoaded, WhereLoadedAtOnce])
def test_large_values_are_loaded_in_this_thread_unless_a_subclass_says_that_others_will_do(tmp_path, kind):
    manager = kind(tmp_path, signer=MINE)
    artifacts: dict[str, object] = {}
    for key in ("a", "b"):
        context = output(key)
        manager.handle_output(context, np.zeros(50_000))
        artifacts |= context.stored
    loaded = manager.load_input(wanted("b", "a", artifacts=artifacts, gives_one=False))
    assert (set(loaded.values()) == {threading.current_thread()}) is (kind is WhereLoaded)


def test_what_a_subclass_says_of_a_value_is_recorded_with_it(tmp_path):
    class Counted(JsonIOManager):
        def get_metadata(self, context, obj):
            return {"rows": len(obj)}

    context = output("a")
    Counted(tmp_path, signer=MINE).handle_output(context, [1, 2])
    assert context.reported == {"rows": 2}


class Separated(UPathIOManager):
    """With an argument of its own, and none of the others."""

    def __init__(self, separator):
        super().__init__()
        self.separator = separator

    def dump_to_path(self, context, obj, path):
        path.write_text(self.separator.join(obj))

    def load_from_path(self, context, path):
        return path.read_text().split(self.separator)


def test_a_subclass_keeps_its_own_settings_in_an_instance(tmp_path):
    manager, context = Separated(";").bound(tmp_path, MINE), output("a")
    manager.handle_output(context, ["a,b", "c"])
    assert (tmp_path / "sales" / "a").read_text() == "a,b;c"
    assert manager.load_input(wanted("a", artifacts=context.stored)) == ["a,b", "c"]


def test_a_value_whose_writer_died_before_it_was_in_place_is_read_again_and_again(tmp_path):
    manager = JsonIOManager(tmp_path, signer=MINE)
    context = output("a")
    manager.stage(context, [1, 2])
    for _ in range(2):
        assert manager.load_input(wanted("a", artifacts=context.stored)) == [1, 2]


def test_what_comes_in_the_place_of_a_file_while_it_is_read_is_not_read(tmp_path):
    class Slow(JsonIOManager):
        def load_from_path(self, context, path):
            (tmp_path / "sales" / "a").write_text("changed meanwhile")
            return super().load_from_path(context, path)

    context = output("a")
    Slow(tmp_path, signer=MINE).handle_output(context, [1, 2])
    assert Slow(tmp_path, signer=MINE).load_input(wanted("a", artifacts=context.stored)) == [1, 2]
