from __future__ import annotations

import contextlib
import contextvars
import io
import logging
import signal
import sys
import threading

import pytest

from ipyassets.engine.capture import DISPLAYED, LIMIT, Stream, captured, current_output, streams


def test_prints_warnings_and_log_records_are_kept(capsys):
    with captured() as output:
        print("printed")
        print("complained", file=sys.stderr)
        logging.getLogger("some.library").warning("logged")
    assert output.text == "printed\ncomplained\nWARNING some.library: logged\n"
    assert capsys.readouterr() == ("", "")


def test_what_is_printed_outside_goes_where_it_went(capsys):
    before = sys.stdout
    with captured():
        pass
    print("outside")
    assert sys.stdout is before
    assert capsys.readouterr().out == "outside\n"


def test_other_threads_print_as_before(capsys):
    with captured() as output:
        thread = threading.Thread(target=print, args=("elsewhere",))
        thread.start()
        thread.join()
    assert output.text == ""
    assert capsys.readouterr().out == "elsewhere\n"


def test_a_thread_in_the_same_context_prints_to_the_same_place():
    with captured() as output:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(print, "within"))
        thread.start()
        thread.join()
    assert output.text == "within\n"


def test_capture_within_capture_keeps_each_its_own():
    with captured() as outer:
        print("a")
        with captured() as inner:
            print("b")
        print("c")
    assert (outer.text, inner.text) == ("a\nc\n", "b\n")


def test_streams_that_somebody_else_put_in_place_meanwhile_are_left(monkeypatch):
    with streams():
        theirs = io.StringIO()
        monkeypatch.setattr(sys, "stdout", theirs)
    assert sys.stdout is theirs


def test_a_run_that_ends_while_somebody_prints_lets_the_print_finish(monkeypatch):
    class EndsTheRun(io.StringIO):
        def write(self, text):
            run.close()  # as another thread would
            return super().write(text)

    run = contextlib.ExitStack()
    monkeypatch.setattr(sys, "stdout", theirs := EndsTheRun())
    run.enter_context(streams())
    print("all", "of", "it")
    assert sys.stdout is theirs
    assert theirs.getvalue() == "all of it\n"


def test_displays_are_kept_with_their_text():
    with captured():
        output = current_output()
        assert output is not None
        output.display({"text/plain": "a picture", "image/png": "..."})
    assert output.text == "a picture\n"
    assert output.displays == [{"text/plain": "a picture", "image/png": "..."}]
    assert current_output() is None


def test_bytes_that_are_displayed_are_kept_as_text():
    with captured() as output:
        output.display({"text/plain": "a picture", "image/png": b"\x89PNG"})
    assert output.displays == [{"text/plain": "a picture", "image/png": "iVBORw=="}]


def test_an_update_takes_the_place_of_what_was_displayed():
    with captured() as output:
        print("before")
        output.display({"text/plain": "0 of 9"}, "bar")
        print("after")
        assert all(output.update({"text/plain": f"{n} of 9", "text/html": "..."}, "bar") for n in range(10))
    assert output.text == "before\n9 of 9\nafter\n"
    assert output.displays == [{"text/plain": "9 of 9", "text/html": "..."}]


def test_an_update_of_something_else_is_none_of_this_output():
    with captured() as output:
        assert not output.update({"text/plain": "9 of 9"}, "bar")
    assert (output.text, output.displays) == ("", [])


def test_what_is_cleared_is_not_kept():
    with captured() as output:
        print("step 1")
        output.display({"text/plain": "a picture"}, "bar")
        output.clear()
        assert not output.update({"text/plain": "another"}, "bar")
        print("step 2")
    assert (output.text, output.displays) == ("step 2\n", [])


def test_what_is_to_be_cleared_later_stays_until_something_comes():
    with captured() as output:
        print("step 1")
        output.clear(wait=True)
        assert output.text == "step 1\n"
        print("step 2")
        output.clear(wait=True)
    assert output.text == "step 2\n"


def test_a_flood_of_displays_is_cut():
    with captured() as output:
        for _ in range(30):
            output.display({"text/plain": "a picture", "image/png": "x" * 1_000_000})
    assert len(output.displays) == DISPLAYED / 1_000_000
    assert output.text.count("a picture") == 30
    assert output.text.count("beyond 20 MB") == 1


@pytest.fixture
def own_interrupts():
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("own_interrupts")  # pdb takes them over when it is told to continue
def test_a_breakpoint_of_plain_python_stops_in_the_body(monkeypatch, capsys):
    monkeypatch.setattr(sys, "breakpointhook", sys.__breakpointhook__)
    monkeypatch.delenv("PYTHONBREAKPOINT", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("p x * 14\nc\n"))
    with captured():
        x = 3
        breakpoint()  # noqa: T100 - what the test is about
        del x
    assert "(Pdb) 42\n" in capsys.readouterr().out


def test_a_flood_of_output_is_cut(capsys):
    with captured() as output:
        for _ in range(3):
            print("x" * (LIMIT // 2))
    assert len(output.text) < LIMIT + 100
    assert output.text.endswith("was dropped]\n")


def test_a_stand_in_is_the_terminal_that_it_stands_for_except_to_a_body():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stand_in = Stream(Terminal())
    assert stand_in.isatty()
    with captured():
        assert not stand_in.isatty()


def test_a_stand_in_that_is_forgotten_after_what_it_stands_for_was_closed_says_nothing():
    behind = io.StringIO()
    stand_in = Stream(behind)
    behind.close()
    stand_in.__del__()  # what a collector calls; some versions of Python swallow what it raises, some do not
    stand_in.close()


def test_closing_a_stand_in_leaves_open_what_it_stands_for():
    behind = io.StringIO()
    Stream(behind).close()
    assert not behind.closed


def test_a_stand_in_has_the_file_and_the_encoding_of_what_it_stands_for(tmp_path):
    with (tmp_path / "out").open("w", encoding="latin-1", errors="replace") as file:
        stand_in = Stream(file)
        assert (stand_in.fileno(), stand_in.encoding, stand_in.errors) == (file.fileno(), "latin-1", "replace")
