"""What a body displays is kept with its partition instead of appearing under whichever cell runs; and shown again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from ipyassets.engine.capture import current_output
from ipyassets.instance.shown import Shown


@contextmanager
def displays_kept(shell: InteractiveShell) -> Iterator[None]:
    """Within this block, `display()` in a running body goes to the body's own output, in whatever thread it runs.

    So do updates of what it has displayed, and `clear_output()`. IPython's own hooks hold for one thread each, and
    bodies run in several.
    """
    publisher = shell.display_pub
    publish = publisher.publish
    clear_output: Callable[[bool], None] = publisher.clear_output

    def keep(data: Mapping[str, object], *args: Any, **kwargs: Any) -> None:
        output = current_output()
        display_id = (kwargs.get("transient") or {}).get("display_id")
        if output is None or (kwargs.get("update") and not output.update(data, display_id)):
            publish(data, *args, **kwargs)
        elif not kwargs.get("update"):
            output.display(data, display_id)

    def clear(wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's signature
        if (output := current_output()) is None:
            clear_output(wait)
        else:
            output.clear(wait=wait)

    with _replaced(publisher, "publish", keep), _replaced(publisher, "clear_output", clear):
        yield


@contextmanager
def _replaced(publisher: DisplayPublisher, name: str, method: Callable[..., None]) -> Iterator[None]:
    """Have an object do something else, for all who call it."""
    own = vars(publisher).get(name)
    setattr(publisher, name, method)
    try:
        yield
    finally:
        if own is None:
            delattr(publisher, name)
        else:
            setattr(publisher, name, own)


def show_again(shown: Shown) -> None:
    """Print and display what a body has printed and displayed, in the same order."""
    for text, bundle in shown.in_order():
        print(text, end="")  # noqa: T201 - as the body did
        if bundle is not None:
            display(dict(bundle), raw=True)
