import pytest

from ipyassets.errors import SpaceMismatchError, UnknownPartitionError
from ipyassets.partitions.keys import PartitionKeyRange
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.subset import PartitionsSubset

LETTERS = SequenceSpace(list("abcdef"))


def of(keys):
    return PartitionsSubset.of(LETTERS, keys)


def test_operators_are_those_of_sets():
    assert list(of("abc") | of("e")) == list("abce")
    assert list(of("abc") & of("bcd")) == list("bc")
    assert list(of("abc") - of("b")) == list("ac")
    assert list(of("abc") ^ of("bcd")) == list("ad")
    assert list(~of("abc")) == list("def")
    assert of("a") <= of("ab")


def test_a_subset_knows_its_members():
    assert "a" in of("ab")
    assert "c" not in of("ab")
    assert "nothing" not in of("ab")
    assert len(of("ab")) == 2
    assert PartitionsSubset.all(LETTERS) == of("abcdef")


def test_ranges_of_keys_are_maximal():
    assert of("abcf").key_ranges() == [PartitionKeyRange("a", "c"), PartitionKeyRange("f", "f")]


def test_subsets_of_different_spaces_do_not_mix():
    with pytest.raises(SpaceMismatchError):
        of("a") | PartitionsSubset.of(SequenceSpace(["a", "b"]), ["a"])


def test_a_key_that_does_not_exist_is_refused_with_the_nearest():
    space = SequenceSpace(["north", "south"])
    with pytest.raises(UnknownPartitionError, match="did you mean 'north'"):
        PartitionsSubset.of(space, ["south", "norht"])


def test_a_text_shows_ranges_and_how_many():
    assert repr(of("abcf")) == "<4 of 6 partitions: 'a'..'c', 'f'>"


def test_a_subset_is_written_and_read_as_text():
    assert of("abcf").text() == "[a...c], f"
    assert PartitionsSubset.parse(LETTERS, "[a...c], f") == of("abcf")
