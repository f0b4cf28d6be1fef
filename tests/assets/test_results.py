from __future__ import annotations

import pickle

import pytest

from ipyassets import Failure, MetadataValue


@pytest.mark.parametrize(
    "failure", [Failure("empty", {"rows": 0}, allow_retries=False), Failure()], ids=["all", "none"]
)
def test_a_failure_survives_pickling(failure):
    copy = pickle.loads(pickle.dumps(failure))
    assert (str(copy), vars(copy)) == (str(failure), vars(failure))


def test_a_failure_without_a_description_has_no_message():
    assert str(Failure()) == ""


def test_a_failure_may_be_retried_unless_it_says_otherwise():
    assert (Failure().allow_retries, Failure(allow_retries=False).allow_retries) == (True, False)


def test_the_facts_of_a_failure_are_plain_values():
    assert Failure(metadata={"rows": MetadataValue.int(0)}).metadata == {"rows": 0}
