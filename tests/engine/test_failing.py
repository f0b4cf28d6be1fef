from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from ipyassets.engine.failing import LIMIT, OURS, beyond_ours, failure_of, showable, without_frames
from ipyassets.storage.pickle_io import FilesystemIOManager


class Refusing:
    def __reduce__(self):
        raise RuntimeError("not me")


def refused(value: object, file) -> BaseException:
    with pytest.raises(Exception) as caught:
        FilesystemIOManager().dump(value, file)
    error = caught.value
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # a worker's begins in the library
    return error


def test_what_the_library_refuses_is_told_without_its_own_lines(tmp_path):
    with (tmp_path / "value").open("wb") as file:
        failure = failure_of(refused(lambda: 1, file))
    assert failure.traceback == f"ipyassets.errors.{failure.type}: {failure.message}\n"


def test_a_line_of_the_user_that_made_the_library_refuse_is_shown(tmp_path):
    with (tmp_path / "value").open("wb") as file:
        failure = failure_of(refused(Refusing(), file))
    assert 'raise RuntimeError("not me")' in failure.traceback


def test_an_exception_of_a_body_is_kept_with_its_lines():
    with pytest.raises(EOFError) as caught:
        pickle.loads(b"")
    assert 'pickle.loads(b"")' in failure_of(caught.value).traceback


def raise_from_itself() -> None:
    try:
        int("x")
    except ValueError:
        again = ValueError("again")
        raise again from again


def test_an_exception_that_is_its_own_cause_is_let_go_of():
    with pytest.raises(ValueError, match="again") as caught:
        raise_from_itself()
    error = caught.value
    without_frames(error)
    assert error.__traceback__ is None
    assert error.__context__ is not None
    assert error.__context__.__traceback__ is None


def test_lines_of_a_package_whose_name_begins_with_ours_are_the_users():
    neighbour = f"{OURS[0].rstrip(os.sep)}_plugin{os.sep}module.py"
    code = compile("def fail():\n    raise RuntimeError('there')\n", neighbour, "exec")
    names: dict[str, Callable[[], None]] = {}
    exec(code, names)
    with pytest.raises(RuntimeError) as caught:
        names["fail"]()
    assert caught.tb.tb_next is not None
    assert beyond_ours(caught.tb.tb_next) is caught.tb.tb_next


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_a_long_message_is_kept_by_its_two_ends():
    failure = failure_of(ValueError(f"begin{'x' * 3_000_000}end"))
    for text in (failure.message, failure.traceback):
        assert len(text) < LIMIT + 100
    assert (failure.message[:5], failure.message[-3:]) == ("begin", "end")
    assert "[2,990,008 characters left out]" in failure.message


def test_half_a_character_is_kept_as_it_is_written():
    failure = failure_of(ValueError("\ud800"))
    assert failure.message == r"\ud800"
    assert r"ValueError: \ud800" in failure.traceback


def test_an_exception_that_cannot_say_why_is_kept_all_the_same():
    failure = failure_of(SilentError())
    assert failure.type == "SilentError"
    assert failure.message == "<it cannot say why: its __str__ raises RuntimeError>"


def test_an_exception_that_can_be_shown_is_shown_itself():
    error = ValueError("why")
    assert showable(error) is error


@pytest.mark.parametrize("error", [ValueError("\ud800"), SilentError(), ValueError("x" * 3_000_000)])
def test_one_that_cannot_is_shown_by_one_that_says_the_same(error):
    error.add_note("while materializing a")
    told, failure = showable(error), failure_of(error)
    assert str(told) == f"{failure.type}: {failure.message}"
    assert told.__notes__ == ["while materializing a"]


def test_what_is_opened_to_read_an_input_is_no_line_of_the_user():
    @contextlib.contextmanager
    def opened():
        yield Path("no such file").read_bytes()

    with pytest.raises(FileNotFoundError) as caught, opened():
        pass
    traces = [caught.value.__traceback__]
    while traces[-1] is not None:
        traces.append(traces[-1].tb_next)
    _, library, own, *_ = traces
    assert beyond_ours(library) is own
