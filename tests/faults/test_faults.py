"""Real processes that are killed, starved and robbed: what must hold of a store afterwards.

Each harness is a program of its own, because it forks and kills; run it by hand for longer than a test may take.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.faults.crash_points import CONTROLS, OPERATIONS
from tests.faults.interrupt_points import OPERATIONS as POINTS


def harness(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", f"tests.faults.{name}", *map(str, arguments)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    print(done.stdout)
    return done


def passed(done: subprocess.CompletedProcess[str]) -> bool:
    print(done.stderr, file=sys.stderr)
    return done.returncode == 0


@pytest.fixture
def in_memory(tmp_path):
    """A folder in memory, where there are such: a process that dies takes nothing along that the disk lacks yet."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


def test_whatever_step_is_the_last_one_log_and_files_agree(in_memory):
    done = harness("crash_points", in_memory / "trial", *OPERATIONS)
    assert passed(done)
    assert len(done.stdout.splitlines()) == len(OPERATIONS)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [("in-place-first", "its file is not what was stored"), ("gone-first", "under both of its names or under neither")],
)
def test_the_harness_would_find_an_order_of_steps_that_loses_a_value(in_memory, wrong, found):
    assert wrong in CONTROLS
    assert found in harness("crash_points", in_memory / "trial", wrong).stderr


def test_killing_workers_at_random_instants_loses_nothing(tmp_path):
    assert passed(harness("kills", tmp_path, "--kills", 40))


def test_two_kernels_and_a_script_never_make_a_partition_twice_at_once(tmp_path):
    assert passed(harness("hammer", tmp_path, "--seconds", 3, "--partitions", 30))


def test_looking_after_a_store_that_others_use_loses_nothing(in_memory):
    assert passed(harness("housekeeping", in_memory / "trial", "--seconds", 4))


def test_housekeeping_that_claims_nothing_would_be_found_out(in_memory):
    done = harness("housekeeping", in_memory / "trial", "--seconds", 120, "--careless")
    assert "one process found something wrong" in done.stderr


def test_runs_whose_claims_are_broken_lose_nothing_and_keep_nobody_waiting(tmp_path):
    assert passed(harness("broken_holders", tmp_path, "--rounds", 4, "--seconds", 2))


def test_files_that_are_deleted_or_swapped_are_shown_as_damaged_and_nothing_else_is(tmp_path):
    assert passed(harness("mixed_up", tmp_path, "--rounds", 12))


@pytest.mark.parametrize(("how", "times"), [("inline", 5), ("threads", 5), ("processes", 2), ("async", 5), ("many", 2)])
def test_interrupting_a_run_at_random_instants_leaves_nothing_partial_and_no_state_that_lies(tmp_path, how, times):
    assert passed(harness("interrupts", tmp_path, "--how", how, "--times", times))


@pytest.mark.parametrize("operation", POINTS)
def test_interrupting_an_operation_wherever_that_can_be_leaves_no_state_that_lies(tmp_path, operation):
    assert passed(harness("interrupt_points", tmp_path, operation, "--every", 211))


@pytest.mark.parametrize("kind", ["full-disk", "read-only", "read-while-written"])
def test_a_store_under_hardship_keeps_what_it_has_and_says_what_is_wrong(kind):
    # Somebody else is to see it, which every other session of pytest forbids in the folder of all of them.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "root"
        root.mkdir()
        assert passed(harness("hardship", kind, root))


def test_interrupting_the_reading_of_a_large_value_leaves_it_to_be_read_again(in_memory):
    assert passed(harness("large", in_memory / "root", "--times", 20))
