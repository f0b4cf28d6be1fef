"""Partition keys as formatted times: a million at once, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from operator import add
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ipyassets.partitions.spans import Indices, Mask

_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_DIRECTIVE = re.compile(r"%[-_0^#]?[A-Za-z%]")
_OF_DATE = frozenset("aAwdbBmyYjUWuGVxhCDFgev")
_OF_YEAR = frozenset("YyGcxDF")
_OF_TIME = frozenset("HIpMSfXRTrn")
_BEGINNING = {"m": 1, "d": 1, "H": 0, "M": 0, "S": 0}
_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_FOUR_DIGITS = 1000  # the first year that every system writes with four


class _Column(NamedTuple):
    """A stretch of a format whose text depends only on the date, only on the time of day, or on both."""

    format: str
    kind: str


class Parsed(NamedTuple):
    """What a key says: the wall clock in seconds as if UTC, and the offset from UTC in seconds if it says one."""

    wall: int
    offset: int | None


class ParsedKeys(NamedTuple):
    """What many keys say: the number that each shows for each directive of the format, and which could be read so."""

    numbers: dict[str, Indices]
    fits: Mask

    @property
    def walls(self) -> Indices:
        """The wall clocks, in seconds as if UTC; a field that the format lacks counts from its beginning."""
        nothing = np.zeros(len(self.fits), dtype=np.int64)
        return _walls({letter: self.numbers.get(letter, nothing) for letter in _WIDTHS})

    def show(self, walls: Indices) -> Mask:
        """Which keys were read, and are surely what the format makes of these wall clock times, without an offset."""
        same = self.fits.copy()
        if not self.numbers:
            return same
        same &= self.numbers["Y"] >= _FOUR_DIGITS
        for letter, numbers in _fields_of(walls).items():
            if letter in self.numbers:
                same &= numbers == self.numbers[letter]
        return same


class KeyFormat:
    """A `strftime` format as a codec between wall clock times and keys."""

    def __init__(self, fmt: str) -> None:
        self.fmt = fmt
        self.has_offset = "%z" in fmt
        self._columns = _columns(fmt)
        self._plain = _layout(fmt)

    def render(self, walls: Indices, offsets: Callable[[Indices], Indices], second: Mask | None = None) -> list[str]:
        """The keys of wall clock times (seconds as if UTC).

        `offsets` tells the seconds east of UTC at some places among them, and is asked only where a key shows them;
        where `second` is true the offset is appended, since the clock showed that time before.
        """
        if not len(walls):
            return []
        days, seconds = np.divmod(walls, _DAY)
        columns = [self._column(column, days, seconds, offsets) for column in self._columns]
        keys = columns[0]
        for column in columns[1:]:
            keys = list(map(add, keys, column))
        if second is not None and not self.has_offset:
            places = np.flatnonzero(second)
            for place, offset in zip(places.tolist(), offsets(places).tolist(), strict=True):
                keys[place] += _moment(int(walls[place]), offset).strftime("%z")
        return keys

    def render_one(self, wall: int, offset: int, *, second: bool) -> str:
        """The key of one wall clock time, with its offset appended if the clock showed that time before."""
        fmt = f"{self.fmt}%z" if second and not self.has_offset else self.fmt
        return _moment(wall, offset).strftime(fmt)

    def parse(self, key: str) -> Parsed:
        """Read one key, with or without an offset appended; ValueError where it does not fit the format."""
        if self._plain is not None and len(key) == len(self._plain) and key.isascii():
            fields = _fields(key, self._plain)
            if fields is not None:
                days = date(fields["Y"], fields["m"], fields["d"]).toordinal() - _EPOCH.toordinal()
                clock = time(fields["H"], fields["M"], fields["S"])
                return Parsed(days * _DAY + clock.hour * 3600 + clock.minute * 60 + clock.second, None)
        try:
            read = _read(key, self.fmt)
        except ValueError:
            if self.has_offset:
                raise
            read = _read(key, f"{self.fmt}%z")
        shift = read.utcoffset()
        naive = read.replace(tzinfo=None, microsecond=0)
        wall = int((naive - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - as if UTC
        return Parsed(wall, None if shift is None else int(shift.total_seconds()))

    def parse_many(self, keys: Sequence[str]) -> ParsedKeys:
        """Read keys of a format of plain numbers at once; those of other formats are not read."""
        nothing = np.zeros(len(keys), dtype=np.int64)
        layout = _layout(self.fmt)
        if layout is None or not len(keys):
            return ParsedKeys({}, nothing > 0)
        width = len(layout)
        fits = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys)) == width
        table = np.array(keys, dtype=f"U{width}").view(np.uint32).reshape(len(keys), width)
        numbers: dict[str, Indices] = {}
        for place, meaning in enumerate(layout):
            if len(meaning) == 1:
                fits &= table[:, place] == ord(meaning)
            else:
                digit = table[:, place] - np.uint32(ord("0"))  # more than nine below "0" too: it has no sign
                fits &= digit <= 9  # noqa: PLR2004 - a decimal digit
                numbers[meaning[1]] = numbers.get(meaning[1], nothing) * 10 + digit
        return ParsedKeys(numbers, fits)

    def _column(
        self, column: _Column, days: Indices, seconds: Indices, offsets: Callable[[Indices], Indices]
    ) -> list[str]:
        if column.kind == "date":
            return _repeated(days, lambda values: _dates(column.format, values))
        if column.kind == "time":
            return _from_table(seconds, column.format)
        moments = zip((days * _DAY + seconds).tolist(), offsets(np.arange(len(days))).tolist(), strict=True)
        return [_moment(wall, offset).strftime(column.format) for wall, offset in moments]


def _read(key: str, fmt: str) -> datetime:
    letters = {found[0][-1] for found in _DIRECTIVE.finditer(fmt)}
    if "d" in letters and not letters & _OF_YEAR:
        # the year that it takes where none is given: from Python 3.13 on it asks for one
        key, fmt = f"1900 {key}", f"%Y {fmt}"
    return datetime.strptime(key, fmt)  # noqa: DTZ007 - the zone is the definition's


def _columns(fmt: str) -> list[_Column]:
    """Cut a format where what its directives depend on changes; plain text stays with what is before it."""
    pieces: list[list[str]] = []
    kinds: list[str] = []
    end, lead = 0, ""
    for found in _DIRECTIVE.finditer(fmt):
        letter = found[0][-1]
        kind = "date" if letter in _OF_DATE else "time" if letter in _OF_TIME else "" if letter == "%" else "moment"
        text, end = fmt[end : found.start()] + found[0], found.end()
        if kinds and kind in {"", kinds[-1]}:
            pieces[-1].append(text)
        elif kind:
            pieces.append([lead + text])
            kinds.append(kind)
            lead = ""
        else:
            lead += text
    if not kinds:
        return [_Column(fmt, "date")]
    pieces[-1].append(fmt[end:])
    return [_Column("".join(parts), kind) for parts, kind in zip(pieces, kinds, strict=True)]


def _repeated(values: Indices, texts: Callable[[Indices], list[str]]) -> list[str]:
    """The text of each value, made once for each run of equal ones."""
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    if len(starts) == len(values):
        return texts(values)
    table = np.array(texts(values[starts]), dtype=object)
    repeated: list[str] = np.repeat(table, np.diff(starts, append=len(values))).tolist()
    return repeated


def _from_table(seconds: Indices, fmt: str) -> list[str]:
    """The text of each time of day, made once for each that occurs."""
    table = np.empty(_DAY, dtype=object)
    occurs = np.zeros(_DAY, dtype=np.bool_)
    occurs[seconds] = True
    for second in np.flatnonzero(occurs).tolist():
        table[second] = time(second // 3600, second // 60 % 60, second % 60).strftime(fmt)
    texts: list[str] = table[seconds].tolist()
    return texts


def _dates(fmt: str, days: Indices) -> list[str]:
    head, iso, tail = fmt.partition("%Y-%m-%d")
    if iso and "%" not in head + tail:
        texts: list[str] = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
        return texts if not head and not tail else [f"{head}{text}{tail}" for text in texts]
    first = _EPOCH.toordinal()
    return [date.fromordinal(first + day).strftime(fmt) for day in days.tolist()]


def _moment(wall: int, offset: int) -> datetime:
    naive = datetime(1970, 1, 1) + timedelta(seconds=wall)  # noqa: DTZ001 - the zone is attached below
    return naive.replace(tzinfo=timezone(timedelta(seconds=offset)))


@lru_cache(maxsize=128)
def _layout(fmt: str) -> tuple[str, ...] | None:
    """What stands at each place of a key of fixed width: a character or a directive; None for other formats."""
    places: list[str] = []
    end = 0
    for found in _DIRECTIVE.finditer(fmt):
        places.extend(fmt[end : found.start()])
        end = found.end()
        letter = found[0][1:]
        if letter not in _WIDTHS:
            return None
        places.extend([found[0]] * _WIDTHS[letter])
    return (*places, *fmt[end:]) if "%Y" in fmt else None


def _fields(key: str, layout: tuple[str, ...]) -> dict[str, int] | None:
    """The numbers of a key of fixed width, or None where it does not fit."""
    fields: dict[str, int] = {}
    for character, meaning in zip(key, layout, strict=True):
        if len(meaning) == 1:
            if character != meaning:
                return None
        elif character.isdecimal():
            fields[meaning[1]] = fields.get(meaning[1], 0) * 10 + int(character)
        else:
            return None
    return {**_BEGINNING, **fields}


def _walls(numbers: dict[str, npt.NDArray[np.int64]]) -> Indices:
    """Seconds as if UTC of calendar fields; a field that a format lacks counts from its beginning."""
    months = (numbers["Y"] - 1970) * 12 + np.maximum(numbers["m"], 1) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + np.maximum(numbers["d"], 1) - 1
    return np.asarray(days * _DAY + numbers["H"] * 3600 + numbers["M"] * 60 + numbers["S"], dtype=np.int64)


def _fields_of(walls: Indices) -> dict[str, Indices]:
    """Calendar fields of seconds as if UTC: the other way round."""
    days, seconds = np.divmod(walls, _DAY)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years, month = np.divmod(months.astype(np.int64), 12)
    minutes, second = np.divmod(seconds, 60)
    hour, minute = np.divmod(minutes, 60)
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)
    return {"Y": years + 1970, "m": month + 1, "d": day + 1, "H": hour, "M": minute, "S": second}
