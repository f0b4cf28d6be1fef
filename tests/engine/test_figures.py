from __future__ import annotations

import base64
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
import pytest

from ipyassets.engine.capture import Output, captured
from ipyassets.engine.figures import figures_kept

mpl.use("agg")

from matplotlib import pyplot as plt
from matplotlib._pylab_helpers import Gcf


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


@contextmanager
def body() -> Iterator[Output]:
    with captured() as output, figures_kept(output):
        yield output


def pictures(output: Output) -> int:
    return sum(base64.b64decode(str(each["image/png"])).startswith(b"\x89PNG") for each in output.displays)


def test_a_figure_that_a_body_leaves_open_is_kept_and_closed():
    users = plt.figure()
    with body() as output:
        plt.subplots()
    assert plt.get_fignums() == [users.number]
    assert pictures(output) == 1


def test_a_figure_is_kept_also_where_the_body_fails():
    def fail() -> None:
        with body() as output:
            outputs.append(output)
            plt.figure()
            raise ZeroDivisionError

    outputs: list[Output] = []
    with pytest.raises(ZeroDivisionError):
        fail()
    assert pictures(outputs[0]) == 1


def test_a_figure_of_a_body_that_is_interrupted_is_closed_at_once():
    def stop() -> None:
        with body() as output:
            outputs.append(output)
            plt.figure()
            raise KeyboardInterrupt

    outputs: list[Output] = []
    with pytest.raises(KeyboardInterrupt):
        stop()
    assert outputs[0].displays == []
    assert list(outputs[0].figures) == []


def test_a_figure_that_cannot_be_drawn_is_said_so_and_closed():
    with body() as output:
        plt.figure().suptitle("$\\wrong$")
    assert (plt.get_fignums(), output.displays) == ([], [])
    assert output.text.startswith("a figure could not be drawn: ValueError")


def test_a_figure_that_a_body_closes_is_gone():
    with body() as output:
        plt.figure()
        plt.close()
    assert output.displays == []


def test_figures_of_bodies_in_threads_and_those_of_the_user_are_not_mixed_up():
    meeting, outputs = threading.Barrier(3), {}

    def run(name: str) -> None:
        with body() as outputs[name]:
            plt.title(name)
            meeting.wait(20)
            assert plt.gca().get_title() == name
            meeting.wait(20)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    meeting.wait(20)
    assert plt.get_fignums() == []
    plt.title("the user's")
    plt.close("all")
    plt.title("the user's second")
    meeting.wait(20)
    for thread in threads:
        thread.join(20)
    assert [pictures(output) for output in outputs.values()] == [1, 1]
    assert plt.gca().get_title() == "the user's second"


def test_afterwards_the_table_of_figures_is_the_one_before():
    before = Gcf.figs
    with body():
        assert Gcf.figs is not before
    assert Gcf.figs is before
    assert type(before) is OrderedDict


FIRST = """
import sys
from ipyassets.engine.capture import captured
from ipyassets.engine.figures import figures_kept

with captured() as output, figures_kept(output):
    from matplotlib import pyplot as plt
    plt.switch_backend("agg")
    plt.figure()
assert len(output.displays) == 1, output
assert plt.get_fignums() == []
assert not [finder for finder in sys.meta_path if "ipyassets" in type(finder).__module__]
"""


def test_a_figure_is_kept_also_of_the_body_that_is_the_first_to_import_pyplot():
    subprocess.run([sys.executable, "-c", FIRST], check=True)
