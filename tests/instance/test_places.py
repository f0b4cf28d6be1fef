from __future__ import annotations

import pickle

import pytest

from ipyassets import (
    AssetKey,
    DynamicPartitionsDefinition,
    Instance,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
    materialize,
)
from ipyassets.errors import InvalidDefinitionError, UnstorableValueError
from ipyassets.instance.upkeep import upkeep

LETTERS = StaticPartitionsDefinition(["q", "r"])


@asset(partitions_def=LETTERS)
def pp(context):
    return context.partition_key


@asset(key_prefix="pp")
def q():
    return "of pp/q"


@asset(key_prefix="pp")
def other():
    return "of pp/other"


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path, durability="fast")
    yield instance
    instance.close()


@pytest.mark.parametrize("chosen", [{"selection": [q]}, {"selection": [pp], "partition_key": "r"}])
def test_an_asset_where_a_partition_of_another_lies_is_refused_before_anything_runs(instance, chosen):
    with pytest.raises(InvalidDefinitionError, match="values of pp/q would lie where partition 'q' of pp does: rename"):
        materialize([pp, q], instance=instance, **chosen)
    assert instance.event_log.asset_keys() == []


def test_it_is_refused_because_of_what_is_recorded_of_assets_that_are_not_there_now(instance):
    materialize([q], instance=instance)
    with pytest.raises(InvalidDefinitionError, match="partition 'q' of pp"):
        materialize([pp], instance=instance, partition_key="r")
    assert instance.store.load(q, None) == "of pp/q"


def test_a_partition_that_is_none_any_more_counts_until_its_value_is_wiped(instance):
    materialize([pp], instance=instance, partition_keys="all")
    with pytest.raises(InvalidDefinitionError, match="that of partition 'q' of pp is stored: wipe that one"):
        materialize([q], instance=instance)
    upkeep(instance).wipe(AssetKey("pp"), ["q"])
    assert materialize([q], instance=instance).success


def test_the_first_dimension_counts_and_so_does_what_stands_before_a_bar(instance):
    @asset(partitions_def=MultiPartitionsDefinition({"a": LETTERS, "b": LETTERS}))
    def two():
        return 1

    @asset(partitions_def=StaticPartitionsDefinition(["q|r"]))
    def barred():
        return 1

    for shorter in (two, barred):
        below = asset(key_prefix=shorter.key.path, name="q")(lambda: 1)
        with pytest.raises(InvalidDefinitionError, match="partition 'q'"):
            materialize([shorter, below], selection=[below], instance=instance)


def test_a_dynamic_key_is_refused_from_when_it_exists(instance):
    @asset(partitions_def=DynamicPartitionsDefinition(name="names"), name="pp")
    def named():
        return 1

    instance.add_dynamic_partitions("names", ["a"])
    assert materialize([named, q], selection=[q], instance=instance).success
    instance.add_dynamic_partitions("names", ["q"])
    with pytest.raises(InvalidDefinitionError, match="partition 'q' of pp"):
        materialize([named], instance=instance, partition_key="a")


def test_assets_below_the_name_of_another_are_kept_beside_its_partitions(instance, tmp_path):
    materialize([pp], instance=instance, partition_keys="all")
    materialize([pp, other], selection=[other], instance=instance)
    found = {name: pickle.loads((tmp_path / "storage" / "pp" / name).read_bytes()) for name in ("q", "r", "other")}
    assert found == {"q": "q", "r": "r", "other": "of pp/other"}


@pytest.mark.parametrize("shorter_first", [True, False])
def test_an_asset_without_partitions_and_one_below_its_name_keep_a_value_each(instance, shorter_first):
    @asset(name="pp")
    def whole():
        return "of pp"

    for one in [whole, q] if shorter_first else [q, whole]:
        assert materialize([one], instance=instance).success
    assert (instance.store.load(whole, None), instance.store.load(q, None)) == ("of pp", "of pp/q")


def test_a_name_that_is_too_long_for_any_file_system_is_refused_before_anything_runs(instance):
    deep = asset(key=AssetKey(["x" * 190] * 25))(lambda: 1)
    with pytest.raises(InvalidDefinitionError, match=r"makes a path of 4774 bytes"):
        materialize([deep], instance=instance)
    assert instance.event_log.asset_keys() == []


def test_a_path_that_is_too_long_here_is_told_for_its_partition(instance):
    wide = MultiPartitionsDefinition({f"d{i:02}": StaticPartitionsDefinition(["1" * 190]) for i in range(25)})
    long = asset(name="long", partitions_def=wide)(lambda: 1)
    with pytest.raises(UnstorableValueError, match="too long for this system: give a shorter name"):
        materialize([long], instance=instance, partition_keys="all")
    with pytest.raises(UnstorableValueError, match="too long for this system"):
        instance.store.load(long, "|".join(["1" * 190] * 25))
