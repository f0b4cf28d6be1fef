from __future__ import annotations

import pytest

from ipyassets.storage.database import Database
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys


@pytest.fixture(params=["file", "memory"])
def keys(request, tmp_path):
    keys = SqliteDynamicKeys(Database(tmp_path / "log.sqlite" if request.param == "file" else ":memory:"))
    yield keys
    keys.database.close()


def test_keys_stay_in_the_order_they_were_added(keys):
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.add_dynamic_partitions("cities", ["bern", "rome"])
    assert keys.get_dynamic_partitions("cities") == ["rome", "oslo", "bern"]


def test_a_name_nobody_used_has_no_keys(keys):
    assert keys.get_dynamic_partitions("cities") == []
    assert not keys.has_dynamic_partition("cities", "rome")


def test_a_deleted_key_is_gone_and_deleting_it_again_is_no_error(keys):
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.delete_dynamic_partition("cities", "rome")
    keys.delete_dynamic_partition("cities", "rome")
    assert keys.get_dynamic_partitions("cities") == ["oslo"]
    assert keys.has_dynamic_partition("cities", "oslo")


def test_a_key_added_again_comes_last(keys):
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.delete_dynamic_partition("cities", "rome")
    keys.add_dynamic_partitions("cities", ["rome"])
    assert keys.get_dynamic_partitions("cities") == ["oslo", "rome"]


def test_all_keys_can_be_replaced_at_once(keys):
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.add_dynamic_partitions("names", ["ann"])
    keys.set_dynamic_partitions("cities", ["oslo", "bern", "rome"])
    assert keys.get_dynamic_partitions("cities") == ["oslo", "bern", "rome"]
    keys.set_dynamic_partitions("cities", [])
    assert keys.get_dynamic_partitions("cities") == []
    assert keys.get_dynamic_partitions("names") == ["ann"]


def test_two_definitions_do_not_share_keys(keys):
    keys.add_dynamic_partitions("cities", ["rome"])
    keys.add_dynamic_partitions("names", ["ann"])
    assert keys.get_dynamic_partitions("names") == ["ann"]
    assert keys.names() == ["cities", "names"]


def test_keys_are_still_there_after_closing(tmp_path):
    first = SqliteDynamicKeys(Database(tmp_path / "log.sqlite"))
    first.add_dynamic_partitions("cities", ["rome"])
    first.database.close()
    second = SqliteDynamicKeys(Database(tmp_path / "log.sqlite"))
    assert second.get_dynamic_partitions("cities") == ["rome"]
    second.database.close()
