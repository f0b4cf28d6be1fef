"""Single bytes of a store change on the disk: whatever is read afterwards is right, or is refused with a reason."""

from __future__ import annotations

import random
import shutil
from collections import Counter

import pytest

from ipyassets.errors import DamagedLogError, DamagedPartitionError, IncompatibleLogError, IpyassetsError
from ipyassets.storage.repair import repair
from tests.storage.store import SALES, Store

KEYS = [f"k{i}" for i in range(12)]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A root with a dozen values, each of which tells what it is, as its processes left it."""
    root = tmp_path_factory.mktemp("pristine") / "root"
    store = Store(root)
    for key in KEYS:
        store.make(key, {"key": key, "rest": list(range(50))})
    store.close()
    return root


def flipped(path, source):
    """Change one bit of a file; where."""
    content = bytearray(path.read_bytes())
    position = source.randrange(len(content))
    content[position] ^= 1 << source.randrange(8)
    path.write_bytes(content)
    return position


def test_a_changed_bit_of_a_pickle_is_always_found(pristine, tmp_path):
    source = random.Random(1)
    for trial in range(40):
        root = tmp_path / str(trial)
        shutil.copytree(pristine, root)
        store = Store(root)
        key = source.choice(KEYS)
        flipped(store.file(key), source)
        for each in KEYS:
            if each == key:
                with pytest.raises(DamagedPartitionError, match="not what was stored"):
                    store.read(each)
            else:
                assert store.read(each)["key"] == each
        assert list(store.upkeep.verify()[0].damaged) == [key]
        store.close()


def test_a_changed_bit_of_the_log_never_makes_a_wrong_value(pristine, tmp_path):
    source, seen = random.Random(2), Counter[str]()
    for trial in range(80):
        root = tmp_path / str(trial)
        shutil.copytree(pristine, root)
        flipped(root / "events.sqlite", source)
        seen[outcome(root)] += 1
    print(dict(seen))
    assert seen["all read"] > 40
    assert set(seen) <= {"all read", "some refused", "repaired", "refused"}


def outcome(root):
    try:
        return reading(root)
    except IncompatibleLogError:
        return "refused"
    except DamagedLogError:
        try:
            repair(root / "events.sqlite")
        except DamagedLogError:
            return "refused"
        reading(root)
        return "repaired"


def reading(root):
    """Read everything; each value is the right one, or refused with a reason."""
    store, refused = Store(root), 0
    try:
        store.log.since(0)
        store.log.records(SALES)
        for key in KEYS:
            try:
                value = store.read(key)
            except DamagedLogError:
                raise
            except IpyassetsError:
                refused += 1
            else:
                assert value["key"] == key
    finally:
        store.close()
    return "some refused" if refused else "all read"


def test_a_clock_that_is_set_back_changes_nothing(tmp_path):
    store = Store(tmp_path)
    store.make("a", "first", at=2_000_000_000.0)
    store.make("a", "second", at=1.0)
    assert store.read("a") == "second"
    assert [event.timestamp for event in store.log.history(SALES, "a")] == [1.0, 2_000_000_000.0]
    assert [event.timestamp for event in store.log.since(0)] == [2_000_000_000.0, 1.0]
    store.close()


def test_what_a_power_cut_takes_of_a_fast_store_is_found_and_not_believed(tmp_path):
    """Without waiting for the disk, a record may survive whose file did not: empty, cut short, or zeros."""
    store = Store(tmp_path)
    store.manager = type(store.manager)(tmp_path / "storage", signer=store.manager.signer, durable=False)
    for key in ("empty", "short", "zeros", "whole"):
        store.make(key, key * 100)
    for key, content in (("empty", b""), ("short", store.file("short").read_bytes()[:40]), ("zeros", bytes(424))):
        store.file(key).write_bytes(content)
        with pytest.raises(DamagedPartitionError):
            store.read(key)
    assert store.read("whole") == "whole" * 100
    assert set(store.upkeep.verify()[0].damaged) == {"empty", "short", "zeros"}
    store.close()
