from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from ipyassets import AssetKey, asset
from ipyassets.errors import InvalidDefinitionError


def test_a_plain_text_is_one_part_and_user_text_splits_at_slashes():
    assert AssetKey("a/b").path == ["a/b"]
    assert AssetKey.from_user_string("a/b") == AssetKey(["a", "b"])
    assert AssetKey(["a", "b"]).to_user_string() == "a/b"


def test_the_parts_of_a_key_can_be_added_to_and_it_stays_as_it_is():
    key = AssetKey(["a", "b"])
    assert key.path + ["c"] == ["a", "b", "c"]  # noqa: RUF005 - as code that comes from Dagster has it
    key.path.append("d")
    assert key == AssetKey(["a", "b"])


@pytest.mark.parametrize(
    ("partition_key", "in_reasons", "in_errors"), [("", "a/b", "a/b"), ("k  ", "a/b k  ", "a/b 'k  '")]
)
def test_a_partition_is_named_as_it_is_and_an_asset_without_partitions_alone(partition_key, in_reasons, in_errors):
    key = AssetKey(["a", "b"])
    assert (key.naming(partition_key), key.quoting(partition_key)) == (in_reasons, in_errors)


def test_the_text_of_the_log_tells_one_part_with_a_slash_from_two():
    keys = [AssetKey("a/b"), AssetKey(["a", "b"])]
    assert len({key.to_string() for key in keys}) == 2
    assert [AssetKey.from_db_string(key.to_string()) for key in keys] == keys


def test_a_key_that_is_no_whole_text_is_refused():
    with pytest.raises(InvalidDefinitionError, match="half of a character"):
        AssetKey(["a\ud800"])


def test_a_key_is_meant_by_a_key_a_text_a_list_or_an_asset():
    @asset(key_prefix="p")
    def a():
        return 1

    assert [AssetKey.from_coercible(each) for each in (AssetKey(["p", "a"]), "p/a", ["p", "a"], a)] == [a.key] * 4


@pytest.mark.parametrize("path", ["", [], ["a", ""], [1], ("a", None)])
def test_what_names_nothing_is_refused(path):
    with pytest.raises(InvalidDefinitionError):
        AssetKey(path)


def test_what_is_no_asset_names_none():
    with pytest.raises(InvalidDefinitionError, match="does not name an asset"):
        AssetKey.from_coercible(3)


def test_keys_are_ordered_by_their_parts():
    assert sorted([AssetKey("b"), AssetKey(["a", "z"]), AssetKey("a")]) == [
        AssetKey("a"),
        AssetKey(["a", "z"]),
        AssetKey("b"),
    ]


def test_a_key_from_another_process_is_found_in_a_dict():
    program = "import pickle, sys; from ipyassets import AssetKey; sys.stdout.buffer.write(pickle.dumps(AssetKey('a')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert {AssetKey("a"): 1}[pickle.loads(done.stdout)] == 1
