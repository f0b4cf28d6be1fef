from __future__ import annotations

import asyncio

import pytest

from ipyassets import (
    AssetExecutionContext,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    Instance,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    asset,
    build_asset_context,
)
from ipyassets.errors import InvalidInvocationError, UnknownPartitionError

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01", timezone="America/New_York")
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": StaticPartitionsDefinition(["a", "b"])})


@asset(partitions_def=DAYS)
def seen(context, extra=None):
    return context


def test_a_body_can_be_called_with_a_context_made_by_hand():
    context = seen(build_asset_context(partition_key="2024-01-05"))
    assert context.partition_key == "2024-01-05"
    assert context.asset_partition_key_for_output() == "2024-01-05"
    assert context.partition_time_window.start.isoformat() == "2024-01-05T00:00:00-05:00"
    assert context.asset_partitions_def_for_output() == DAYS
    assert context.has_partition_key


def test_a_range_gives_its_keys_and_the_time_they_cover():
    context = seen(build_asset_context(partition_key_range=PartitionKeyRange("2024-01-05", "2024-01-07")))
    assert context.partition_keys == ("2024-01-05", "2024-01-06", "2024-01-07")
    assert context.partition_key_range == PartitionKeyRange("2024-01-05", "2024-01-07")
    window = context.partition_time_window
    assert (window.end - window.start).days == 3
    with pytest.raises(InvalidInvocationError, match="3 partitions in hand, not one"):
        _ = context.partition_key


def test_a_key_of_several_dimensions_is_known_by_dimension():
    @asset(partitions_def=GRID)
    def grid(context):
        return context.multi_partition_key.keys_by_dimension

    key = MultiPartitionKey({"day": "2024-01-05", "letter": "b"})
    assert grid(build_asset_context(partition_key=key)) == {"day": "2024-01-05", "letter": "b"}
    assert grid(build_asset_context(partition_key="2024-01-05|b")) == {"day": "2024-01-05", "letter": "b"}


def test_dynamic_keys_are_those_of_the_instance():
    @asset(partitions_def=DynamicPartitionsDefinition(name="images"))
    def image(context):
        return context.partition_key

    instance = Instance.ephemeral()
    instance.add_dynamic_partitions("images", ["one"])
    assert image(build_asset_context(partition_key="one", instance=instance)) == "one"
    with pytest.raises(UnknownPartitionError):
        image(build_asset_context(partition_key="two", instance=instance))
    instance.close()


def test_tags_and_resources_are_at_hand():
    context = build_asset_context(run_tags={"a": "b"}, resources={"db": 3})
    assert context.run_tags == {"a": "b"}
    assert context.resources.db == 3


def test_a_tag_of_the_run_is_found_by_its_name():
    context = build_asset_context(run_tags={"a": "b"})
    assert (context.has_tag("a"), context.get_tag("a")) == (True, "b")
    assert (context.has_tag("z"), context.get_tag("z")) == (False, None)


def test_the_run_is_at_hand_with_its_tags():
    context = build_asset_context(run_tags={"a": "b"})
    assert (context.run.run_id, context.run.tags) == (context.run_id, {"a": "b"})


def test_a_key_that_is_none_is_refused():
    with pytest.raises(UnknownPartitionError, match="'2024-03-01' is not a partition"):
        seen(build_asset_context(partition_key="2024-03-01"))
    with pytest.raises(InvalidInvocationError, match="not both"):
        build_asset_context(partition_key="a", partition_key_range=PartitionKeyRange("a", "b"))


def test_what_is_not_partitioned_has_no_key():
    @asset
    def plain(context):
        return context.partition_key

    with pytest.raises(InvalidInvocationError, match="plain is not partitioned"):
        plain(build_asset_context())


def test_the_context_of_the_running_body_can_be_asked_for_anywhere_in_it():
    def deep():
        return AssetExecutionContext.get().partition_key

    @asset(partitions_def=DAYS)
    def shallow(context):
        return deep()

    assert shallow(build_asset_context(partition_key="2024-01-05")) == "2024-01-05"
    with pytest.raises(InvalidInvocationError, match="no asset body is running here"):
        AssetExecutionContext.get()


def test_metadata_of_one_key_must_be_of_a_key_in_hand():
    context = seen(build_asset_context(partition_key="2024-01-05"))
    context.add_asset_metadata({"rows": 1}, partition_key="2024-01-05")
    with pytest.raises(InvalidInvocationError, match="not among the partitions in hand"):
        context.add_asset_metadata({"rows": 1}, partition_key="2024-01-06")


def test_a_context_may_be_given_by_name_or_to_a_body_that_takes_none():
    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
    def windowed(context):
        return context.partition_time_window.start.day

    @asset
    def plain(number):
        return number + 1

    assert windowed(context=build_asset_context(partition_key="2024-01-03")) == 3
    assert plain(build_asset_context(), 1) == plain(build_asset_context(), number=1) == plain(1) == 2


def test_a_body_that_takes_a_context_and_is_given_none_says_how_to_make_one():
    @asset
    def windowed(context):
        return 1

    with pytest.raises(InvalidInvocationError, match=r"windowed\(build_asset_context"):
        windowed()


def test_the_context_is_in_force_while_an_async_body_is_awaited():
    @asset(partitions_def=StaticPartitionsDefinition(["a"]))
    async def waiting():
        await asyncio.sleep(0)
        return AssetExecutionContext.get().partition_key

    assert asyncio.run(waiting(build_asset_context(partition_key="a"))) == "a"
