from __future__ import annotations

import pickle
from dataclasses import replace

import pandas as pd
import pytest

import ipyassets as ia
from ipyassets.assets.graph import AssetGraph
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    NotMaterializedError,
    UnknownPartitionError,
    UnknownPlaceError,
    UntrustedPartitionError,
)
from ipyassets.events import State
from ipyassets.instance.stored_upkeep import trust
from ipyassets.instance.upkeep import upkeep
from ipyassets.storage.pickle_io import FilesystemIOManager

LETTERS = ia.StaticPartitionsDefinition(["a", "b", "c"])


@ia.asset(partitions_def=LETTERS)
def letters(context):
    return context.partition_key


@pytest.fixture
def instance(tmp_path):
    instance = ia.Instance(tmp_path / "root")
    ia.materialize([letters], instance=instance, partition_keys="all")
    yield instance
    instance.close()


def states(instance, asset=letters):
    return {str(state): count for state, count in instance.facts(AssetGraph.of([asset])).counts(asset.key).items()}


def test_a_wiped_partition_is_missing_again(instance):
    upkeep(instance).wipe(letters.key, ["a"])
    assert states(instance) == {"missing": 1, "fresh": 2}
    with pytest.raises(NotMaterializedError):
        instance.store.load(letters, "a")


def test_what_is_found_damaged_is_shown_so_with_its_reason(instance):
    (instance.root / "storage" / "letters" / "b").write_bytes(b"changed")
    assert states(instance) == {"fresh": 3}
    upkeep(instance).verify()
    while states(instance) == {"fresh": 3}:  # looked at again in a moment
        pass
    found = instance.describe(AssetGraph.of([letters]), letters.key, "b")
    assert (found.state, found.reason) == (State.DAMAGED, "its file is not what was stored")


def test_values_that_were_out_of_reach_for_a_moment_are_fresh_once_they_are_back(instance):
    storage = instance.root / "storage"
    storage.rename(instance.root / "away")
    upkeep(instance).verify()
    with pytest.raises(DamagedPartitionError):
        instance.store.load(letters, "a")
    found = instance.describe(AssetGraph.of([letters]), letters.key, "a")
    assert (found.state, found.reason) == (State.DAMAGED, "its file is gone")
    (instance.root / "away").rename(storage)
    assert states(instance) == {"fresh": 3}


def test_the_values_of_a_renamed_asset_are_fresh_under_its_new_name(instance):
    @ia.asset(
        name="characters", partitions_def=LETTERS, code_version=instance.event_log.history(letters.key)[0].code_version
    )
    def renamed(context):
        return context.partition_key

    upkeep(instance).rename(letters.key, AssetKey("characters"))
    assert states(instance, renamed) == {"fresh": 3}
    assert states(instance) == {"missing": 3}
    assert instance.store.load(renamed, "c") == "c"


def test_an_asset_that_is_stored_elsewhere_is_looked_after_there(instance, tmp_path):
    @ia.asset(io_manager_def=FilesystemIOManager(tmp_path / "elsewhere"))
    def whole():
        return 1

    ia.materialize([whole], instance=instance)
    assert (tmp_path / "elsewhere" / "whole").is_file()
    assert upkeep(instance, AssetGraph.of([whole])).wipe(whole.key, [""]).files == 1
    assert not (tmp_path / "elsewhere" / "whole").exists()


@pytest.fixture
def elsewhere(instance, tmp_path):
    """An asset that is stored in a folder of its own."""

    @ia.asset(partitions_def=LETTERS, io_manager_def=FilesystemIOManager(tmp_path / "elsewhere", versions=2))
    def signs(context):
        return context.partition_key

    ia.materialize([signs], instance=instance, partition_keys="all")
    return signs


@pytest.fixture
def script(instance):
    """Another process on the same root, without any definition."""
    script = ia.Instance(instance.root)
    yield script
    script.close()


def test_a_script_leaves_values_fresh_that_are_in_order_elsewhere(instance, script, elsewhere):
    [verified] = upkeep(script).verify(["signs"])
    assert (verified.checked, verified.damaged) == (3, {})
    assert states(instance, elsewhere) == {"fresh": 3}


def test_a_script_wipes_and_renames_what_is_stored_elsewhere(instance, script, elsewhere, tmp_path):
    assert upkeep(script).wipe("signs", ["a"]).files == 1
    upkeep(script).rename("signs", "marks")
    assert {each.name for each in (tmp_path / "elsewhere" / "marks").iterdir()} == {"b", "c"}
    marks = replace(elsewhere, key=AssetKey("marks"))
    assert states(instance, marks) == {"missing": 1, "fresh": 2}
    assert instance.store.load(marks, "b") == "b"


def test_a_version_is_restored_in_a_process_that_has_not_made_it(instance, script, elsewhere):
    ia.materialize([elsewhere], instance=instance, partition_key="a")
    with ia.use_instance(script):
        elsewhere.versions("a")[0].restore()
        assert elsewhere["a"] == "a"


def test_an_asset_whose_resource_is_not_given_is_looked_after_by_its_record(instance, script, tmp_path):
    @ia.asset(io_manager_key="warehouse")
    def whole():
        return 1

    warehouse = FilesystemIOManager(tmp_path / "warehouse")
    ia.materialize([whole], instance=instance, resources={"warehouse": warehouse})
    assert upkeep(script, AssetGraph.of([whole])).wipe(whole, [""]).files == 1
    assert not (tmp_path / "warehouse" / "whole").exists()


def test_an_instance_in_memory_can_be_wiped_too():
    instance = ia.Instance.ephemeral()
    ia.materialize([letters], instance=instance, partition_keys="all")
    assert upkeep(instance).wipe(letters.key, ["a"]).partition_keys == ("a",)
    assert states(instance) == {"missing": 1, "fresh": 2}
    instance.close()


def test_an_asset_wipes_what_a_selection_text_means(instance):
    with ia.use_instance(instance):
        assert letters.wipe("[a...b], missing", dry_run=True).partition_keys == ("a", "b")
        assert letters["a"] == "a"
        letters.wipe(["c"])
        assert states(instance) == {"missing": 1, "fresh": 2}
        with pytest.raises(InvalidInvocationError, match="say which"):
            letters.wipe()


def test_an_asset_tells_its_versions_and_brings_one_back(instance, tmp_path):
    numbers = iter(range(1, 10))

    @ia.asset(io_manager_def=FilesystemIOManager(tmp_path / "kept", versions=2))
    def number():
        return next(numbers)

    with ia.use_instance(instance):
        for _ in range(3):
            ia.materialize([number])
        found = number.versions()
        assert [each.value() for each in found] == [3, 2, 1]
        assert [each.is_current for each in found] == [True, False, False]
        assert number.value() == 3
        found[-1].restore()
        assert number.value() == 1


def test_a_version_that_the_asset_s_io_manager_cannot_read_is_not_restored(instance):
    pickled = letters.with_io_manager(ia.FilesystemIOManager(versions=3))
    ia.materialize([pickled], instance=instance, partition_key="a")
    keeping = ia.asset(name="letters", partitions_def=LETTERS, io_manager_def=ia.ParquetIOManager(versions=3))(
        lambda: pd.DataFrame({"letter": ["a"]})
    )
    ia.materialize([keeping], instance=instance, partition_key="a")
    keeper = upkeep(instance, AssetGraph.of([keeping]))
    *_, first = keeper.versions("letters", "a")
    for dry_run in (True, False):
        with pytest.raises(UnknownPlaceError, match=r"was stored by .*FilesystemIOManager, not by .*ParquetIOManager"):
            keeper.restore("letters", first, dry_run=dry_run)
    assert list(instance.store.load(keeping, "a").letter) == ["a"]


def test_an_asset_lets_in_what_lies_at_its_place(instance, tmp_path):
    file = instance.root / "storage" / "letters" / "a"
    upkeep(instance).wipe(letters.key, ["a"])
    file.write_bytes((instance.root / "storage" / "letters" / "b").read_bytes())
    with ia.use_instance(instance):
        with pytest.raises(UntrustedPartitionError):
            letters["a"]
        letters.trust()
        assert letters["a"] == "b"
    assert states(instance) == {"fresh": 3}


def test_a_value_that_was_let_in_and_is_made_again_alike_makes_nothing_stale(instance):
    @ia.asset(partitions_def=LETTERS, deps=[letters])
    def behind():
        return 1

    graph = AssetGraph.of([letters, behind])
    upkeep(instance).wipe(letters.key, ["a"])
    (instance.root / "storage" / "letters" / "a").write_bytes(pickle.dumps("a", 5))
    with ia.use_instance(instance):
        letters.trust()
    ia.materialize([letters, behind], selection=[behind], instance=instance, partition_keys="all")
    ia.materialize([letters], instance=instance, partition_keys="all")
    assert instance.facts(graph).counts(behind.key) == {State.FRESH: 3}


def test_a_value_that_was_let_in_counts_as_made_from_the_inputs_of_today(instance):
    again = ia.asset(name="letters", partitions_def=LETTERS, code_version="2")(lambda context: "another")
    copies = ia.asset(name="copies", partitions_def=LETTERS)(lambda letters: letters)
    folder = instance.root / "storage" / "copies"
    folder.mkdir()
    (folder / "a").write_bytes((instance.root / "storage" / "letters" / "a").read_bytes())
    graph = AssetGraph.of([letters, copies])
    trust(instance.facts(graph), copies, instance, None, dry_run=False)
    assert instance.facts(graph).counts(copies.key) == {State.FRESH: 1, State.MISSING: 2}
    ia.materialize([again], instance=instance, partition_key="a")
    assert instance.describe(AssetGraph.of([again, copies]), "copies", "a").reason == "letters a has changed"


def test_each_asset_expires_by_its_own_retention(instance):
    @ia.asset(partitions_def=LETTERS, metadata={"retention": ia.Retention(newest=1)})
    def brief(context):
        return context.partition_key

    ia.materialize([brief], instance=instance, partition_keys="all")
    [tried] = ia.expire([brief, letters], instance, dry_run=True)
    assert len(tried.partition_keys) == 2
    assert states(instance, brief) == {"fresh": 3}
    ia.expire([brief, letters], instance)
    assert states(instance, brief) == {"missing": 2, "fresh": 1}
    assert states(instance) == {"fresh": 3}


def test_a_retention_of_another_kind_is_refused(instance):
    @ia.asset(metadata={"retention": "30 days"})
    def brief():
        return 1

    with pytest.raises(InvalidDefinitionError, match="give a Retention"):
        ia.expire([brief], instance)


def test_the_damaged_log_of_a_root_is_repaired_by_naming_the_root(instance):
    root = instance.root
    instance.close()
    with (root / "events.sqlite").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(bytes(4096))
    assert ia.repair(root, dry_run=True).kept_as is None
    kept = ia.repair(root).kept_as
    assert kept is not None
    assert kept.parent == root
    again = ia.Instance(root)
    ia.materialize([letters], instance=again, partition_keys="all")
    assert states(again) == {"fresh": 3}
    again.close()


def test_a_run_puts_in_place_what_stopped_writers_have_left_and_keeps_it_as_a_version(instance, tmp_path, monkeypatch):
    numbers = iter(range(1, 10))

    @ia.asset(io_manager_def=FilesystemIOManager(tmp_path / "kept", versions=2))
    def number():
        return next(numbers)

    def killed(*_):
        raise KeyboardInterrupt

    with ia.use_instance(instance):
        ia.materialize([number])
        monkeypatch.setattr("ipyassets.storage.value_files.ValueFiles.publish", killed)
        with pytest.raises(KeyboardInterrupt):
            ia.materialize([number])
        monkeypatch.undo()
        assert list((tmp_path / "kept" / ".staging").iterdir()) != []
        assert number.value() == 2
        ia.materialize([number])
        assert [each.value() for each in number.versions()] == [3, 2, 1]
    assert list((tmp_path / "kept" / ".staging").iterdir()) == []


def test_a_run_leaves_alone_what_another_run_has_staged(instance):
    with ia.use_instance(instance):

        @ia.asset(partitions_def=LETTERS)
        def inner(context):
            return context.partition_key

        @ia.asset
        def outer():
            staged = instance.root / "storage" / ".staging"
            (staged / f"{'0' * 24}-{'0' * 40}").write_bytes(b"somebody is writing this")
            ia.materialize([inner], partition_keys="all", instance=instance)
            return [path.name for path in staged.iterdir()]

        ia.materialize([outer])
        assert outer.value() == [f"{'0' * 24}-{'0' * 40}"]


def test_a_misspelt_key_is_not_silently_nothing(instance):
    with ia.use_instance(instance):
        for ask in (
            lambda: letters.wipe(["typo"]),
            lambda: letters.trust(["typo"]),
            lambda: letters.versions("typo"),
            lambda: letters.history("typo"),
        ):
            with pytest.raises(UnknownPartitionError, match="'typo'"):
                ask()
        for wrong in ([1], {"a"}, 1):
            with pytest.raises(InvalidArgumentError, match="is no list of partition keys of letters"):
                letters.wipe(wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidInvocationError, match="say of which partition"):
            letters.versions()
    assert states(instance) == {"fresh": 3}


def test_what_is_recorded_of_a_key_that_is_no_partition_any_more_can_be_asked_for_and_wiped(instance):
    @ia.asset(name="letters", partitions_def=ia.StaticPartitionsDefinition(["a"]))
    def fewer(context):
        return context.partition_key

    with ia.use_instance(instance):
        assert len(fewer.history("c")) == 1
        assert [version.is_current for version in fewer.versions("c")] == [True]
        assert fewer.wipe(["c"]).files == 1


def test_only_partitions_are_adopted_unasked_and_orphans_are_told_by_the_definitions(instance):
    folder = instance.root / "storage" / "letters"
    (folder / "notes.txt").write_text("by hand")
    (folder / "b").rename(folder / "d")
    upkeep(instance).wipe(letters.key, ["b"])
    (folder / "d").rename(folder / "b")
    with ia.use_instance(instance):
        assert list(letters.trust(dry_run=True).partition_keys) == ["b"]
        assert letters.trust().refused == {"notes.txt": "its key is no partition"}
    assert [orphan.path.name for orphan in upkeep(instance, AssetGraph.of([letters])).orphans()] == ["notes.txt"]
