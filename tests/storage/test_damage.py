from __future__ import annotations

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Attempt
from ipyassets.storage.damage import Damage
from ipyassets.storage.event_log import SqliteEventLog
from tests.conformance.event_log import DELAYS, FLIGHTS, ended, made


@pytest.fixture
def log():
    log = SqliteEventLog(":memory:")
    log.append([made("a"), made("b"), made("a", DELAYS)])
    yield log
    log.close()


@pytest.fixture
def damage(log):
    return Damage(log)


def test_nothing_is_damaged_at_first(damage):
    assert damage.found(FLIGHTS) == {}
    assert damage.found(AssetKey("never heard of")) == {}


def test_a_finding_is_remembered_for_its_own_partition(damage):
    damage.record(FLIGHTS, {"a": "content changed"})
    assert damage.found(FLIGHTS) == {"a": "content changed"}
    assert damage.found(DELAYS) == {}


def test_a_partition_made_again_is_no_longer_damaged(damage, log):
    damage.record(FLIGHTS, {"a": "content changed"})
    log.append([made("a")])
    assert damage.found(FLIGHTS) == {}


def test_a_failed_attempt_does_not_mend_a_partition(damage, log):
    damage.record(FLIGHTS, {"a": "content changed"})
    log.append([ended(Attempt.FAILED, "a")])
    assert damage.found(FLIGHTS) == {"a": "content changed"}


def test_a_partition_without_a_value_cannot_be_damaged(damage, log):
    log.append([ended(Attempt.WIPED, "a")])
    damage.record(FLIGHTS, {"a": "content changed", "never": "content changed"})
    assert damage.found(FLIGHTS) == {}


def test_a_finding_can_be_withdrawn(damage):
    damage.record(FLIGHTS, {"a": "content changed", "b": "content changed"})
    damage.clear(FLIGHTS, ["a"])
    assert damage.found(FLIGHTS) == {"b": "content changed"}
