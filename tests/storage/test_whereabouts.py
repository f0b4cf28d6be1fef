"""Looking after values whose I/O manager is not known here: their records say where they are, or nothing is done."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext, manager_name
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import DamagedPartitionError, InvalidInvocationError, UnknownPlaceError
from ipyassets.events import Place
from ipyassets.storage import whereabouts
from ipyassets.storage.memory_io import InMemoryIOManager
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.reading import holds
from ipyassets.storage.signature import Signer
from ipyassets.storage.upkeep import Upkeep
from ipyassets.storage.value_files import GONE, ValueFiles
from ipyassets.storage.whereabouts import elsewhere, places
from tests.conformance.event_log import made
from tests.storage.store import SALES, Store

NEW = AssetKey("turnover")


class Database(IOManager):
    """One that stores nothing here, and cannot delete."""

    def handle_output(self, context: OutputContext, obj: object) -> None:
        raise NotImplementedError

    def load_input(self, context: InputContext) -> object:
        raise NotImplementedError


@pytest.fixture
def store(tmp_path):
    """A store whose values lie elsewhere than the default I/O manager would put them."""
    store = Store(tmp_path / "elsewhere", versions=2)
    yield store
    store.close()


def keeping(store: Store, folder: str) -> FilesystemIOManager:
    """A manager that has another folder."""
    return FilesystemIOManager(store.root / folder).bound(store.root / "storage", Signer(secret=store.secret))


def script(store: Store, manager: IOManager | None = None) -> Upkeep:
    """Looking after a store without its definitions."""
    default = keeping(store, "default")
    return Upkeep(
        store.log,
        lambda _: manager or default,
        lambda: store.now,
        known=lambda _: manager is not None,
        seeing=default.looking_at,
    )


def forget_places(store: Store) -> None:
    """As a log of the first format has it."""
    with store.log.database.write() as connection:
        connection.execute("UPDATE event SET place = NULL")


def test_where_a_value_was_put_is_recorded(store):
    store.make("a", 1)
    here = Place("storage", manager_name(FilesystemIOManager))
    assert places(store.log, SALES) == {"a": here}
    assert store.log.artifacts(SALES, ["a"])["a"].place == here
    assert elsewhere(store.log, SALES, store.manager, is_sure=False) == {}
    assert elsewhere(store.log, SALES, FilesystemIOManager("/other"), is_sure=True) == {"a": here.location}


def test_a_script_verifies_values_where_they_are(store):
    store.make("a", 1)
    store.make("b", 2)
    store.file("b").unlink()
    shutil.rmtree(store.root / "storage" / ".versions")
    [verified] = script(store).verify()
    assert (verified.checked, verified.damaged, verified.unseen) == (2, {"b": GONE}, 0)


def test_what_was_recorded_without_its_place_is_not_called_damaged_on_a_guess(store):
    store.make("a", 1)
    forget_places(store)
    [verified] = script(store).verify()
    assert (verified.checked, verified.damaged, verified.unseen) == (0, {}, 1)
    [verified] = store.upkeep.verify()
    assert (verified.checked, verified.unseen) == (1, 0)


def test_what_lies_at_a_guessed_place_is_verified_there(store):
    store.make("a", 1)
    forget_places(store)
    shutil.copytree(store.root / "storage", store.root / "default")
    assert script(store).verify()[0].checked == 1


def test_what_was_not_looked_at_stays_as_damaged_as_it_was(store):
    store.make("a", 1)
    store.file("a").write_bytes(b"changed")
    store.upkeep.verify()
    forget_places(store)
    script(store).verify()
    [verified] = store.upkeep.verify()
    assert list(verified.damaged) == ["a"]


def test_values_that_are_no_files_are_counted_as_not_looked_at(store):
    store.log.append([made("a", SALES, artifact=None, place=Place("", "theirs.Database"))])
    [verified] = script(store, Database()).verify([SALES])
    assert (verified.checked, verified.unseen) == (0, 1)


def test_a_script_wipes_values_where_they_are(store):
    store.make("a", 1)
    store.make("b", 2)
    assert script(store).wipe(SALES, ["a"]).files == 1
    assert not store.file("a").exists()
    assert store.read("b") == 2


def test_a_value_elsewhere_is_read_once_to_be_wiped(store, monkeypatch):
    store.make("a", 1)
    read: list[str] = []

    def reading(path, artifact):
        read.append(path)
        return holds(path, artifact)

    monkeypatch.setattr(whereabouts, "holds", reading)
    assert script(store).wipe(SALES, ["a"]).files == 1
    assert read == [str(store.file("a"))]


def test_elsewhere_only_what_was_recorded_is_deleted(store):
    store.make("a", 1)
    store.file("a").unlink()
    store.file("a").write_bytes(b"somebody else's by now")
    assert script(store).wipe(SALES, ["a"]).files == 0
    assert store.file("a").read_bytes() == b"somebody else's by now"


def test_nothing_is_wiped_where_the_place_is_not_known(store):
    store.make("a", 1)
    forget_places(store)
    with pytest.raises(UnknownPlaceError, match=r"not recorded: say how the asset is stored"):
        script(store).wipe(SALES, ["a"])
    assert store.read("a") == 1


def test_nothing_is_wiped_that_an_unknown_io_manager_has(store):
    store.log.append([made("a", SALES, artifact=None, place=Place("", "theirs.Database"))])
    with pytest.raises(UnknownPlaceError, match=r"stored by theirs\.Database"):
        script(store).wipe(SALES, ["a"])
    assert store.log.last(SALES, "a")[1] is not None


def test_nothing_is_wiped_that_went_to_another_kind_of_io_manager_than_the_asset_has_today(store):
    store.log.append([made("a", SALES, artifact=None, place=Place("", "theirs.Database"))])
    with pytest.raises(UnknownPlaceError, match=r"stored by theirs\.Database"):
        store.upkeep.wipe(SALES, ["a"])


def test_an_io_manager_that_has_another_name_now_deletes_its_values(store):
    manager = InMemoryIOManager()
    manager.values[SALES, "a"] = 1
    store.log.append([made("a", SALES, artifact=None, place=Place("", "theirs.Memory"))])
    script(store, manager).wipe(SALES, ["a"])
    assert manager.values == {}


def test_nothing_is_wiped_where_the_io_manager_cannot_delete(store):
    store.log.append([made("a", SALES, artifact=None, place=Place("", manager_name(Database)))])
    with pytest.raises(InvalidInvocationError, match="Database cannot delete values of sales: give it a method delete"):
        script(store, Database()).wipe(SALES, ["a"])
    assert store.log.last(SALES, "a")[1] is not None


def test_a_manager_whose_values_are_files_all_the_same_has_them_wiped(store):
    store.make("a", 1)
    assert script(store, Database()).wipe(SALES, ["a"]).files == 1
    assert not store.file("a").exists()


def test_values_of_several_places_are_wiped_each_in_its_own(store):
    store.make("a", 1)
    other = Store(store.root, secret=store.secret)
    other.manager = keeping(store, "other")
    other.make("b", 2)
    assert script(store).wipe(SALES, ["a", "b"]).files == 2
    assert not store.file("a").exists()
    assert not other.file("b").exists()
    other.close()


def test_a_script_renames_values_where_they_are(store):
    store.make("a", 1)
    script(store).rename(SALES, NEW)
    assert store.read("a", NEW) == 1
    assert store.file("a", NEW).is_file()
    assert not store.file("a").exists()


def test_values_of_several_places_are_not_renamed(store):
    store.make("a", 1)
    here = store.manager
    store.manager = keeping(store, "other")
    store.make("b", 2)
    with pytest.raises(UnknownPlaceError, match=r"values of sales are at 'other' and at 'storage'"):
        store.upkeep.rename(SALES, NEW)
    assert store.read("b") == 2
    store.manager = here
    assert store.read("a") == 1


def test_values_that_are_no_files_are_not_renamed(store):
    store.log.append([made("a", SALES, artifact=None, place=Place("", manager_name(InMemoryIOManager)))])
    with pytest.raises(InvalidInvocationError, match="not in files of this machine"):
        script(store, InMemoryIOManager()).rename(SALES, NEW)
    assert store.log.last(SALES, "a")[1] is not None


def test_what_was_recorded_without_its_place_is_renamed_as_the_asset_of_the_new_name_is_stored(store):
    store.make("a", 1)
    forget_places(store)
    nowhere = keeping(store, "default")
    with pytest.raises(UnknownPlaceError):
        script(store).rename(SALES, NEW)
    upkeep = replace(
        script(store), manager=lambda key: store.manager if key == NEW else nowhere, known=lambda key: key == NEW
    )
    upkeep.rename(SALES, NEW)
    assert store.read("a", NEW) == 1


def test_a_script_restores_a_version_where_it_is(store):
    store.make("a", 1)
    store.make("a", 2)
    upkeep = script(store)
    upkeep.restore(SALES, upkeep.versions(SALES, "a")[1])
    assert store.read("a") == 1


def test_what_is_let_in_is_recorded_with_the_place_it_was_found_in(store):
    store.make("a", 1)
    stray = store.file("b")
    shutil.copy(store.file("a"), stray)
    script(store).trust(SALES, ["b"])
    assert places(store.log, SALES)["b"] == Place("storage", "")
    assert store.read("b") == 1


def left_in(manager: FilesystemIOManager) -> Path:
    """What a writer that was stopped has left in the folder of a manager."""
    assert isinstance(manager.files, ValueFiles)
    left = Path(manager.files.staging, f"{'0' * 24}.00.part")
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"torn")
    os.utime(left, (0, 0))
    return left


def test_leftovers_are_cleared_away_wherever_values_are(store, tmp_path):
    store.make("a", 1)
    store.manager = keeping(store, str(tmp_path / "outside"))
    store.make("b", 2)
    outside = left_in(store.manager)
    inside = left_in(keeping(store, "storage"))
    assert script(store).compact(dry_run=True).files == 2
    assert script(store).compact().files == 2
    assert not outside.exists()
    assert not inside.exists()


def test_leftovers_of_an_asset_that_was_never_made_are_cleared_away(store, tmp_path):
    store.manager = keeping(store, str(tmp_path / "outside"))
    left = left_in(store.manager)
    upkeep = replace(script(store, store.manager), assets=frozenset({SALES, NEW}))
    default = keeping(store, "default")
    assert replace(upkeep, manager=lambda key: store.manager if key else default).compact().files == 1
    assert not left.exists()


def test_a_value_that_is_put_in_place_in_a_shared_folder_leaves_the_versions_that_its_own_manager_keeps(store):
    few = keeping(store, "storage")
    store.make("a", 1)
    store.record("a", 2)
    knowing = replace(store.upkeep, manager=lambda key: store.manager if key == SALES else few, assets=frozenset({NEW}))
    assert knowing.compact().finished == 1
    assert [version.is_current for version in knowing.versions(SALES, "a")] == [True, False]


def test_disk_use_counts_values_where_they_are(store):
    store.make("a", 1)
    [used] = script(store).disk_use()
    assert used.count == 1


def test_disk_use_is_told_for_each_place(store):
    store.make("a", 1)
    store.manager = keeping(store, "other")
    store.make("b", 2)
    assert [(used.asset_key, used.count) for used in store.upkeep.disk_use()] == [(SALES, 1), (SALES, 1)]


def test_disk_use_of_what_is_nobody_knows_where_is_left_out(store):
    store.log.append([made("a", SALES, artifact=None, place=Place("", "theirs.Database"))])
    assert script(store).disk_use() == []


def test_a_password_in_an_address_is_not_recorded():
    pytest.importorskip("upath")
    assert FilesystemIOManager("ftp://me:secret@host/values").kept_at == "ftp://host/values"


def test_the_place_of_a_value_survives_the_repair_of_its_log(store):
    from ipyassets.storage.repair import repair

    store.make("a", 1)
    before = places(store.log, SALES)
    store.log.close()
    repair(store.root / "events.sqlite")
    again = Store(store.root, secret=store.secret)
    assert places(again.log, SALES) == before
    again.close()


def test_a_value_gone_from_its_recorded_place_is_damaged(store):
    store.make("a", 1)
    store.file("a").unlink()
    shutil.rmtree(store.root / "storage" / ".versions")
    store.manager = keeping(store, "default")
    with pytest.raises(DamagedPartitionError, match=r"gone: .*/storage/sales/a"):
        store.read("a")


def test_a_value_that_is_here_and_damaged_is_told_so_unless_it_is_in_order_elsewhere(store):
    store.make("a", 1)
    there = store.file("a")
    store.manager = keeping(store, "default")
    store.file("a").parent.mkdir(parents=True)
    store.file("a").write_bytes(b"changed")
    assert store.read("a") == 1
    there.unlink()
    shutil.rmtree(store.root / "storage" / ".versions")
    with pytest.raises(DamagedPartitionError, match=r"not what was stored: .*/default/sales/a"):
        store.read("a")


@pytest.mark.parametrize("step", ["rename", "trust", "wipe", "compact"])
def test_the_log_of_somebody_else_leads_nowhere_outside_of_its_root(tmp_path, step):
    theirs = Store(tmp_path / "root", secret=b"theirs")
    theirs.manager = FilesystemIOManager(tmp_path / "outside").bound(theirs.root / "storage", Signer(secret=b"theirs"))
    theirs.make("a", 1)
    file, before = theirs.file("a"), theirs.file("a").read_bytes()
    mine = Store(tmp_path / "root", secret=b"mine")
    upkeep = script(mine)
    left = left_in(theirs.manager)
    if step == "wipe":
        assert upkeep.wipe(SALES, ["a"]).files == 0
    elif step == "compact":
        assert upkeep.compact().files == 0
        assert left.exists()
    else:
        with pytest.raises(UnknownPlaceError, match=r"somebody else says that values of sales are at .*outside"):
            upkeep.rename(SALES, NEW) if step == "rename" else upkeep.trust(SALES)
    assert file.read_bytes() == before
    mine.close()
    theirs.close()
