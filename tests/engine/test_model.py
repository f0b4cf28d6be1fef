"""Random graphs, runs, failures, cancels and edits, against a model that looks at one partition at a time.

Between runs code is edited, inputs are added, dropped and switched, and assets are left out of the graph, so that
others read them from outside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import given, note
from hypothesis import strategies as st

from ipyassets import (
    AssetsDefinition,
    DailyPartitionsDefinition,
    Instance,
    MultiPartitionsDefinition,
    Output,
    Skip,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
    asset,
)
from ipyassets.assets.definition import Upstream
from ipyassets.assets.graph import AssetGraph, Edge
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.plan import UpstreamMode
from ipyassets.engine.reasons import reasons, told_by_attempts
from ipyassets.events import Attempt, State
from ipyassets.partitions.as_of import as_of
from ipyassets.partitions.space import PartitionSpace
from ipyassets.partitions.spans import Spans

DAYS = DailyPartitionsDefinition("2024-01-07", end_date="2024-01-21")
WEEKS = WeeklyPartitionsDefinition("2024-01-07", end_date="2024-01-21")
LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
KINDS = {"days": DAYS, "weeks": WEEKS, "letters": LETTERS, "grid": GRID, "whole": None}
SPACES = {kind: asset(name=kind, partitions_def=KINDS[kind])(lambda: None).space(as_of()) for kind in KINDS}
READABLE = {("days", "weeks"), ("grid", "days"), ("grid", "letters")}
MAPPINGS = {
    "": None,
    "before": TimeWindowPartitionMapping(start_offset=-1, end_offset=-1),
    "trailing": TimeWindowPartitionMapping(start_offset=-2),
}

Place = tuple[str, int]


@dataclass(frozen=True)
class Read:
    """One input of an asset: how partitions correspond, whether it is loaded, whether partitions may be lacking."""

    up: str
    mapping: str = ""
    loaded: bool = True
    gaps: bool = False

    @property
    def upstream(self) -> Upstream:
        argument = self.up if self.loaded else None
        return Upstream(AssetKey(self.up), MAPPINGS[self.mapping], argument, {"allow_missing_partitions": self.gaps})


@dataclass(frozen=True)
class Shape:
    """One asset of a random graph."""

    name: str
    kind: str
    reads: tuple[Read, ...]


def fits(down: str, up: str) -> bool:
    return down == up or "whole" in (down, up) or (down, up) in READABLE or (up, down) in READABLE


def read_of(chance: random.Random, kind: str, up: Shape) -> Read:
    timed = {kind, up.kind} <= {"days", "weeks"}
    mapping = chance.choice(["", "before", "trailing"] if timed else [""])
    return Read(up.name, mapping, loaded=chance.random() < 0.8, gaps=chance.random() < 0.2)


def reads_of(chance: random.Random, name: str, kind: str, earlier: list[Shape]) -> tuple[Read, ...]:
    """What an asset reads, of those that come before it."""
    able = [up for up in earlier if fits(kind, up.kind)]
    reads = [read_of(chance, kind, up) for up in chance.sample(able, chance.randint(0, min(2, len(able))))]
    if kind in ("days", "weeks") and chance.random() < 0.3:
        reads.append(Read(name, "before"))
    return tuple(reads)


def shapes_of(chance: random.Random) -> list[Shape]:
    """A graph of one to four assets."""
    shapes: list[Shape] = []
    for number in range(chance.randint(1, 4)):
        name, kind = f"a{number}", chance.choice(sorted(KINDS))
        shapes.append(Shape(name, kind, reads_of(chance, name, kind, shapes)))
    return shapes


def rewired(chance: random.Random, shapes: list[Shape]) -> list[Shape]:
    """The same assets, one of which reads others now."""
    at = chance.randrange(len(shapes))
    shape = shapes[at]
    changed = replace(shape, reads=reads_of(chance, shape.name, shape.kind, shapes[:at]))
    return [*shapes[:at], changed, *shapes[at + 1 :]]


@dataclass
class World:
    """What bodies look at: which places fail or are skipped, and the order in which they were run."""

    failing: frozenset[Place] = frozenset()
    skipping: frozenset[Place] = frozenset()
    ran: list[Place] = field(default_factory=list)
    cancel_after: int = 10_000
    untried: frozenset[Place] = frozenset()
    cancel: Callable[[], None] = field(default=lambda: None)


def built(shape: Shape, version: int, world: World) -> AssetsDefinition:
    """The asset of a shape: its value names its code and all that it read."""
    definition = KINDS[shape.kind]
    keys = SPACES[shape.kind].keys()

    def body(context, **inputs):
        place = (shape.name, keys.index(context.scope.keys[0] if context.scope.keys else ""))
        world.ran.append(place)
        if len(world.ran) == world.cancel_after:
            world.cancel()
        if place in world.failing:
            raise ValueError(place)
        if place in world.skipping:
            return Skip()
        value = content_of(place, version, inputs)
        return Output(value, data_version=value)

    return replace(
        asset(name=shape.name, partitions_def=definition, code_version=str(version), deps=[])(lambda context: None),
        compute=body,
        upstreams=tuple(read.upstream for read in shape.reads),
    )


def content_of(place: Place, version: int, inputs: dict[str, object]) -> str:
    told = sorted((name, sorted(read.items()) if isinstance(read, dict) else read) for name, read in inputs.items())
    return f"{place[0]}{version}{place[1]}({told})"


@dataclass
class Made:
    code: int
    content: str
    used: dict[str, dict[int, str]]


@dataclass
class Model:
    """The truth about every place, worked out the slow way."""

    shapes: dict[str, Shape]
    graph: AssetGraph
    code: dict[str, int]
    made: dict[Place, Made] = field(default_factory=dict)
    last: dict[Place, tuple[Attempt, int]] = field(default_factory=dict)

    def space(self, name: str) -> PartitionSpace:
        return SPACES[self.shapes[name].kind]

    def edges(self, name: str) -> dict[str, Edge]:
        return {str(edge.up): edge for edge in self.graph.edges[AssetKey(name)]}

    def reads(self, place: Place) -> Iterator[tuple[str, list[Place]]]:
        """The places read in each asset of the graph."""
        name, index = place
        for up, edge in self.edges(name).items():
            mapped = edge.mapping.upstream(Spans.range(index, index + 1), self.space(name), self.space(up))
            yield up, [(up, each) for each in mapped.spans]

    def outside(self, place: Place) -> Iterator[tuple[Read, list[Place]]]:
        """What stands for each asset read from outside the graph: the place with the same key, else the only one."""
        for read in self.shapes[place[0]].reads:
            if AssetKey(read.up) not in self.graph:
                keys = [str(key) for key in self.space(read.up)]
                wanted = [str(self.space(place[0]).key(place[1])), ""]
                found = [(read.up, keys.index(key)) for key in wanted if key in keys]
                yield read, [each for each in found if each in self.made][:1]

    def places(self) -> Iterator[Place]:
        for made in self.graph:
            for index in range(len(self.space(str(made.key)))):
                yield str(made.key), index

    def stale(self, place: Place) -> bool:
        return place in self.made and self.why_stale(place) != ""

    def blocked(self, place: Place) -> bool:
        if self.last.get(place, (None, 0))[0] is not Attempt.BLOCKED:
            return False
        read = [each for _, places in self.reads(place) for each in places]
        return any(self.last.get(each, (None, 0))[0] is Attempt.FAILED or self.blocked(each) for each in read)

    def state(self, place: Place) -> State:
        attempt = self.last.get(place, (Attempt.NONE, 0))[0]
        if attempt is Attempt.FAILED:
            return State.FAILED
        if self.blocked(place):
            return State.BLOCKED
        if place in self.made:
            return State.STALE if self.stale(place) else State.FRESH
        return {Attempt.SKIPPED: State.SKIPPED, Attempt.CANCELLED: State.CANCELLED}.get(attempt, State.MISSING)

    def reason(self, place: Place) -> str:
        """Why a place is as it is, naming no upstream partition."""
        tellers = {
            State.FAILED: self.why_failed,
            State.BLOCKED: self.why_blocked,
            State.STALE: self.why_stale,
            State.FRESH: self.why_fresh,
        }
        return tellers.get(self.state(place), lambda _: "")(place)

    def why_failed(self, place: Place) -> str:
        kept = "the previous value is kept" if place in self.made else ""
        edited = "the code has changed since" if self.last[place][1] != self.code[place[0]] else ""
        return "; ".join(filter(None, [kept, edited]))

    def why_blocked(self, place: Place) -> str:
        for up, read in self.reads(place):
            if any(self.last.get(each, (None, 0))[0] is Attempt.FAILED for each in read):
                return f"{up} failed"
            if any(self.blocked(each) for each in read):
                return f"{up} is blocked"
        raise AssertionError(place)

    def why_fresh(self, place: Place) -> str:
        if self.last[place][0] is Attempt.SKIPPED:
            return "skipped since; the previous value is kept"
        unseen = [read.up for read, _ in self.outside(place) if read.loaded]
        return f"{unseen[0]} is not defined here: edits of it are not seen" if unseen else ""

    def why_stale(self, place: Place) -> str:
        made = self.made[place]
        if made.code != self.code[place[0]]:
            return "the code has changed"
        today = {read.up for read in self.shapes[place[0]].reads}
        for up in sorted(today ^ set(made.used)):
            return f"{up} is {'a new input' if up in today else 'no input any more'}"
        for up, read in self.reads(place):
            if made.used[up] != self.contents(read):
                return f"{up} has changed"
        return next((f"{up} is stale" for up, read in self.reads(place) if any(map(self.stale, read))), "")

    def contents(self, read: list[Place]) -> dict[int, str]:
        return {index: self.made[up, index].content for up, index in read if (up, index) in self.made}

    def tried_before(self, place: Place, *attempts: Attempt) -> bool:
        attempt, code = self.last.get(place, (Attempt.NONE, 0))
        return attempt in attempts and code == self.code[place[0]]

    def unfit(self, place: Place, upstream: str) -> bool:
        """Whether an upstream place has not the value that is asked for."""
        return upstream != "none" and (place not in self.made or (upstream == "stale" and self.stale(place)))

    def pulled(self, place: Place, upstream: str) -> bool:
        settled = [Attempt.FAILED] if place in self.made else [Attempt.FAILED, Attempt.SKIPPED]
        return self.unfit(place, upstream) and not self.tried_before(place, *settled)

    def plan(self, wanted: set[Place], upstream: str) -> tuple[set[Place], set[Place]]:
        """What runs, and what cannot."""

        def closure(start: set[Place]) -> set[Place]:
            pending, front = set(start), list(start)
            while front:
                for _, read in self.reads(front.pop()):
                    for each in read:
                        if each not in pending and self.pulled(each, upstream):
                            pending.add(each)
                            front.append(each)
            return pending

        def failed_before(place: Place) -> bool:
            return place not in pending and self.unfit(place, upstream) and self.tried_before(place, Attempt.FAILED)

        pending = closure(wanted)
        held: set[Place] = set()
        while upstream != "none":
            more = {
                place
                for place in pending - held
                if any(
                    each in held or (not self.edges(place[0])[up].tolerates_gaps and failed_before(each))
                    for up, read in self.reads(place)
                    for each in read
                )
            }
            if not more:
                break
            held |= more
        return closure(wanted - held), held

    def run(self, pending: set[Place], held: set[Place], world: World) -> None:
        """What a run leaves behind that goes on after failures."""
        for place in held:
            self.last[place] = (Attempt.BLOCKED, self.code[place[0]])
        waiting = set(pending)
        lost: set[Place] = set()
        while waiting:
            for place in sorted(waiting):
                read = [each for _, places in self.reads(place) for each in places]
                if any(each in waiting for each in read):
                    continue
                waiting.discard(place)
                attempt = self.attempt(place, read, lost, world)
                if attempt is not Attempt.CANCELLED or not self.is_told(place):
                    self.last[place] = (attempt, self.code[place[0]])
                if attempt in (Attempt.FAILED, Attempt.BLOCKED):
                    lost.add(place)
                break
            else:
                raise AssertionError(waiting)

    def is_told(self, place: Place) -> bool:
        """Whether a place has a value or a failure, which a mark of a cancelled run would hide."""
        return place in self.made or self.last.get(place, (None, 0))[0] is Attempt.FAILED

    def attempt(self, place: Place, read: list[Place], lost: set[Place], world: World) -> Attempt:
        if any(each in lost for each in read):
            return Attempt.BLOCKED
        if place in world.untried:
            return Attempt.CANCELLED
        for up, places in self.reads(place):
            edge = self.edges(place[0])[up]
            skipped = self.last.get(places[0], (None, 0))[0] is Attempt.SKIPPED if places else False
            loaded_alone = edge.gives_one and edge.upstream.argument is not None and up != place[0]
            if loaded_alone and skipped and places[0] not in self.made:
                return self.skip(place)
        if place in world.failing or not self.loadable(place):
            return Attempt.FAILED
        if place in world.skipping:
            return self.skip(place)
        content = content_of(place, self.code[place[0]], self.inputs(place))
        self.made[place] = Made(self.code[place[0]], content, self.used(place))
        return Attempt.MATERIALIZED

    def used(self, place: Place) -> dict[str, dict[int, str]]:
        outside = {read.up: self.contents(places) for read, places in self.outside(place)}
        return {**outside, **{up: self.contents(places) for up, places in self.reads(place)}}

    def skip(self, place: Place) -> Attempt:
        """A value that is there stands: for this code and these inputs."""
        if place in self.made:
            self.made[place] = Made(self.code[place[0]], self.made[place].content, self.used(place))
        return Attempt.SKIPPED

    def loadable(self, place: Place) -> bool:
        """Whether every input has a value, or may be left out, as what was skipped."""
        if any(read.loaded and not places for read, places in self.outside(place)):
            return False
        return all(
            each in self.made
            or (self.last.get(each, (None, 0))[0] is Attempt.SKIPPED)
            or (edge.tolerates_gaps and self.shapes[up].kind != "whole")
            for up, places in self.reads(place)
            if (edge := self.edges(place[0])[up]).upstream.argument is not None
            for each in places
        )

    def inputs(self, place: Place) -> dict[str, object]:
        """The arguments of a body."""
        found: dict[str, object] = {
            read.up: self.made[places[0]].content for read, places in self.outside(place) if read.loaded
        }
        for up, places in self.reads(place):
            edge = self.edges(place[0])[up]
            values = {self.space(up).key(index): content for index, content in self.contents(places).items()}
            if edge.upstream.argument is not None:
                found[up] = next(iter(values.values()), None) if edge.gives_one else values
        return found


def some(chance: random.Random, places: list[Place], share: float) -> frozenset[Place]:
    return frozenset(each for each in places if chance.random() < share)


def lived(seed: int) -> Iterator[tuple[Instance, Model]]:
    """An instance and its model, after each of some runs and edits."""
    chance = random.Random(seed)
    shapes = shapes_of(chance)
    world = World()
    instance = Instance.ephemeral()
    model = Model({}, AssetGraph.of([]), {shape.name: 1 for shape in shapes})
    modes: tuple[UpstreamMode, ...] = ("missing", "missing", "stale", "none")
    for _ in range(chance.randint(2, 4)):
        model.code[chance.choice(sorted(model.code))] = chance.randint(1, 2)
        if chance.random() < 0.4:
            shapes = rewired(chance, shapes)
        outside = chance.choice(shapes).name if len(shapes) > 1 and chance.random() < 0.3 else ""
        note((shapes, outside))
        model.shapes = {shape.name: shape for shape in shapes}
        model.graph = AssetGraph.of(
            [built(shape, model.code[shape.name], world) for shape in shapes if shape.name != outside]
        )
        places = list(model.places())
        world.failing = some(chance, places, chance.choice([0, 0.1]))
        world.cancel_after = chance.choice([10_000, 10_000, chance.randint(1, 8)])
        world.skipping = some(chance, places, chance.choice([0, 0.1]))
        wanted = set(some(chance, places, chance.choice([0.1, 0.5])))
        step(instance, model, world, wanted, chance.choice(modes))
        yield instance, model
    instance.close()


@given(st.integers(0, 2**32))
def test_states_plans_and_values_agree_with_a_model_that_asks_each_partition_alone(seed):
    for instance, model in lived(seed):
        facts = instance.facts(model.graph)
        for name in map(str, model.graph.assets):
            states = [State(each) for each in facts.states(AssetKey(name)).tolist()]
            places = [(name, index) for index in range(len(model.space(name)))]
            assert states == [model.state(place) for place in places], name
            why = reasons(facts, AssetKey(name))
            assert [why.words(index) for _, index in places] == [model.reason(place) for place in places], name
        for (name, index), made in model.made.items():
            definition = built(model.shapes[name], 1, World())
            key = None if definition.partitions_def is None else model.space(name).key(index)
            assert instance.store.load(definition, key) == made.content


@given(st.integers(0, 2**32))
def test_reasons_of_all_partitions_are_those_of_each(seed):
    for instance, model in lived(seed):
        facts = instance.facts(model.graph)
        for key in model.graph.assets:
            keys, why = facts.space(key).keys(), reasons(facts, key)
            attempts = instance.event_log.attempts(key, facts.space(key).keys(told_by_attempts(facts, key)))
            last = {each: instance.event_log.last(key, each)[0] for each in keys}
            tried = {each: attempt for each, attempt in last.items() if attempt is not None}
            each = [why.texts(np.array([index]), tried)[0] for index in range(len(keys))]
            assert why.texts(np.arange(len(keys)), attempts).tolist() == each


def untried(instance: Instance, model: Model, pending: set[Place], run_id: str) -> frozenset[Place]:
    """What was cancelled before it was tried: how much that is depends on the moment, so it is read from the log."""
    found = set()
    for name, index in pending:
        key = AssetKey(name)
        attempt, _ = instance.event_log.last(key, model.space(name).key(index))
        if attempt is None or attempt.run_id != run_id or attempt.attempt is Attempt.CANCELLED:
            found.add((name, index))
    return frozenset(found)


def step(instance: Instance, model: Model, world: World, wanted: set[Place], upstream: UpstreamMode) -> None:
    asked = {
        key: Spans.from_indices([index for other, index in wanted if other == str(key)]) for key in model.graph.assets
    }
    note((sorted(wanted), upstream, sorted(world.failing), sorted(world.skipping), dict(model.code)))
    plan = instance.plan(model.graph, asked, upstream)
    pending, held = model.plan(wanted, upstream)
    assert {(str(key), index) for key, spans in plan.pending.items() for index in spans} == pending
    found = {(str(k), index) for k, reasons in plan.held.items() for spans in reasons.values() for index in spans}
    assert found == held
    world.ran.clear()
    result = instance.run(plan, watch=lambda run: setattr(world, "cancel", run.cancel))
    world.untried = untried(instance, model, pending, result.run_id)
    assert len(set(world.ran)) == len(world.ran)
    stopped = {place for place in world.ran[-1:] if world.untried and place in world.failing}  # raised once cancelled
    assert not world.untried & (set(world.ran) - stopped)
    assert not world.untried or len(world.ran) == world.cancel_after
    assert set(world.ran) <= pending
    for position, place in enumerate(world.ran):
        later = set(world.ran[position + 1 :])
        assert not [each for _, read in model.reads(place) for each in read if each in later]
    model.run(pending, held, world)
