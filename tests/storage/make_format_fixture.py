"""Makes the root that a release leaves behind, once for each format; what it made is kept, and never made again.

python -m tests.storage.make_format_fixture tests/storage/fixtures/format-1
"""

from __future__ import annotations

import sys
from pathlib import Path

from ipyassets.errors import DamagedPartitionError
from ipyassets.events import Attempt, Event, Failure
from ipyassets.storage.damage import Damage
from ipyassets.storage.database import Database
from ipyassets.storage.dynamic_keys import SqliteDynamicKeys
from tests.storage.store import SALES, TOTALS, Store, use_of

SECRET = b"the key of the first release"


def main(folder: Path) -> None:
    """A little of everything that a root can hold."""
    store = Store(folder, secret=SECRET, versions=1)
    store.make("2013-01-01", [1], at=1.0)
    made = store.make("2013-01-01", [1, 2, 3], at=2.0, metadata={"rows": 3}, tags={"team": "air"}, output="printed\n")
    store.make("EWR|x/y", "hostile", at=3.0)
    damaged = store.make("damaged", "damaged", at=3.5)
    assert damaged.artifact is not None
    reason = "its file is not what was stored"
    Damage(store.log).note(DamagedPartitionError("", SALES, "damaged", reason, damaged.artifact.digest))
    store.make(None, {"total": 6}, TOTALS, at=4.0, inputs=(use_of(made),))
    failure = Failure("ValueError", "no", "Traceback")
    store.log.append(
        [
            Event(
                attempt=Attempt.FAILED,
                asset_key=SALES,
                partition_key="2013-01-02",
                run_id="run",
                timestamp=5.0,
                failure=failure,
            )
        ]
    )
    store.close()
    keys = SqliteDynamicKeys(Database(folder / "events.sqlite"))
    keys.add_dynamic_partitions("cities", ["rome", "oslo"])
    keys.database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
