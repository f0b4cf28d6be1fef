"""The partition bar as a widget: traits down, messages up, and a picture for where no widget lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import DisplayHandle

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import InvalidMessageError
from ipyassets.instance import Instance
from ipyassets.instance.current import current_instance
from ipyassets.jupyter import snapshot
from ipyassets.jupyter.bars import Bars
from ipyassets.jupyter.labels import Json
from ipyassets.jupyter.protocol import Buffer, parse
from ipyassets.jupyter.snapshot import Picture

STATIC = Path(__file__).parent / "static"

_NOT_BUILT = """
export default {
  render({ el }) {
    el.textContent = "The partition bar is not built: run `make js` (or `npm ci && npm run build` in js/) in the \
checkout of ipyassets, restart the kernel, and run this cell again. Everything but the bar works without it.";
  },
};
"""


def front_end(folder: Path = STATIC) -> tuple[Path | str, Path | str]:
    """Module and style sheet of the bar; a module that says how to build them where they are missing."""
    module, style = folder / "widget.js", folder / "widget.css"
    return (module if module.is_file() else _NOT_BUILT), (style if style.is_file() else "")


class PartitionBar(anywidget.AnyWidget):
    """The partitions of an asset as a bar: it shows their states, selects, and materializes.

    `assets` are the upstream assets that it may have to fill first, `instance` is where values are kept (default: the
    current one). A notebook with the extension loaded makes one for each asset, and shows it as the asset's display.
    """

    _esm, _css = front_end()

    title = traitlets.Unicode().tag(sync=True)
    fingerprint = traitlets.Unicode().tag(sync=True)
    dimensions = traitlets.List(traitlets.Dict()).tag(sync=True)
    states = traitlets.Bytes().tag(sync=True, echo_update=False)
    reasons = traitlets.List(traitlets.List()).tag(sync=True)
    counts = traitlets.Dict().tag(sync=True)
    details = traitlets.Dict().tag(sync=True)
    selection = traitlets.Bytes().tag(sync=True, echo_update=False)
    selection_text = traitlets.Unicode().tag(sync=True)
    selection_serial = traitlets.Int().tag(sync=True)
    plan = traitlets.Dict().tag(sync=True)
    run = traitlets.Dict().tag(sync=True)
    fractions = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    notice = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        asset: AssetsDefinition,
        *,
        assets: Iterable[AssetsDefinition] = (),
        instance: Instance | None = None,
        bars: Bars | None = None,
    ) -> None:
        graph = AssetGraph.of(dict.fromkeys([*assets, asset]))
        self._is_alone = bars is None
        self._bars = bars or Bars(instance or current_instance(), graph)
        self._bar = self._bars.open(asset, graph)
        self._saved = ""
        super().__init__(**self._bar.traits)
        _let_messages_pass(self.comm)
        self.on_msg(self._receive)
        self._bars.follow(self._bar, self)

    def show(self, traits: Json) -> None:
        """Send what has changed, in one message; called by the bars' own thread alone."""
        with self.hold_sync():
            for name, value in traits.items():
                self.set_trait(name, value)

    def display(self) -> None:
        """Show the bar under the running cell, so that what is saved there can be kept up to date."""
        self._saved = snapshot.characters(self._bar.picture)
        DisplayHandle(self._display_id).display(self)

    def save(self, picture: Picture) -> None:
        """Bring what is saved with the notebook up to date, wherever the bar was displayed and shows something else."""
        if self._saved not in {"", now := snapshot.characters(picture)}:
            self._saved = now
            DisplayHandle(self._display_id).update(self)

    def close(self) -> None:
        """Leave the page; a run goes on."""
        self._bars.drop(self._bar)
        if self._is_alone:
            self._bars.close("the bar was closed")
        super().close()

    @property
    def _display_id(self) -> str:
        return f"ipyassets-{self.model_id}"

    def _receive(self, _widget: object, content: Mapping[str, object], buffers: Sequence[Buffer] | None) -> None:
        """Hand a message on: whatever it asks for happens on another thread."""
        try:
            self._bars.receive(self._bar, parse(content, buffers or (), self._bar.drawing))
        except InvalidMessageError as error:
            self._bars.complain(self._bar, str(error))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, object], dict[str, object]] | None:
        live = super()._repr_mimebundle_(**kwargs)
        if live is None:
            return None
        data, metadata = live
        picture, now = self._bar.picture, datetime.now().astimezone()
        return {**data, "text/html": snapshot.html(picture, now), "text/plain": snapshot.text(picture, now)}, metadata


def _let_messages_pass(comm: object) -> None:
    """Let ipykernel hand the browser's messages to the thread that they were addressed to.

    From 7.4 it sends them to whichever thread published last, which may be the one that is running a long cell.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default  # noqa: SLF001
