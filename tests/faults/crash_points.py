"""Runs an operation once for each thing it does to the disk, and kills the process right before that thing.

The process is really killed, with SIGKILL, in a forked child. Where it dies is told by Python's profiler, which hears
of every call into the operating system and into SQLite that our storage code makes. After each death the store is
opened anew: every partition must read as one of its allowed values, as the log has it, and nothing may be damaged. Then
the store is compacted, and all of it must read the same.

Many operations begin with what an earlier death has left: a value that is recorded and not in place, or a staged file
that is torn, as a power cut leaves it.

    python -m tests.faults.crash_points FOLDER [OPERATION ...]
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, UntrustedPartitionError
from ipyassets.events import Artifact
from ipyassets.storage.paths import ASIDE, place_identity
from tests.conformance.event_log import made
from tests.conformance.io_manager import output
from tests.storage.store import SALES, TOTALS, Store

TOUCHING = frozenset(
    {
        *("open", "write", "replace", "rename", "unlink", "link", "mkdir", "rmdir", "fsync", "close"),
        *("ftruncate", "truncate", "utime", "copyfile", "execute", "executemany"),
    }
)
ABSENT = "absent"
LARGE = b"x" * (1 << 21)
Place = tuple[AssetKey, str | None]
Allowed = dict[Place, set[object]]


@dataclass(frozen=True)
class Operation:
    """How a store is prepared, what is then done to it, and what may be read after any death.

    Of each of `moving` exactly one can be read: a value that is under neither of two names is lost.
    """

    prepare: Callable[[Store], object]
    act: Callable[[Store], object]
    allowed: Allowed
    versions: int = 0
    moving: tuple[tuple[Place, Place], ...] = ()


# --- what earlier deaths have left


def left_behind(store: Store, key: str, value: object, asset: AssetKey = SALES) -> Path:
    """A value as a writer leaves it that died between the record and the renaming; an earlier one stays in place."""
    artifact = store.record(key, value, asset).artifact
    assert artifact is not None
    return Path(store.files.staged(asset, key, artifact.digest))


def torn(store: Store, key: str, value: object, asset: AssetKey = SALES) -> Path:
    """A staged file that has its name and not its content, as a power cut leaves it."""
    context = output(key, asset)
    store.manager.stage(context, value)
    artifact = context.stored[key]
    assert isinstance(artifact, Artifact)
    staged = Path(store.files.staged(asset, key, artifact.digest))
    os.truncate(staged, artifact.size // 2)
    return staged


def set_aside(store: Store, key: str) -> Path:
    """A value as it is left by a writer that died while it made room for a folder."""
    place = store.file(key).relative_to(store.files.folder).as_posix()
    return store.file(key).rename(f"{store.files.staging}/{place_identity(place)}-{ASIDE}")


def age(path: Path) -> Path:
    os.utime(path, (0, 0))
    return path


def _by_somebody(store: Store, act: Callable[[Store], object]) -> None:
    other = Store(store.root, secret=b"theirs")
    act(other)
    other.close()


def _without_links(act: Callable[[Store], object]) -> Callable[[Store], object]:
    """The same on a file system that knows no second names of files."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    def copying(store: Store) -> None:
        os.link = refuse  # type: ignore[assignment]  # in a child that ends soon
        act(store)

    return copying


def _restore(store: Store) -> None:
    store.upkeep.restore(SALES, store.upkeep.versions(SALES, "a")[-1])


def _rename(store: Store) -> None:
    store.upkeep.rename(SALES, TOTALS)


def _delete_orphans(store: Store) -> None:
    store.upkeep.delete_orphans(store.upkeep.orphans(lambda *_: True))


def _renamed(*keys: str) -> tuple[tuple[Place, Place], ...]:
    return tuple(((SALES, key), (TOTALS, key)) for key in keys)


OPERATIONS = {
    "first": Operation(lambda _: None, lambda s: s.make("a", "new"), {(SALES, "a"): {ABSENT, "new"}}),
    "first-torn": Operation(
        lambda s: torn(s, "a", "new"), lambda s: s.make("a", "new"), {(SALES, "a"): {ABSENT, "new"}}
    ),
    "overwrite": Operation(
        lambda s: (s.make("a", "old"), s.make("b", "other")),
        lambda s: s.make("a", "new"),
        {(SALES, "a"): {"old", "new"}, (SALES, "b"): {"other"}},
    ),
    "overwrite-large": Operation(
        lambda s: s.make("a", "old"), lambda s: s.make("a", LARGE), {(SALES, "a"): {"old", LARGE}}
    ),
    "overwrite-torn": Operation(
        lambda s: (s.make("a", "old"), torn(s, "a", "old"), torn(s, "a", "new")),
        lambda s: s.make("a", "new"),
        {(SALES, "a"): {"old", "new"}},
    ),
    "overwrite-left": Operation(
        lambda s: (s.make("a", 1), left_behind(s, "a", 2)), lambda s: s.make("a", 3), {(SALES, "a"): {2, 3}}
    ),
    "the-same-left": Operation(
        lambda s: (s.make("a", 1), left_behind(s, "a", 2)), lambda s: s.make("a", 2), {(SALES, "a"): {2}}
    ),
    "overwrite-keeping-versions": Operation(
        lambda s: (s.make("a", 1), s.make("a", 2)), lambda s: s.make("a", 3), {(SALES, "a"): {2, 3}}, versions=1
    ),
    "restore": Operation(lambda s: (s.make("a", 1), s.make("a", 2)), _restore, {(SALES, "a"): {2, 1}}, versions=1),
    "restore-left-and-torn": Operation(
        lambda s: (s.make("a", 1), s.make("a", 2), left_behind(s, "a", 3), torn(s, "a", 1)),
        _restore,
        {(SALES, "a"): {3, 1}},
        versions=2,
    ),
    "restore-by-copying": Operation(
        lambda s: (s.make("a", 1), s.make("a", 2)), _without_links(_restore), {(SALES, "a"): {2, 1}}, versions=1
    ),
    "another-definition": Operation(
        lambda s: s.make("a", "one dimension"),
        lambda s: s.make("a|b", "two dimensions"),
        {(SALES, "a"): {"one dimension"}, (SALES, "a|b"): {ABSENT, "two dimensions"}},
    ),
    "another-definition-left": Operation(
        lambda s: (s.make("a", "one dimension"), set_aside(s, "a")),
        lambda s: s.make("a|b", "two dimensions"),
        {(SALES, "a"): {"one dimension"}, (SALES, "a|b"): {ABSENT, "two dimensions"}},
    ),
    "wipe": Operation(
        lambda s: (s.make("a", 1), s.make("b", 2)),
        lambda s: s.upkeep.wipe(SALES, ["a"]),
        {(SALES, "a"): {1, ABSENT}, (SALES, "b"): {2}},
    ),
    "wipe-left": Operation(
        lambda s: (s.make("a", 1), left_behind(s, "a", 2), left_behind(s, "b", 3), torn(s, "a", 1)),
        lambda s: s.upkeep.wipe(SALES, ["a"]),
        {(SALES, "a"): {2, ABSENT}, (SALES, "b"): {3}},
    ),
    "trust": Operation(
        lambda s: (s.make("a", 1), shutil.copy(s.file("a"), s.file("a").with_name("b"))),
        lambda s: s.upkeep.trust(SALES),
        {(SALES, "a"): {1}, (SALES, "b"): {ABSENT, 1}},
    ),
    "trust-left": Operation(
        lambda s: _by_somebody(s, lambda o: (o.make("a", 1), left_behind(o, "a", 2), torn(s, "a", 2))),
        lambda s: s.upkeep.trust(SALES),
        {(SALES, "a"): {ABSENT, 2}},
    ),
    "delete-orphans": Operation(
        lambda s: (s.make("a", 1), shutil.copy(s.file("a"), s.file("a").with_name("b")), left_behind(s, "c", 3)),
        _delete_orphans,
        {(SALES, "a"): {1}, (SALES, "b"): {ABSENT}, (SALES, "c"): {3}},
    ),
    "rename": Operation(
        lambda s: (s.make("a", 1), s.make("b", 2)),
        _rename,
        {place: {1, 2, ABSENT} for pair in _renamed("a", "b") for place in pair},
        moving=_renamed("a", "b"),
    ),
    "rename-left": Operation(
        lambda s: (s.make("a", 1), left_behind(s, "a", 2)),
        _rename,
        {place: {2, ABSENT} for place in _renamed("a")[0]},
        moving=_renamed("a"),
    ),
    "rename-torn": Operation(
        lambda s: (s.make("a", 1), torn(s, "a", 1), torn(s, "a", 1, TOTALS)),
        _rename,
        {place: {1, ABSENT} for place in _renamed("a")[0]},
        moving=_renamed("a"),
    ),
    "rename-by-copying": Operation(
        lambda s: (s.make("a", 1), left_behind(s, "a", 2)),
        _without_links(_rename),
        {place: {2, ABSENT} for place in _renamed("a")[0]},
        versions=1,
        moving=_renamed("a"),
    ),
    "compact": Operation(
        lambda s: (age(left_behind(s, "a", 1)), age(left_behind(s, "b", LARGE))),
        lambda s: s.upkeep.compact(),
        {(SALES, "a"): {1}, (SALES, "b"): {LARGE}},
    ),
    "compact-torn": Operation(
        lambda s: (s.make("a", 1), age(torn(s, "a", 1)), age(torn(s, "b", 2))),
        lambda s: s.upkeep.compact(),
        {(SALES, "a"): {1}, (SALES, "b"): {ABSENT}},
    ),
    "compact-aside": Operation(
        lambda s: (s.make("a", 1), age(set_aside(s, "a"))), lambda s: s.upkeep.compact(), {(SALES, "a"): {1}}
    ),
}


def _in_place_first(store: Store) -> None:
    """What our order of steps avoids: the value is replaced before it is recorded."""
    context = output("a")
    store.manager.handle_output(context, "new")
    artifact = context.stored["a"]
    store.log.append([made("a", SALES, artifact=artifact)])


def _gone_first(store: Store) -> None:
    """What our order of steps avoids: a value loses its old name before it has the new one."""
    store.upkeep.wipe(SALES, ["a"])
    store.make("a", 1, TOTALS)


# Wrong on purpose: a harness that finds nothing wrong with these proves nothing.
CONTROLS = {
    "in-place-first": Operation(lambda s: s.make("a", "old"), _in_place_first, {(SALES, "a"): {"old", "new"}}),
    "gone-first": Operation(
        lambda s: s.make("a", 1),
        _gone_first,
        {place: {1, ABSENT} for place in _renamed("a")[0]},
        moving=_renamed("a"),
    ),
}


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
    """What can be read now; SystemExit if that is not as it should be, or if compacting the store changes it."""
    store = Store(root, versions=operation.versions)
    found = _read(store, operation, f"after dying at step {step}")
    staging = Path(store.files.staging)
    for left in staging.glob("*"):
        age(left)
    store.upkeep.compact()
    if _read(store, operation, f"compacted after dying at step {step}") != found:
        raise SystemExit(f"after dying at step {step}, compacting makes other values of {found}")
    if still := [left.name for left in staging.glob("*")]:
        raise SystemExit(f"compacted after dying at step {step}, there is still {still}")
    store.close()
    return found


def _read(store: Store, operation: Operation, when: str) -> tuple[str, ...]:
    found: dict[Place, object] = {}
    for (asset, key), values in operation.allowed.items():
        is_recorded = bool(store.log.artifacts(asset, [key or ""]))
        if is_recorded and not store.manager.present(asset, [key or ""])[0]:
            raise SystemExit(f"{when}, {asset} {key!r} is recorded but not seen")
        try:
            value = store.read(key, asset) if is_recorded else ABSENT
        except UntrustedPartitionError:
            value = ABSENT
        except DamagedPartitionError as error:
            raise SystemExit(f"{when}: {error}") from error
        if value not in values:
            raise SystemExit(f"{when}, {asset} {key!r} reads {value!r:.50}")
        found[asset, key] = value
    for places in operation.moving:
        if [found[place] for place in places].count(ABSENT) != 1:
            raise SystemExit(f"{when}, a value is under both of its names or under neither: {places}")
    return tuple(f"{value!r:.20}" for value in found.values())


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
