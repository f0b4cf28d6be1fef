from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType

import pytest

from ipyassets.interrupt import interruptible, shielded, waited


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


def test_a_second_interrupt_waits_as_the_first_does_not():
    done = []

    def work():
        with shielded():
            try:
                with interruptible():
                    interrupt()
            finally:
                interrupt()
                done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]


def test_an_interrupt_right_where_a_part_ends_waits():
    done = []

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is interruptible.__exit__.__code__:
            sys.setprofile(None)
            handler = signal.getsignal(signal.SIGINT)
            assert callable(handler)
            handler(signal.SIGINT, frame)

    def work():
        with shielded():
            sys.setprofile(profile)
            with interruptible():
                pass
            interrupt()
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]


def keep_to_itself():
    with contextlib.suppress(KeyboardInterrupt):
        interrupt()


def test_an_interrupt_that_was_kept_comes_when_the_part_ends():
    done = []

    def work():
        with shielded(), interruptible():
            keep_to_itself()
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest"]


def test_an_interrupt_that_became_another_error_is_an_interrupt_all_the_same():
    def work():
        try:
            interrupt()
        finally:
            raise ValueError

    with pytest.raises(KeyboardInterrupt), shielded(), interruptible():
        work()


def test_an_interrupt_that_was_kept_after_it_had_been_waiting_comes_when_the_part_ends():
    with (
        pytest.raises(KeyboardInterrupt),
        shielded(),
        interruptible(),
        contextlib.suppress(KeyboardInterrupt),
        shielded(),
    ):
        interrupt()


def test_an_interrupt_that_was_kept_in_one_part_does_not_end_the_next():
    done = []
    with shielded():
        with pytest.raises(KeyboardInterrupt), interruptible():
            keep_to_itself()
        with interruptible():
            done.append("the next")
    assert done == ["the next"]


def test_an_interrupt_that_was_kept_within_a_part_ends_the_part_around_it():
    def work():
        with contextlib.suppress(KeyboardInterrupt), shielded(), interruptible():
            keep_to_itself()

    with pytest.raises(KeyboardInterrupt), shielded(), interruptible():
        work()


def test_a_handler_of_the_users_own_that_raises_nothing_ends_nothing():
    done = []
    before = signal.signal(signal.SIGINT, lambda *_: done.append("told"))
    try:
        with shielded(), interruptible():
            interrupt()
            done.append("the rest")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["told", "the rest"]


def test_waiting_ends_when_it_may_or_when_what_it_waits_for_holds():
    event = threading.Event()
    assert not waited(event.wait, 0.01)
    threading.Timer(0.01, event.set).start()
    assert waited(event.wait)


def test_waiting_is_ended_by_an_interrupt_that_leaves_no_lock_held():
    event = threading.Event()

    def wait():
        threading.Timer(0.1, interrupt).start()
        waited(event.wait, 20)

    with pytest.raises(KeyboardInterrupt):
        wait()
    event.set()


def test_what_is_shielded_within_an_interruptible_part_is_shielded():
    done = []

    def work():
        with shielded(), interruptible():
            with shielded():
                interrupt()
                done.append("all of it")
            done.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]


def test_a_part_within_what_is_shielded_again_is_interruptible():
    done = []

    def work():
        with shielded(), interruptible(), shielded(), interruptible():
            interrupt()
            done.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == []


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
