"""Interrupts blocking runs, and cancels runs of a bar, at random moments in JupyterLab, and looks what that leaves.

Each time the notebook is asked the next thing at once, and then to compare what its kernel says with the log and the
files, as somebody finds them who comes anew. `python -m tests.journeys.interruptions --times 50` prints how long
everything took.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys import browser as browsers
from tests.journeys.bar import Bar
from tests.journeys.notebook_page import NotebookPage
from tests.journeys.server import serving

BEGIN = """\
%load_ext ipyassets
import json, time
import numpy as np
from ipyassets import Instance, StaticPartitionsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.events import Attempt
from ipyassets.instance.current import current_instance
numbers = StaticPartitionsDefinition([f"{number:02}" for number in range(40)])
cursor = 0

def states(instance, graph):
    facts = instance.facts(graph)
    return {str(key): {str(state): count for state, count in facts.counts(key).items()} for key in graph.assets}

def check():
    global cursor
    kept, graph = current_instance(), AssetGraph.of([quick, slow])
    anew = Instance(kept.root)
    for asset in graph:
        for key in anew.event_log.artifacts(asset.key, numbers.get_partition_keys()):
            anew.store.load(asset, key)
    print(json.dumps({
        "said": states(kept, graph),
        "true": states(anew, graph),
        "made": sum(event.attempt is Attempt.MATERIALIZED for event in anew.event_log.since(cursor)),
        "active": len(kept.active),
        "aside": [path.name for path in (kept.root / "storage" / ".staging").iterdir()],
    }))
    cursor = anew.event_log.cursor()
    anew.close()"""
QUICK = """\
%%asset quick --partitions numbers
time.sleep(0.005)
int(partition_key)"""
SLOW = """\
%%asset slow --partitions numbers
print(partition_key)
for _ in range(200_000):
    pass
time.sleep(0.02)
np.sort(np.random.default_rng(quick).random(100_000))"""
RUN = "%materialize quick slow all"
CELLS = (BEGIN, QUICK, SLOW, RUN, "print(6 * 7)", "check()")
PARTITIONS = 40
RUN_AT, NEXT_AT, CHECK_AT = 3, 4, 5
LIES = {"running", "queued", "failed", "blocked", "damaged"}
SPAN = 1.1  # how much of an undisturbed run, and a little beyond it, interrupts are spread over

# What a person does, timed where it is done: begin, press stop, and run the next cell when the first has ended.
BEGIN_RUN = """(index) => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    const began = performance.now();
    window.ran = window.jupyterapp.commands.execute("notebook:run-cell").then(() => performance.now() - began);
}"""
INTERRUPT = """async (index) => {
    const pressed = performance.now();
    await window.jupyterapp.commands.execute("kernelmenu:interrupt");
    await window.ran;
    const ended = performance.now();
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute("notebook:run-cell");
    return [(ended - pressed) / 1000, (performance.now() - ended) / 1000];
}"""
ANSWER = """async (index) => {
    const began = performance.now();
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
    await window.jupyterapp.commands.execute("notebook:run-cell");
    return (performance.now() - began) / 1000;
}"""

# A run that has just ended has no such button.
CANCEL = """(bar) => {
    const named = [...bar.querySelectorAll("button")].find((button) => /^Cancel/.test(button.textContent));
    if (named?.checkVisibility()) named.click();
}"""


@dataclass
class Seen:
    """How long things took, in seconds, and how often a run was met."""

    ended: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    met: int = 0

    def __str__(self) -> str:
        return (
            f"{self.met} of {len(self.ended)} times a run was cut short; it had ended after "
            f"{told(self.ended)}; the next cell was answered after {told(self.answered)}"
        )


def told(seconds: Sequence[float]) -> str:
    """Some durations in words."""
    return f"{statistics.median(seconds):.2f} s median, {max(seconds):.2f} s at most"


def opened(notebook: NotebookPage) -> tuple[Bar, Bar]:
    """The notebook with everything made once; the bars of its assets."""
    notebook.start(*CELLS)
    return notebook.bar(1), notebook.bar(2)


def interrupt_runs(notebook: NotebookPage, times: int, seed: int = 1) -> Seen:
    """Interrupt the kernel in a blocking run, again and again."""
    bars, source, seen = opened(notebook), random.Random(seed), Seen()
    notebook.page.evaluate(BEGIN_RUN, RUN_AT)
    whole = notebook.page.evaluate("() => window.ran")
    for _ in range(times):
        notebook.page.evaluate(BEGIN_RUN, RUN_AT)
        notebook.page.wait_for_timeout(source.uniform(0, SPAN * whole))
        ended, answered = notebook.page.evaluate(INTERRUPT, NEXT_AT)
        seen.ended.append(ended)
        seen.answered.append(answered)
        assert notebook.text(NEXT_AT) == "42", notebook.text(NEXT_AT)
        shown = notebook.text(RUN_AT)
        assert "KeyboardInterrupt" not in shown or len(shown.splitlines()) < 4, shown
        seen.met += look(notebook, bars) < 2 * PARTITIONS
    return seen


def cancel_runs(notebook: NotebookPage, times: int, seed: int = 1) -> Seen:
    """Press Cancel in a run that a bar has started, again and again."""
    (quick, slow), source, seen = opened(notebook), random.Random(seed), Seen()
    whole = 2000.0
    for _ in range(times):
        slow.select("all")
        slow.materialize()
        notebook.page.wait_for_timeout(source.uniform(0, SPAN * whole))
        seen.ended.append(pressed(notebook, slow))
        seen.answered.append(notebook.page.evaluate(ANSWER, NEXT_AT))
        assert notebook.text(NEXT_AT) == "42", notebook.text(NEXT_AT)
        seen.met += look(notebook, (quick, slow)) < PARTITIONS
    return seen


def pressed(notebook: NotebookPage, bar: Bar) -> float:
    """Press Cancel, if it is there to be pressed; how long the run went on after that."""
    began = notebook.page.evaluate("() => performance.now()")
    bar.root.evaluate(CANCEL)
    bar.expect_finished()
    return float(notebook.page.evaluate("() => performance.now()") - began) / 1000


def look(notebook: NotebookPage, bars: tuple[Bar, Bar]) -> int:
    """Everything that must hold now; how many partitions were made since the last look."""
    notebook.run(CHECK_AT)
    found = json.loads(notebook.text(CHECK_AT))
    assert found["said"] == found["true"], found
    assert not found["active"], found
    assert not found["aside"], found
    for name, bar in zip(("quick", "slow"), bars, strict=True):
        counts = found["true"][name]
        assert not LIES & set(counts), found
        assert sum(counts.values()) == PARTITIONS, found
        bar.expect_finished()
        for state, count in counts.items():
            bar.expect_count(state, count)
        assert bar.counts == counts, (bar.counts, counts)
        assert len(notebook.pickles(name)) == counts.get("fresh", 0) + counts.get("stale", 0), (name, counts)
    return int(found["made"])


def main() -> None:
    """Do both, and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    expect.set_options(timeout=30_000)
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server, browsers.launched() as browser:
        for what in (interrupt_runs, cancel_runs):
            folder = server.folder / what.__name__
            folder.mkdir()
            notebook = NotebookPage(browser.new_page(), server, folder)
            seen = what(notebook, given.times, given.seed)
            print(f"{re.sub('_.*', '', what.__name__)}: {seen}", flush=True)
            notebook.end_kernels()


if __name__ == "__main__":
    main()
