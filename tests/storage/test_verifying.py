from __future__ import annotations

import pytest

from ipyassets.storage import verifying
from ipyassets.storage.damage import Damage
from ipyassets.storage.value_files import CHANGED
from tests.storage.store import SALES, Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


def between_log_and_file(monkeypatch, act):
    """Have something done once, after a record was looked up and before its file is."""
    fault, acts = verifying.fault, [act]

    def acting(*arguments):
        if acts:
            acts.pop()()
        return fault(*arguments)

    monkeypatch.setattr(verifying, "fault", acting)


def test_a_value_that_is_made_again_while_it_is_looked_for_is_not_damaged(store, monkeypatch):
    store.make("a", "x" * 100)
    between_log_and_file(monkeypatch, lambda: store.make("a", "y"))
    [verified] = store.upkeep.verify()
    assert (verified.checked, verified.damaged) == (1, {})
    assert verified.size == store.file("a").stat().st_size
    assert Damage(store.log).found(SALES) == {}


def test_a_value_that_is_made_again_and_damaged_again_is_damaged(store, monkeypatch):
    store.make("a", "x" * 100)

    def act():
        store.make("a", "y")
        store.file("a").write_bytes(b"changed")

    between_log_and_file(monkeypatch, act)
    assert store.upkeep.verify()[0].damaged == {"a": CHANGED}
    assert Damage(store.log).found(SALES) == {"a": CHANGED}


def test_a_value_that_is_wiped_while_it_is_looked_for_is_not_damaged(store, monkeypatch):
    store.make("a", 1)
    store.make("b", 2)
    between_log_and_file(monkeypatch, lambda: store.upkeep.wipe(SALES, ["a"]))
    assert store.upkeep.verify()[0].damaged == {}
