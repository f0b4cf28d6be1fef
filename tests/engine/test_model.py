"""Random graphs, runs, failures, cancels and edits, against a model that looks at one partition at a time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import given, note
from hypothesis import strategies as st

from ipyassets import (
    AssetIn,
    AssetsDefinition,
    DailyPartitionsDefinition,
    Instance,
    Output,
    Skip,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
    asset,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.plan import UpstreamMode
from ipyassets.engine.reasons import TOLD_BY_ATTEMPTS, reasons
from ipyassets.events import Attempt, State
from ipyassets.partitions import Spans

DAYS = DailyPartitionsDefinition("2024-01-07", end_date="2024-01-21")
WEEKS = WeeklyPartitionsDefinition("2024-01-07", end_date="2024-01-21")
KINDS = {"days": DAYS, "weeks": WEEKS, "letters": StaticPartitionsDefinition(["a", "b", "c"]), "whole": None}
BEFORE = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
TRAILING = TimeWindowPartitionMapping(start_offset=-2)

Place = tuple[str, int]


@dataclass(frozen=True)
class Shape:
    """One asset of a random graph."""

    name: str
    kind: str
    reads: tuple[tuple[str, str], ...]  # upstream name, mapping


def shapes_of(chance: random.Random) -> list[Shape]:
    """A graph of one to four assets."""
    shapes: list[Shape] = []
    for number in range(chance.randint(1, 4)):
        kind = chance.choice(sorted(KINDS))
        reads = []
        for up in chance.sample(shapes, chance.randint(0, min(2, len(shapes)))):
            timed = {kind, up.kind} <= {"days", "weeks"}
            if "whole" in (kind, up.kind) or kind == up.kind or timed:
                reads.append((up.name, chance.choice(["", "before", "trailing"] if timed else [""])))
        if kind in ("days", "weeks") and chance.random() < 0.3:
            reads.append((f"a{number}", "before"))
        shapes.append(Shape(f"a{number}", kind, tuple(reads)))
    return shapes


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
    ins = {
        up: AssetIn(up, partition_mapping={"": None, "before": BEFORE, "trailing": TRAILING}[mapping])
        for up, mapping in shape.reads
    }
    definition = KINDS[shape.kind]
    keys = [""] if definition is None else list(definition.get_partition_keys())

    def body(context, **inputs):
        place = (shape.name, keys.index(context.scope.keys[0] if context.scope.keys else ""))
        world.ran.append(place)
        if len(world.ran) == world.cancel_after:
            world.cancel()
        if place in world.failing:
            raise ValueError(place)
        if place in world.skipping:
            return Skip()
        value = f"{shape.name}{version}{place[1]}({sorted(inputs.items())})"
        return Output(value, data_version=value)

    return replace(
        asset(name=shape.name, partitions_def=definition, code_version=str(version), deps=[])(lambda context: None),
        compute=body,
        upstreams=tuple(asset_upstreams(ins)),
    )


def asset_upstreams(ins):
    from ipyassets.assets.definition import Upstream

    return [Upstream(AssetKey(name), each.partition_mapping, name) for name, each in ins.items()]


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
    spaces: dict[str, int]
    code: dict[str, int]
    made: dict[Place, Made] = field(default_factory=dict)
    last: dict[Place, tuple[Attempt, int]] = field(default_factory=dict)

    def reads(self, place: Place) -> Iterator[tuple[str, list[Place]]]:
        name, index = place
        key = AssetKey(name)
        for edge in self.graph.edges[key]:
            up = str(edge.up)
            down_space, up_space = space_of(self.graph, key), space_of(self.graph, edge.up)
            mapped = edge.mapping.upstream(Spans.range(index, index + 1), down_space, up_space)
            yield up, [(up, each) for each in mapped.spans]

    def places(self) -> Iterator[Place]:
        for name, length in self.spaces.items():
            for index in range(length):
                yield name, index

    def stale(self, place: Place) -> bool:
        made = self.made.get(place)
        if made is None:
            return False
        if made.code != self.code[place[0]]:
            return True
        for up, read in self.reads(place):
            now = {index: self.made[up, index].content for up, index in read if (up, index) in self.made}
            if made.used[up] != now or any(self.stale(each) for each in read):
                return True
        return False

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
        skipped = self.last[place][0] is Attempt.SKIPPED
        return "skipped since; the previous value is kept" if skipped else ""

    def why_stale(self, place: Place) -> str:
        made = self.made[place]
        if made.code != self.code[place[0]]:
            return "the code has changed"
        now = {
            up: {index: self.made[up, index].content for _, index in read if (up, index) in self.made}
            for up, read in self.reads(place)
        }
        changed = [f"{up} has changed" for up in now if made.used[up] != now[up]]
        stale = [f"{up} is stale" for up, read in self.reads(place) if any(self.stale(each) for each in read)]
        return next(iter([*changed, *stale]))

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

        pending = closure(wanted)
        held: set[Place] = set()
        while upstream != "none":
            more = {
                place
                for place in pending - held
                if any(
                    each in held
                    or (each not in pending and self.unfit(each, upstream) and self.tried_before(each, Attempt.FAILED))
                    for _, read in self.reads(place)
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
                self.last[place] = (attempt, self.code[place[0]])
                if attempt in (Attempt.FAILED, Attempt.BLOCKED):
                    lost.add(place)
                break
            else:
                raise AssertionError(waiting)

    def attempt(self, place: Place, read: list[Place], lost: set[Place], world: World) -> Attempt:
        if any(each in lost for each in read):
            return Attempt.BLOCKED
        if place in world.untried:
            return Attempt.CANCELLED
        edges = {str(edge.up): edge for edge in self.graph.edges[AssetKey(place[0])]}
        for up, places in self.reads(place):
            skipped = self.last.get(places[0], (None, 0))[0] is Attempt.SKIPPED if places else False
            if edges[up].gives_one and up != place[0] and skipped and places[0] not in self.made:
                return self.skip(place)
        if place in world.failing or not self.loadable(place, edges):
            return Attempt.FAILED
        if place in world.skipping:
            return self.skip(place)
        inputs = sorted((up, self.shown(edges[up], places)) for up, places in self.reads(place))
        content = f"{place[0]}{self.code[place[0]]}{place[1]}({inputs})"
        self.made[place] = Made(self.code[place[0]], content, self.used(place))
        return Attempt.MATERIALIZED

    def used(self, place: Place) -> dict[str, dict[int, str]]:
        return {
            up: {index: self.made[up, index].content for up, index in places if (up, index) in self.made}
            for up, places in self.reads(place)
        }

    def skip(self, place: Place) -> Attempt:
        """A value that is there stands: for this code and these inputs."""
        if place in self.made:
            self.made[place] = Made(self.code[place[0]], self.made[place].content, self.used(place))
        return Attempt.SKIPPED

    def loadable(self, place: Place, edges) -> bool:
        """Whether every input has a value, or was skipped and is left out."""
        return all(
            each in self.made or (self.last.get(each, (None, 0))[0] is Attempt.SKIPPED)
            for _, places in self.reads(place)
            for each in places
        )

    def shown(self, edge, places: list[Place]) -> object:
        space = space_of(self.graph, edge.up)
        values = {space.key(index): self.made[up, index].content for up, index in places if (up, index) in self.made}
        return next(iter(values.values()), None) if edge.gives_one else values


def space_of(graph: AssetGraph, key: AssetKey):
    from ipyassets.partitions import as_of

    return graph[key].space(as_of())


def some(chance: random.Random, places: list[Place], share: float) -> frozenset[Place]:
    return frozenset(each for each in places if chance.random() < share)


def lived(seed: int) -> Iterator[tuple[Instance, Model]]:
    """An instance and its model, after each of some runs and edits."""
    chance = random.Random(seed)
    shapes = {shape.name: shape for shape in shapes_of(chance)}
    note(list(shapes.values()))
    world = World()
    instance = Instance.ephemeral()
    code = dict.fromkeys(shapes, 1)
    graph = AssetGraph.of([built(shape, 1, world) for shape in shapes.values()])
    spaces = {name: len(space_of(graph, AssetKey(name))) for name in shapes}
    model = Model(shapes, graph, spaces, code)
    modes: tuple[UpstreamMode, ...] = ("missing", "missing", "stale", "none")
    for _ in range(chance.randint(2, 4)):
        code[chance.choice(sorted(shapes))] = chance.randint(1, 2)
        graph = AssetGraph.of([built(shape, code[name], world) for name, shape in shapes.items()])
        model.graph = graph
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
        for name in model.shapes:
            states = [State(each) for each in facts.states(AssetKey(name)).tolist()]
            places = [(name, index) for index in range(model.spaces[name])]
            assert states == [model.state(place) for place in places], name
            why = reasons(facts, AssetKey(name))
            assert [why.words(index) for _, index in places] == [model.reason(place) for place in places], name
        for (name, index), made in model.made.items():
            asset_made = model.graph[AssetKey(name)]
            key = None if asset_made.partitions_def is None else space_of(model.graph, AssetKey(name)).key(index)
            assert instance.store.load(asset_made, key) == made.content


@given(st.integers(0, 2**32))
def test_reasons_of_all_partitions_are_those_of_each(seed):
    for instance, model in lived(seed):
        facts = instance.facts(model.graph)
        for key in map(AssetKey, model.shapes):
            keys, why = facts.space(key).keys(), reasons(facts, key)
            attempts = instance.event_log.attempts(key, facts.space(key).keys(facts.spans(key, *TOLD_BY_ATTEMPTS)))
            each = [why.text(index, instance.event_log.last(key, keys[index])[0]) for index in range(len(keys))]
            assert why.texts(np.arange(len(keys)), attempts) == each


def untried(instance: Instance, model: Model, pending: set[Place]) -> frozenset[Place]:
    """What was cancelled before it was tried: how much that is depends on the moment, so it is read from the log."""
    found = set()
    for name, index in pending:
        key = AssetKey(name)
        attempt, _ = instance.event_log.last(key, space_of(model.graph, key).key(index))
        if attempt is not None and attempt.attempt is Attempt.CANCELLED:
            found.add((name, index))
    return frozenset(found)


def step(instance: Instance, model: Model, world: World, wanted: set[Place], upstream: UpstreamMode) -> None:
    asked = {
        AssetKey(name): Spans.from_indices([index for other, index in wanted if other == name]) for name in model.shapes
    }
    note((sorted(wanted), upstream, sorted(world.failing), sorted(world.skipping), dict(model.code)))
    plan = instance.plan(model.graph, asked, upstream)
    pending, held = model.plan(wanted, upstream)
    assert {(str(key), index) for key, spans in plan.pending.items() for index in spans} == pending
    found = {(str(k), index) for k, reasons in plan.held.items() for spans in reasons.values() for index in spans}
    assert found == held
    world.ran.clear()
    instance.run(plan, watch=lambda run: setattr(world, "cancel", run.cancel))
    world.untried = untried(instance, model, pending)
    assert len(set(world.ran)) == len(world.ran)
    assert not world.untried & set(world.ran)
    assert not world.untried or len(world.ran) == world.cancel_after
    assert set(world.ran) <= pending
    for position, place in enumerate(world.ran):
        later = set(world.ran[position + 1 :])
        assert not [each for _, read in model.reads(place) for each in read if each in later]
    model.run(pending, held, world)
