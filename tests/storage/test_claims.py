from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import BusyPartitionError, UnwritableStoreError
from ipyassets.storage.claims import Claims, NoClaims, claimed, claimed_in_turn, claimed_names, claimed_whole
from ipyassets.storage.locks import LockFile
from ipyassets.storage.paths import identity

A = AssetKey("a")

HOLDER = """
import sys, time
from pathlib import Path
from ipyassets.assets.keys import AssetKey
from ipyassets.storage.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(",".join(claims.take(AssetKey("a"), ["k", "l"])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def claims(tmp_path):
    claims = Claims(tmp_path)
    yield claims
    claims.close()


@pytest.fixture
def other(tmp_path):
    """Another run of the same process."""
    other = Claims(tmp_path)
    yield other
    other.close()


@pytest.fixture
def holder(tmp_path):
    """Another process that has claimed k and l."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "k,l\n"
        yield process
        process.kill()


def test_a_claimed_partition_is_nobody_elses(claims, other):
    assert claims.take(A, ["k", "l"]) == ["k", "l"]
    assert other.take(A, ["l", "m"]) == ["m"]
    assert other.take(AssetKey("b"), ["k"]) == ["k"]


def test_a_partition_that_was_let_go_can_be_claimed(claims, other):
    claims.take(A, ["k", "l"])
    claims.release(A, ["k"])
    assert other.take(A, ["k", "l"]) == ["k"]


def test_claiming_again_what_is_ours_is_granted_and_released_once(claims, other):
    claims.take(A, ["k"])
    assert claims.take(A, ["k"]) == ["k"]
    claims.release(A, ["k", "never claimed"])
    assert other.take(A, ["k"]) == ["k"]


def test_closing_lets_go_of_everything(claims, other):
    claims.take(A, ["k", "l"])
    claims.close()
    assert other.take(A, ["k", "l"]) == ["k", "l"]


def test_another_process_keeps_its_claims_while_it_lives(holder, claims):
    assert holder.poll() is None
    assert claims.take(A, ["k", "m"]) == ["m"]


def test_the_claims_of_a_killed_process_are_gone(holder, claims):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert claims.take(A, ["k", "l"]) == ["k", "l"]


def test_opening_the_lock_file_elsewhere_in_the_process_releases_nothing(claims, other, tmp_path):
    claims.take(A, ["k"])
    (tmp_path / "claims.lock").read_bytes()
    Claims(tmp_path).close()
    assert other.take(A, ["k"]) == []


FORKING = """
import os, sys
from pathlib import Path
from ipyassets.assets.keys import AssetKey
from ipyassets.storage.claims import Claims
claims = Claims(Path(sys.argv[1]))
claims.take(AssetKey("a"), ["k"])
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.readline()
os._exit(1)
"""


def test_a_forked_child_does_not_keep_the_claims_of_its_dead_parent(claims, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", FORKING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "forked\n"
        assert claims.take(A, ["k"]) == []
        parent.kill()
        parent.wait()
        assert claims.take(A, ["k"]) == ["k"]


def test_where_nobody_else_is_everything_is_granted():
    claims = NoClaims()
    assert claims.take(A, ["k"]) == ["k"]
    assert claims.take(A, ["k"]) == ["k"]
    assert claims.take_whole(A, ["k"])
    assert claims.take_names([identity(A, "k")]) == {identity(A, "k")}
    claims.release(A, ["k"])
    claims.close()


def test_a_run_whose_file_of_claims_was_deleted_claims_the_same_in_the_new_one(claims, other, tmp_path):
    claims.take(A, ["k"])
    (tmp_path / "claims.lock").unlink()
    for each in (claims, other):
        each.keep([(A, "k")])
    assert other.take(A, ["k", "l"]) == ["l"]
    claims.release(A, ["k"])
    assert other.take(A, ["k"]) == ["k"]


@pytest.fixture
def robbed(claims, tmp_path):
    """Claims on k and l, whose file was deleted, and another run that has come since and claimed k."""
    claims.take(A, ["k", "l"])
    (tmp_path / "claims.lock").unlink()
    newcomer = Claims(tmp_path)
    assert newcomer.take(A, ["k"]) == ["k"]
    yield newcomer
    newcomer.close()


def test_claims_in_a_deleted_file_are_not_taken_for_granted(claims, robbed):
    with pytest.raises(UnwritableStoreError, match=r"claims\.lock was deleted .* another run has begun to make a k"):
        claims.keep([(A, "k"), (A, "never claimed")], patience=0)


def test_a_run_waits_for_the_one_that_took_its_claims(claims, robbed):
    ends = threading.Timer(0.1, robbed.release, (A, ["k"]))
    ends.start()
    claims.keep([(A, "k")])
    ends.join()
    assert robbed.take(A, ["k"]) == []


def test_the_loss_of_one_claim_does_not_hold_up_the_others(claims, robbed):
    claims.keep([(A, "l")], patience=0)
    assert robbed.take(A, ["l"]) == []


def test_of_two_that_took_the_same_in_different_files_one_waits(claims, other, tmp_path):
    for each in (claims, other):
        each.take(A, ["j"])
        each.release(A, ["j"])
    (tmp_path / "claims.lock").unlink()
    claims.keep([])
    assert claims.take(A, ["k"]) == other.take(A, ["k"]) == ["k"]
    claims.keep([(A, "k")])
    with pytest.raises(UnwritableStoreError):
        other.keep([(A, "k")], patience=0)


def test_asking_whether_a_name_is_locked_makes_no_file(other, tmp_path):
    name, locks = identity(A, "k"), LockFile(tmp_path / "claims.lock")
    assert locks.is_free(name)
    assert list(tmp_path.iterdir()) == []
    other.take(A, ["k"])
    assert not locks.is_free(name)
    other.release(A, ["k"])
    assert locks.is_free(name)
    locks.close()


def test_claims_that_cannot_be_made_are_said_to_be(tmp_path):
    (tmp_path / "file").touch()
    claims = Claims(tmp_path / "file")
    with pytest.raises(UnwritableStoreError, match=r"claims\.lock cannot be written to .*nothing can be made"):
        claims.take(A, ["k"])
    claims.close()


def test_the_whole_folder_may_be_deleted_under_a_run(tmp_path):
    claims = Claims(tmp_path / "root")
    claims.take(A, ["k"])
    shutil.rmtree(tmp_path / "root")
    claims.keep([(A, "k")])
    assert claims.take(A, ["l"]) == ["l"]
    other = Claims(tmp_path / "root")
    assert other.take(A, ["k", "l"]) == []
    claims.close()
    other.close()


def test_whoever_has_a_whole_asset_is_alone_with_it(claims, other):
    assert claims.take_whole(A, ["k"])
    assert other.take(A, ["k", "never heard of"]) == []
    assert other.take(AssetKey("b"), ["k"]) == ["k"]
    claims.release_whole(A)
    assert other.take(A, ["k"]) == ["k"]


def test_a_whole_asset_is_not_had_while_somebody_has_one_of_its_partitions(claims, other):
    other.take(A, ["k"])
    assert not claims.take_whole(A, ["j", "k"])
    assert other.take(A, ["l"]) == ["l"]
    other.release(A, ["k"])
    assert claims.take_whole(A, ["j", "k"])
    assert other.take(A, ["k"]) == []
    assert other.take(A, ["l"]) == ["l"]  # had before, hence unknown to whoever asked for others


def test_a_partition_can_be_claimed_by_its_identity(claims, other):
    assert claims.take_names([identity(A, "k")]) == {identity(A, "k")}
    assert other.take(A, ["k", "l"]) == ["l"]
    claims.release_names([identity(A, "k")])
    assert other.take(A, ["k"]) == ["k"]
    claims.take_whole(AssetKey("b"), [])
    assert other.take_names([identity(AssetKey("b"), "k")]) == set()


def test_identities_are_let_go_whatever_happens_in_between(claims, other):
    other.take(A, ["l"])
    with pytest.raises(OSError, match="full"), claimed_names(claims, [identity(A, "k"), identity(A, "l")]):
        raise OSError("the disk is full")
    with claimed_names(claims, [identity(A, "k"), identity(A, "l")]) as taken:
        assert taken == {identity(A, "k")}
    assert other.take(A, ["k"]) == ["k"]


def test_an_asset_without_partitions_that_somebody_else_has_is_named_alone(claims, other):
    other.take(A, [""])
    with pytest.raises(BusyPartitionError, match="a is being made"), claimed(claims, A, ""):
        pass


def test_what_somebody_else_has_is_refused_aloud_or_left_out(claims, other):
    other.take(A, ["k"])
    with pytest.raises(BusyPartitionError, match="a 'k' is being made"), claimed(claims, A, "k"):
        pass
    with pytest.raises(BusyPartitionError, match="partitions of a are being made"), claimed_whole(claims, {A: ["k"]}):
        pass
    assert [list(taken) for taken in claimed_in_turn(claims, A, ["j", "k", "l"])] == [["j", "l"]]
    with claimed(claims, A, "j"):
        assert other.take(A, ["j"]) == []
    with claimed_whole(claims, {AssetKey("b"): [], AssetKey("c"): []}):
        assert other.take(AssetKey("c"), ["j"]) == []
    assert other.take(AssetKey("c"), ["j"]) == ["j"]
    assert other.take(A, ["j", "l"]) == ["j", "l"]
