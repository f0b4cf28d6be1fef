"""`python -m benchmarks [TABLE...]` prints the tables named, or all, and fails if a budget is not kept."""

from __future__ import annotations

import sys

from benchmarks import bars, engine, imports, partitions, runs, storage
from benchmarks.table import show

TABLES = {
    "imports": imports.rows,
    "partitions": partitions.rows,
    "runs": runs.rows,
    "storage": storage.rows,
    "engine": engine.rows,
    "bars": bars.rows,
}


def main() -> None:
    """Print tables, and exit with 1 where a budget is missed."""
    names = sys.argv[1:] or list(TABLES)
    unknown = set(names) - set(TABLES)
    if unknown:
        sys.exit(f"no table named {', '.join(sorted(unknown))}: there are {', '.join(TABLES)}")
    missed = [row for name in names for row in show(name, TABLES[name]())]
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
