"""What it costs to import the library, on top of what is there anyway."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.table import Row

KERNEL = "import ipykernel.ipkernel, IPython.core.interactiveshell"
LOAD = "from ipyassets.jupyter import extension"


def milliseconds(before: str, statement: str, rounds: int = 5) -> float:
    """Median of what the statement takes in a fresh interpreter that has run `before`."""
    program = f"{before}\nimport time\nbegan = time.perf_counter()\n{statement}\nprint(time.perf_counter() - began)"
    command = [sys.executable, "-c", program]
    times = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(rounds)]
    return statistics.median(times) * 1000


def rows() -> Iterator[Row]:
    yield Row("`import ipyassets`, as a worker does", milliseconds("pass", "import ipyassets"), "ms", most=120)
    yield Row("`%load_ext ipyassets`, on top of a kernel", milliseconds(KERNEL, LOAD), "ms", most=200)
