"""The bars on one instance: they follow its states and the assets as defined now, all on one thread."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.run import Run
from ipyassets.errors import IpyassetsError
from ipyassets.instance import Instance
from ipyassets.jupyter.bar import Bar, Host
from ipyassets.jupyter.bridge import Bridge
from ipyassets.jupyter.labels import Json
from ipyassets.jupyter.protocol import Intent
from ipyassets.jupyter.snapshot import Picture

log = logging.getLogger(__name__)

MINUTE = 60
CLOSING = 2.0  # seconds that closing waits, at most, for what is being drawn


class View(Protocol):
    """Where a bar is shown."""

    def show(self, traits: Json) -> None:
        """Bring what lives up to date."""

    def save(self, picture: Picture) -> None:
        """Bring what is saved with the notebook up to date."""


def call_line(graph: AssetGraph, key: AssetKey, selection: str) -> str:
    """The Python call that materializes a selection, for hosts without magics."""
    names = [each.key.to_python_identifier() for each in graph]
    arguments = [f"[{', '.join(names)}]"]
    if len(names) > 1:
        arguments.append(f"selection={str(key)!r}")
    if selection:
        arguments.append(f"partition_keys={selection!r}")
    return f"materialize({', '.join(arguments)})"


def unless_same(before: Facts | None, now: Facts) -> Facts:
    """The facts of now, or those of before, with all that was worked out from them, where nothing has changed."""
    is_same = (
        before is not None
        and before.graph is now.graph
        and before.spaces == now.spaces
        and before.code_versions == now.code_versions
        and before.uncounted == now.uncounted
        and before.activity == now.activity
        and all(before.standings[key] is standing for key, standing in now.standings.items())
    )
    return before if before is not None and is_same else now


def words_of(error: Exception) -> str:
    """What to tell of an error: our own say all in their message."""
    return str(error) if isinstance(error, IpyassetsError) else f"{type(error).__name__}: {error}"


class Bars:
    """Every bar on one instance, and the graph of assets that they show.

    `host` words what bars say, as a Python program would unless it is given.
    Any thread may call any method; what it asks for happens on the bridge's thread, in order, so bars need no locks.
    """

    def __init__(self, instance: Instance, graph: AssetGraph, host: Host | None = None) -> None:
        self.instance = instance
        self._graph = graph
        self._host = host or Host(partial(call_line, graph))
        self._facts: Facts | None = None
        self._views: dict[Bar, View] = {}
        self._bridge = Bridge(self._draw, self._look)
        self._seen: tuple[int, int] | None = None
        self._saved: Facts | None = None  # those that what is saved with the notebook shows
        self._may_save = True
        self._runs: deque[Run] = deque()
        self._unsubscribe = instance.subscribe(self._hear)

    def open(self, asset: AssetsDefinition, graph: AssetGraph) -> Bar:
        """A new bar, worked out in the calling thread so that it can be shown at once; hand it to `follow` then."""
        return Bar(asset, self.instance, self.instance.facts(graph), self._host)

    def follow(self, bar: Bar, view: View) -> None:
        """Keep a bar and its view up to date from now on."""
        self._bridge.post(lambda: self._views.update({bar: view}))
        self._bridge.mark()
        self._bridge.watch(on=True)

    def drop(self, bar: Bar) -> None:
        """Leave a bar as it is from now on."""
        self._bridge.post(partial(self._drop, bar))

    def receive(self, bar: Bar, intent: Intent) -> None:
        """Carry out what the browser asks of a bar."""
        self._bridge.post(partial(self._carry_out, bar, partial(bar.receive, intent)))

    def complain(self, bar: Bar, text: str) -> None:
        """Show an error on a bar."""
        self._bridge.post(partial(self._carry_out, bar, partial(bar.complain, text)))

    def turn_to(self, graph: AssetGraph) -> None:
        """Show these assets from now on; while a cell runs, what lives comes before what is saved."""
        self._bridge.post(partial(self._turn_to, graph, may_save=False))
        self._bridge.mark()

    def refresh(self, graph: AssetGraph) -> None:
        """Show these assets from now on, and bring what is saved up to date."""
        self._bridge.post(partial(self._turn_to, graph, may_save=True))
        self._bridge.mark()

    def settle(self, timeout: float) -> bool:
        """Wait until every bar shows what is true; False if that took longer than `timeout` seconds."""
        return self._bridge.settle(timeout)

    def complain_everywhere(self, text: str) -> None:
        """Show an error on every bar."""
        self._bridge.post(partial(self._tell, lambda bar: bar.complain(text)))

    def close(self, reason: str) -> None:
        """Stop following the instance: bars keep what they show, and say why nothing can be done with them."""
        self._unsubscribe()
        self._bridge.post(partial(self._tell, lambda bar: bar.retire(reason)))
        self._bridge.post(self._views.clear)
        self._bridge.watch(on=False)
        self.settle(CLOSING)

    def _turn_to(self, graph: AssetGraph, *, may_save: bool) -> None:
        self._graph, self._may_save = graph, may_save

    def _carry_out(self, bar: Bar, what: Callable[[], None]) -> None:
        self._may_save = True
        try:
            what()
        except Exception as error:  # a mapping or an executor of the user's own may raise anything
            log.debug("%s could not do what its bar was asked for", bar.key, exc_info=True)
            bar.complain(words_of(error))
        if bar in self._views:
            self._views[bar].show(bar.traits)

    def _drop(self, bar: Bar) -> None:
        self._views.pop(bar, None)
        self._bridge.watch(on=bool(self._views))

    def _look(self) -> None:
        """Notice what other processes have recorded, that time goes on (a day may have begun), and that all is calm."""
        seen = None  # of a log that cannot be read: what is wrong is said where bars are drawn
        with suppress(IpyassetsError):
            seen = (self.instance.event_log.cursor(), int(time.time() // MINUTE))
        is_calm = self._facts is not None and not self._facts.activity
        self._may_save |= is_calm
        if seen is None or seen != self._seen or (is_calm and self._saved is not self._facts):
            self._seen = seen
            self._bridge.mark()

    def _hear(self, _keys: frozenset[AssetKey]) -> None:
        # a short run may be over before the next picture
        self._runs.extend(self.instance.active)
        self._bridge.mark()

    def _tell(self, what: Callable[[Bar], None]) -> None:
        for bar, view in self._views.items():
            what(bar)
            view.show(bar.traits)

    def _draw(self) -> None:
        runs = [self._runs.popleft() for _ in range(len(self._runs))]
        if not self._views:
            return
        # looked at before facts are had: what is over has left its states in them
        elsewhere, is_idle = self.instance.elsewhere, not self.instance.active
        for bar in self._views:
            bar.watch(runs, elsewhere)
        try:
            facts = self._facts = unless_same(self._facts, self.instance.facts(self._graph))
        except Exception as error:
            log.debug("no bar could be brought up to date", exc_info=True)
            text = words_of(error)
            self._tell(lambda bar: bar.fall_behind(text))
            return
        for bar, view in list(self._views.items()):
            try:
                bar.follow(facts)
            except Exception as error:  # as above: one bar's trouble is not the others'
                log.debug("the bar of %s could not be brought up to date", bar.key, exc_info=True)
                bar.fall_behind(words_of(error))
            view.show(bar.traits)
        if is_idle:
            self._save(facts)

    def _save(self, facts: Facts) -> None:
        """Save pictures, after a cell, a run that a bar has started, or a calm second: not after each run of a loop.

        A front end that is told what to save draws the live bar anew as well.
        """
        if facts is self._saved or not self._may_save:
            return
        self._saved, self._may_save = facts, False
        for bar, view in list(self._views.items()):
            view.save(bar.picture)
