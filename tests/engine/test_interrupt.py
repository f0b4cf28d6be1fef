from __future__ import annotations

import os
import signal
import threading

import pytest

from ipyassets.engine.interrupt import interruptible, shielded


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_waits_for_the_end_of_what_is_shielded():
    done = []

    def work():
        with shielded():
            interrupt()
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]


def test_an_interrupt_comes_at_once_where_that_is_allowed():
    done = []

    def work():
        with shielded(), interruptible():
            interrupt()
            done.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == []


def test_an_interrupt_that_has_been_waiting_comes_where_it_is_allowed():
    done = []
    with shielded():
        interrupt()
        done.append("before")
        with pytest.raises(KeyboardInterrupt), interruptible():
            done.append("never")
    assert done == ["before"]


def test_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with shielded():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_are_left_alone():
    found = []

    def work():
        before = signal.getsignal(signal.SIGINT)
        with shielded(), interruptible():
            found.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]
