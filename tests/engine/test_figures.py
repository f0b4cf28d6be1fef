from __future__ import annotations

import base64
import threading

import matplotlib as mpl
import pytest

from ipyassets.engine.capture import Output
from ipyassets.engine.figures import figures_kept

mpl.use("agg")

from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def _no_figures():
    plt.close("all")
    yield
    plt.close("all")


def test_a_figure_that_a_body_leaves_open_is_kept_and_closed():
    users, output = plt.figure(), Output()
    with figures_kept(output):
        plt.subplots()
    assert plt.get_fignums() == [users.number]
    [shown] = output.displays
    assert base64.b64decode(str(shown["image/png"])).startswith(b"\x89PNG")


def test_a_figure_is_kept_also_where_the_body_fails():
    def body():
        plt.figure()
        raise ZeroDivisionError

    output = Output()
    with pytest.raises(ZeroDivisionError), figures_kept(output):
        body()
    assert len(output.displays) == 1


def test_a_figure_that_cannot_be_drawn_is_said_so_and_closed():
    output = Output()
    with figures_kept(output):
        plt.figure().suptitle("$\\wrong$")
    assert (plt.get_fignums(), output.displays) == ([], [])
    assert output.text.startswith("a figure could not be drawn: ValueError")


def test_a_figure_that_may_be_the_users_is_left_alone():
    def body():
        with figures_kept(output):
            plt.figure()

    output = Output()
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert len(plt.get_fignums()) == 1
    assert output.displays == []
