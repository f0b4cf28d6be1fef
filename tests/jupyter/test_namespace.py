"""The user's variables as the registry of assets."""

from __future__ import annotations

import pytest

from ipyassets.assets.decorator import asset
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidDefinitionError, UnknownAssetError
from ipyassets.instance import Definitions
from ipyassets.jupyter.namespace import Namespace
from ipyassets.storage.memory_io import InMemoryIOManager


def flights_asset():
    @asset
    def flights():
        return 1

    return flights


def delays_asset():
    @asset
    def delays(flights):
        return flights

    return delays


def test_what_is_bound_is_known_and_what_is_deleted_is_forgotten():
    variables: dict[str, object] = {"x": 1, "flights": flights_asset()}
    namespace = Namespace(variables)
    assert AssetKey("flights") in namespace.graph()
    del variables["flights"]
    assert AssetKey("flights") not in namespace.graph()


def test_a_variable_bound_anew_holds_the_new_asset():
    variables: dict[str, object] = {"flights": flights_asset()}
    namespace = Namespace(variables)
    namespace.graph()
    variables["flights"] = newer = flights_asset()
    assert namespace.graph()[AssetKey("flights")] is newer


def test_an_alias_is_the_same_asset():
    flights = flights_asset()
    assert len(Namespace({"flights": flights, "f": flights}).graph()) == 1


@pytest.mark.parametrize("name", ["_", "__", "___", "_5", "_12"])
def test_what_a_cell_has_shown_is_not_a_second_asset(name):
    assert len(Namespace({name: flights_asset(), "flights": flights_asset()}).graph()) == 1


def test_a_name_that_begins_with_an_underscore_is_a_variable_like_others():
    assert len(Namespace({"_flights": flights_asset()}).graph()) == 1


@pytest.mark.parametrize("names", [("flights", "old"), ("old", "flights")])
def test_two_assets_of_one_key_are_an_error_that_names_both_variables(names):
    namespace = Namespace({name: flights_asset() for name in names})
    with pytest.raises(InvalidDefinitionError, match=f"'{names[0]}' and '{names[1]}' hold .* `del old`"):
        namespace.graph()


def test_an_alias_of_what_the_assets_own_variable_held_before_does_not_count():
    variables: dict[str, object] = {"flights": flights_asset()}
    namespace = Namespace(variables)
    namespace.graph()
    variables["f"] = variables["flights"]
    namespace.graph_with("flights", newer := flights_asset())
    variables["flights"] = newer
    assert namespace.graph()[AssetKey("flights")] is newer


def test_the_assets_of_definitions_are_known():
    namespace = Namespace({"defs": Definitions(assets=[flights_asset()])})
    assert namespace.find("flights") is namespace.graph()[AssetKey("flights")]
    assert namespace.has("flights")
    assert namespace.name_of(AssetKey("flights")) is None


@pytest.mark.parametrize("swap", [False, True])
def test_an_asset_with_the_io_manager_of_its_definitions_is_the_same_asset(swap):
    flights, manager = flights_asset(), InMemoryIOManager()
    variables = {"flights": flights, "defs": Definitions(assets=[flights], resources={"io_manager": manager})}
    names = reversed(variables) if swap else variables
    graph = Namespace({name: variables[name] for name in names}).graph()
    assert graph[AssetKey("flights")].io_manager is manager


def test_definitions_that_hold_another_asset_of_the_same_key_are_an_error():
    namespace = Namespace({"flights": flights_asset(), "defs": Definitions(assets=[flights_asset()])})
    with pytest.raises(InvalidDefinitionError, match="'flights' and 'defs' hold two different assets"):
        namespace.graph()


def test_the_graph_is_not_worked_out_again_while_nothing_has_changed():
    variables: dict[str, object] = {"flights": flights_asset()}
    namespace = Namespace(variables)
    before = namespace.graph()
    variables["x"] = 1
    assert namespace.graph() is before


def test_a_graph_can_be_tried_before_the_variable_is_bound():
    @asset
    def flights(delays):
        return delays

    namespace = Namespace({"delays": delays_asset()})
    with pytest.raises(InvalidDefinitionError, match="circle"):
        namespace.graph_with("flights", flights)
    assert len(namespace.graph()) == 1


def test_an_asset_is_found_by_its_variable_and_by_its_key():
    flights = asset(key=AssetKey(["raw", "flights"]))(lambda: 1)
    namespace = Namespace({"f": flights})
    assert namespace.find("f") is namespace.find("raw/flights") is flights
    assert namespace.name_of(flights.key) == "f"


def test_a_name_that_nothing_has_is_an_error_that_names_the_nearest():
    with pytest.raises(UnknownAssetError, match="'flihgts' is not an asset here; did you mean 'flights'"):
        Namespace({"flights": flights_asset()}).find("flihgts")


def test_a_variable_that_holds_something_else_is_an_error_that_says_what():
    with pytest.raises(UnknownAssetError, match="'flights' is no asset but a list"):
        Namespace({"flights": []}).find("flights")
