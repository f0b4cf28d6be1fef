from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.live_runs import AtWork, LiveRun, LiveRuns, _run, _text

FLIGHTS = AssetKey(["raw", "flights"])
ONE = LiveRun("1" * 32, {FLIGHTS: AtWork(("a", "b"), (("c", "e"), ("g", "g")))}, 2, 9, 1, "2 of 9, 1 failed")
TWO = LiveRun("2" * 32, {}, 0, 5, 0, "0 of 5")

TELLER = """
import sys
from pathlib import Path
from ipyassets.storage.live_runs import LiveRun, LiveRuns
runs = LiveRuns(Path(sys.argv[1]))
runs.tell(LiveRun("3" * 32, {}, 1, 2, 0, "1 of 2"))
print("told", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def here(tmp_path):
    here = LiveRuns(tmp_path)
    yield here
    here.close()


@pytest.fixture
def there(tmp_path):
    """Another process, as far as a lock can tell."""
    there = LiveRuns(tmp_path)
    yield there
    there.close()


@pytest.fixture
def teller(tmp_path):
    """Another process that has told of a run."""
    with subprocess.Popen(
        [sys.executable, "-c", TELLER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "told\n"
        yield process
        process.kill()


def files(root):
    return sorted(path.name for path in (root / "runs").iterdir() if path.name != "live.lock")


def test_looking_for_others_writes_nothing(here, tmp_path):
    assert here.others() == ()
    assert list(tmp_path.iterdir()) == []


def test_what_one_tells_the_other_hears_and_not_itself(here, there):
    here.tell(ONE)
    there.tell(TWO)
    assert there.others() == (ONE,)
    assert here.others() == (TWO,)


def test_a_run_is_told_of_as_it_goes_on_and_forgotten_when_it_is_over(here, there, tmp_path):
    here.tell(ONE)
    here.tell(on := replace(ONE, done=3, text="3 of 9"))
    assert there.others() == (on,)
    here.forget(ONE.run_id)
    assert there.others() == ()
    assert files(tmp_path) == []


def test_what_has_not_changed_is_not_written_again_unless_its_file_is_gone(here, tmp_path):
    here.tell(ONE)
    path = tmp_path / "runs" / f"{ONE.run_id}.json"
    before = path.stat().st_mtime_ns
    here.tell(ONE)
    assert path.stat().st_mtime_ns == before
    path.unlink()
    here.tell(ONE)
    assert path.exists()


def test_a_run_of_a_killed_process_is_over_and_its_file_cleared_away(teller, here, tmp_path):
    assert [run.text for run in here.others()] == ["1 of 2"]
    teller.send_signal(signal.SIGKILL)
    teller.wait()
    assert here.others() == ()
    assert files(tmp_path) == []


def test_a_run_of_a_stopped_process_goes_on(teller, here):
    teller.send_signal(signal.SIGSTOP)
    assert len(here.others()) == 1
    teller.kill()
    teller.wait()
    assert here.others() == ()


def test_a_run_is_cancelled_by_its_own_process_alone(here, there, tmp_path):
    here.tell(ONE)
    (heard,) = there.others()
    assert not here.is_cancelled(ONE.run_id)
    heard.cancel()
    assert here.is_cancelled(ONE.run_id)
    assert not there.is_cancelled(ONE.run_id)
    here.forget(ONE.run_id)
    assert files(tmp_path) == []


def test_a_request_that_comes_too_late_is_cleared_away(here, there, tmp_path):
    here.tell(ONE)
    (heard,) = there.others()
    here.forget(ONE.run_id)
    heard.cancel()
    assert there.others() == ()
    assert files(tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"assets": {"x": []}}', '{"assets": {"[1]": {}}}'])
def test_what_cannot_be_understood_is_left_out_while_its_process_lives(here, there, text, tmp_path):
    here.tell(ONE)
    (tmp_path / "runs" / f"{ONE.run_id}.json").write_text(text)
    assert there.others() == ()
    assert files(tmp_path) == [f"{ONE.run_id}.json"]


def test_files_of_somebody_else_in_the_folder_are_left_alone(here, there, tmp_path):
    here.tell(ONE)
    (tmp_path / "runs" / "notes.txt").touch()
    (tmp_path / "runs" / "4.json").touch()
    assert there.others() == (ONE,)
    assert files(tmp_path) == [f"{ONE.run_id}.json", "4.json", "notes.txt"]


def test_a_deleted_folder_is_made_again(here, there, tmp_path):
    here.tell(ONE)
    for path in (tmp_path / "runs").iterdir():
        path.unlink()
    (tmp_path / "runs").rmdir()
    assert there.others() == ()
    here.tell(ONE)
    assert there.others() == (ONE,)


def test_a_run_outlives_the_deletion_of_the_lock_file(here, there, tmp_path):
    here.tell(ONE)
    (tmp_path / "runs" / "live.lock").unlink()
    assert there.others() == ()
    here.tell(ONE)
    assert there.others() == (ONE,)


def test_what_a_process_of_an_earlier_version_tells_is_heard():
    told = '{"done": 1, "total": 2, "failed": 0, "text": "", "assets": {"[\\"a\\"]": {"running": ["x"], "queued": []}}}'
    heard = _run("0" * 32, told, ONE.folder)
    assert heard is not None
    assert heard.assets == {AssetKey("a"): AtWork(("x",))}


# ------------------------------------------------------------------------------------- what bodies elsewhere report


def test_what_is_reported_to_a_run_is_heard_until_it_is_over(here, there, tmp_path):
    reporter = here.listen(ONE.run_id)
    assert reporter is not None
    reporter(FLIGHTS, ("a",), 0.25)
    assert there.others() == ()  # nobody takes the folder of a run for one of a dead process
    assert [report.fraction for report in here.reports(ONE.run_id)] == [0.25]
    assert here.reports(ONE.run_id) == []
    here.tell(ONE)
    reporter(FLIGHTS, ("a",), 0.5)
    assert there.others() == (ONE,)
    assert [report.fraction for report in here.reports(ONE.run_id)] == [0.5]
    here.forget(ONE.run_id)
    assert files(tmp_path) == []
    reporter(FLIGHTS, ("a",), 0.75)
    assert here.reports(ONE.run_id) == []
    assert files(tmp_path) == []


def test_nobody_listens_once_closed(here, tmp_path):
    reporter = here.listen(ONE.run_id)
    assert reporter is not None
    reporter(FLIGHTS, ("a",), 0.25)
    here.close()
    assert files(tmp_path) == []


def test_what_was_reported_to_a_run_of_a_killed_process_is_cleared_away(teller, here, tmp_path):
    folder = tmp_path / "runs" / f"{'3' * 32}.progress"
    folder.mkdir()
    (folder / "0").touch()
    assert len(here.others()) == 1
    assert folder.exists()
    teller.send_signal(signal.SIGKILL)
    teller.wait()
    assert here.others() == ()
    assert files(tmp_path) == []


def test_where_nothing_can_be_written_nobody_listens(here, tmp_path):
    (tmp_path / "runs").touch()
    assert here.listen(ONE.run_id) is None
    assert here.reports(ONE.run_id) == []


def test_where_nothing_can_be_written_nothing_is_told(here, tmp_path):
    (tmp_path / "runs").touch()
    here.tell(ONE)
    assert here.others() == ()


texts = st.text(st.characters(codec="utf-8"))
keys = st.lists(texts.filter(bool), min_size=1, max_size=3).map(AssetKey)
work = st.builds(
    AtWork,
    st.lists(texts).map(tuple),
    st.lists(st.tuples(texts, texts)).map(tuple),
    st.dictionaries(texts, st.integers(0, 100).map(lambda percent: percent / 100)),
)
counts = st.integers(0, 2**40)


@given(st.builds(LiveRun, st.just("0" * 32), st.dictionaries(keys, work), counts, counts, counts, texts))
def test_a_run_is_heard_as_it_was_told(run):
    assert _run(run.run_id, _text(run), run.folder) == run
