"""Two real kernels on one root, as two notebooks in one folder are."""

from __future__ import annotations

import os
import signal

import pytest

from ipyassets.jupyter.protocol import encode_selection
from ipyassets.partitions.spans import Spans
from tests.jupyter.live_kernel import live_kernel

BEGIN = """
%load_ext ipyassets
import os, time
from pathlib import Path
from ipyassets import StaticPartitionsDefinition
letters = StaticPartitionsDefinition([*"abcdef"])
"""
SLOW = """%%asset slow --partitions letters
gate = Path(f"{os.environ['IPYASSETS_HOME']}/let-go-{partition_key}")
while not (gate.exists() or context.cancelled):
    time.sleep(0.01)
partition_key"""
ALL = encode_selection(Spans.range(0, 6), 6)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def two(tmp_path, root):
    """Both kernels, with the same asset on a bar in each."""
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    with (
        live_kernel(folders[0], IPYASSETS_HOME=str(root)) as a,
        live_kernel(folders[1], IPYASSETS_HOME=str(root)) as b,
    ):
        for kernel in (a, b):
            kernel.run(BEGIN)
            kernel.run(SLOW)
        yield a, b


def let_go(root, letters):
    for letter in letters:
        (root / f"let-go-{letter}").touch()


def counts(bar):
    return bar.traits["counts"]


def test_a_bar_shows_what_the_other_kernel_is_making_and_has_made(two, root):
    a, b = two
    bar = b.bar("slow")
    a.send(a.bar("slow"), {"kind": "materialize"}, ALL)
    b.until(lambda: counts(bar) == {"running": 1, "queued": 5})
    assert bar.traits["run"]["text"] == "another process: 0 of 6"
    let_go(root, "ab")
    b.until(lambda: counts(bar) == {"running": 1, "queued": 3, "fresh": 2})
    b.until(lambda: bar.traits["run"]["text"].startswith("another process: 2 of 6"))
    let_go(root, "cdef")
    b.until(lambda: counts(bar) == {"fresh": 6} and not bar.traits["run"]["active"])


def test_nothing_of_a_killed_kernel_goes_on_and_the_other_makes_the_rest(two, root):
    a, b = two
    bar = b.bar("slow")
    process = int(a.run("print(os.getpid())").text)
    let_go(root, "ab")
    a.send(a.bar("slow"), {"kind": "materialize"}, ALL)
    b.until(lambda: counts(bar) == {"fresh": 2, "running": 1, "queued": 3})
    os.kill(process, signal.SIGKILL)
    b.until(lambda: counts(bar) == {"fresh": 2, "missing": 4} and not bar.traits["run"]["active"])
    let_go(root, "cdef")
    b.send(bar, {"kind": "materialize"}, ALL)
    b.until(lambda: counts(bar) == {"fresh": 6})


def test_a_run_is_cancelled_on_the_bar_of_the_other_kernel(two):
    a, b = two
    mine, theirs = a.bar("slow"), b.bar("slow")
    a.send(mine, {"kind": "materialize"}, ALL)
    b.until(lambda: counts(theirs) == {"running": 1, "queued": 5})
    b.send(theirs, {"kind": "cancel"})
    a.until(lambda: counts(mine) == {"fresh": 1, "cancelled": 5})
    b.until(lambda: counts(theirs) == {"fresh": 1, "cancelled": 5} and not theirs.traits["run"]["active"])


def test_a_run_of_what_the_other_kernel_is_making_says_that_it_waits(two, root):
    a, b = two
    bar = b.bar("slow")
    only_a = encode_selection(Spans.range(0, 1), 6)
    a.send(a.bar("slow"), {"kind": "materialize"}, only_a)
    b.until(lambda: counts(bar) == {"running": 1, "missing": 5})
    b.send(bar, {"kind": "materialize"}, only_a)
    b.until(lambda: bar.traits["run"]["text"] == "0 of 1, waits for another run")
    let_go(root, "a")
    b.until(lambda: bar.traits["run"]["text"].startswith("1 materialized"))
    b.until(lambda: counts(bar) == {"fresh": 1, "missing": 5})
