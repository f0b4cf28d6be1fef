"""A script makes partitions of an asset whose bar is on a page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.test_runs import ALL, LOAD, NUMBERS, SLOW

SCRIPT = """
import sys, time
from ipyassets import Instance, StaticPartitionsDefinition, asset, materialize

@asset(partitions_def=StaticPartitionsDefinition([f"{number:02}" for number in range(40)]))
def slow(context):
    time.sleep(0.4)
    while context.partition_key > "04" and not context.cancelled:
        time.sleep(0.01)

materialize([slow], partition_keys="all", instance=Instance(sys.argv[1]), raise_on_error=False)
"""


@contextmanager
def script(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    # of the same user: what somebody else signs is shown as damaged
    environment = {**os.environ, "JUPYTER_DATA_DIR": str(folder.parent.parent / "data")}
    command = [sys.executable, "-c", SCRIPT, str(folder / ".ipyassets")]
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        yield process
        process.kill()


def test_a_run_of_a_script_is_seen_on_the_bar_joined_and_cancelled(notebook):
    notebook.start(LOAD, NUMBERS, SLOW)
    bar = notebook.bar(2)
    with script(notebook.folder) as process:
        expect(bar.status).to_contain_text("another process:")
        bar.expect_count("running", 1)
        notebook.screenshot("elsewhere", bar.root)
        bar.drag(38, 39)
        expect(bar.status).to_contain_text("2 partitions: 2 queued")
        notebook.screenshot("elsewhere-selected", bar.root)
        bar.button("Cancel other run").click()
        bar.expect_finished()
        assert process.wait(30) == 0
    bar.drag(*ALL)
    bar.press("Enter")
    bar.expect_count("fresh", 40)


def test_a_killed_script_leaves_nothing_running_on_the_bar(notebook):
    notebook.start(LOAD, NUMBERS, SLOW)
    bar = notebook.bar(2)
    with script(notebook.folder) as process:
        bar.expect_count("running", 1)
        process.kill()
        bar.expect_finished()
    assert set(bar.counts) <= {"stale", "missing"}
