from __future__ import annotations

import pytest

from ipyassets.events import Artifact
from ipyassets.storage.staging import staged_files
from tests.conformance.io_manager import output
from tests.storage.store import SALES, TOTALS, Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def stage(store: Store, key: str, value: object, asset=SALES) -> Artifact:
    context = output(key, asset)
    store.manager.stage(context, value)
    artifact = context.stored[key]
    assert isinstance(artifact, Artifact)
    return artifact


def test_where_nothing_was_ever_stored_nothing_is_aside(store):
    assert staged_files(store.files) == []


def test_what_was_staged_in_vain_is_dropped_and_what_is_stored_stays(store):
    before = store.make("a", "before").artifact
    stage(store, "a", "in vain")
    store.manager.unstage(SALES, {"a": before})
    assert staged_files(store.files) == []
    assert store.read("a") == "before"


def test_what_a_writer_has_begun_and_not_ended_is_dropped(store):
    stage(store, "a", "whole")
    [file] = staged_files(store.files)
    file.rename(file.with_name(file.name.partition("-")[0] + ".1234.part"))
    store.manager.unstage(SALES, {"a": None})
    assert staged_files(store.files) == []


def test_a_recorded_value_that_is_not_in_place_yet_is_not_dropped(store):
    recorded = store.make("a", "recorded").artifact
    store.file("a").rename(store.files.staged(SALES, "a", recorded.digest))
    stage(store, "a", "in vain")
    store.manager.unstage(SALES, {"a": recorded})
    assert store.read("a") == "recorded"


def test_what_is_staged_for_other_partitions_and_assets_is_left_alone(store):
    for key, asset in (("a", SALES), ("b", SALES), ("a", TOTALS)):
        stage(store, key, "value", asset)
    store.manager.unstage(SALES, {"a": None})
    assert len(staged_files(store.files)) == 2
