from __future__ import annotations

import inspect
import pickle
from typing import ClassVar

import pytest

import ipyassets as ia
from ipyassets.errors import InvalidDefinitionError, InvalidInvocationError

DAYS = ia.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-06")
FIRST = ia.AssetKey(["air", "flights"])


class Texts(ia.ConfigurableIOManager):
    """As code that comes from Dagster declares its settings."""

    folder: str
    ending: str = ".txt"
    stored: ClassVar[dict[str, str]] = {}

    def handle_output(self, context, obj):
        self.stored[self.name(context)] = str(obj)

    def load_input(self, context):
        upstream = context.upstream_output
        assert upstream.asset_key == context.asset_key
        return self.stored[self.name(upstream)]

    def name(self, context):
        return "/".join([self.folder, *context.get_asset_identifier()]) + self.ending


def test_settings_of_an_io_manager_are_named_in_its_class():
    manager = Texts(folder="there")
    assert (manager.folder, manager.ending) == ("there", ".txt")
    with pytest.raises(TypeError, match="folder"):
        Texts()  # type: ignore[call-arg]
    assert pickle.loads(pickle.dumps(manager)).folder == "there"


def test_io_managers_with_settings_are_told_apart_by_what_they_are():
    assert len({Texts(folder="there"), Texts(folder="there")}) == 2


class Columns(Texts):
    """With defaults of its own for each, and an `__init__` that passes settings on."""

    columns: list[str] = ["a"]  # noqa: RUF012 - as code that comes from Dagster has it
    names: dict[str, str] = {}  # noqa: RUF012
    shared: ClassVar[list[str]] = []

    def __init__(self, **settings):
        super().__init__(**settings)
        self.count = len(self.columns)


class MoreColumns(Columns):
    sep: str = ","


def test_a_setting_that_can_be_changed_is_each_managers_own():
    one, other = Columns(folder="there"), Columns(folder="there", columns=["b", "c"])
    one.columns.append("d")
    assert (one.columns, other.columns, Columns(folder="there").columns) == (["a", "d"], ["b", "c"], ["a"])
    assert one.shared is other.shared


def test_an_init_of_its_own_passes_settings_on_and_holds_for_subclasses():
    more = MoreColumns(folder="there", sep=";", columns=["b", "c"])
    assert (more.sep, more.columns, more.count, more.names) == (";", ["b", "c"], 2, {})
    with pytest.raises(TypeError, match="unknown"):
        MoreColumns(folder="there", unknown=1)  # type: ignore[call-arg]


def test_settings_are_shown_where_a_manager_is_made():
    assert list(inspect.signature(Texts).parameters) == ["folder", "ending"]
    assert list(inspect.signature(MoreColumns).parameters) == ["settings"]


def test_methods_that_would_not_be_called_are_refused():
    with pytest.raises(InvalidDefinitionError, match="setup_for_execution would not be called"):

        class Connected(ia.ConfigurableIOManager):
            def setup_for_execution(self, context):
                raise NotImplementedError


def test_a_run_stores_and_loads_with_the_settings(tmp_path):
    flights = ia.asset(key=FIRST, partitions_def=DAYS, io_manager_def=Texts(folder="there"))(lambda: 1)

    @ia.asset(partitions_def=DAYS, ins={"flights": ia.AssetIn(FIRST)})
    def delays(flights):
        return flights + "!"

    instance = ia.Instance(tmp_path)
    ia.materialize([flights, delays], instance=instance, partition_key="2024-01-02")
    assert Texts.stored == {"there/air/flights/2024-01-02.txt": "1"}
    assert instance.store.load(delays, "2024-01-02") == "1!"
    instance.close()


class WithResources(ia.InMemoryIOManager):
    def handle_output(self, context, obj):
        super().handle_output(context, (obj, context.resources.database, context.name))

    def load_input(self, context):
        return super().load_input(context), context.resources.database


def test_an_io_manager_has_the_resources_of_the_run(tmp_path):
    first = ia.asset(name="first", io_manager_def=WithResources())(lambda: 1)

    @ia.asset
    def second(first):
        return first

    instance = ia.Instance(tmp_path)
    ia.materialize([first, second], instance=instance, resources={"database": "ours"})
    assert instance.store.load(second, None) == ((1, "ours", "result"), "ours")
    instance.close()


def test_an_io_manager_can_be_tried_with_contexts_made_by_hand(tmp_path):
    manager = ia.FilesystemIOManager(tmp_path, signer=ia.Signer(secret=b"mine"))
    output = ia.build_output_context(asset_key="flights", partition_key="2024-01-02", asset_partitions_def=DAYS)
    manager.handle_output(output, 842)
    assert manager.load_input(ia.build_input_context(upstream_output=output)) == 842
    assert output.asset_partitions_time_window.start.isoformat() == "2024-01-02T00:00:00+00:00"
    assert output.get_identifier() == ["flights", "2024-01-02"]
    assert output.has_asset_key


def test_a_range_made_by_hand_asks_for_a_dict():
    wanted = ia.PartitionKeyRange("2024-01-02", "2024-01-03")
    context = ia.build_input_context(
        asset_key=FIRST,
        asset_partition_key_range=wanted,
        asset_partitions_def=DAYS,
        resources={"database": "ours"},
        definition_metadata={"table": "x"},
    )
    assert context.asset_partition_keys == ["2024-01-02", "2024-01-03"]
    assert context.asset_partition_key_range == wanted
    assert (context.gives_one, context.resources.database) == (False, "ours")
    assert context.definition_metadata == {"table": "x"}
    with pytest.raises(InvalidInvocationError, match="needs asset_partitions_def"):
        ia.build_input_context(asset_partition_key_range=wanted)


def test_a_range_made_by_hand_may_be_for_an_output_too():
    wanted = ia.PartitionKeyRange("2024-01-02", "2024-01-03")
    context = ia.build_output_context(asset_key=FIRST, asset_partition_key_range=wanted, asset_partitions_def=DAYS)
    assert context.asset_partition_keys == ["2024-01-02", "2024-01-03"]
    assert not context.has_partition_key


def test_contexts_made_by_hand_have_what_they_are_given():
    output = ia.build_output_context(asset_key=FIRST, definition_metadata={"table": "x"}, output_metadata={"rows": 1})
    assert (output.step_key, output.output_metadata) == ("air__flights", {"rows": 1})
    assert ia.build_output_context(step_key="mine").step_key == "mine"
    context = ia.build_input_context(upstream_output=output, definition_metadata={"a": 1})
    assert context.upstream_output is output
    assert context.definition_metadata == {"a": 1}
    assert ia.build_input_context(upstream_output=output).definition_metadata == {}
    assert [each.has_input_name for each in (context, ia.build_input_context(name="flights"))] == [False, True]


def test_contexts_made_by_hand_need_nothing():
    assert ia.build_output_context().asset_key == ia.build_input_context().asset_key
    assert not ia.build_output_context().has_asset_partitions


class Least(ia.IOManager):
    """The two methods alone."""

    def handle_output(self, context, obj):
        raise NotImplementedError

    def load_input(self, context):
        raise NotImplementedError


def test_what_an_io_manager_need_not_say_has_a_default(tmp_path):
    manager = Least()
    assert manager.bound(tmp_path, ia.Signer(secret=b"mine")) is manager
    assert manager.present(FIRST, ["a", "b"]).tolist() == [True, True]
    assert (manager.kept_at, manager.key_id, manager.looking_at("there")) == ("", None, None)
    with pytest.raises(InvalidInvocationError, match="Least cannot delete values of air/flights: give it a method"):
        manager.delete(FIRST, ["a"])
