"""What a body displays is kept with its partition instead of appearing under whichever cell runs; and shown again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ipyassets.engine.capture import current_output
from ipyassets.instance.trial import Shown


@contextmanager
def displays_kept(shell: InteractiveShell) -> Iterator[None]:
    """Within this block, `display()` in a running body goes to the body's own output, in whatever thread it runs.

    IPython's own hooks hold for one thread each, and bodies run in several.
    """
    publisher = shell.display_pub
    publish = publisher.publish

    def keep(data: Mapping[str, object], *args: Any, **kwargs: Any) -> None:
        output = current_output()
        if output is None:
            publish(data, *args, **kwargs)
        else:
            output.display(data)

    had_its_own = "publish" in vars(publisher)
    publisher.publish = keep  # type: ignore[method-assign]  # a body may display from any thread: no hook covers all
    try:
        yield
    finally:
        if had_its_own:
            publisher.publish = publish  # type: ignore[method-assign]  # as above
        else:
            del publisher.publish


def show_again(shown: Shown) -> None:
    """Print and display what a body has printed and displayed, in the same order."""
    for text, bundle in shown.in_order():
        print(text, end="")  # noqa: T201 - as the body did
        if bundle is not None:
            display(dict(bundle), raw=True)
