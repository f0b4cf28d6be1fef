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
