from __future__ import annotations

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError
from ipyassets.events import Artifact, Attempt
from ipyassets.storage.damage import Damage
from ipyassets.storage.event_log import SqliteEventLog
from tests.conformance.event_log import DELAYS, FLIGHTS, ended, made
from tests.storage.store import SALES, Store


@pytest.fixture
def log():
    log = SqliteEventLog(":memory:")
    log.append([made("a"), made("b"), made("a", DELAYS)])
    yield log
    log.close()


@pytest.fixture
def damage(log):
    return Damage(log)


def met(log, key, asset=FLIGHTS):
    """What a reader meets whose partition has changed."""
    artifact = log.artifacts(asset, [key]).get(key) or log.artifacts(asset, ["b"])["b"]
    return DamagedPartitionError("", asset, key, "content changed", artifact.digest)


def test_nothing_is_damaged_at_first(damage):
    assert damage.found(FLIGHTS) == {}
    assert damage.found(AssetKey("never heard of")) == {}


def test_a_finding_is_remembered_for_its_own_partition(damage, log):
    assert damage.note(met(log, "a"))
    assert damage.found(FLIGHTS) == {"a": "content changed"}
    assert damage.found(DELAYS) == {}


def test_a_partition_made_again_is_no_longer_damaged(damage, log):
    damage.note(met(log, "a"))
    log.append([made("a")])
    assert damage.found(FLIGHTS) == {}


def test_a_finding_about_a_value_that_was_made_again_meanwhile_is_no_finding(damage, log):
    before = met(log, "a")
    log.append([made("a", artifact=Artifact("flights/a", 12, "f" * 104))])
    assert not damage.note(before)
    assert damage.found(FLIGHTS) == {}


def test_a_failed_attempt_does_not_mend_a_partition(damage, log):
    damage.note(met(log, "a"))
    log.append([ended(Attempt.FAILED, "a")])
    assert damage.found(FLIGHTS) == {"a": "content changed"}


def test_a_partition_without_a_value_cannot_be_damaged(damage, log):
    before = met(log, "a")
    log.append([ended(Attempt.WIPED, "a")])
    assert damage.record([before, met(log, "never")]) != []
    assert damage.note(before)  # there is nothing to read again
    assert damage.found(FLIGHTS) == {}


def test_a_finding_can_be_withdrawn(damage, log):
    damage.record([met(log, "a"), met(log, "b")])
    damage.clear(FLIGHTS, ["a"])
    assert damage.found(FLIGHTS) == {"b": "content changed"}


def test_what_depends_on_who_is_looking_is_not_remembered(tmp_path):
    store, somebody = Store(tmp_path), Store(tmp_path, secret=b"theirs")
    store.make("a", 1)
    with pytest.raises(DamagedPartitionError) as caught:
        somebody.read("a")
    assert Damage(somebody.log).note(caught.value)
    somebody.upkeep.verify()
    assert Damage(store.log).found(SALES, store.files.signer.key_id) == {}
    store.close()
    somebody.close()
