# ruff: noqa: E501 - a cell is on one line if it fits
"""Code versions that logs hold: `code_hashes.json` has that of every body here, and every version of Python finds it.

A number that changes makes every stored value of such a body stale. A body that is added comes with the number that
the oldest Python finds; those that are there never change.
"""

from __future__ import annotations

import json
import linecache
import textwrap
from pathlib import Path

import pytest

from ipyassets.assets.code_version import code_hash

HASHES: dict[str, str] = json.loads((Path(__file__).parent / "code_hashes.json").read_text())

# Cells that are run one after another; the version is that of the last thing called `body`.
BODIES = {
    "a value": "def body(): return 1",
    "an expression": "def body(flights): return flights[flights.delay > 5].groupby('origin').delay.mean()",
    "numbers": "def body(): return 0x10, 1_000, 1e3, .5, -2, 3j, 10**20, True, None, ..., 1.0, float('nan')",
    "texts": r"""def body(): return 'a', "b", u'c', r'\d', b'\x00', 'one ' 'two', 'ü\n', '''three
        lines'''""",
    "f-strings": r"""
        def body(a, b=3):
            return f"{a}", f"{a!r:>{b}}", f"{b=}", f"{a:%Y-%m}", f"{{}}", f"x{a}" "y" f"{b}z", rf"\d{a}", f"{a:}", f'{a["k"]}'
    """,
    "comprehensions": """
        def body(rows):
            return [x for x in rows if x], {x: y for x, y in rows}, {x for x in rows}, (q for p in rows for q in p)
    """,
    "lambdas": "def body(rows): return sorted(rows, key=lambda row, *, w=1: (row[0], w)), (lambda: 0)()",
    "slices": "def body(a): return a[1:], a[:2], a[::2], a[..., None], a[*a], a[1, 2:3]",
    "arguments": "def body(context, a, /, b: int = 2, *args, c=None, d: 'str' = 'x', **kwargs) -> dict[str, int]: return a",
    "calls": "def body(a, b): return a(*b, 1, *b, k=2, **b, **{'z': 3})",
    "operators": """
        def body(a, b):
            a += 1; a @= b; a //= 2; a **= b
            return not a, ~b, a if b else -a, a < b <= 3 != a, a and b or a, a is not None, b not in a, a ^ b | a & b << 2
    """,
    "matching": """
        def body(a):
            match a:
                case [1, *rest] | (2, rest): return rest
                case {"x": None, **more} if more: return more
                case str(x) | complex(real=x): return x
                case -1 | "text" | None | True: return a
                case _: return ...
    """,
    "exceptions": """
        def body(a):
            try:
                with open("f") as f, open("g"): return f
            except (ValueError, KeyError) as error: raise RuntimeError from error
            except OSError: pass
            else: del a["k"]
            finally: a.close()
    """,
    "exception groups": """
        def body(a):
            try: a()
            except* ValueError as group: print(group)
    """,
    "loops": """
        def body(rows):
            for i, (a, *b) in enumerate(rows):
                if (n := len(b)) > 1: continue
                while n: n -= 1
                else: break
            else: return None
            assert i, "never"
            return a
    """,
    "async": """
        async def body(rows):
            async with rows as r:
                async for x in r: yield await x, [y async for y in x]
    """,
    "annotations inside": """
        LIMIT = 3
        def body():
            x: int = 1
            def inner(a: 'Frame', b: LIMIT = 2) -> list[int]:
                y: LIMIT
                return a + b
            class Local:
                z: LIMIT = 4
            return inner, Local
    """,
    "imports inside": "def body():\n    import os.path as p, json\n    from math import (sin as s, cos)\n    return p, json, s, cos",
    "a docstring": 'def body():\n    """Says what it does."""\n    return 2',
    "a helper": "LIMIT = {'late': [15, 60.0]}\ndef late(rows): return rows > LIMIT['late'][0]\ndef body(rows): return late(rows)",
    "two that call each other": "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n and even(n - 1)\nbody = even",
    "a closure": "def maker(limit, by={'a': 1}):\n    def inner(rows): return rows > limit, by\n    return inner\nbody = maker(3)",
    "a default": "LIMIT = (1, 2)\ndef body(limit=LIMIT, *, key=frozenset({'a'})): return limit, key",
    "a partial": "from functools import partial\ndef scaled(x, by): return x * by\nbody = partial(scaled, by=2)",
    "a decorator": "def twice(f):\n    def inner(): return f() * 2\n    return inner\n@twice\ndef body(): return 1",
    "an imported decorator": "from functools import cache\n@cache\ndef body(): return 1",
    "lambdas on one line": "pair = [lambda x: x + 1, lambda x: (lambda y: -y)(x)]\nbody = pair[1]",
    "a class": """
        class Base:
            limit = 5
        class Rule(Base):
            names: list[str] = ['a']
            def __init__(self, x): self.x = x
            def late(self): return self.x > self.limit
            @property
            def half(self): return self.x / 2
            @staticmethod
            def zero(): return 0
            @classmethod
            def one(cls): return cls(1)
        def body(): return Rule(3).late()
    """,
    "a dataclass": """
        from dataclasses import dataclass, field
        @dataclass(frozen=True, slots=True)
        class Rule:
            limit: int
            names: tuple = ('a',)
            more: list = field(default_factory=list)
            def late(self): return self.limit
        RULE = Rule(3)
        def body(): return RULE, Rule
    """,
    "a plain dataclass": """
        from dataclasses import dataclass
        @dataclass(order=True)
        class Rule:
            limit: int = 3
            def __repr__(self): return 'mine'
        def body(): return Rule()
    """,
    "a named tuple": """
        from typing import NamedTuple
        from collections import namedtuple
        class Point(NamedTuple):
            x: int
            y: int = 0
            def size(self): return self.x + self.y
        Pair = namedtuple('Pair', 'a b')
        HERE = Point(1)
        def body(): return HERE, Pair(1, 2)
    """,
    "typed classes": """
        from typing import Generic, Protocol, TypedDict, TypeVar, runtime_checkable
        T = TypeVar('T')
        class Row(TypedDict, total=False):
            x: int
        @runtime_checkable
        class Sized(Protocol):
            def size(self) -> int: ...
        class Box(Generic[T]):
            def __init__(self, x: T) -> None: self.x = x
        def body(): return Row(x=1), Sized, Box[int](2)
    """,
    "an abstract class": """
        from abc import ABC, abstractmethod
        class Shape(ABC):
            @abstractmethod
            def area(self): ...
        class Square(Shape):
            __slots__ = ('side',)
            def area(self): return self.side ** 2
        def body(): return Square().area()
    """,
    "an exception": "class Oops(ValueError):\n    code = 3\n    def __str__(self): return 'oops'\ndef body(): raise Oops",
    "methods of all kinds": """
        from contextlib import contextmanager
        from functools import cached_property, lru_cache, wraps
        def logged(f):
            @wraps(f)
            def inner(*a): return f(*a)
            return inner
        class Tool:
            @contextmanager
            def held(self): yield self
            @cached_property
            def once(self): return 1
            @lru_cache
            def kept(self): return 2
            @logged
            def said(self): return 3
            async def later(self): return 4
            def __call__(self): return super().__repr__()
        def body(): return Tool()()
    """,
    "an enumeration": """
        from enum import Enum, IntFlag
        class Kind(Enum):
            A = 1
            B = 'b'
        class Bits(IntFlag):
            X = 1
            Y = 2
        def body(): return Kind.A, Bits.X | Bits.Y, B
        B = Kind.B
    """,
    "an object": "class Point:\n    def __init__(self): self.x = [1]\nPOINT = Point()\ndef body(): return POINT.x",
    "a method": "class Point:\n    y = 2\n    def at(self): return self.y\nbody = Point().at",
    "constants": """
        TEXT, BYTES, NUMBER, FLOAT, COMPLEX, NOTHING, DOTS = 'ü', b'x', 10**30, 0.1, 1j, None, ...
        LIST, TUPLE, DICT, SET, RANGE, SLICE = [1, [2]], (1, ()), {'b': 1, 'a': {2: 3}}, {'b', 'a'}, range(3), slice(1, None)
        def body(): return TEXT, BYTES, NUMBER, FLOAT, COMPLEX, NOTHING, DOTS, LIST, TUPLE, DICT, SET, RANGE, SLICE
    """,
    "dates": """
        import datetime as dt
        from zoneinfo import ZoneInfo
        DAY, MOMENT, SPAN = dt.date(2013, 1, 2), dt.datetime(2013, 1, 2, 3, tzinfo=dt.timezone.utc), dt.timedelta(hours=1)
        CLOCK, ZONE = dt.time(6, 30), ZoneInfo('Europe/Paris')
        def body(): return DAY, MOMENT, SPAN, CLOCK, ZONE, dt.datetime.now()
    """,
    "exact numbers": """
        from decimal import Decimal, localcontext
        from fractions import Fraction
        PRICE, SHARE = Decimal('1.10'), Fraction(1, 3)
        def body(): return PRICE, SHARE, localcontext
    """,
    "paths": "from pathlib import Path, PurePosixPath\nHERE = Path('data') / 'x'\ndef body(): return HERE, Path('y'), PurePosixPath",
    "patterns": "import re\nfrom re import error\nWORD = re.compile(r'\\w+', re.I | re.M)\ndef body(): return WORD, re.sub, error",
    "identifiers": "from uuid import UUID\nME = UUID('12345678123456781234567812345678')\ndef body(): return ME",
    "NumPy": """
        import numpy as np
        ONE, MANY, KIND = np.float64(1.5), np.arange(6).reshape(2, 3), np.dtype('datetime64[D]')
        def body(): return ONE, MANY, KIND, np
    """,
    "imported functions": """
        import json, math, os.path, statistics, collections, itertools, functools, random, copy, io
        from json import dumps
        from math import sin
        from os.path import join
        from statistics import mean
        from collections import Counter, defaultdict, namedtuple
        from itertools import chain
        from functools import reduce
        from random import choice
        from copy import deepcopy
        from io import BytesIO, open
        def body(): return json, math, os, dumps, sin, join, mean, Counter, defaultdict, chain, reduce, choice, deepcopy, (
            namedtuple, statistics, collections, itertools, functools, random, copy, io, BytesIO, open)
    """,
    "a logger": "import logging\nLOG = logging.getLogger('mine')\ndef body(): LOG.info('here')",
    "an object with slots": """
        class Rule:
            __slots__ = ('limit', '__hidden')
            def __init__(self): self.limit, self.__hidden = 3, [4]
        RULE = Rule()
        def body(): return RULE.limit
    """,
    "classes without methods": """
        from dataclasses import dataclass, field
        from typing import NamedTuple
        LIMIT = 3
        class Plain:
            _limit = LIMIT
            __own = 4
        class Point(NamedTuple):
            x: int = LIMIT
        @dataclass(frozen=True)
        class Rule:
            names: list = field(default_factory=lambda: ['a'], compare=False)
        def body(): return Plain._limit, Point(), Rule()
    """,
    "a metaclass": """
        class Meta(type):
            def __call__(cls): return 1
        class Rule(metaclass=Meta): pass
        def body(): return Rule()
    """,
    "enumerations of all kinds": """
        from enum import Flag, IntEnum, StrEnum, auto
        class Kind(StrEnum):
            A = auto()
            def late(self): return 1
        class Number(IntEnum):
            ONE = 1
        class Right(Flag):
            READ = auto()
            WRITE = auto()
        def body(): return Kind.A.late(), Number.ONE, Right.READ | Right.WRITE
    """,
    "a decorator that is a class": """
        from functools import update_wrapper
        class twice:
            def __init__(self, f): update_wrapper(self, f); self.f = f
            def __call__(self): return self.f() * 2
        @twice
        def one(): return 1
        def body(): return one()
    """,
    "functions for types": """
        from functools import singledispatch
        @singledispatch
        def late(x): return 0
        @late.register
        def _(x: int): return 1
        def body(): return late(1)
    """,
    "namespaces": """
        from types import SimpleNamespace
        from argparse import Namespace
        C, ARGS = SimpleNamespace(limit=1, more=SimpleNamespace(x=2)), Namespace(verbose=True)
        def body(): return C.limit, ARGS.verbose
    """,
    "containers of all kinds": """
        from collections import Counter, OrderedDict, defaultdict, deque
        A, B, C, D = Counter('aab'), OrderedDict(a=1), defaultdict(list, a=[1]), deque([1, 2], maxlen=3)
        E, F = {'a', 1, None}, frozenset({('a', 1)})
        def body(): return A, B, C, D, E, F
    """,
    "methods of objects": """
        import random
        TABLE = {'a': 1}
        look, join, choice = TABLE.get, ', '.join, random.choice
        def body(): return look('a'), join('ab'), choice([1])
    """,
    "aliases of types": """
        from typing import Annotated, Literal
        A, B, C = list[dict[str, int]], Annotated[int, 'unit'], Literal['a', 1]
        def body(): return A, B, C
    """,
    "a long pattern": "import re\nP = re.compile('a' * 250 + 'b', re.X)\ndef body(): return P",
    "what is counted outside": """
        def make():
            total = 0
            def inner():
                nonlocal total
                total += 1
                return total
            return inner
        count, seen = make(), 0
        def body():
            global seen
            seen += 1
            return count(), seen
    """,
    "a default that it fills": "def body(x, _memo={}, *, seen=[]):\n    _memo[x] = 1\n    seen.append(x)\n    return _memo",
    "a global that it changes": "SEEN = []\ndef body(): SEEN.append(1); return SEEN",
}


def version(cells: str, name: str) -> str:
    text, filename = textwrap.dedent(cells), f"<body of {name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(text, filename, "exec"), names)
    body = names["body"]
    assert callable(body)
    return code_hash(body).version


@pytest.mark.parametrize("name", BODIES)
def test_the_version_of_a_body_is_the_one_that_logs_hold_for_it(name):
    assert version(BODIES[name], name) == HASHES[name]


def test_every_version_that_logs_hold_is_of_a_body_here():
    assert HASHES.keys() == BODIES.keys()
    assert len(set(HASHES.values())) == len(HASHES)
