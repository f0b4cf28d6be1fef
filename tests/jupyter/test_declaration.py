"""From a cell's body and the options of its heading to an asset."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager

from ipyassets.assets.decorator import asset
from ipyassets.assets.definition import AssetIn
from ipyassets.assets.keys import AssetKey
from ipyassets.jupyter.arguments import parse
from ipyassets.jupyter.cell import Body, Cell
from ipyassets.jupyter.declaration import Surroundings, asset_key, declare
from ipyassets.jupyter.options import ASSET
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.time_mapping import TimeWindowPartitionMapping

DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2013-01-04")


@asset(partitions_def=DAYS)
def flights():
    return 1


@asset(key=["raw", "planes"])
def planes():
    return 1


def declared(heading: str, body: str, **variables):
    known = {"flights": flights, "p": planes, "days": DAYS, **variables}
    assets = {name: held for name, held in known.items() if hasattr(held, "upstreams")}
    options = parse(ASSET, heading, "names")
    cell = Cell(f"<{heading} {body}>", (f"%%asset {heading}",), body)
    body_read = Body.read(cell, TransformerManager().transform_cell)
    return declare(body_read, asset_key(options.names), options, Surroundings(known, assets))


def edges(made) -> dict[str, str | None]:
    return {str(upstream.key): upstream.argument for upstream in made.upstreams}


def test_names_read_that_are_assets_are_inputs_under_the_name_of_their_variable():
    assert edges(declared("late", "flights + p")) == {"flights": "flights", "raw/planes": "p"}


@pytest.mark.parametrize("body", ["1", "flights = 2\nflights", "'flights'", "planes"])
def test_other_names_are_no_inputs(body):
    assert edges(declared("late", body)) == {}


@pytest.mark.parametrize("name", ["context", "partition_key"])
def test_what_is_at_hand_is_no_input(name):
    made = declared("late", f"{name}\n1", **{name: flights})
    assert (edges(made), made.takes_context) == ({}, True)


def test_a_body_that_needs_no_context_gets_none():
    assert not declared("late", "1").takes_context


def test_its_own_name_is_an_input_only_where_deps_say_so():
    late = declared("late", "1")
    assert edges(declared("late", "late", late=late)) == {}
    assert edges(declared("late --deps late", "late", late=late)) == {"late": "late"}


def test_deps_that_are_read_are_inputs_and_others_are_not_loaded():
    assert edges(declared("late --deps flights,raw/planes,soon", "soon + flights")) == {
        "flights": "flights",
        "soon": "soon",
        "raw/planes": None,
    }


@pytest.mark.parametrize(
    "deps", ["AssetDep(flights,partition_mapping=back)", "[AssetDep('flights', partition_mapping=back)]"]
)
@pytest.mark.parametrize(("body", "argument"), [("flights", "flights"), ("1", None)])
def test_a_dependency_may_have_a_mapping(deps, body, argument):
    back = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    [upstream] = declared(f"late --partitions days --deps {deps}", body, back=back).upstreams
    assert (upstream.partition_mapping, upstream.argument) == (back, argument)


def test_names_of_the_library_need_no_import():
    made = declared("late --partitions StaticPartitionsDefinition(['a', 'b'])", "1")
    assert made.partitions_def.get_partition_keys() == ["a", "b"]


def test_a_key_of_several_parts_names_the_function_by_its_last():
    made = declared("raw/late", "1")
    assert (made.key, made.compute.__name__) == (AssetKey(["raw", "late"]), "late")


def test_the_docstring_of_the_body_describes_the_asset():
    assert declared("late", '"""Late flights."""\n1').description == "Late flights."
    assert declared("late --description 'Other words'", '"""Late flights."""\n1').description == "Other words"


def test_a_cell_and_a_decorated_function_declare_the_same():
    @asset(key=["raw", "late"], partitions_def=DAYS, ins={"p": AssetIn(["raw", "planes"])}, group_name="g")
    def late(context, flights, p):
        return context, flights, p

    made = declared("raw/late --partitions days --group g", "context, flights, p")
    for name in ("key", "takes_context", "upstreams", "partitions_def", "group_name", "metadata", "code_version"):
        assert getattr(made, name) == getattr(late, name)


@pytest.mark.parametrize("heading", ["late --with io_manager=1", "late --with key='x'"])
def test_an_argument_that_the_decorator_lacks_or_the_heading_gives_is_refused(heading):
    with pytest.raises(UsageError, match="@asset takes no"):
        declared(heading, "1")
