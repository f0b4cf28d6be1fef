"""What a body displays is kept with its partition."""

from __future__ import annotations

import threading

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from ipyassets.engine.capture import captured
from ipyassets.jupyter.displays import displays_kept


class Shell:
    """The one part of a shell that displays go through."""

    def __init__(self) -> None:
        self.display_pub = CapturingDisplayPublisher()


@pytest.fixture
def shell() -> InteractiveShell:
    return Shell()  # type: ignore[return-value]  # as above


def published(shell: InteractiveShell) -> list[object]:
    assert isinstance(shell.display_pub, CapturingDisplayPublisher)
    return [each["data"] for each in shell.display_pub.outputs]


def test_a_display_in_a_body_goes_to_the_output_of_the_body(shell):
    with displays_kept(shell), captured() as output:
        shell.display_pub.publish({"text/plain": "seen", "text/html": "<b>seen</b>"}, metadata={})
    assert output.text == "seen\n"
    assert published(shell) == []


def test_an_update_in_a_body_takes_the_place_of_what_the_body_displayed(shell):
    with displays_kept(shell), captured() as output:
        shell.display_pub.publish({"text/plain": "0 of 9"}, transient={"display_id": "bar"})
        shell.display_pub.publish({"text/plain": "9 of 9"}, transient={"display_id": "bar"}, update=True)
    assert output.text == "9 of 9\n"
    assert published(shell) == []


def test_an_update_of_what_was_displayed_elsewhere_appears_there(shell):
    with displays_kept(shell), captured() as output:
        shell.display_pub.publish({"text/plain": "9 of 9"}, transient={"display_id": "bar"}, update=True)
    assert output.text == ""
    assert published(shell) == [{"text/plain": "9 of 9"}]


def test_a_body_clears_its_own_output_alone(shell):
    with displays_kept(shell):
        shell.display_pub.publish({"text/plain": "of the cell"})
        with captured() as output:
            print("printed")
            shell.display_pub.clear_output()
        assert output.text == ""
        assert published(shell) == [{"text/plain": "of the cell"}]
        shell.display_pub.clear_output()
        assert published(shell) == []


def test_a_display_elsewhere_appears_as_before(shell):
    with displays_kept(shell):
        shell.display_pub.publish({"text/plain": "seen"})
    assert published(shell) == [{"text/plain": "seen"}]


def test_bodies_in_two_threads_keep_their_own_displays(shell):
    both = threading.Barrier(2)
    texts = {}

    def body(name: str) -> None:
        with captured() as output:
            both.wait(20)
            shell.display_pub.publish({"text/plain": name})
            both.wait(20)
        texts[name] = output.text

    with displays_kept(shell):
        threads = [threading.Thread(target=body, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert texts == {"a": "a\n", "b": "b\n"}


@pytest.mark.parametrize("own", ["", "publish", "clear_output"])
def test_afterwards_displays_go_where_they_went_before(shell, own):
    heard: list[object] = []
    if own:
        setattr(shell.display_pub, own, heard.append)
    before = dict(vars(shell.display_pub))
    with displays_kept(shell):
        pass
    assert dict(vars(shell.display_pub)) == before
