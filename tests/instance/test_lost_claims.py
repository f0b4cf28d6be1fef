"""The file of the claims is deleted while a run is about to record what it has made, and another run makes the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

import pytest

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.events import State

LONG = 20.0
ONE = ia.StaticPartitionsDefinition(["k"])


@pytest.fixture
def two(tmp_path):
    """Two instances on one root, as two kernels have."""
    both = ia.Instance(tmp_path), ia.Instance(tmp_path)
    yield both
    for instance in both:
        instance.close()


class Publishing(ia.FilesystemIOManager):
    """Does something before a value is put in place, once."""

    before: ClassVar[Callable[[], object] | None] = None

    def publish(self, asset_key, artifacts):
        before, type(self).before = type(self).before, None
        if before is not None:
            before()
        super().publish(asset_key, artifacts)


def letters(value, manager=None):
    return ia.asset(name="letters", partitions_def=ONE, code_version="1", io_manager_def=manager)(lambda: value)


def make(value, instance, manager=None):
    return ia.materialize([letters(value, manager)], instance=instance, partition_keys="all")


def standing(instance):
    """The value that stands, and the state that is shown; an error if log and file do not agree."""
    made = letters("", Publishing())
    facts = instance.facts(AssetGraph.of([made]))
    return instance.store.load(made, "k"), facts.counts(made.key)


def test_what_another_run_has_made_between_record_and_file_stands_in_both(two, tmp_path):
    here, there = two

    def robbed():
        (tmp_path / "claims.lock").unlink()
        make("there", there)

    class Robbed(Publishing):
        before = staticmethod(robbed)

    make("here", here, Robbed())
    assert standing(here) == standing(there) == ("there", {State.FRESH: 1})  # it began with putting ours in place


def test_what_another_run_puts_in_place_later_stands_in_the_log_too(two, tmp_path, monkeypatch):
    here, there = two
    recorded, go_on = threading.Event(), threading.Event()

    def wait():
        recorded.set()
        assert go_on.wait(LONG)

    class Waiting(Publishing):
        before = staticmethod(wait)

    class First(ia.FilesystemIOManager):
        def publish(self, asset_key, artifacts):
            super().publish(asset_key, artifacts)
            go_on.set()

    other = threading.Thread(target=make, args=("there", there, Waiting()))
    append = here.event_log.append

    def robbed(events, **more):
        monkeypatch.undo()
        (tmp_path / "claims.lock").unlink()
        other.start()
        assert recorded.wait(LONG)
        return append(events, **more)

    monkeypatch.setattr(here.event_log, "append", robbed)
    make("here", here, First())
    other.join()
    assert standing(here) == standing(there) == ("there", {State.FRESH: 1})
