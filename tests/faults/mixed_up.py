"""Stored files are deleted, swapped and put in one another's place, as a careless hand or a sync program does it.

After each mischief a new instance must show what is damaged, and why, as a bar would, once it was read: that and
nothing else. Then a part is put back, the rest made again, and everything is as it was. Now and then, the log goes too.

    python -m tests.faults.mixed_up FOLDER --rounds 300 --seed 1
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, UntrustedPartitionError
from ipyassets.events import Artifact, State
from ipyassets.instance.composition import Instance
from ipyassets.storage.value_files import CHANGED, GONE

LETTERS = ia.StaticPartitionsDefinition([*"abcdef"])
GRID = ia.MultiPartitionsDefinition({"letter": LETTERS, "day": ia.StaticPartitionsDefinition(["1", "2"])})

Place = tuple[AssetKey, str]
Mischief = Callable[[random.Random, list[Path]], None]


@ia.asset(partitions_def=LETTERS, code_version="1")
def source(context: ia.AssetExecutionContext) -> tuple[str, str]:
    return "source", context.partition_key


@ia.asset(partitions_def=LETTERS, code_version="1")
def derived(context: ia.AssetExecutionContext, source: tuple[str, str]) -> tuple[str, str, tuple[str, str]]:
    return "derived", context.partition_key, source


@ia.asset(key=["below", "source"], partitions_def=GRID, code_version="1")
def grid(context: ia.AssetExecutionContext) -> tuple[str, str]:
    return "grid", str(context.partition_key)


@ia.asset(code_version="1")
def whole() -> str:
    return "whole"


ALL = [source, derived, grid, whole]
GRAPH = AssetGraph.of(ALL)


def delete(chance: random.Random, files: list[Path]) -> None:
    chance.choice(files).unlink()


def swap(chance: random.Random, files: list[Path]) -> None:
    one, other = chance.sample(files, 2)
    aside = one.with_name(".aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def replace(chance: random.Random, files: list[Path]) -> None:
    one, other = chance.sample(files, 2)
    shutil.copyfile(one, other)


def delete_folder(chance: random.Random, files: list[Path]) -> None:
    shutil.rmtree(chance.choice([file.parent for file in files if file.name != "whole"]))


MISCHIEF: tuple[Mischief, ...] = (delete, swap, replace, delete_folder)


class Root:
    """A root with all values made, and what was stored of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        instance = Instance(folder)
        ia.materialize(ALL, instance=instance, selection=[source, derived], partition_keys="all")
        ia.materialize(ALL, instance=instance, selection=[grid], partition_keys="all")
        ia.materialize(ALL, instance=instance, selection=[whole])
        facts = instance.facts(GRAPH)
        self.places = [(one.key, str(key)) for one in ALL for key in facts.space(one.key)]
        self.values = {place: load(instance, place) for place in self.places}
        self.paths = {place: instance.io_manager.path(*place) for place in self.places}  # type: ignore[attr-defined]
        self.contents = {place: path.read_bytes() for place, path in self.paths.items()}
        self.artifacts = recorded(instance, self.places)
        instance.close()

    def damage(self) -> dict[Place, str]:
        """What is wrong with the files, and why."""
        gone = {place: GONE for place, path in self.paths.items() if not path.exists()}
        left = self.paths.items() - {(place, self.paths[place]) for place in gone}
        return gone | {place: CHANGED for place, path in left if path.read_bytes() != self.contents[place]}

    def put_back(self, places: list[Place]) -> None:
        for place in places:
            self.paths[place].parent.mkdir(parents=True, exist_ok=True)
            self.paths[place].write_bytes(self.contents[place])


def load(instance: Instance, place: Place) -> object:
    return instance.store.load(GRAPH[place[0]], place[1] or None)


def recorded(instance: Instance, places: list[Place]) -> dict[Place, Artifact]:
    """The artifacts that stand in the log."""
    return {(key, partition): instance.event_log.artifacts(key, [partition])[partition] for key, partition in places}


def shown(instance: Instance) -> dict[Place, str]:
    """The damaged partitions, and why they are, as a bar has it."""
    facts = instance.facts(GRAPH)
    found = {}
    for one in ALL:
        space = facts.space(one.key)
        for index in facts.spans(one.key, State.DAMAGED):
            key = str(space.key(index))
            found[one.key, key] = instance.describe(GRAPH, one.key, key or None).reason
    return found


def states(instance: Instance) -> Counter[str]:
    facts = instance.facts(GRAPH)
    return sum((Counter({str(state): n for state, n in facts.counts(one.key).items()}) for one in ALL), Counter())


def check(root: Root, damage: dict[Place, str]) -> None:
    """What must hold after a mischief; SystemExit says what does not."""
    instance = Instance(root.folder)
    if shown(instance) != {place: why for place, why in damage.items() if why == GONE}:
        raise SystemExit(f"before anything is read, {shown(instance)} is shown of {damage}")
    for place in root.places:
        try:
            value = load(instance, place)
        except DamagedPartitionError as error:
            if error.reason != damage.get(place):
                raise SystemExit(f"{place} is refused: {error}, but {damage.get(place)}") from error
        else:
            if place in damage or value != root.values[place]:
                raise SystemExit(f"{place} reads {value!r}: {damage.get(place)}")
    if shown(instance) != damage:
        raise SystemExit(f"{shown(instance)} is shown, the damage is {damage}")
    if strange := states(instance).keys() - {"fresh", "damaged", "stale"}:
        raise SystemExit(f"{strange} is shown after {damage}")
    if recorded(instance, root.places) != root.artifacts:
        raise SystemExit("the log has changed")
    instance.close()


def run_over(root: Root, damage: dict[Place, str]) -> int:
    """Run over damage that nobody has noticed yet, and again; how many bodies were kept from reading it."""
    instance = Instance(root.folder)

    def run() -> ia.RunResult:
        both = [source, derived]
        return ia.materialize(both, instance=instance, selection=[derived], partition_keys="all", raise_on_error=False)

    result = run()
    changed = {partition for (key, partition), why in damage.items() if key == source.key and why == CHANGED}
    if {trouble.partition_key for trouble in result.troubles if CHANGED in trouble.reason} != changed:
        raise SystemExit(f"{changed} were changed, the run says {result!r}")
    if result.progress.failed != len(changed) or not run().success:
        raise SystemExit(f"a run over {damage} went otherwise: {result!r}")
    root.artifacts |= recorded(instance, [place for place in root.places if place[0] in {source.key, derived.key}])
    instance.close()
    return len(changed)


def mend(root: Root, chance: random.Random, damage: dict[Place, str]) -> int:
    """Put some values back, make the others again; how many were made."""
    back = [place for place in damage if chance.random() < 0.5]
    root.put_back(back)
    instance = Instance(root.folder)
    ia.upkeep(instance, GRAPH).verify()
    if shown(instance) != (left := {place: why for place, why in damage.items() if place not in back}):
        raise SystemExit(f"{shown(instance)} is shown, the damage left is {left}")
    made = 0
    for one in ALL:
        keys = {} if one is whole else {"partition_keys": "damaged"}
        if one is not whole or (one.key, "") in left:
            made += ia.materialize(ALL, instance=instance, selection=[one], **keys).progress.materialized  # type: ignore[call-overload]
    if states(instance).keys() != {"fresh"} or any(load(instance, each) != root.values[each] for each in root.places):
        raise SystemExit(f"made again, it is {states(instance)}")
    root.artifacts = recorded(instance, root.places)
    instance.close()
    return made


def lose_log(root: Root) -> int:
    """Delete the log, and let every value in again; how many there were."""
    for name in ("events.sqlite", "events.sqlite-wal", "events.sqlite-shm"):
        (root.folder / name).unlink(missing_ok=True)
    instance = Instance(root.folder)
    for place in root.places:
        try:
            load(instance, place)
        except UntrustedPartitionError:
            continue
        raise SystemExit(f"{place} was read although nobody recorded it")
    if states(instance).keys() != {"missing"}:
        raise SystemExit(f"without a log, {states(instance)} is shown")
    with ia.use_instance(instance):
        count = sum(len(one.trust().partition_keys) for one in ALL)
    if count != len(root.places) or states(instance).keys() != {"fresh"}:
        raise SystemExit(f"{count} values were let in, and are {states(instance)}")
    if any(load(instance, each) != root.values[each] for each in root.places):
        raise SystemExit("a value that was let in is another one")
    root.artifacts = recorded(instance, root.places)
    instance.close()
    return count


def main() -> None:
    """Do mischief, look, mend; and say what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, figures, root = random.Random(given.seed), Counter[str](), Root(given.folder)
    for _ in range(given.rounds):
        for _ in range(chance.randint(1, 4)):
            files = [path for path in root.paths.values() if path.exists()]
            chance.choice(MISCHIEF)(chance, files)
        damage = root.damage()
        if chance.random() < 0.3:
            figures["kept from being read by a body"] += run_over(root, damage)
            damage = root.damage()
        check(root, damage)
        figures["files gone"] += sum(why == GONE for why in damage.values())
        figures["files changed"] += sum(why == CHANGED for why in damage.values())
        figures["made again"] += mend(root, chance, damage)
        if chance.random() < 0.1:
            figures["let in again without a log"] += lose_log(root)
    seen = ", ".join(f"{count} {what}" for what, count in figures.items())
    print(f"{given.rounds} mischiefs, 0 wrong values, 0 lost, all damage shown and nothing else; {seen}")


if __name__ == "__main__":
    main()
