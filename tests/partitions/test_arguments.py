import pytest

from ipyassets.errors import InvalidArgumentError
from ipyassets.partitions.arguments import name_of, texts, whole_number


def test_what_fits_is_returned():
    assert whole_number("count", 3, least=1) == 3
    assert name_of("the name", "fruits") == "fruits"
    assert texts("keys", ["a", "b"]) == ("a", "b")


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 0])
def test_a_whole_number_is_no_truth_value_and_not_below_the_least(value):
    with pytest.raises(InvalidArgumentError, match="count must be a whole number from 1"):
        whole_number("count", value, least=1)


@pytest.mark.parametrize("value", ["", None, 5])
def test_a_name_is_a_text_that_is_not_empty(value):
    with pytest.raises(InvalidArgumentError, match="the name must be a text"):
        name_of("the name", value)


@pytest.mark.parametrize("value", ["abc", b"bytes", 5, ["a", 1]])
def test_texts_are_a_list_of_texts(value):
    with pytest.raises(InvalidArgumentError, match="keys must be a list of texts"):
        texts("keys", value)
