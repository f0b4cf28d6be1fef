import pytest

from ipyassets.errors import InvalidArgumentError
from ipyassets.partitions.paging import page_of
from ipyassets.partitions.space import SequenceSpace


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 10, 50])
def test_pages_together_are_all_keys_once(limit, ascending):
    space = SequenceSpace([str(number) for number in range(10)])
    found: list[str] = []
    cursor, more = None, True
    while more:
        page = page_of(space, limit, cursor, ascending=ascending)
        found += page.results
        cursor, more = page.cursor, page.has_more
    assert found == list(space.keys())[:: 1 if ascending else -1]


def test_keys_added_meanwhile_are_neither_skipped_nor_repeated():
    page = page_of(SequenceSpace(["a", "b", "c"]), 2, None, ascending=True)
    assert page_of(SequenceSpace(["new", "a", "b", "c"]), 2, page.cursor, ascending=True).results == ["c"]


def test_a_key_deleted_meanwhile_leaves_the_place():
    page = page_of(SequenceSpace(["a", "b", "c"]), 2, None, ascending=True)
    assert page_of(SequenceSpace(["a", "c"]), 2, page.cursor, ascending=True).results == ["c"]


def test_a_page_after_the_last_is_empty():
    page = page_of(SequenceSpace(["a"]), 2, None, ascending=True)
    assert page_of(SequenceSpace(["a"]), 2, page.cursor, ascending=True).results == []


def test_what_is_no_cursor_is_refused():
    with pytest.raises(InvalidArgumentError, match="not a cursor"):
        page_of(SequenceSpace(["a"]), 2, "page 2", ascending=True)


def test_a_page_has_room_for_a_key():
    with pytest.raises(InvalidArgumentError, match="limit"):
        page_of(SequenceSpace(["a"]), 0, None, ascending=True)
