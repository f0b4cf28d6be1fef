"""Several processes make partitions while others look after the same store, and all of them are killed now and then.

Of one asset each value is a number, one more than the value before: whoever makes it reads that under his claim. Its
name changes all the time. In the end each value must be the number of times that it was recorded: one that was lost, or
confused with another, would count less. Another asset is made by two users, wiped, restored and trusted, and files lie
about that nobody recorded: whatever reads of it must be whole. Nobody ever finds anything damaged.

    python -m tests.faults.housekeeping FOLDER --seconds 60 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    BusyPartitionError,
    DamagedPartitionError,
    InvalidArgumentError,
    NotMaterializedError,
    UnknownAssetError,
    UntrustedPartitionError,
)
from ipyassets.events import Attempt
from ipyassets.storage.claims import Claims, NoClaims
from ipyassets.storage.signature import NOT_SIGNED
from ipyassets.storage.upkeep import Upkeep
from tests.storage.store import Store

NAMES = (AssetKey("counted"), AssetKey(["also", "counted"]))
RESTLESS = AssetKey("restless")
KEYS = [f"k{i}" for i in range(12)]
HOUR = 3_700.0


@dataclass
class Worker:
    """One process at work on the store."""

    store: Store
    source: random.Random
    is_careless: bool = False

    def read(self, key: str, asset: AssetKey) -> object:
        """A value as the log has it now; None where there is none, or none that this user may read."""
        while True:
            artifacts = self.store.log.artifacts(asset, [key])
            try:
                return self.store.read(key, asset)
            except (NotMaterializedError, UntrustedPartitionError):
                return None
            except DamagedPartitionError:
                if self.store.log.artifacts(asset, [key]) == artifacts:
                    raise

    @contextmanager
    def claimed(self, key: str, asset: AssetKey) -> Iterator[bool]:
        """A partition claimed for the time being, if nobody else has it."""
        with contextlib.closing(Claims(self.store.root)) as claims:
            yield bool(claims.take(asset, [key]))

    def make(self, assets: Sequence[AssetKey] = (*NAMES, RESTLESS)) -> str:
        """Make a partition again; what was done."""
        key, asset = self.source.choice(KEYS), self.source.choice(assets)
        with self.claimed(key, asset) as is_mine:
            if not is_mine:
                return "left to somebody else"
            if asset == RESTLESS:
                self.store.make(key, (key, self.source.randbytes(self.source.choice([10, 3_000, 100_000]))), asset)
                return "made"
            if not self.store.log.artifacts(asset, [key]):
                return "called otherwise"
            before = self.read(key, asset)
            assert isinstance(before, int)
            self.store.make(key, before + 1, asset)
            return "counted"

    def look(self) -> str:
        """Read a partition, as somebody does who has claimed nothing."""
        key, asset = self.source.choice(KEYS), self.source.choice([*NAMES, RESTLESS])
        found = self.read(key, asset)
        assert found is None or isinstance(found, int) or found[0] == key  # type: ignore[index]
        return "read"

    def look_after(self) -> str:
        """Do one piece of housekeeping; what was done."""
        chores: dict[str, Callable[[], object]] = {
            "verified": self._verify,
            "renamed": self._rename,
            "restored": self._restore,
            "swept": self._sweep,
            "compacted": self.upkeep.compact,
            "wiped": lambda: self.upkeep.wipe(RESTLESS, self.source.sample(KEYS, 2)),
            "trusted": lambda: self.upkeep.trust(RESTLESS),
        }
        chore = self.source.choice(list(chores))
        # Somebody makes it, or it goes by the other name, or the originals of a rename that was cut short lie there
        refused = BusyPartitionError, InvalidArgumentError, NotMaterializedError, UnknownAssetError
        with contextlib.suppress(*refused, UntrustedPartitionError):
            chores[chore]()
            return chore
        return f"not {chore}"

    @property
    def upkeep(self) -> Upkeep:
        """What looks after the store."""
        return replace(self.store.upkeep, claims=NoClaims) if self.is_careless else self.store.upkeep

    def _verify(self) -> None:
        for verified in self.upkeep.verify():
            if wrong := {key: why for key, why in verified.damaged.items() if why != NOT_SIGNED}:
                raise SystemExit(f"{verified.asset_key}: {wrong}")

    def _rename(self) -> None:
        for _ in range(100):
            with contextlib.suppress(BusyPartitionError):
                self.upkeep.rename(*self.source.sample(NAMES, 2))
                return
            time.sleep(0.005)  # there is nearly always somebody who makes one of them

    def _restore(self) -> None:
        key = self.source.choice(KEYS)
        found = self.upkeep.versions(RESTLESS, key)
        if found:
            self.upkeep.restore(RESTLESS, self.source.choice(found))

    def _sweep(self) -> None:
        stray = self.store.files.path(RESTLESS, f"stray-{os.getpid()}-{time.monotonic_ns()}")
        with contextlib.suppress(FileNotFoundError):
            stray.with_name(f".{stray.name}").write_bytes(b"nobody recorded it")
            stray.with_name(f".{stray.name}").rename(stray)
        self.upkeep.delete_orphans(self.upkeep.orphans(lambda *_: True))


def opened(root: Path, *, secret: bytes = b"mine") -> Store:
    """The store as one that is an hour ahead: what somebody has left a moment ago counts as abandoned."""
    return Store(root, secret=secret, versions=2, now=time.time() + HOUR)


ROLES: dict[str, Callable[[Worker], str]] = {
    "maker": Worker.make,
    "maker too": Worker.make,
    "somebody else": lambda worker: worker.make((RESTLESS,)),
    "reader": Worker.look,
    "housekeeper": Worker.look_after,
    "housekeeper too": Worker.look_after,
}


def work(root: Path, role: str, seed: int, *, is_careless: bool) -> None:
    """Do the same again and again, until killed; what was done is told where there is time to."""
    done = Counter[str]()
    with contextlib.suppress(KeyboardInterrupt):
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            store = opened(root, secret=b"theirs" if role == "somebody else" else b"mine")
            worker = Worker(store, random.Random(seed), is_careless)
            while True:
                done[ROLES[role](worker)] += 1
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is slow to end is told again
    with (root / "done").open("a") as file:
        file.writelines(f"{count} {what}\n" for what, count in done.items())


def started(root: Path, role: str, seed: int, *, is_careless: bool) -> int:
    """A process in that role; an interrupt that comes before it is at work waits."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    if child := os.fork():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        return child
    status = 1
    try:
        work(root, role, seed, is_careless=is_careless)
        status = 0
    except BaseException:  # noqa: BLE001 - told, and counted by whoever waits for this process
        traceback.print_exc()
    finally:
        os._exit(status)


def stop(child: int, how: signal.Signals) -> None:
    """End a process; SystemExit if it ends in failure, which it does only where it has found something wrong.

    It is told again after a while: Python ignores an interrupt that comes while it clears up a generator.
    """
    end = time.monotonic()
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() >= end:
            os.kill(child, how)
            end += 1.0
        time.sleep(0.005)
    if os.waitstatus_to_exitcode(found[1]) > 0:
        raise SystemExit("one process found something wrong")


def judged(root: Path) -> str:
    """What is left in the end, in figures; SystemExit if anything is lost, confused or damaged."""
    store = opened(root)
    store.upkeep.compact()
    worker = Worker(store, random.Random())
    worker._verify()
    counted = 0
    for key in KEYS:
        values = [found for name in NAMES if (found := worker.read(key, name)) is not None]
        events = [event for name in NAMES for event in store.log.history(name, key)]
        made = [event for event in events if event.attempt is Attempt.MATERIALIZED]
        if values != [len(made) - 1]:
            raise SystemExit(f"{key} was recorded {len(made)} times and reads {values}")
        counted += len(made)
    if store.aside:
        raise SystemExit(f"compacted, there is still {store.aside}")
    store.close()
    done = Counter[str]()
    for line in (root / "done").read_text().splitlines():
        count, what = line.split(" ", 1)
        done[what] += int(count)
    return f"{counted} values counted one by one; " + ", ".join(f"{n} {what}" for what, n in done.items())


def main() -> None:
    """Let them work, kill some, and look at what they leave."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--careless", action="store_true", help="housekeeping claims nothing, which must go wrong")
    given = parser.parse_args()
    start = partial(started, given.folder, is_careless=given.careless)
    source, kills, end = random.Random(given.seed), 0, time.monotonic() + given.seconds
    store = opened(given.folder)
    for key in KEYS:
        store.make(key, 0, NAMES[0])
        store.make(key, (key, b""), RESTLESS)
    store.close()
    running = {role: start(role, source.randrange(1 << 30)) for role in ROLES}
    try:
        while time.monotonic() < end:
            time.sleep(source.uniform(0, 0.5))
            role = source.choice(list(running))
            stop(running.pop(role), source.choice([signal.SIGKILL, signal.SIGINT]))
            running[role] = start(role, source.randrange(1 << 30))
            kills += 1
        while running:
            stop(running.popitem()[1], signal.SIGINT)
    finally:
        for child in running.values():
            os.kill(child, signal.SIGKILL)
    print(f"{kills} kills, 0 values lost, 0 confused, 0 damaged; {judged(given.folder)}")


if __name__ == "__main__":
    main()
