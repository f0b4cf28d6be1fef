from __future__ import annotations

import itertools
import logging
import threading
import time
from functools import partial

from ipyassets.jupyter.bridge import Bridge

LONG = 10.0


class Picture:
    """A drawing of a value, with the times at which it was drawn and the thread that drew."""

    def __init__(self):
        self.value = 0
        self.drawn = []
        self.times = []
        self.threads = set()

    def draw(self):
        self.drawn.append(self.value)
        self.times.append(time.monotonic())
        self.threads.add(threading.current_thread().name)


def test_the_last_change_is_always_drawn():
    picture = Picture()
    bridge = Bridge(picture.draw, pause=0.01)
    for value in range(2000):
        picture.value = value
        bridge.mark()
    assert bridge.settle(LONG)
    assert picture.drawn[-1] == 1999


def marked_until_drawn(bridge, times, count):
    """The shortest time between the first pictures while changes come all the time."""
    until = time.monotonic() + LONG
    while len(times) < count and time.monotonic() < until:
        bridge.mark()
        time.sleep(0.001)
    return min(later - earlier for earlier, later in itertools.pairwise(times[:count]))


def test_many_changes_become_few_pictures_with_the_pause_between_them():
    picture = Picture()
    bridge = Bridge(picture.draw, pause=0.05)
    assert marked_until_drawn(bridge, picture.times, 5) >= 0.05
    assert bridge.settle(LONG)


def test_a_picture_that_takes_long_is_drawn_less_often():
    times = []

    def draw():
        times.append(time.monotonic())
        time.sleep(0.05)

    bridge = Bridge(draw, pause=0.0)
    assert marked_until_drawn(bridge, times, 4) >= 0.19
    assert bridge.settle(LONG)


def test_an_action_does_not_wait_for_the_next_picture():
    picture = Picture()
    bridge = Bridge(picture.draw, pause=LONG)
    bridge.mark()
    bridge.settle(LONG)
    bridge.mark()
    done = threading.Event()
    bridge.post(done.set)
    assert done.wait(LONG / 2)
    assert len(picture.drawn) == 1
    assert bridge.settle(LONG)
    assert len(picture.drawn) == 2


def test_actions_of_many_threads_run_one_by_one_on_one_thread_in_the_order_of_each():
    bridge = Bridge(lambda: None)
    seen: list[tuple[int, int]] = []
    names = set()

    def act(thread, step):
        names.add(threading.current_thread().name)
        seen.append((thread, step))

    def work(thread):
        for step in range(200):
            bridge.post(partial(act, thread, step))

    threads = [threading.Thread(target=work, args=(each,)) for each in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bridge.settle(LONG)
    assert len(seen) == 1000
    assert all([step for thread, step in seen if thread == each] == sorted(range(200)) for each in range(5))
    assert names == {"ipyassets-bars"}


def test_an_action_that_raises_is_logged_and_the_next_one_runs(caplog):
    bridge = Bridge(lambda: None)
    done = threading.Event()
    with caplog.at_level(logging.ERROR):
        assets: dict[str, int] = {}
        bridge.post(partial(assets.__getitem__, "no such asset"))
        bridge.post(done.set)
        assert bridge.settle(LONG)
    assert done.is_set()
    assert "no such asset" in caplog.text


def test_posting_returns_before_the_action_has_run():
    bridge = Bridge(lambda: None)
    go, done = threading.Event(), threading.Event()
    bridge.post(partial(go.wait, LONG))
    bridge.post(done.set)
    assert not done.is_set()
    assert not bridge.settle(0.01)
    go.set()
    assert bridge.settle(LONG)
    assert done.is_set()


def test_a_thread_is_there_only_while_there_is_work(monkeypatch):
    monkeypatch.setattr("ipyassets.jupyter.bridge.LINGER", 0.01)
    bridge = Bridge(lambda: None)
    alive = []

    def look():
        alive.append(threading.current_thread())

    for _ in range(3):
        bridge.post(look)
        assert bridge.settle(LONG)
        alive[-1].join(LONG)
        assert not alive[-1].is_alive()
    assert len(alive) == 3


def test_while_it_watches_it_looks_again_and_again_and_then_no_more(monkeypatch):
    monkeypatch.setattr("ipyassets.jupyter.bridge.LINGER", 0.005)
    looks = []
    thrice = threading.Event()

    def look():
        looks.append(threading.current_thread())
        if len(looks) == 3:
            thrice.set()

    bridge = Bridge(lambda: None, look)
    bridge.watch(on=True)
    assert thrice.wait(LONG)
    bridge.watch(on=False)
    looks[0].join(LONG)
    assert not looks[0].is_alive()
    assert set(looks) == {looks[0]}


def test_settling_from_within_does_not_wait_for_itself():
    bridge = Bridge(lambda: None)
    answers = []
    bridge.post(lambda: answers.append(bridge.settle(LONG)))
    assert bridge.settle(LONG)
    assert answers == [False]
