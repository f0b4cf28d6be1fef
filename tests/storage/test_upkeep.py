from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import replace

import pytest

from ipyassets.assets.io_manager import IOManager, manager_name
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import (
    DamagedPartitionError,
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    NotMaterializedError,
    UnknownAssetError,
    UntrustedPartitionError,
)
from ipyassets.events import Attempt, Place
from ipyassets.storage import renaming
from ipyassets.storage.claims import Claims
from ipyassets.storage.damage import Damage
from ipyassets.storage.memory_io import InMemoryIOManager
from ipyassets.storage.orphans import NO_ASSET, NO_PARTITION, RECORDED
from ipyassets.storage.paths import identity
from ipyassets.storage.pickle_io import FilesystemIOManager
from ipyassets.storage.signature import NOT_SIGNED
from ipyassets.storage.trusting import NOT_RECORDED
from ipyassets.storage.upkeep import Upkeep
from ipyassets.storage.value_files import CHANGED, GONE
from ipyassets.storage.wiping import Retention
from tests.conformance.event_log import ended, made
from tests.conformance.io_manager import output
from tests.storage.store import DAY, SALES, TOTALS, CreatesAFile, Store, use_of


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "root")
    yield store
    store.close()


@pytest.fixture
def keeping(tmp_path):
    """A store that keeps versions."""
    store = Store(tmp_path / "root", versions=3)
    yield store
    store.close()


class Keeper(IOManager):
    """Stores something somewhere, for good."""

    def handle_output(self, context, obj):
        """Nowhere."""

    def load_input(self, context):
        """Nothing."""


def flip(path, position=-3):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


# --- wipe


def test_a_wiped_value_is_gone_and_its_history_stays(store):
    store.make("a", 1)
    store.make("b", 2)
    wiped = store.upkeep.wipe(SALES, ["a"])
    assert (wiped.partition_keys, wiped.files) == (("a",), 1)
    assert not store.file("a").exists()
    assert [event.attempt for event in store.log.history(SALES, "a")] == [Attempt.WIPED, Attempt.MATERIALIZED]
    with pytest.raises(NotMaterializedError):
        store.read("a")
    assert store.read("b") == 2


def test_a_dry_run_of_wiping_says_the_same_and_does_nothing(store):
    store.make("a", 1)
    tried = store.upkeep.wipe(SALES, ["a"], dry_run=True)
    assert store.read("a") == 1
    assert store.upkeep.wipe(SALES, ["a"]) == tried


def test_a_text_is_not_taken_for_a_list_of_keys(store):
    store.make("1", 1)
    with pytest.raises(InvalidArgumentError, match="'12' is a text: give a list of partition keys"):
        store.upkeep.wipe(SALES, "12")
    assert store.read("1") == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_an_io_manager_cannot_delete_is_not_wiped_nor_said_to_be(store, dry_run):
    store.log.append([made("a", SALES, artifact=None, place=Place("", manager_name(Keeper)))])
    with pytest.raises(InvalidInvocationError, match="Keeper cannot delete values of sales"):
        Upkeep(store.log, lambda _: Keeper(), lambda: store.now).wipe(SALES, ["a"], dry_run=dry_run)


def test_a_partition_without_a_value_is_left_out(store):
    store.make("a", 1)
    assert store.upkeep.wipe(SALES, ["a", "b", "a"]).partition_keys == ("a",)
    assert store.upkeep.wipe(SALES, ["a"]).partition_keys == ()
    assert len(store.log.history(SALES)) == 2


def test_a_partition_that_is_being_made_is_not_wiped(store):
    store.make("a", 1)
    store.make("b", 2)
    maker = Claims(store.root)
    maker.take(SALES, ["a"])
    assert store.upkeep.wipe(SALES, ["a", "b"]).busy == ("a",)
    assert store.read("a") == 1
    maker.close()
    assert store.upkeep.wipe(SALES, ["a"]).partition_keys == ("a",)


def test_wiping_takes_the_versions_along(keeping):
    keeping.make("a", "x" * 1000)
    keeping.make("a", "y")
    assert keeping.upkeep.wipe(SALES, ["a"]).size > 1000
    assert keeping.upkeep.versions(SALES, "a") == []


def test_a_value_that_is_no_file_can_be_wiped(store):
    manager = InMemoryIOManager()
    manager.handle_output(output("a"), 1)
    store.log.append([made("a", SALES, artifact=None, place=Place("", manager_name(InMemoryIOManager)))])
    wiped = Upkeep(store.log, lambda _: manager, lambda: store.now).wipe(SALES, ["a"])
    assert (wiped.partition_keys, wiped.files) == (("a",), 0)
    assert manager.values == {}
    assert store.log.last(SALES, "a")[1] is None


def test_values_past_their_days_expire(store):
    for key, age in (("old", 31), ("young", 29)):
        store.make(key, key, at=store.now - age * DAY)
    tried = store.upkeep.expire(SALES, Retention(days=30), dry_run=True)
    assert tried.partition_keys == ("old",)
    assert store.read("old") == "old"
    store.upkeep.expire(SALES, Retention(days=30))
    assert not store.file("old").exists()
    assert store.read("young") == "young"
    assert store.log.history(SALES, "old")[0].reason == "no longer kept"


def test_only_the_newest_values_are_kept(store):
    for i, key in enumerate("cab"):
        store.make(key, key, at=store.now + i)
    assert set(store.upkeep.expire(SALES, Retention(newest=1)).partition_keys) == {"c", "a"}
    assert store.read("b") == "b"


def test_what_is_no_retention_is_refused(store):
    with pytest.raises(InvalidArgumentError, match=r"30 is no retention: give Retention\(days=30\)"):
        store.upkeep.expire(SALES, 30)


@pytest.mark.parametrize("retention", [Retention(days=30), Retention(newest=1)])
def test_trusting_a_value_makes_it_no_younger(store, retention):
    store.make("old", 1, at=1 * DAY)
    store.make("new", 2, at=99 * DAY)
    somebody = Store(store.root, secret=b"theirs")
    somebody.upkeep.trust(SALES, ["old"])
    assert somebody.upkeep.expire(SALES, retention).partition_keys == ("old",)
    somebody.close()


def test_a_content_that_is_let_in_in_place_of_another_is_as_young_as_that(store):
    store.make("a", b"abcdef", at=1 * DAY)
    flip(store.file("a"), -5)
    store.upkeep.trust(SALES, ["a"])
    assert store.upkeep.expire(SALES, Retention(days=30)).partition_keys == ()


def test_an_attempt_in_vain_makes_a_value_no_younger(store):
    for key, age in (("first", 31), ("second", 29)):
        store.make(key, key, at=store.now - age * DAY)
    store.log.append([ended(Attempt.FAILED, "first", SALES, at=store.now)])
    for retention in (Retention(newest=1), Retention(days=30)):
        assert store.upkeep.expire(SALES, retention, dry_run=True).partition_keys == ("first",)


def test_the_newest_value_is_the_one_made_last_even_if_the_clock_was_set_back(store):
    store.make("first", 1, at=store.now)
    store.make("second", 2, at=store.now - DAY)
    assert store.upkeep.expire(SALES, Retention(newest=1)).partition_keys == ("first",)


def test_no_limit_expires_nothing(store):
    store.make("a", 1, at=0.0)
    assert store.upkeep.expire(SALES, Retention()).partition_keys == ()


@pytest.mark.parametrize(
    "limit", [{"days": -1}, {"days": "30"}, {"days": float("nan")}, {"newest": 1.5}, {"newest": "1"}, {"newest": True}]
)
def test_what_is_no_limit_is_refused(limit):
    [(name, value)] = limit.items()
    with pytest.raises(InvalidArgumentError, match=f"{name}={value!r} is no limit"):
        Retention(**limit)


# --- verify


def test_verifying_finds_every_kind_of_damage_and_remembers_what_no_listing_shows(store):
    for key in ("fine", "flipped", "gone", "cut"):
        store.make(key, key * 100)
    flip(store.file("flipped"))
    store.file("gone").unlink()
    os.truncate(store.file("cut"), 10)
    [verified] = store.upkeep.verify()
    assert verified.checked == 4
    assert dict(verified.damaged) == {"flipped": CHANGED, "gone": GONE, "cut": CHANGED}
    assert Damage(store.log).found(SALES) == {"flipped": CHANGED, "cut": CHANGED}


def test_a_value_that_is_in_order_again_is_no_longer_damaged(store, tmp_path):
    store.make("a", 1)
    shutil.copy(store.file("a"), tmp_path / "backup")
    flip(store.file("a"))
    store.upkeep.verify()
    shutil.copy(tmp_path / "backup", store.file("a"))
    assert store.upkeep.verify([SALES])[0].damaged == {}
    assert Damage(store.log).found(SALES) == {}


def test_one_asset_can_be_verified_by_its_name_alone(store):
    store.make("a", 1)
    store.make(None, 1, TOTALS)
    assert [each.asset_key for name in ("sales", SALES) for each in store.upkeep.verify(name)] == [SALES, SALES]


def test_verifying_is_followed_as_it_goes(store):
    for i in range(3):
        store.make(str(i), i)
    seen: list[int] = []
    store.upkeep.verify(watch=seen.append)
    assert seen == [3]


def test_what_another_user_signed_is_found_to_be_so(store, tmp_path):
    store.make("a", 1)
    somebody = Store(store.root, secret=b"theirs")
    assert somebody.upkeep.verify()[0].damaged == {"a": NOT_SIGNED}
    somebody.close()


def test_what_another_user_signed_is_told_without_reading_it(store):
    store.make("a", 1)
    own = store.files.signer.key_id
    assert Damage(store.log).found(SALES, own) == {}
    somebody = Store(store.root, secret=b"theirs")
    somebody.make("b", 2)
    assert Damage(store.log).found(SALES, own) == {"b": NOT_SIGNED}
    assert Damage(store.log).found(SALES, somebody.files.signer.key_id) == {"a": NOT_SIGNED}
    store.upkeep.trust(SALES)
    assert Damage(store.log).found(SALES, own) == {}
    somebody.close()


# --- trust


def test_trusting_lets_in_what_another_user_made(store, tmp_path):
    made = store.make("a", CreatesAFile(tmp_path / "proof"))
    somebody = Store(store.root, secret=b"theirs")
    with pytest.raises(UntrustedPartitionError):
        somebody.read("a")
    assert dict(somebody.upkeep.trust(SALES, dry_run=True).partition_keys) == {"a": NOT_SIGNED}
    with pytest.raises(UntrustedPartitionError):
        somebody.read("a")
    assert not (tmp_path / "proof").exists()
    somebody.upkeep.trust(SALES)
    somebody.read("a")
    assert (tmp_path / "proof").exists()
    standing = somebody.log.last(SALES, "a")[1]
    assert standing is not None
    assert standing.data_version == made.data_version
    somebody.close()


def test_trusting_some_partitions_leaves_the_others(store):
    store.make("a", 1)
    store.make("b", 2)
    somebody = Store(store.root, secret=b"theirs")
    somebody.upkeep.trust(SALES, ["a"])
    assert somebody.read("a") == 1
    with pytest.raises(UntrustedPartitionError):
        somebody.read("b")
    somebody.close()


def test_a_file_that_nobody_recorded_is_adopted_by_trusting_it(store, tmp_path):
    other = Store(tmp_path / "other")
    other.make("x/y", [1, 2])
    other.close()
    shutil.copytree(tmp_path / "other" / "storage" / "sales", store.root / "storage" / "sales")
    with pytest.raises(UntrustedPartitionError):
        store.read("x/y")
    assert dict(store.upkeep.trust(SALES, code_version="v7").partition_keys) == {"x/y": NOT_RECORDED}
    assert store.read("x/y") == [1, 2]
    assert store.log.last(SALES, "x/y")[1].code_version == "v7"


def test_what_differs_from_its_record_is_trusted_only_by_name(store):
    store.make("a", b"abcdef")
    flip(store.file("a"), -5)
    assert store.upkeep.trust(SALES).refused == {"a": CHANGED}
    with pytest.raises(DamagedPartitionError):
        store.read("a")
    before = store.log.last(SALES, "a")[1].data_version
    store.upkeep.trust(SALES, ["a"])
    assert store.read("a") == b"abceef"
    assert store.log.last(SALES, "a")[1].data_version != before


def test_what_somebody_else_signed_and_somebody_changed_is_refused(store):
    store.make("a", b"abcdef")
    flip(store.file("a"))
    somebody = Store(store.root, secret=b"theirs")
    assert somebody.upkeep.trust(SALES).refused == {"a": CHANGED}
    somebody.close()


def test_a_file_that_is_gone_cannot_be_trusted(store):
    store.make("a", 1)
    store.file("a").unlink()
    assert store.upkeep.trust(SALES, ["a"]).refused == {"a": GONE}


# --- rename


def test_a_renamed_asset_keeps_values_history_and_descent(store):
    made = store.make("a", 1)
    store.make("b|c", 2)
    store.make(None, 3, TOTALS, inputs=(use_of(made),))
    new = AssetKey(["shop", "sales"])
    assert store.upkeep.rename(SALES, new, dry_run=True).values == 2
    assert store.read("a") == 1
    store.upkeep.rename(SALES, new)
    assert store.read("a", new) == 1
    assert store.read("b|c", new) == 2
    assert store.log.last(new, "a")[1].data_version == made.data_version
    assert store.log.last(TOTALS, "")[1].inputs == (use_of(store.log.last(new, "a")[1]),)
    assert store.log.history(SALES) == []
    assert store.log.asset_keys() == [new, TOTALS]
    assert not (store.root / "storage" / "sales").exists()
    assert store.upkeep.verify([new])[0].damaged == {}


def test_an_asset_is_not_renamed_into_the_place_of_another_s_partition(store):
    store.make("q", 1)
    store.make(None, 2, TOTALS)
    with pytest.raises(InvalidDefinitionError, match="where that of partition 'q' of sales is stored: wipe that one"):
        store.upkeep.rename(TOTALS, AssetKey(["sales", "q"]))
    assert store.read("q") == 1
    assert store.read(None, TOTALS) == 2
    store.upkeep.rename(TOTALS, AssetKey(["sales", "r"]))
    assert store.read(None, AssetKey(["sales", "r"])) == 2


def test_an_asset_is_not_renamed_so_that_its_partitions_lie_in_the_place_of_another(store):
    store.make("q", 1)
    store.make(None, 2, AssetKey(["shop", "q"]))
    with pytest.raises(InvalidDefinitionError, match="values of shop/q would lie where partition 'q' of shop does"):
        store.upkeep.rename(SALES, AssetKey("shop"))
    assert store.read("q") == 1


def test_an_asset_without_partitions_can_be_renamed(store):
    store.make(None, 3, TOTALS)
    store.upkeep.rename(TOTALS, SALES)
    assert store.read(None, SALES) == 3


def test_a_renamed_asset_keeps_its_versions(keeping):
    keeping.make("a", 1)
    keeping.make("a", 2)
    keeping.upkeep.rename(SALES, TOTALS)
    first = keeping.upkeep.versions(TOTALS, "a")[-1]
    keeping.upkeep.restore(TOTALS, first)
    assert keeping.read("a", TOTALS) == 1


def test_a_rename_that_is_interrupted_loses_no_value(store, monkeypatch):
    store.make("a", 1)
    monkeypatch.setattr(type(store.manager.files), "publish", killed)
    with pytest.raises(KeyboardInterrupt):
        store.upkeep.rename(SALES, TOTALS)
    monkeypatch.undo()
    assert store.read("a", TOTALS) == 1


def test_a_rename_that_is_interrupted_before_it_was_recorded_changes_nothing(store, monkeypatch):
    store.make("a", 1)
    monkeypatch.setattr(renaming, "_rename_records", killed)
    with pytest.raises(KeyboardInterrupt):
        store.upkeep.rename(SALES, TOTALS)
    monkeypatch.undo()
    assert store.read("a") == 1


def killed(*_, **__):
    raise KeyboardInterrupt


def test_a_value_of_somebody_else_is_not_signed_by_renaming_it(store):
    store.make("a", 1)
    somebody = Store(store.root, secret=b"theirs")
    somebody.upkeep.rename(SALES, TOTALS)
    with pytest.raises(UntrustedPartitionError):
        somebody.read("a", TOTALS)
    assert somebody.upkeep.trust(TOTALS).partition_keys == {"a": NOT_SIGNED}
    somebody.close()


def test_a_name_that_is_taken_or_unknown_is_refused(store):
    store.make("a", 1)
    store.make("a", 1, TOTALS)
    with pytest.raises(InvalidArgumentError, match="values of its own"):
        store.upkeep.rename(SALES, TOTALS)
    with pytest.raises(UnknownAssetError, match="nothing is recorded"):
        store.upkeep.rename(AssetKey("never"), AssetKey("new"))
    assert store.read("a") == store.read("a", TOTALS) == 1


def test_whoever_follows_the_log_is_told_of_a_rename(store):
    store.make("a", 1)
    before = store.log.cursor()
    store.upkeep.rename(SALES, TOTALS)
    assert store.log.cursor() - before >= 1_000_000
    store.make("b", 2)
    assert store.read("b") == 2


# --- versions


def test_the_versions_of_a_partition_are_told_newest_first(keeping):
    for value in (1, 2, 3):
        keeping.make("a", value, at=float(value))
    found = keeping.upkeep.versions(SALES, "a")
    assert [(version.event.timestamp, version.is_current) for version in found] == [
        (3.0, True),
        (2.0, False),
        (1.0, False),
    ]


def test_an_earlier_value_can_be_restored_and_the_later_one_again(keeping):
    keeping.make("a", 1)
    keeping.make("a", 2)
    keeping.upkeep.restore(SALES, keeping.upkeep.versions(SALES, "a")[1])
    assert keeping.read("a") == 1
    later = next(version for version in keeping.upkeep.versions(SALES, "a") if not version.is_current)
    keeping.upkeep.restore(SALES, later)
    assert keeping.read("a") == 2
    assert [event.reason for event in keeping.log.history(SALES, "a")] == ["restored", "restored", "", ""]


def test_a_version_that_was_dropped_cannot_be_restored(keeping):
    keeping.make("a", 0)
    version = keeping.upkeep.versions(SALES, "a")[0]
    for value in range(1, 6):
        keeping.make("a", value)
    with pytest.raises(NotMaterializedError, match="no longer kept"):
        keeping.upkeep.restore(SALES, version)
    assert len(keeping.upkeep.versions(SALES, "a")) == 4


# --- orphans, disk use, compact


def test_values_that_belong_to_nothing_are_told_apart(store):
    store.make("kept", 1)
    store.make("dropped", 2)
    store.make(None, 3, TOTALS)
    (store.root / "storage" / "sales" / "dropped in").write_bytes(b"by hand")
    (store.root / "storage" / "a%~0123").write_bytes(b"unreadable name")

    def is_partition(asset, key):
        return key == "kept" if asset == SALES else None

    found = {orphan.path.name: orphan.reason for orphan in store.upkeep.orphans(is_partition)}
    assert found == {
        "dropped": NO_PARTITION,
        "dropped in": NOT_RECORDED,
        "totals": NO_ASSET,
        "a%~0123": NOT_RECORDED,
    }


def test_the_values_of_an_asset_below_the_name_of_another_are_its_own(store):
    below = AssetKey(["sales", "totals"])
    store.make("a", 1)
    store.make("2013", 2, below)
    (store.root / "storage" / "sales" / "drafts").mkdir()
    (store.root / "storage" / "sales" / "drafts" / "b").write_bytes(b"by hand")
    drafts = AssetKey(["sales", "drafts"])
    upkeep = replace(store.upkeep, assets=frozenset({drafts}))
    [orphan] = upkeep.orphans(lambda *_: True)
    assert (orphan.asset_key, orphan.partition_key) == (drafts, "b")
    assert {use.asset_key: use.count for use in upkeep.disk_use()} == {SALES: 1, below: 1}
    assert upkeep.trust(SALES, dry_run=True).partition_keys == {}
    assert list(upkeep.trust(drafts, dry_run=True).partition_keys) == ["b"]


def test_only_orphans_that_nobody_recorded_are_deleted(store):
    store.make("dropped", 2)
    stray = store.root / "storage" / "sales" / "stray"
    stray.write_bytes(b"12345")
    found = store.upkeep.orphans(lambda *_: False)
    tried = store.upkeep.delete_orphans(found, dry_run=True)
    assert (tried.files, tried.size) == (1, 5)
    assert tried.left == {store.file("dropped"): RECORDED}
    assert stray.exists()
    assert store.upkeep.delete_orphans(found) == tried
    assert not stray.exists()
    assert store.read("dropped") == 2


def test_what_another_root_may_have_recorded_is_not_deleted(store, tmp_path):
    shared = FilesystemIOManager(tmp_path / "shared", signer=store.files.signer)
    other = Store(tmp_path / "other")
    for each in (store, other):
        each.manager = shared
    store.make("mine", 1)
    other.make("theirs", 2)
    found = store.upkeep.orphans(lambda *_: True)
    assert [orphan.partition_key for orphan in found] == ["theirs"]
    with pytest.raises(InvalidInvocationError, match="another root may have recorded"):
        store.upkeep.delete_orphans(found)
    assert other.read("theirs") == 2
    other.close()


def test_disk_use_is_told_by_asset(keeping):
    old, new = keeping.make("a", "x" * 500), keeping.make("a", "y")
    whole = keeping.make(None, "z" * 50, TOTALS)
    assert old.artifact is not None
    assert new.artifact is not None
    assert whole.artifact is not None
    used = {use.asset_key: (use.count, use.size, use.versions) for use in keeping.upkeep.disk_use()}
    assert used == {SALES: (1, new.artifact.size, old.artifact.size), TOTALS: (1, whole.artifact.size, 0)}


def test_values_whose_names_do_not_tell_their_keys_are_counted_with_their_versions(keeping):
    for key, asset in (("k" * 300, SALES), ("a|" + "k" * 300, SALES), ("a", AssetKey("l" * 300))):
        keeping.make(key, "x" * 500, asset)
        keeping.make(key, "y", asset)
    sales, long = keeping.upkeep.disk_use()
    assert (sales.count, long.count) == (2, 1)
    assert sales.versions == 2 * long.versions > 1000


def test_what_interrupted_writers_left_is_cleared_away(store):
    store.make("a", 1)
    staging = store.root / "storage" / ".staging"
    for name in ("0123456789abcdef01234567.99.part", "0123456789abcdef01234567-aaaa"):
        (staging / name).write_bytes(b"12345")
        os.utime(staging / name, (0, 0))
    (store.root / "storage" / "sales" / "empty" / "folder").mkdir(parents=True)
    tried = store.upkeep.compact(dry_run=True)
    assert (tried.files, tried.folders, tried.finished) == (2, 2, 0)
    assert len(list(staging.iterdir())) == 2
    done = store.upkeep.compact()
    assert (done.files, done.folders) == (2, 2)
    assert done.size >= 10
    assert list(staging.iterdir()) == []
    assert store.read("a") == 1


def test_empty_folders_of_somebody_else_stay(store):
    store.make("a", 1)
    for folder in ("empty/folder", ".git/refs/tags", "sales/.git/refs/tags"):
        (store.root / "storage" / folder).mkdir(parents=True)
    assert store.upkeep.compact(dry_run=True).folders == store.upkeep.compact().folders == 0
    assert (store.root / "storage" / ".git" / "refs" / "tags").is_dir()


def test_an_empty_folder_of_a_defined_asset_is_removed(store, tmp_path):
    (store.root / "storage" / "reports" / "totals" / "2013").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (store.root / "storage" / "sales").symlink_to(tmp_path / "elsewhere")
    knowing = replace(store.upkeep, assets=frozenset({TOTALS, SALES}))
    assert knowing.compact(dry_run=True).folders == knowing.compact().folders == 2
    assert (tmp_path / "elsewhere").is_dir()


def test_versions_that_an_interrupted_rename_has_handed_on_are_cleared_away(keeping, monkeypatch):
    for value in (1, 2):
        keeping.make("a", value)
    monkeypatch.setattr(renaming, "_rename_records", killed)
    with pytest.raises(KeyboardInterrupt):
        keeping.upkeep.rename(SALES, TOTALS)
    monkeypatch.undo()
    handed_on = keeping.files.versions.folder / identity(TOTALS, "a")
    young = replace(keeping.upkeep, clock=lambda: handed_on.stat().st_mtime + 3_599)
    assert young.compact().files == 0
    old = replace(keeping.upkeep, clock=lambda: handed_on.stat().st_mtime + 3_601)
    with closing(keeping.upkeep.claims()) as claims:
        claims.take_whole(TOTALS, [])
        assert old.compact().files == 0
    assert old.compact(dry_run=True).files == 3
    assert old.compact().files == 3
    assert not handed_on.exists()
    assert keeping.aside == []
    assert [version.is_current for version in keeping.upkeep.versions(SALES, "a")] == [True, False]


def test_versions_in_a_folder_that_others_may_share_are_left_to_them(keeping, tmp_path):
    other = Store(tmp_path / "other")
    other.manager = keeping.manager
    other.make("a", 1)
    later = replace(keeping.upkeep, clock=lambda: other.file("a").stat().st_mtime + 3_601)
    assert replace(later, log=other.log).compact().files == 0
    assert len(other.upkeep.versions(SALES, "a")) == 1
    assert later.compact().files == 1
    other.close()


def test_what_is_being_written_is_left_alone(store):
    store.make("a", 1)
    event = store.make("b", 2)
    staged = store.files.staged(SALES, "b", event.artifact.digest)
    with open(staged, "wb") as file:  # noqa: PTH123
        file.write(b"young")
    assert store.upkeep.compact().files == 0
    os.utime(staged, (0, 0))
    maker = Claims(store.root)
    maker.take(SALES, ["b"])
    assert store.upkeep.compact().files == 0
    maker.close()


def test_a_recorded_value_that_is_not_in_place_is_put_there(store):
    event = store.make("a", 1)
    staged = store.files.staged(SALES, "a", event.artifact.digest)
    store.file("a").rename(staged)
    os.utime(staged, (0, 0))
    assert store.upkeep.compact().finished == 1
    assert store.file("a").is_file()
    assert store.read("a") == 1


# --- naming assets


@pytest.mark.parametrize("name", ["sales", ["sales"], SALES])
def test_an_asset_is_named_as_anywhere(keeping, name):
    keeping.make("a", 1)
    keeping.make("a", 2)
    upkeep = keeping.upkeep
    assert [each.asset_key for each in upkeep.verify([name])] == [SALES]
    versions = upkeep.versions(name, "a")
    assert len(versions) == 2
    upkeep.restore(name, versions[1])
    assert upkeep.trust(name, dry_run=True).asset_key == SALES
    assert upkeep.expire(name, Retention(newest=1), dry_run=True).partition_keys == ()
    assert upkeep.rename(name, "reports/sales", dry_run=True).new == AssetKey(["reports", "sales"])
    assert upkeep.wipe(name, ["a"]).files == 1
