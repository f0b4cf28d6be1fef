"""The page that `?` and `%pdoc` show of a public name: it says what the thing is, by an example that runs."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
from datetime import datetime

import pytest

import ipyassets
from ipyassets import Instance, PartitionMapping, PartitionsDefinition, partition_loading_context, use_instance
from ipyassets.partitions.mapping import Mapped
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

NAMES = sorted(set(ipyassets.__all__) - {"DagsterInstance"})
PAGES = {name: inspect.getdoc(getattr(ipyassets, name)) or "" for name in NAMES}
KINDS = [
    name
    for name in NAMES
    if isinstance(kind := getattr(ipyassets, name), type) and issubclass(kind, PartitionsDefinition | PartitionMapping)
]
WITH_EXAMPLES = [name for name in NAMES if ">>>" in PAGES[name]]


def public_members(kind: type) -> list[str]:
    """The methods and properties that a class adds, as one would call them."""
    return [
        name
        for name, member in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    ]


@pytest.mark.parametrize("name", NAMES)
def test_it_begins_with_one_sentence_on_one_line(name):
    first, *rest = PAGES[name].splitlines()
    assert first.endswith((".", ":"))
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("name", NAMES)
def test_it_is_written_and_not_made_of_the_signature(name):
    assert not PAGES[name].startswith(f"{name}(")


@pytest.mark.parametrize("name", KINDS)
def test_every_definition_and_mapping_has_an_example(name):
    assert name in WITH_EXAMPLES


@pytest.mark.parametrize("name", KINDS)
def test_of_several_arguments_each_is_told_there_or_on_the_page_of_the_parent(name):
    kind = getattr(ipyassets, name)
    arguments = set(inspect.signature(kind).parameters)
    told = PAGES[name] + (inspect.getdoc(kind.__mro__[1]) or "")
    assert len(arguments) == 1 or not [argument for argument in arguments if argument not in told]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_its_example_runs(name):
    words = {each: getattr(ipyassets, each) for each in ipyassets.__all__}
    words |= {"Mapped": Mapped, "SequenceSpace": SequenceSpace, "Spans": Spans}
    words |= {"dataclass": dataclasses.dataclass, "datetime": datetime, "__name__": name}
    example = doctest.DocTestParser().get_doctest(PAGES[name], words, name, None, 0)
    told: list[str] = []
    instance = Instance.ephemeral()
    with use_instance(instance), partition_loading_context(dynamic_partitions_store=instance):
        outcome = doctest.DocTestRunner().run(example, out=told.append)
    instance.close()
    assert not outcome.failed, "".join(told)
    assert outcome.attempted


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(getattr(ipyassets, name), type)])
def test_every_method_of_a_public_class_says_what_it_does(name):
    kind = getattr(ipyassets, name)
    assert not [member for member in public_members(kind) if not inspect.getdoc(getattr(kind, member))]
