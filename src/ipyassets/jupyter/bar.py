"""One asset's bar: what is selected on it, which run it shows, what it says. It knows neither browser nor threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ipyassets.assets.definition import AssetsDefinition
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.plan import Plan
from ipyassets.engine.plan import plan as planned
from ipyassets.engine.run import Run
from ipyassets.errors import IpyassetsError, OutdatedDrawingError
from ipyassets.instance import Instance
from ipyassets.jupyter import viewmodel
from ipyassets.jupyter.detail import detail
from ipyassets.jupyter.labels import Json
from ipyassets.jupyter.protocol import Drawing, Intent
from ipyassets.jupyter.shown_run import ShownRun
from ipyassets.jupyter.shown_states import ShownStates
from ipyassets.jupyter.snapshot import Picture
from ipyassets.jupyter.viewmodel import Choice
from ipyassets.partitions import selection_text as grammar
from ipyassets.partitions.spans import Spans
from ipyassets.storage.live_runs import LiveRun


@dataclass(frozen=True, slots=True)
class Host:
    """How the host of a bar words things.

    `code_line` gives the line of code that does what the button does, for an asset key and the text of a selection;
    `traceback` names the places in a traceback as the host does.
    """

    code_line: Callable[[AssetKey, str], str]
    traceback: Callable[[str], str] = str


MOST_RANGES = 1_000  # of a selection that is put into words


class Bar:
    """The state of one bar. `traits` is all that the browser needs to draw it.

    It shows an asset key, not an object: when the variable is bound to another definition, the bar follows; when the
    asset is forgotten, the bar keeps its last picture and says so. Intents and `follow` must come one at a time.
    """

    def __init__(self, asset: AssetsDefinition, instance: Instance, facts: Facts, host: Host) -> None:
        self.key = asset.key
        self.traits: Json = {"notice": {}}
        self._instance = instance
        self._host = host
        self._facts = facts
        self._choice = Choice()
        self._plan: Plan | None = None
        self._described: str | None = None  # the key whose detail is open
        self._run = ShownRun(asset.key)
        self._states = ShownStates(asset.key)
        self._retired = ""  # why nothing can be done, if so
        self._behind = ""  # why what is true now is not shown, if so
        self._notices = 0
        self._draw_frame()
        self._draw()

    @property
    def drawing(self) -> Drawing:
        """What the browser has been told to draw."""
        space = self._facts.space(self.key)
        return Drawing(str(self.key), space.fingerprint, len(space))

    @property
    def picture(self) -> Picture:
        """What is to be seen where no widget lives."""
        return Picture(str(self.key), self._facts.space(self.key), self._facts.states(self.key))

    def watch(self, runs: Sequence[Run], elsewhere: Sequence[LiveRun] = ()) -> None:
        """See how far the run is, of `runs` that go on or have ended since the last call, or of those `elsewhere`.

        Called before facts are had: what is said to be over has then left its states in them.
        """
        if trouble := self._run.look(runs, elsewhere):
            self._say("error", trouble)

    def follow(self, facts: Facts) -> None:
        """Show what is true now."""
        if self.key not in facts.graph:
            self.retire(f"{self.key} is not defined any more: run its cell again to go on with it")
            return
        if self._retired:
            self._retired, self.traits["notice"] = "", {}
        before, self._facts = self._facts.space(self.key), facts
        if facts.space(self.key) != before:
            self._move(before.keys(self._choice.spans))
        self._draw()
        self._behind = ""

    def fall_behind(self, reason: str) -> None:
        """Say why what is true now cannot be shown; once, however often it is tried."""
        if self._behind != reason:
            self._behind = reason
            self._say("error", reason)

    def retire(self, reason: str) -> None:
        """Keep the last picture, and let nothing be done with it until there is more to follow."""
        if self._retired != reason:
            self._retired = reason
            self._say("info", reason)
        self._draw()

    def receive(self, intent: Intent) -> None:
        """Do what the browser asks for; what cannot be done is said in a notice."""
        try:
            self.drawing.refuse_outdated(intent.fingerprint)
            intent.carry_out(self)
        except IpyassetsError as error:
            self._say("error", str(error))
        self._draw()

    def select(self, spans: Spans, serial: int) -> None:
        """Replace the selection; `serial` is echoed with it."""
        self._choose(Choice(spans, self._wording(spans), serial))

    def select_text(self, text: str, serial: int) -> None:
        """Replace the selection by what a text says; one that cannot be read selects nothing and says why."""
        facts, text = self._facts, text.strip()
        try:
            spans = grammar.parse(text, facts.space(self.key), facts.named(self.key)) if text else Spans.empty()
            self._choose(Choice(spans, text, serial, is_typed=True))
        except IpyassetsError as error:
            self._choose(Choice(Spans.empty(), text, serial, str(error)))

    def materialize(self, spans: Spans) -> None:
        """Run these partitions and the upstream ones that they lack, on the instance's own thread."""
        if self._retired:
            raise OutdatedDrawingError(self._retired)
        if not self._run.is_over:
            self._say("info", f"a run of {self.key} is going on: wait for it, or cancel it first")
            return
        plan = self._instance.plan(self._facts.graph, {self.key: spans})
        if len(plan):
            self._run.show(self._instance.start(plan))
        else:
            self._say("info", "; ".join(["there is nothing to run", *viewmodel.beside(plan)]))

    def cancel(self) -> None:
        """Stop the run that the bar shows."""
        self._run.cancel()

    def describe(self, index: int) -> None:
        """Open the detail of a partition."""
        self._described = self._facts.space(self.key).key(index)

    def close_detail(self) -> None:
        """Close the detail."""
        self._described = None

    def complain(self, text: str) -> None:
        """Show an error."""
        self._say("error", text)

    def _choose(self, chosen: Choice) -> None:
        self._choice = chosen
        self._plan = None

    def _move(self, selected: Sequence[str]) -> None:
        """Go on in another space, with the same keys selected as far as they exist in it."""
        space = self._facts.space(self.key)
        places = space.indices(selected)
        spans = Spans.from_indices(places[places >= 0])
        self._choose(Choice(spans, self._wording(spans), self._choice.serial))
        if self._described not in space:
            self._described = None
        self._draw_frame()

    def _say(self, level: str, text: str) -> None:
        self._notices += 1
        self.traits.update(viewmodel.notice(level, text, self._notices))

    def _draw_frame(self) -> None:
        self.traits.update(viewmodel.frame(self._facts.graph[self.key], self._facts.space(self.key)))

    def _draw(self) -> None:
        space = self._facts.space(self.key)
        self._keep_text_true()
        self.traits.update(self._states.look(self._facts, is_changing=self._run.was_going))
        self.traits.update(viewmodel.choice(self._choice, len(space)))
        self.traits.update(viewmodel.progress(self._run.progress, self._run.elsewhere))
        self.traits.update(viewmodel.fractions(self._run.fractions, space))
        self.traits.update(self._plan_line())
        self.traits.update(self._detail())

    def _wording(self, spans: Spans) -> str:
        """A selection as keys and ranges; empty where nobody would read it."""
        if len(spans.bounds) > 2 * MOST_RANGES:
            return ""
        return grammar.text(spans, self._facts.space(self.key), tuple(self._facts.named(self.key)))

    def _keep_text_true(self) -> None:
        """Word the selection by its keys where `missing`, say, has come to mean other partitions than were selected."""
        facts, chosen = self._facts, self._choice
        if not chosen.is_typed:
            return
        space = facts.space(self.key)
        if grammar.parse(chosen.text, space, facts.named(self.key)) != chosen.spans:
            self._choice = replace(chosen, text=self._wording(chosen.spans), is_typed=False)

    def _plan_line(self) -> Json:
        whole = self._facts.graph[self.key].partitions_def is None
        wanted = Spans.range(0, 1) if whole else self._choice.spans
        is_outdated = self._plan is None or (self._plan.facts is not self._facts and not self._run.was_going)
        error = self._choice.error
        if wanted and is_outdated:
            try:
                self._plan = planned(self._facts, {self.key: wanted})
            except IpyassetsError as failed:
                self._plan, error = None, str(failed)
        return viewmodel.plan_line(
            self._plan if wanted else None,
            code=self._host.code_line(self.key, self._choice.text) if whole or self._choice.text else "",
            whole=whole,
            enabled=not self._run.was_going and not self._retired,
            error=error,
        )

    def _detail(self) -> Json:
        if self._described is None:
            return {"detail": {}}
        told = self._instance.describe(self._facts.graph, self.key, self._described)
        return detail(
            index=self._facts.space(self.key).index(self._described),
            key=self._described,
            state=told.state,
            why=told.reason,
            last=told.attempt,
            made=told.materialization,
            named=self._host.traceback,
        )
