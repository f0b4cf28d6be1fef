"""Numbers and moments as a person reads them."""

from __future__ import annotations

from datetime import datetime

MINUTE, HOUR = 60, 3600
KILO = 1000


def amount(count: int, noun: str) -> str:
    """`1 partition`, `12 partitions`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """`0.2 s`, `45 s`, `6 min`, `2 h 5 min`."""
    if seconds < 10:  # noqa: PLR2004 - a tenth matters below ten seconds
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds // HOUR:.0f} h {seconds % HOUR // MINUTE:.0f} min"


def volume(count: float) -> str:
    """`812 bytes`, `12 kB`, `3.4 MB`."""
    if count < KILO:
        return amount(int(count), "byte")
    for unit in ("kB", "MB", "GB"):
        count /= KILO
        if count < KILO:
            return f"{count:.{0 if count >= 10 else 1}f} {unit}"  # noqa: PLR2004 - two digits are enough
    return f"{count / KILO:.1f} TB"


def moment(timestamp: float) -> str:
    """A UTC epoch second as date and time on the clock of this machine."""
    return f"{datetime.fromtimestamp(timestamp).astimezone():%Y-%m-%d %H:%M:%S}"
