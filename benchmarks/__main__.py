"""`python -m benchmarks [--dagster PYTHON] [TABLE...]` prints tables, or all, and fails if a budget is missed.

PYTHON is an interpreter of an environment that has Dagster, which this project never depends on; the environment
variable DAGSTER_PYTHON names it too. With one, what is measured beside Dagster is printed as well.
"""

from __future__ import annotations

import argparse
import os
from functools import partial

from benchmarks import bars, engine, engine_dagster, imports, partitions, partitions_dagster, runs, storage
from benchmarks.table import show

TABLES = {
    "imports": imports.rows,
    "partitions": partitions.rows,
    "runs": runs.rows,
    "storage": storage.rows,
    "engine": engine.rows,
    "bars": bars.rows,
}
BESIDE_DAGSTER = {
    "partitions-dagster": partitions_dagster.beside_dagster,
    "engine-dagster": engine_dagster.beside_dagster,
}


def main() -> None:
    """Print tables, and exit with 1 where a budget is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("tables", nargs="*", metavar="TABLE")
    parser.add_argument("--dagster", metavar="PYTHON", default=os.environ.get("DAGSTER_PYTHON"))
    given = parser.parse_args()
    tables = dict(TABLES)
    if given.dagster:
        tables |= {name: partial(beside, given.dagster) for name, beside in BESIDE_DAGSTER.items()}
    if unknown := set(given.tables) - set(tables):
        parser.error(f"no table named {', '.join(sorted(unknown))}: there are {', '.join(tables)}")
    missed = [row for name in given.tables or tables for row in show(name, tables[name]())]
    parser.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
