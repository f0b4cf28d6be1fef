import pytest

from ipyassets.errors import InvalidArgumentError, InvalidPartitionKeyError
from ipyassets.partitions.definitions import DynamicPartitionsDefinition
from ipyassets.partitions.dynamic import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    checked_dynamic_keys,
)

FRUITS = DynamicPartitionsDefinition(name="fruits")


def test_requests_carry_name_and_keys():
    assert FRUITS.build_add_request(["apple"]) == AddDynamicPartitionsRequest("fruits", ["apple"])
    assert FRUITS.build_delete_request(["apple"]) == DeleteDynamicPartitionsRequest("fruits", ("apple",))


@pytest.mark.parametrize("key", ["x...y", "a\nb", "t\tx", "a|b"])
def test_a_key_that_could_not_be_addressed_is_refused_on_entry(key):
    with pytest.raises(InvalidPartitionKeyError):
        FRUITS.build_add_request([key])


def test_such_a_key_can_still_be_removed():
    assert FRUITS.build_delete_request(["a|b"]).partition_keys == ("a|b",)


def test_a_text_is_not_taken_for_its_letters():
    with pytest.raises(InvalidArgumentError, match="list of texts"):
        FRUITS.build_add_request("apple")


def test_a_key_given_twice_is_added_once():
    assert checked_dynamic_keys(["a", "b", "a"]) == ("a", "b")
