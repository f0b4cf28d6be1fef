"""`%%asset`: from a cell's body and the options in its heading to an asset."""

from __future__ import annotations

import argparse
import inspect
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import cast

from IPython.core.error import UsageError

import ipyassets
from ipyassets.assets.decorator import asset
from ipyassets.assets.definition import AssetDep, AssetIn, AssetsDefinition
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.source import names_read
from ipyassets.errors import nearest
from ipyassets.jupyter.arguments import evaluate
from ipyassets.jupyter.cell import Body
from ipyassets.partitions.definitions import PartitionsDefinition

Declare = Callable[..., Callable[[FunctionType], AssetsDefinition]]

_KEYWORDS = frozenset(inspect.signature(asset).parameters) - {"compute_fn", "name", "key", "key_prefix", "ins", "deps"}
_AT_HAND = ("context", "partition_key")
_KEY = re.compile(r"[\w.-]+(/[\w.-]+)*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a declaration can refer to: the user's variables, and those among them that are assets."""

    variables: dict[str, object]
    assets: Mapping[str, AssetsDefinition]

    def value(self, option: str, text: str) -> object:
        """The value of an expression; the library's own names need no import."""
        offered = {name: getattr(ipyassets, name) for name in ipyassets.__all__}
        return evaluate(option, text, {**offered, **self.variables})


def asset_key(names: list[str]) -> AssetKey:
    """The key that a heading gives; raises UsageError unless it is one name, and can be that of a variable."""
    if len(names) != 1:
        given = f"not {len(names)}: {', '.join(names)} (no spaces in lists)" if names else "as in %%asset flights"
        raise UsageError(f"%%asset takes one name, {given}")
    key = AssetKey.from_user_string(names[0].rstrip(","))
    name = key.path[-1]
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(f"{name!r} cannot be the name of a variable: use letters, digits and underscores")
    if name in _AT_HAND:
        raise UsageError(f"{name!r} is at hand in every body: give the asset another name")
    return key


def declare(
    body: Body, key: AssetKey, options: argparse.Namespace, around: Surroundings, *, flags: int = 0
) -> AssetsDefinition:
    """The asset that a cell declares. Names in its body that are assets, or are named by `--deps`, become inputs.

    Raises UsageError for an option that means nothing, InvalidBodyError and InvalidDefinitionError as `@asset` does.
    """
    partitions = None if options.partitions is None else _partitions(options.partitions, around)
    deps = {_argument(dep, around): dep for dep in _deps(options.deps or "", around)}
    reads = body.reads
    inputs = {name: given for name in reads if (given := _input(name, key, deps, around)) is not None}
    wants_context = any(name in reads for name in _AT_HAND)
    function = body.function(key.path[-1], ["context"] * wants_context + list(inputs), around.variables, flags=flags)
    keywords = {
        "key": key,
        "ins": inputs,
        "deps": [dep for name, dep in deps.items() if name not in inputs],
        "partitions_def": partitions,
        "description": options.description,
        "code_version": options.code_version,
        "group_name": options.group,
        "metadata": _mapping("--metadata", options.metadata, around),
        **_keywords(options.keywords, around),
    }
    return cast("Declare", asset)(**keywords)(function)


def reads_variable(asset: AssetsDefinition, name: str) -> bool:
    """Whether the body of an asset reads a variable of the notebook, rather than an input of that name."""
    code = getattr(inspect.unwrap(asset.compute), "__code__", None)
    return code is not None and name in names_read(code)


def _input(name: str, key: AssetKey, deps: Mapping[str, AssetDep], around: Surroundings) -> AssetIn | None:
    """What a name in the body stands for, where that is an asset; its own asset only where `--deps` says so."""
    if name in _AT_HAND:
        return None
    if name in deps:
        return AssetIn(deps[name].asset_key, deps[name].metadata, partition_mapping=deps[name].partition_mapping)
    found = around.assets.get(name)
    return None if found is None or found.key == key else AssetIn(found.key)


def _partitions(text: str, around: Surroundings) -> PartitionsDefinition:
    value = around.value("--partitions", text)
    if not isinstance(value, PartitionsDefinition):
        known = [name for name, held in around.variables.items() if isinstance(held, PartitionsDefinition)]
        hint = nearest(text, known) or (f"; there is {', '.join(known)}" if known else "")
        raise UsageError(f"--partitions {text}: this is a {type(value).__name__}, not a partitions definition{hint}")
    return value


def _deps(text: str, around: Surroundings) -> Iterator[AssetDep]:
    """The upstream assets that `--deps` names: variables, keys, or expressions, separated by commas."""
    for item in _items(text):
        if item in around.assets:
            yield AssetDep(around.assets[item])
        elif _KEY.fullmatch(item) and item not in around.variables:
            yield AssetDep(item)  # an asset that another cell may still define
        else:
            value = around.value("--deps", item)
            for each in value if isinstance(value, list | tuple) else [value]:
                yield each if isinstance(each, AssetDep) else AssetDep(AssetKey.from_coercible(each))


def _items(text: str) -> Iterator[str]:
    """What commas separate outside brackets."""
    item, depth = "", 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield item.strip()
            item = ""
        else:
            item += character
    if item.strip():
        yield item.strip()


def _argument(dep: AssetDep, around: Surroundings) -> str:
    """The name by which a body can read an upstream asset: that of its variable, else the last part of its key."""
    names = (name for name, held in around.assets.items() if held.key == dep.asset_key)
    return next(names, dep.asset_key.path[-1])


def _mapping(option: str, text: str | None, around: Surroundings) -> Mapping[str, object] | None:
    if text is None:
        return None
    value = around.value(option, text)
    if not isinstance(value, Mapping):
        raise UsageError(f"{option} {text}: this is a {type(value).__name__}, not a dict such as {{'unit': 'min'}}")
    return value


def _keywords(given: list[str], around: Surroundings) -> dict[str, object]:
    """Further arguments of `@asset`, each as NAME=EXPR."""
    found = {}
    for text in given:
        name, equals, expression = text.partition("=")
        if not equals:
            raise UsageError(f"--with {text}: write NAME=EXPR, as in --with retry_policy=RetryPolicy(max_retries=3)")
        if name not in _KEYWORDS:
            raise UsageError(f"--with {text}: @asset takes no {name!r}{nearest(name, _KEYWORDS)}")
        found[name] = around.value("--with", expression)
    return found
