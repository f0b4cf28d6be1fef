import datetime as dt

import pytest

from ipyassets.errors import InvalidArgumentError, NoDynamicPartitionsError
from ipyassets.partitions.as_of import AsOf, DynamicPartitionsStore, as_of, partition_loading_context

NOON = dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC)


class Fruits:
    def get_dynamic_partitions(self, partitions_def_name):
        return ["apple", "pear"] if partitions_def_name == "fruits" else []

    def has_dynamic_partition(self, partitions_def_name, partition_key):
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


def test_a_store_is_whatever_has_its_methods():
    assert isinstance(Fruits(), DynamicPartitionsStore)


def test_what_is_given_comes_before_what_is_fixed():
    with partition_loading_context(NOON):
        assert as_of().now == NOON
        assert as_of(NOON + dt.timedelta(days=1)).now == NOON + dt.timedelta(days=1)


def test_what_is_left_out_is_kept_from_outside():
    with partition_loading_context(NOON), partition_loading_context(dynamic_partitions_store=Fruits()) as inner:
        assert inner.now == NOON
        assert inner.keys_of("fruits") == ("apple", "pear")


def test_after_the_block_the_clock_counts_again():
    with partition_loading_context(NOON):
        pass
    assert as_of().now > NOON


def test_keys_may_be_a_mapping():
    assert AsOf(NOON, {"fruits": ["fig"]}).keys_of("fruits") == ("fig",)
    assert AsOf(NOON, {}).keys_of("fruits") == ()


def test_without_a_store_only_asking_for_keys_is_an_error():
    moment = as_of(NOON)
    with pytest.raises(NoDynamicPartitionsError, match="dynamic_partitions_store=instance"):
        moment.keys_of("fruits")


def test_a_time_is_a_datetime():
    with pytest.raises(InvalidArgumentError):
        as_of("2024-01-01")  # type: ignore[arg-type]


def test_a_store_without_any_keys_is_a_store():
    class Listed(Fruits, list[str]):
        def get_dynamic_partitions(self, partitions_def_name):
            return list(self)

    with partition_loading_context(dynamic_partitions_store=Listed()) as now:
        assert now.keys_of("fruits") == ()
