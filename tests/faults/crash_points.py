"""Runs an operation once for each thing it does to the disk, and kills the process right before that thing.

The process is really killed, with SIGKILL, in a forked child. Where it dies is told by Python's profiler, which hears
of every call into the operating system and into SQLite that our storage code makes. After each death the store is
opened anew: every partition must read as one of its allowed values, as the log has it, and nothing may be damaged.

    python -m tests.faults.crash_points FOLDER [OPERATION ...]
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError
from ipyassets.events import Event
from tests.conformance.event_log import made
from tests.conformance.io_manager import output
from tests.storage.store import SALES, TOTALS, Store

TOUCHING = frozenset(
    {
        *("open", "write", "replace", "rename", "unlink", "link", "mkdir", "rmdir", "fsync", "close"),
        *("ftruncate", "truncate", "copyfile", "execute", "executemany"),
    }
)
ABSENT = "absent"
LARGE = b"x" * (1 << 21)
Allowed = dict[tuple[AssetKey, str | None], set[object]]


@dataclass(frozen=True)
class Operation:
    """How a store is prepared, what is then done to it, and what may be read after any death."""

    prepare: Callable[[Store], object]
    act: Callable[[Store], object]
    allowed: Allowed
    versions: int = 0


OPERATIONS = {
    "first": Operation(lambda _: None, lambda s: s.make("a", "new"), {(SALES, "a"): {ABSENT, "new"}}),
    "overwrite": Operation(
        lambda s: (s.make("a", "old"), s.make("b", "other")),
        lambda s: s.make("a", "new"),
        {(SALES, "a"): {"old", "new"}, (SALES, "b"): {"other"}},
    ),
    "overwrite-large": Operation(
        lambda s: s.make("a", "old"), lambda s: s.make("a", LARGE), {(SALES, "a"): {"old", LARGE}}
    ),
    "overwrite-keeping-versions": Operation(
        lambda s: (s.make("a", 1), s.make("a", 2)), lambda s: s.make("a", 3), {(SALES, "a"): {2, 3}}, versions=1
    ),
    "restore": Operation(
        lambda s: (s.make("a", 1), s.make("a", 2)),
        lambda s: s.upkeep.restore(SALES, s.upkeep.versions(SALES, "a")[-1]),
        {(SALES, "a"): {2, 1}},
        versions=1,
    ),
    "another-definition": Operation(
        lambda s: s.make("a", "one dimension"),
        lambda s: s.make("a|b", "two dimensions"),
        {(SALES, "a"): {"one dimension"}, (SALES, "a|b"): {ABSENT, "two dimensions"}},
    ),
    "wipe": Operation(
        lambda s: (s.make("a", 1), s.make("b", 2)),
        lambda s: s.upkeep.wipe(SALES, ["a"]),
        {(SALES, "a"): {1, ABSENT}, (SALES, "b"): {2}},
    ),
    "trust": Operation(
        lambda s: (s.make("a", 1), shutil.copy(s.file("a"), s.root / "storage" / "sales" / "b")),
        lambda s: s.upkeep.trust(SALES),
        {(SALES, "a"): {1}, (SALES, "b"): {ABSENT, 1}},
    ),
    "rename": Operation(
        lambda s: (s.make("a", 1), s.make("b", 2)),
        lambda s: s.upkeep.rename(SALES, TOTALS),
        {(SALES, "a"): {1, ABSENT}, (TOTALS, "a"): {1, ABSENT}, (TOTALS, "b"): {2, ABSENT}},
    ),
    "compact": Operation(
        lambda s: age(_unplaced(s, s.make("a", 1))), lambda s: s.upkeep.compact(), {(SALES, "a"): {1}}
    ),
}


def _in_place_first(store: Store) -> None:
    """What our order of steps avoids: the value is replaced before it is recorded."""
    context = output("a")
    store.manager.handle_output(context, "new")
    artifact = context.stored["a"]
    store.log.append([made("a", SALES, artifact=artifact)])


# Wrong on purpose: a harness that finds nothing wrong with these proves nothing.
CONTROLS = {
    "in-place-first": Operation(lambda s: s.make("a", "old"), _in_place_first, {(SALES, "a"): {"old", "new"}}),
}


def _unplaced(store: Store, event: Event) -> Path:
    """As a writer leaves it that died between the record and the renaming."""
    assert event.artifact is not None
    return store.file("a").rename(store.files.staged(SALES, "a", event.artifact.digest))


def age(path: Path) -> None:
    os.utime(path, (0, 0))


def killed_at(step: int, operation: Callable[[], object]) -> bool:
    """Run `operation` in a child that is killed right before its `step`-th touch of the disk; False if it got by."""
    child = os.fork()
    if child == 0:
        sys.setprofile(_killer(step))
        operation()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"the operation failed at step {step} instead of being killed")
    return os.WIFSIGNALED(status)


def deaths(folder: Path, operation: Operation) -> tuple[int, int]:
    """Kill an operation at every step until it gets through; how many there were, and how many different outcomes."""
    pristine, root = folder / "pristine", folder / "root"
    shutil.rmtree(folder, ignore_errors=True)
    pristine.mkdir(parents=True)  # looking at a store that nothing was made in makes none
    store = Store(pristine, versions=operation.versions)
    operation.prepare(store)
    store.close()
    outcomes, step, alive = set(), 0, True
    while alive:
        step += 1
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(pristine, root)
        alive = killed_at(step, lambda: operation.act(Store(root, versions=operation.versions)))
        outcomes.add(_checked(root, operation, step))
    return step - 1, len(outcomes)


def _checked(root: Path, operation: Operation, step: int) -> tuple[str, ...]:
    """What can be read now; SystemExit if that is not as it should be."""
    store = Store(root, versions=operation.versions)
    found = []
    for (asset, key), values in operation.allowed.items():
        is_recorded = bool(store.log.artifacts(asset, [key or ""]))
        if is_recorded and not store.manager.present(asset, [key or ""])[0]:
            raise SystemExit(f"after dying at step {step}, {asset} {key!r} is recorded but not seen")
        try:
            value = store.read(key, asset) if is_recorded else ABSENT
        except DamagedPartitionError as error:
            raise SystemExit(f"after dying at step {step}: {error}") from error
        if value not in values:
            raise SystemExit(f"after dying at step {step}, {asset} {key!r} reads {value!r:.50}")
        found.append(f"{value!r:.20}")
    if damaged := [each.damaged for each in store.upkeep.verify() if each.damaged]:
        raise SystemExit(f"after dying at step {step}: {damaged}")
    if (TOTALS, "a") in operation.allowed and len({found[0], found[1]}) != 2:
        raise SystemExit(f"after dying at step {step}, the renamed value is there {found[:2]}")
    store.close()
    return tuple(found)


def _killer(step: int) -> Callable[[FrameType, str, object], None]:
    left = step

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        if event == "c_call" and getattr(argument, "__name__", "") in TOUCHING and _is_ours(frame):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return profile


def _is_ours(frame: FrameType | None) -> bool:
    """Whether our storage code is at work: directly, or through a few frames of the standard library."""
    for _ in range(4):
        if frame is None:
            return False
        if "/ipyassets/storage/" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    for name in sys.argv[2:] or OPERATIONS:
        count, outcomes = deaths(Path(sys.argv[1]), {**OPERATIONS, **CONTROLS}[name])
        print(f"{name}: {count} deaths, {outcomes} different outcomes, none of them a loss", flush=True)
