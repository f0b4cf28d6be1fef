from __future__ import annotations

import pickle

import pytest

from ipyassets.engine.failing import failure_of
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
