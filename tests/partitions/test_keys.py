import datetime as dt
import pickle

import pytest

from ipyassets.errors import InvalidPartitionKeyError
from ipyassets.partitions.keys import MultiPartitionKey, PartitionKeyRange, TimeWindow


def test_a_key_of_several_dimensions_is_the_text_of_its_parts_in_the_order_of_their_names():
    key = MultiPartitionKey({"date": "2024-01-01", "color": "red"})
    assert key == "red|2024-01-01"
    assert hash(key) == hash("red|2024-01-01")
    assert key.keys_by_dimension == {"color": "red", "date": "2024-01-01"}


@pytest.mark.parametrize("parts", [{"a": "x", "b": "y"}, {"a": ""}, {}])
def test_a_key_survives_pickling(parts):
    back = pickle.loads(pickle.dumps(MultiPartitionKey(parts)))
    assert back == MultiPartitionKey(parts)
    assert back.keys_by_dimension == parts


@pytest.mark.parametrize("parts", [{"a": 1}, {1: "a"}, {"a": "x|y", "b": "z"}, "red|2024"])
def test_what_is_no_mapping_of_texts_or_holds_a_bar_is_refused(parts):
    with pytest.raises(InvalidPartitionKeyError):
        MultiPartitionKey(parts)


def test_a_range_has_texts_for_ends():
    with pytest.raises(InvalidPartitionKeyError):
        PartitionKeyRange(1, 2)  # type: ignore[arg-type]


def test_a_window_lasts_as_long_as_the_time_between_its_ends():
    zone = dt.timezone(dt.timedelta(hours=2))
    window = TimeWindow(dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, 3, tzinfo=zone))
    assert window.duration == dt.timedelta(hours=1)
