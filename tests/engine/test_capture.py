from __future__ import annotations

import contextvars
import io
import logging
import sys
import threading

from ipyassets.engine.capture import LIMIT, Stream, captured, current_output, streams


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
