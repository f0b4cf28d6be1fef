"""What writers have left: put in place, or cleared away, and never believed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ipyassets.errors import NotMaterializedError
from ipyassets.events import Artifact
from ipyassets.storage.claims import Claims
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.memory_io import InMemoryIOManager
from ipyassets.storage.paths import identity
from ipyassets.storage.signature import Signer
from ipyassets.storage.staging import staged_names, unstage
from tests.conformance.io_manager import output
from tests.faults.crash_points import age, left_behind, set_aside, torn
from tests.storage.store import SALES, TOTALS, Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


def test_a_staged_file_that_is_torn_takes_the_place_of_nothing(store):
    store.make("a", "x" * 1000)
    age(torn(store, "a", "x" * 1000))
    done = store.upkeep.compact()
    assert (done.files, done.finished) == (1, 0)
    assert store.read("a") == "x" * 1000
    assert store.aside == []


def test_the_last_that_is_left_of_a_recorded_value_is_not_cleared_away(store):
    store.make("a", "x" * 1000)
    left = age(torn(store, "a", "x" * 1000))
    store.file("a").unlink()
    assert store.upkeep.compact().files == 0
    assert left.exists()


def test_a_recorded_value_is_put_in_place_however_young_and_once(store):
    store.make("a", 1)
    left_behind(store, "a", 2)
    left_behind(store, "b", 3)
    assert store.upkeep.compact(dry_run=True).finished == 2
    assert store.file("b").exists() is False
    assert store.upkeep.compact().finished == 2
    assert store.upkeep.compact().finished == 0
    assert [store.read(key) for key in "ab"] == [2, 3]
    assert store.aside == []


def test_a_partition_that_somebody_is_making_is_left_to_him(store):
    left_behind(store, "a", 1)
    maker = Claims(store.root)
    maker.take(SALES, ["a"])
    assert store.upkeep.compact().finished == 0
    maker.close()
    assert store.upkeep.compact().finished == 1


def test_a_value_that_was_being_moved_out_of_the_way_of_a_folder_comes_back(store):
    store.make("a", 1)
    age(set_aside(store, "a"))
    assert store.read("a") == 1
    assert store.upkeep.compact().finished == 1
    assert store.file("a").is_file()
    store.make("b", 2)
    set_aside(store, "b")
    store.file("b").mkdir()
    assert store.upkeep.compact().finished == 1
    assert store.file("b").name == "%value"
    assert [store.read(key) for key in "ab"] == [1, 2]


def test_what_is_not_ours_is_left_alone(store, tmp_path):
    store.make("a", 1)
    for name in ("notes.txt", "0123456789abcdef01234567"):
        (Path(store.files.staging) / name).write_bytes(b"theirs")
        age(Path(store.files.staging) / name)
    store.upkeep.compact()
    assert len(store.aside) == 2


def test_a_staging_folder_that_is_a_link_is_not_followed(store, tmp_path):
    store.make("a", 1)
    elsewhere = tmp_path / "elsewhere"
    Path(store.files.staging).rename(elsewhere)
    Path(store.files.staging).symlink_to(elsewhere)
    file = elsewhere / f"{identity(SALES, 'a')}-{'0' * 40}"
    file.write_bytes(b"theirs")
    age(file)
    store.upkeep.compact()
    store.upkeep.wipe(SALES, ["a"])
    assert file.exists()


def test_complete_files_in_a_folder_that_others_may_share_are_left_to_them(store, tmp_path):
    """The log of another root may have recorded them."""
    store.manager = type(store.manager)(tmp_path / "shared", signer=Signer(secret=b"mine"))
    other = Store(tmp_path / "other")
    other.manager = store.manager
    age(left_behind(other, "a", 1))
    partial = Path(store.files.staging) / f"{identity(SALES, 'b')}.00.part"
    partial.write_bytes(b"torn")
    age(partial)
    assert store.upkeep.compact().files == 1
    assert other.read("a") == 1
    other.close()


def test_a_wiped_value_is_nowhere_any_more(store):
    store.make("a", "secret")
    left_behind(store, "a", "another secret")
    torn(store, "a", "a third")
    left_behind(store, "b", "kept")
    store.upkeep.wipe(SALES, ["a"])
    assert len(store.aside) == 1
    with pytest.raises(NotMaterializedError):
        store.read("a")
    assert store.read("b") == "kept"


COMPACTING = """
import sys, time
from pathlib import Path
from tests.storage.store import Store
store = Store(Path(sys.argv[1]), now=time.time())
print("ready", flush=True)
sys.stdin.readline()
store.upkeep.compact()
"""


def test_several_processes_clear_away_at_once(store):
    store.make("a", 1)
    for number in range(600):
        path = Path(store.files.staging) / f"{number:024x}.{number:016x}.part"
        path.write_bytes(b"x")
        age(path)
    program = [sys.executable, "-c", COMPACTING, str(store.root)]
    running = [
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for each in running:
        assert each.stdout is not None
        each.stdout.readline()
    for each in running:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    assert [each.communicate()[1] for each in running] == [""] * 3
    assert store.aside == []


def test_only_our_names_are_ours(tmp_path):
    for name in ("0" * 24 + "-aside", "0" * 24 + "-" + "f" * 40, "0" * 24 + ".ab.part", "0" * 24 + "-ff.part", "other"):
        (tmp_path / name).touch()
    assert len(staged_names(str(tmp_path))) == 4
    assert staged_names(str(tmp_path / "nothing")) == []


def test_an_identical_value_does_not_replace_one_that_is_recorded_and_perhaps_on_disk(store):
    staged = left_behind(store, "a", 1)
    before = os.stat(staged).st_ino  # noqa: PTH116
    store.manager.stage(output("a"), 1)
    assert os.stat(staged).st_ino == before  # noqa: PTH116
    torn(store, "a", 1)
    store.manager.stage(output("a"), 1)
    assert store.read("a") == 1


def test_values_without_a_claim_are_young_for_an_hour(store):
    left = torn(store, "a", 1)
    upkeep = replace(store.upkeep, clock=lambda: left.stat().st_mtime + 3_599)
    assert upkeep.compact().files == 0
    assert replace(upkeep, clock=lambda: left.stat().st_mtime + 3_601).compact().files == 1


def stage(store: Store, key: str, value: object, asset=SALES) -> Artifact:
    context = output(key, asset)
    store.manager.stage(context, value)
    artifact = context.stored[key]
    assert isinstance(artifact, Artifact)
    return artifact


def staged(store: Store) -> list[str]:
    return staged_names(store.files.staging)


def test_where_nothing_was_ever_stored_nothing_is_aside(store):
    assert staged(store) == []


def test_what_was_staged_in_vain_is_dropped_and_what_is_stored_stays(store):
    before = store.make("a", "before").artifact
    stage(store, "a", "in vain")
    unstage(store.files, SALES, ["a"], {"a": before})
    assert staged(store) == []
    assert store.read("a") == "before"


def test_what_a_writer_has_begun_and_not_ended_is_dropped(store):
    stage(store, "a", "whole")
    [name] = staged(store)
    Path(store.files.staging, name).rename(Path(store.files.staging, name.partition("-")[0] + ".1234.part"))
    unstage(store.files, SALES, ["a"], {})
    assert staged(store) == []


def test_a_recorded_value_that_is_not_in_place_yet_is_not_dropped(store):
    recorded = store.make("a", "recorded").artifact
    store.file("a").rename(store.files.staged(SALES, "a", recorded.digest))
    stage(store, "a", "in vain")
    unstage(store.files, SALES, ["a"], {"a": recorded})
    assert store.read("a") == "recorded"


def test_what_is_staged_for_other_partitions_and_assets_is_left_alone(store):
    for key, asset in (("a", SALES), ("b", SALES), ("a", TOTALS)):
        stage(store, key, "value", asset)
    unstage(store.files, SALES, ["a"], {})
    assert len(staged(store)) == 2


def test_a_log_in_memory_knows_nothing_of_what_others_have_recorded(store):
    age(left_behind(store, "a", 1))
    forgetful = replace(store.upkeep, log=SqliteEventLog(":memory:"))
    assert forgetful.compact().files == 0
    forgetful.log.close()
    assert store.read("a") == 1


def test_a_log_is_packed_wherever_its_values_are(store):
    values_in_memory = replace(store.upkeep, manager=lambda _: InMemoryIOManager())
    store.make("a", 1)
    store.log.append([event for _ in range(200) for event in store.log.history(SALES)])
    with store.log.database.write() as connection:
        connection.execute("DELETE FROM event WHERE id > 1")
    assert values_in_memory.compact(dry_run=True).size > 0
    assert values_in_memory.compact().size > 0
    assert values_in_memory.compact().size == 0
