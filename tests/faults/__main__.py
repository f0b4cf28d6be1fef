"""`python -m tests.faults`: every harness in its long form; half an hour. The figures are printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

LONG: tuple[tuple[str, ...], ...] = (
    ("crash_points",),
    ("kills", "--kills", "500", "--longest", "1.0"),
    ("hammer", "--seconds", "60", "--partitions", "200"),
    ("broken_holders", "--rounds", "60", "--seconds", "20"),
    ("mixed_up", "--rounds", "300"),
    ("interrupts", "--how", "inline", "--times", "200"),
    ("interrupts", "--how", "threads", "--times", "200"),
    ("interrupts", "--how", "processes", "--times", "50"),
    ("interrupts", "--how", "async", "--times", "50"),
    ("interrupts", "--how", "many", "--times", "50"),
    ("interrupt_points", "--every", "5"),
    ("large", "--size", "3000000000", "--times", "30"),
    ("housekeeping", "--seconds", "60"),
)

if __name__ == "__main__":
    if hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform == "linux":
        LONG += (("power", "--cuts", "200"),)
    else:
        print("the power of no disk is cut: only root may do that, on Linux")
    with tempfile.TemporaryDirectory() as name:
        for number, (harness, *arguments) in enumerate(LONG):
            folder = Path(name, str(number))
            subprocess.run([sys.executable, "-m", f"tests.faults.{harness}", str(folder), *arguments], check=True)
