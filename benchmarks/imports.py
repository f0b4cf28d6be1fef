"""What it costs to import the library, on top of what is there anyway; a third or more of it is NumPy's own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path

import cloudpickle

from benchmarks.table import Row
from ipyassets import DailyPartitionsDefinition, Instance, StaticPartitionsDefinition, asset, materialize

SHELL = """
import ipykernel.ipkernel
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
"""
LOAD = "shell.run_line_magic('load_ext', 'ipyassets')"
ROUNDS = 7


class Sending(Executor):
    """Runs everything here, and keeps what another process would have been sent."""

    sent = b""

    def submit(self, function, /, *arguments, **more):
        """Run it, and be done."""
        self.sent = cloudpickle.dumps((function, arguments, more))
        future: Future[object] = Future()
        future.set_result(function(*arguments, **more))
        return future


def task(partitions: StaticPartitionsDefinition | DailyPartitionsDefinition, root: Path) -> bytes:
    """What a worker is sent to make one partition."""

    @asset(partitions_def=partitions)
    def made():
        return 1

    executor, instance = Sending(), Instance(root)
    materialize([made], partition_key=partitions.get_first_partition_key(), instance=instance, executor=executor)
    instance.close()
    return executor.sent


def milliseconds(folder: Path, programs: dict[str, tuple[str, str]]) -> dict[str, float]:
    """Median of what each statement takes in a fresh interpreter that has run what comes before it.

    Modules are compiled beforehand, as they are where the library is installed; the rounds are interleaved.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(1 + ROUNDS):
        for name, (before, statement) in programs.items():
            timed = f"began = time.perf_counter()\n{statement}\nprint(time.perf_counter() - began)"
            command = [sys.executable, "-c", f"import time\n{before}\n{timed}"]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            taken[name].append(float(done.stdout.split()[-1]))
    return {name: statistics.median(times[1:]) * 1000 for name, times in taken.items()}


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "day").write_bytes(task(DailyPartitionsDefinition("2024-01-01"), folder / "days"))
        (folder / "key").write_bytes(task(StaticPartitionsDefinition(["a"]), folder / "keys"))
        unpickled = "import ipyassets\npickle.loads(open({!r}, 'rb').read())"
        took = milliseconds(
            folder,
            {
                "numpy": ("", "import numpy"),
                "package": ("", "import ipyassets"),
                "key": ("import pickle", unpickled.format(str(folder / "key"))),
                "day": ("import pickle", unpickled.format(str(folder / "day"))),
                "names": ("", "from ipyassets import *"),
                "numpy in a kernel": (SHELL, "import numpy"),
                "load": (SHELL, LOAD),
            },
        )
        yield Row("`import numpy` alone", took["numpy"], "ms")
        yield Row("`import ipyassets`", took["package"], "ms", most=10)
        yield Row("`import ipyassets` and a first task, as a worker does", took["key"], "ms", most=120)
        yield Row("  the same, to NumPy alone", took["key"] / took["numpy"], "x", most=2)
        yield Row("  the same, of a partition in time", took["day"], "ms")
        yield Row("`from ipyassets import *`, every name", took["names"], "ms")
        yield Row("`import numpy` in a bare kernel", took["numpy in a kernel"], "ms")
        yield Row("`%load_ext ipyassets` in a bare kernel", took["load"], "ms", most=200)
        yield Row("  the same, to NumPy alone", took["load"] / took["numpy in a kernel"], "x", most=3)
