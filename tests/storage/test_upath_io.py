from __future__ import annotations

import json

import pytest

from ipyassets.errors import DamagedPartitionError
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
