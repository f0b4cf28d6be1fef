from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import threading

import pytest

from ipyassets import (
    DagsterInstance,
    Definitions,
    DynamicPartitionsDefinition,
    FilesystemIOManager,
    InMemoryIOManager,
    Instance,
    Signer,
    StaticPartitionsDefinition,
    asset,
    current_instance,
    materialize,
    use_instance,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.engine.run import Run
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    UnknownAssetError,
)
from ipyassets.events import State
from ipyassets.instance.current import set_default_instance
from ipyassets.partitions.spans import Spans


@asset
def one():
    return 1


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IPYASSETS_HOME", raising=False)
    before = set_default_instance(None)
    yield tmp_path
    set_default_instance(before)


def test_the_root_is_the_one_given_else_of_the_environment_else_here(here, monkeypatch):
    assert Instance().root == here / ".ipyassets"
    monkeypatch.setenv("IPYASSETS_HOME", str(here / "home"))
    assert Instance().root == here / "home"
    assert Instance(here / "given").root == here / "given"


def test_an_instance_that_is_not_used_leaves_nothing_behind(here):
    Instance().close()
    assert list(here.iterdir()) == []


def test_an_instance_in_memory_leaves_nothing_behind(here):
    instance = Instance.ephemeral()
    materialize([one], instance=instance)
    instance.add_dynamic_partitions("images", ["a"])
    instance.close()
    assert list(here.iterdir()) == []


def test_deleting_the_root_begins_anew_in_a_kernel_that_goes_on(tmp_path):
    root = tmp_path / "root"
    instance, graph = Instance(root), AssetGraph.of([one])
    heard: queue.SimpleQueue[frozenset[AssetKey]] = queue.SimpleQueue()
    materialize([one], instance=instance)
    instance.subscribe(heard.put)
    shutil.rmtree(root)
    assert heard.get(timeout=30) == frozenset()  # whatever is shown is looked at again
    assert instance.facts(graph).counts(one.key) == {State.MISSING: 1}
    assert not root.exists()
    materialize([one], instance=instance)
    for seen in (instance, Instance(root)):
        assert seen.facts(graph).counts(one.key) == {State.FRESH: 1}
        seen.close()


def test_a_run_whose_root_is_deleted_records_what_it_makes_from_then_on(tmp_path):
    @asset
    def first():
        return 1

    @asset
    def second(context, first):
        shutil.rmtree(tmp_path / "root")
        return first + 1

    instance, graph = Instance(tmp_path / "root"), AssetGraph.of([first, second])
    assert materialize([first, second], instance=instance).success
    assert instance.facts(graph).counts(first.key) == {State.MISSING: 1}
    assert instance.store.load(second, None) == 2
    instance.close()


def test_an_unknown_durability_is_refused():
    with pytest.raises(InvalidArgumentError, match="durability='slow'"):
        Instance(durability="slow")  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("executor", [None, "processes"])
def test_those_who_share_a_root_share_a_key_also_in_other_processes(here, executor, monkeypatch):
    shared = Signer(key_file="team")
    mine = Instance(here / "root", signer=shared)
    materialize([one], instance=mine, executor=executor, max_workers=1 if executor else None)
    monkeypatch.setenv("IPYASSETS_KEY", "somebody else's")
    theirs, strangers = Instance(here / "root", signer=shared), Instance(here / "root")
    assert theirs.store.load(one, None) == 1
    with pytest.raises(DamagedPartitionError, match="not signed by you"):
        strangers.store.load(one, None)
    for instance in (mine, theirs, strangers):
        instance.close()


def test_the_innermost_instance_in_use_is_meant(here):
    first, second = Instance(here / "first"), Instance(here / "second")
    with use_instance(first):
        with use_instance(second):
            assert current_instance() is second
        assert current_instance() is first
    assert current_instance().root == here / ".ipyassets"
    assert current_instance() is current_instance()


def test_states_survive_a_restart(tmp_path):
    instance = Instance(tmp_path)
    materialize([one], instance=instance)
    instance.close()
    again = Instance(tmp_path)
    assert again.facts(AssetGraph.of([one])).counts(one.key) == {State.FRESH: 1}
    assert again.store.load(one, None) == 1
    again.close()


def test_dynamic_partitions_have_dagster_s_methods(tmp_path):
    instance = DagsterInstance(tmp_path)
    instance.add_dynamic_partitions("images", ["a", "b", "a"])
    instance.add_dynamic_partitions("images", ["c", "a"])
    instance.delete_dynamic_partition("images", "b")
    instance.delete_dynamic_partition("images", "never")
    assert list(instance.get_dynamic_partitions("images")) == ["a", "c"]
    assert instance.has_dynamic_partition("images", "c")
    assert not instance.has_dynamic_partition("images", "b")
    instance.close()


def test_a_dynamic_key_that_goes_and_comes_again_finds_its_value(tmp_path):
    instance = Instance(tmp_path)
    instance.add_dynamic_partitions("images", ["a"])
    image = asset(name="image", partitions_def=DynamicPartitionsDefinition(name="images"))(lambda: 1)
    materialize([image], partition_key="a", instance=instance)
    graph = AssetGraph.of([image])
    instance.delete_dynamic_partition("images", "a")
    assert instance.facts(graph).counts(image.key) == {}
    instance.add_dynamic_partitions("images", ["b", "a"])
    assert instance.facts(graph).counts(image.key) == {State.FRESH: 1, State.MISSING: 1}
    instance.close()


OTHER = """
import sys
from ipyassets import Instance, asset, materialize
materialize([asset(name="one")(lambda: 1)], instance=Instance(sys.argv[1]))
"""


def test_subscribers_hear_of_what_another_process_records(tmp_path):
    instance = Instance(tmp_path)
    heard = threading.Event()
    instance.subscribe(lambda keys: heard.set() if AssetKey("one") in keys else None)
    subprocess.run([sys.executable, "-c", OTHER, str(tmp_path)], check=True)
    assert heard.wait(20)
    mine = asset(name="one", code_version="another")(lambda: 1)
    assert instance.facts(AssetGraph.of([mine])).counts(mine.key) == {State.STALE: 1}
    instance.close()


def test_definitions_load_what_was_materialized(tmp_path):
    instance = Instance(tmp_path)
    definitions = Definitions(assets=[one])
    materialize(definitions.assets, instance=instance)
    assert definitions.load_asset_value("one", instance=instance) == 1
    assert definitions.load_asset_value(one, instance=instance) == 1
    with pytest.raises(UnknownAssetError):
        definitions.load_asset_value("two", instance=instance)
    instance.close()


def chain(version):
    return (
        asset(name="source", code_version=version)(lambda: 1),
        asset(name="reader", code_version="1")(lambda source: source),
    )


def test_what_definitions_hold_is_judged_among_them_in_a_new_process(tmp_path):
    instance = Instance(tmp_path)
    materialize(chain("1"), instance=instance)
    instance.close()
    later = Instance(tmp_path)
    source, reader = chain("2")
    with use_instance(later):
        told = ("fresh", "source is not defined here: edits of it are not seen")
        assert tuple(reader.status().iloc[0][["state", "reason"]]) == told
        definitions = Definitions(assets=[source, reader], resources={"io_manager": FilesystemIOManager()})
        assert tuple(reader.status().iloc[0][["state", "reason"]]) == ("stale", "source is stale")
        del definitions
        assert tuple(reader.status().iloc[0][["state", "reason"]]) == told
    later.close()


def test_of_several_definitions_that_hold_an_asset_the_newest_counts(tmp_path):
    instance = Instance(tmp_path)
    source, reader = chain("1")
    materialize([source, reader], instance=instance)
    with use_instance(instance):
        first, second = Definitions(assets=[source, reader]), Definitions(assets=[chain("2")[0], reader])
        assert list(reader.status()["state"]) == ["stale"]
        assert len({first.graph, second.graph}) == 2
    instance.close()


def test_the_io_manager_of_definitions_is_that_of_assets_without_their_own(tmp_path):
    manager = FilesystemIOManager(base_dir=tmp_path / "values")
    other = InMemoryIOManager()
    kept = asset(name="kept", io_manager_def=other)(lambda: 2)
    definitions = Definitions(assets=[one, kept], resources={"io_manager": manager})
    assert [each.io_manager for each in definitions.assets] == [manager, other]


@pytest.mark.parametrize("name", ["io_manager", "warehouse"])
def test_the_io_manager_among_the_resources_of_an_asset_is_its_own(tmp_path, name):
    manager, other = FilesystemIOManager(tmp_path / "values"), InMemoryIOManager()
    kept = asset(name="kept", io_manager_key=name, resource_defs={name: manager})(lambda: 2)
    definitions = Definitions(assets=[kept], resources={name: other})
    instance = Instance(tmp_path / "root")
    assert materialize([kept], instance=instance, resources={name: other}).success
    assert (tmp_path / "values" / "kept").is_file()
    assert definitions.load_asset_value("kept", instance=instance) == 2
    instance.close()


def test_another_thing_in_its_place_is_refused_at_once():
    with pytest.raises(InvalidDefinitionError, match=r"resource_defs\['io_manager'\] is 'disk': give a IOManager"):
        asset(resource_defs={"io_manager": "disk"})(lambda: 2)


def test_a_resource_that_is_lacking_is_told_before_anything_runs(tmp_path):
    instance = Instance(tmp_path)
    lost = asset(name="lost", io_manager_key="warehouse")(lambda: 1)
    with pytest.raises(InvalidDefinitionError, match="lost wants the resource 'warehouse'"):
        materialize([lost], instance=instance)
    instance.close()


def test_a_detail_tells_state_reason_and_both_events(tmp_path):
    instance = Instance(tmp_path)
    materialize([one], instance=instance)
    detail = instance.describe(AssetGraph.of([one]), "one")
    assert detail.state is State.FRESH
    assert detail.attempt == detail.materialization
    assert detail.reason == ""
    instance.close()


def test_a_root_may_begin_with_the_home_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Instance("~/store").root == tmp_path / "store"
    monkeypatch.setenv("IPYASSETS_HOME", "~/other")
    assert Instance().root == tmp_path / "other"


def test_what_is_asked_of_a_closed_instance_is_refused_in_words(tmp_path):
    @asset
    def one():
        return 1

    instance = Instance(tmp_path)
    materialize([one], instance=instance)
    instance.close()
    with pytest.raises(InvalidInvocationError, match="closed"):
        materialize([one], instance=instance)


def test_what_ends_while_states_are_looked_up_is_not_taken_for_what_was_never_begun():
    begun, gate = threading.Event(), threading.Event()
    runs: list[Run] = []

    class Slow(InMemoryIOManager):
        """Takes so long to look for values that a run comes to its end meanwhile."""

        def present(self, asset_key, partition_keys):
            for run in runs:
                gate.set()
                assert run.wait(20)
            return super().present(asset_key, partition_keys)

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]), io_manager_def=Slow())
    def letters(context):
        if context.partition_key == "b":
            begun.set()
            assert gate.wait(20)

    instance, graph = Instance.ephemeral(), AssetGraph.of([letters])
    materialize([letters], partition_keys=["a"], instance=instance)
    runs.append(instance.start(instance.plan(graph, {letters.key: Spans.range(1, 2)})))
    assert begun.wait(20)
    assert instance.facts(graph).counts(letters.key) == {State.FRESH: 1, State.RUNNING: 1}
    assert runs[0].done
    assert instance.facts(graph).counts(letters.key) == {State.FRESH: 2}
    instance.close()
