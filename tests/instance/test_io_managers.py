"""I/O managers as they are written for Dagster: what a run does with them, and what it hands them."""

from __future__ import annotations

import asyncio

import pytest

import ipyassets as ia
from ipyassets.errors import InvalidResultError

DAYS = ia.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-06")
DAY = "2024-01-02"
ALL = ia.TimeWindowPartitionMapping(start_offset=-1, end_offset=1)


@pytest.fixture
def instance(tmp_path):
    instance = ia.Instance(tmp_path / "root", durability="fast")
    yield instance
    instance.close()


class Kept(ia.IOManager):
    """Keeps values in a dict, by asset and partition."""

    def __init__(self):
        self.values = {}

    def handle_output(self, context, obj):
        self.values[tuple(context.get_asset_identifier())] = obj

    def load_input(self, context):
        return self.values[tuple(context.get_asset_identifier())]


class Yielding(Kept):
    def handle_output(self, context, obj):
        super().handle_output(context, obj)
        yield {"rows": obj}


class Returning(Kept):
    def handle_output(self, context, obj):
        super().handle_output(context, obj)
        return {"rows": obj}


class Awaited(Kept):
    async def handle_output(self, context, obj):  # type: ignore[override]
        await asyncio.sleep(0)
        super().handle_output(context, obj)
        context.add_output_metadata({"rows": obj})

    async def load_input(self, context):
        await asyncio.sleep(0)
        return super().load_input(context)


class YieldingOnFiles(ia.FilesystemIOManager):
    def handle_output(self, context, obj):
        super().handle_output(context, obj)
        yield {"rows": obj}


class AwaitedOnFiles(ia.FilesystemIOManager):
    async def handle_output(self, context, obj):  # type: ignore[override]
        super().handle_output(context, obj)
        context.add_output_metadata({"rows": obj})

    async def load_input(self, context):
        return super().load_input(context)


@pytest.mark.parametrize("kind", [Yielding, Returning, Awaited, YieldingOnFiles, AwaitedOnFiles])
def test_whatever_kind_of_function_handle_output_is_the_value_is_stored(instance, kind):
    @ia.asset(partitions_def=DAYS)
    def first():
        return 7

    @ia.asset(partitions_def=DAYS)
    def second(first):
        return first + 1

    result = ia.materialize(
        [first, second], instance=instance, resources={"io_manager": kind()}, partition_key=DAY, raise_on_error=False
    )
    assert result.success
    assert [instance.event_log.last(key, DAY)[1].metadata for key in (first.key, second.key)] == [
        {"rows": 7},
        {"rows": 8},
    ]
    assert instance.store.load(second, DAY) == 8


class AwaitedAndYielding(Kept):
    async def handle_output(self, context, obj):
        yield


def test_a_handle_output_that_cannot_be_run_to_its_end_fails_its_partition(instance):
    @ia.asset
    def first():
        return 7

    with pytest.raises(InvalidResultError, match=r"the value of first was not stored: .* remove `yield`"):
        ia.materialize([first], instance=instance, resources={"io_manager": AwaitedAndYielding()})


class AwaitedText(ia.UPathIOManager):
    async def dump_to_path(self, context, obj, path):  # type: ignore[override]
        await asyncio.sleep(0)
        path.write_text(obj)

    async def load_from_path(self, context, path):
        await asyncio.sleep(0)
        return path.read_text()


def test_values_written_and_read_by_path_are_awaited_one_or_several(instance):
    @ia.asset(partitions_def=DAYS, io_manager_def=AwaitedText())
    def text():
        return "a"

    @ia.asset(partitions_def=DAYS)
    def one(text):
        return text

    @ia.asset(partitions_def=DAYS, ins={"text": ia.AssetIn(partition_mapping=ALL)})
    def several(text):
        return text

    ia.materialize([text, one, several], instance=instance, partition_key=DAY)
    assert instance.store.load(text, DAY) == "a"
    assert instance.store.load(one, DAY) == "a"
    assert list(instance.store.load(several, DAY).values()) == ["a", "a", "a"]


# ------------------------------------------------------------------------------------------ what they are handed


class Noting(Kept):
    """Notes something of each context that it loads with."""

    def __init__(self, note):
        super().__init__()
        self.note, self.noted = note, []

    def load_input(self, context):
        self.noted.append(self.note(context))


def noted(note, instance, *assets, key=DAY):
    manager = Noting(note)
    ia.materialize(assets, instance=instance, resources={"io_manager": manager}, partition_key=key, upstream="none")
    return manager.noted


@ia.asset(partitions_def=DAYS, metadata={"table": "raw", "schema": "public"})
def raw():
    return 1


def test_an_input_has_its_own_metadata_and_that_of_the_asset_behind_it(instance):
    @ia.asset(partitions_def=DAYS, ins={"raw": ia.AssetIn(metadata={"table": "other"})})
    def read(raw):
        return 1

    def note(context):
        up = context.upstream_output
        return dict(context.definition_metadata), dict(up.definition_metadata), up.run_id != "", up.step_key

    assert noted(note, instance, raw, read) == [({"table": "other"}, {"table": "raw", "schema": "public"}, True, "raw")]


def test_gaps_are_allowed_by_an_input_and_not_by_the_asset_behind_it(instance):
    @ia.asset(partitions_def=DAYS, metadata={"allow_missing_partitions": True})
    def lenient():
        return 1

    @ia.asset(partitions_def=DAYS, ins={"lenient": ia.AssetIn(partition_mapping=ALL)})
    def strict(lenient):
        return lenient

    with pytest.raises(ia.NotMaterializedError):
        ia.materialize([lenient, strict], selection=[strict], instance=instance, partition_key=DAY, upstream="none")


def test_an_input_that_maps_to_no_partition_is_what_the_io_manager_says(instance):
    before = ia.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)

    @ia.asset(partitions_def=DAYS, ins={"total": ia.AssetIn(partition_mapping=before)})
    def total(total):
        return (total or 0) + 1

    class FromTen(Kept):
        def load_input(self, context):
            return super().load_input(context) if context.asset_partition_keys else 10

    given = {"io_manager": FromTen()}
    ia.materialize([total], instance=instance, resources=given, partition_key="2024-01-01")
    ia.materialize([total], instance=instance, resources=given, partition_key="2024-01-02")
    assert list(given["io_manager"].values.values()) == [11, 12]


def test_the_partition_key_of_an_input_is_that_of_the_partition_which_reads(instance):
    before = ia.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    whole = ia.asset(name="whole")(lambda: 1)

    @ia.asset(partitions_def=DAYS, ins={"raw": ia.AssetIn(partition_mapping=before)})
    def read(raw, whole):
        return 1

    def note(context):
        behind = context.asset_partition_keys if context.has_asset_partitions else None
        return context.name, context.has_partition_key, context.partition_key, behind

    ia.materialize([whole], instance=instance)
    ia.materialize([raw], instance=instance, partition_key="2024-01-01")
    assert sorted(noted(note, instance, raw, whole, read)) == [
        ("raw", True, DAY, ["2024-01-01"]),
        ("whole", True, DAY, None),
    ]


def test_facts_about_an_input_are_recorded_with_the_partition_that_reads_it(instance):
    @ia.asset(partitions_def=DAYS)
    def read(raw):
        return 1

    assert noted(lambda context: context.add_input_metadata({"rows": 3}, "loaded"), instance, raw, read) == [None]
    assert instance.event_log.last(read.key, DAY)[1].metadata == {"raw.rows": 3}


def test_what_a_body_says_of_its_value_is_known_to_whoever_stores_it(instance):
    class Told(Kept):
        def handle_output(self, context, obj):
            self.values[context.step_key] = context.output_metadata

    @ia.asset
    def said(context):
        context.add_output_metadata({"first": 1})
        return ia.Output(1, metadata={"second": 2})

    manager = Told()
    ia.materialize([said], instance=instance, resources={"io_manager": manager})
    assert manager.values == {"said": {"first": 1, "second": 2}}
