from __future__ import annotations

import pickle

import pytest

from ipyassets import BackfillPolicy, Backoff, Jitter, RetryPolicy, RetryRequested
from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError


@pytest.mark.parametrize(
    ("backoff", "delays"), [(None, [2, 2, 2]), (Backoff.LINEAR, [2, 4, 6]), (Backoff.EXPONENTIAL, [2, 6, 14])]
)
def test_delays_grow_as_the_backoff_says(backoff, delays):
    policy = RetryPolicy(max_retries=3, delay=2, backoff=backoff)
    assert [policy.seconds_before(number) for number in (1, 2, 3)] == delays


def test_jitter_takes_some_of_the_delay_or_adds_to_it():
    full = RetryPolicy(delay=2, backoff=Backoff.LINEAR, jitter=Jitter.FULL)
    around = RetryPolicy(delay=2, backoff=Backoff.LINEAR, jitter=Jitter.PLUS_MINUS)
    assert [full.seconds_before(2, chance) for chance in (0, 0.5, 1)] == [0, 2, 4]
    assert [around.seconds_before(2, chance) for chance in (0, 0.5, 1)] == [2, 4, 6]
    assert all(0 <= full.seconds_before(3) <= 6 for _ in range(20))


@pytest.mark.parametrize("arguments", [{"max_retries": -1}, {"delay": -1}, {"jitter": Jitter.FULL}])
def test_a_policy_that_cannot_be_followed_is_refused(arguments):
    with pytest.raises(InvalidDefinitionError):
        RetryPolicy(**arguments)


def test_a_backfill_policy_says_how_many_partitions_a_call_makes():
    assert BackfillPolicy.single_run().max_partitions_per_run is None
    assert BackfillPolicy.multi_run().max_partitions_per_run == 1
    with pytest.raises(InvalidArgumentError, match="max_partitions_per_run must be a whole number from 1, not 0"):
        BackfillPolicy.multi_run(0)


def test_a_request_for_a_retry_survives_pickling():
    request = pickle.loads(pickle.dumps(RetryRequested(3, 0.5)))
    assert (request.max_retries, request.seconds_to_wait) == (3, 0.5)
