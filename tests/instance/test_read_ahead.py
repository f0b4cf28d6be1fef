from __future__ import annotations

import threading
import time

import pandas as pd
import pytest

import ipyassets as ia
from ipyassets.events import Artifact
from ipyassets.instance.read_ahead import AT_ONCE, QUICK_SECONDS, ROOM, ReadAhead

KEYS = [f"k{i:02}" for i in range(20)]


class Shelf:
    """Values, what was recorded of them, and a clock that says how long each takes to load: a while."""

    def __init__(self, seconds: float = 2 * QUICK_SECONDS, size: int = 1) -> None:
        self.seconds = seconds
        self.time = 0.0
        self.cursor = 0
        self.artifacts = {key: Artifact(key, size, "a") for key in KEYS}
        self.loaded: list[str] = []
        self.threads: set[int] = set()
        self.reader = self.reading(self.load)

    def reading(self, load) -> ReadAhead:
        return ReadAhead(KEYS, load, self.recorded, lambda: self.cursor, self.clock)

    def clock(self) -> float:
        self.time += self.seconds
        return self.time

    def load(self, key: str) -> str:
        self.loaded.append(key)
        self.threads.add(threading.get_ident())
        return f"{self.artifacts[key].digest} {key}"

    def recorded(self, keys):
        return {key: self.artifacts[key] for key in keys}

    def make_again(self, key: str) -> None:
        self.cursor += 1
        self.artifacts[key] = Artifact(key, 1, "b")

    def values(self) -> list[str]:
        return [self.reader.value(i) for i in range(len(KEYS))]


def test_values_come_in_order_each_loaded_once():
    shelf = Shelf()
    assert shelf.values() == [f"a {key}" for key in KEYS]
    assert sorted(shelf.loaded) == KEYS
    assert shelf.values() == [f"a {key}" for key in KEYS]


def test_the_next_value_is_loaded_while_one_is():
    both = threading.Barrier(2, timeout=60)
    shelf = Shelf()

    def load(key: str) -> str:
        if key in KEYS[1:3]:
            both.wait()
        return key

    reader = shelf.reading(load)
    assert [reader.value(i) for i in range(3)] == KEYS[:3]


def test_out_of_order_only_what_is_asked_for_is_loaded():
    shelf = Shelf()
    for position in (3, 1, 7, 7, 0):
        shelf.reader.value(position)
    assert shelf.loaded == [KEYS[i] for i in (3, 1, 7, 7, 0)]


def test_what_is_loaded_quickly_is_loaded_when_it_is_asked_for():
    shelf = Shelf(seconds=0)
    for position in range(3):
        shelf.reader.value(position)
    assert shelf.loaded == KEYS[:3]


def test_no_more_than_a_few_values_are_ahead():
    shelf = Shelf()
    for position in range(10):
        shelf.reader.value(position)
    assert set(shelf.loaded) <= set(KEYS[: 10 + AT_ONCE])


def test_large_values_are_loaded_one_by_one():
    shelf = Shelf(size=ROOM + 1)
    shelf.values()
    assert shelf.threads == {threading.get_ident()}


def test_a_value_that_was_made_again_meanwhile_is_loaded_anew():
    shelf = Shelf()
    for position in range(4):
        shelf.reader.value(position)
    shelf.make_again(KEYS[5])
    assert shelf.reader.value(4) == f"a {KEYS[4]}"
    assert shelf.reader.value(5) == f"b {KEYS[5]}"


def test_what_cannot_be_loaded_is_told_where_it_is_asked_for():
    shelf = Shelf()
    del shelf.artifacts[KEYS[4]]
    shelf.recorded = lambda keys: {}  # type: ignore[method-assign]
    reader = shelf.reading(shelf.load)
    for position in range(4):
        reader.value(position)
    with pytest.raises(KeyError, match=KEYS[4]):
        reader.value(4)
    assert reader.value(5) == f"a {KEYS[5]}"


def test_the_threads_end_with_the_last_value():
    before = set(threading.enumerate())
    shelf = Shelf()
    shelf.values()
    assert len(shelf.threads) > 1
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive()


class Meeting(ia.UPathIOManager):
    """Two of its values can only be loaded at the same time."""

    loads_at_once = True
    both = threading.Barrier(2, timeout=60)

    def dump_to_path(self, context, obj, path):
        path.write_text("1")

    def load_from_path(self, context, path):
        time.sleep(2 * QUICK_SECONDS)
        if context.asset_partition_key in KEYS[1:3]:
            self.both.wait()
        return pd.DataFrame({"n": [1]})


def test_a_slice_is_loaded_a_few_partitions_at_a_time(tmp_path):
    @ia.asset(partitions_def=ia.StaticPartitionsDefinition(KEYS), io_manager_def=Meeting())
    def pieces():
        return 1

    with ia.use_instance(ia.Instance(tmp_path)) as instance:
        ia.materialize([pieces], partition_keys="all")
        assert pieces["k00":"k05"].concat()["partition"].tolist() == KEYS[:6]
        assert list(dict(pieces["k00":"k05"])) == KEYS[:6]
        instance.close()


class FromOneThread(ia.InMemoryIOManager):
    def load_input(self, context):
        assert threading.current_thread() is threading.main_thread()
        time.sleep(2 * QUICK_SECONDS)
        return super().load_input(context)


def test_other_io_managers_are_asked_in_one_thread(tmp_path):
    @ia.asset(partitions_def=ia.StaticPartitionsDefinition(KEYS), io_manager_def=FromOneThread())
    def pieces(context):
        return context.partition_key

    with ia.use_instance(ia.Instance(tmp_path)) as instance:
        ia.materialize([pieces], partition_keys="all")
        assert list(pieces[:].values()) == KEYS
        instance.close()
