"""`python -m tests.faults`: every harness in its long form; a few minutes. The figures are printed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

LONG = (
    ("crash_points",),
    ("kills", "--kills", "500", "--longest", "1.0"),
    ("hammer", "--seconds", "60", "--partitions", "200"),
    ("housekeeping", "--seconds", "60"),
)

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for harness, *arguments in LONG:
            folder = Path(name, harness)
            subprocess.run([sys.executable, "-m", f"tests.faults.{harness}", str(folder), *arguments], check=True)
