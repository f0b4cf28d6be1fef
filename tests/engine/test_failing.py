from __future__ import annotations

import os
import pickle
from collections.abc import Callable

import pytest

from ipyassets.engine.failing import OURS, beyond_ours, failure_of, without_frames
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
    neighbour = f"{OURS.rstrip(os.sep)}_plugin{os.sep}module.py"
    code = compile("def fail():\n    raise RuntimeError('there')\n", neighbour, "exec")
    names: dict[str, Callable[[], None]] = {}
    exec(code, names)
    with pytest.raises(RuntimeError) as caught:
        names["fail"]()
    assert caught.tb.tb_next is not None
    assert beyond_ours(caught.tb.tb_next) is caught.tb.tb_next
