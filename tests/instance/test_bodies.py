"""What bodies are given, may do, and leave behind, one partition or several at a time."""

from __future__ import annotations

import logging
import sys
import threading
import time
import warnings

import pytest

from ipyassets import (
    AssetDep,
    AssetIn,
    BackfillPolicy,
    DailyPartitionsDefinition,
    Failure,
    Instance,
    MetadataValue,
    MultiPartitionsDefinition,
    Output,
    PartitionKeyRange,
    RetryPolicy,
    RetryRequested,
    StaticPartitionsDefinition,
    asset,
    materialize,
    use_instance,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import InvalidInvocationError
from ipyassets.events import Attempt, State

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-11")
LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
ALL_AT_ONCE = BackfillPolicy.single_run()


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path / "root", durability="fast")
    yield instance
    instance.close()


def event_of(instance, made, key=""):
    event, _ = instance.event_log.last(made.key, key)
    assert event is not None
    return event


# ------------------------------------------------------------------------------------------------ several at a time


def test_a_batch_of_one_day_and_several_letters_has_the_window_of_that_day(instance):
    seen = []

    @asset(partitions_def=GRID, backfill_policy=ALL_AT_ONCE)
    def grid(context):
        seen.append((context.partition_time_window, context.partition_key_range))
        return dict.fromkeys(context.partition_keys)

    materialize([grid], partition_keys=["2024-01-02|a", "2024-01-02|b"], instance=instance)
    [(window, keys)] = seen
    assert [window.start.day, window.end.day] == [2, 3]
    assert keys == PartitionKeyRange("2024-01-02|a", "2024-01-02|b")


def test_a_batch_with_gaps_has_keys_and_neither_a_range_nor_a_window(instance):
    said = []

    @asset(partitions_def=DAYS, backfill_policy=ALL_AT_ONCE)
    def source(context):
        return dict.fromkeys(context.partition_keys, 1)

    @asset(partitions_def=DAYS, backfill_policy=ALL_AT_ONCE)
    def gaps(context, source):
        for ask in (
            lambda: context.partition_key_range,
            lambda: context.partition_time_window,
            lambda: context.asset_partition_key_range_for_input("source"),
            lambda: context.asset_partitions_time_window_for_input("source"),
        ):
            with pytest.raises(InvalidInvocationError, match="use partition_keys") as caught:
                ask()
            said.append(str(caught.value))
        return source

    materialize([source, gaps], selection="gaps", partition_keys=["2024-01-02", "2024-01-05"], instance=instance)
    assert [each.split()[0] for each in said] == ["gaps", "gaps", "source", "source"]


def test_a_batch_without_gaps_has_both(instance):
    seen = []

    @asset(partitions_def=DAYS, backfill_policy=ALL_AT_ONCE)
    def days(context):
        seen.append((context.partition_key_range, context.partition_time_window))
        return dict.fromkeys(context.partition_keys)

    materialize([days], partition_keys=["2024-01-02", "2024-01-03"], instance=instance)
    [(keys, window)] = seen
    assert keys == PartitionKeyRange("2024-01-02", "2024-01-03")
    assert [window.start.day, window.end.day] == [2, 4]


def test_a_batch_reads_a_dict_of_an_asset_that_is_not_among_those_given(instance):
    outside = asset(name="outside", partitions_def=LETTERS)(lambda context: context.partition_key)
    materialize([outside], partition_keys="all", instance=instance)

    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE)
    def inside(outside):
        return {key: value * 2 for key, value in outside.items()}

    materialize([inside], partition_keys=["a", "b"], instance=instance)
    assert instance.store.load(inside, "b") == "bb"


def test_facts_about_one_partition_of_a_batch_are_kept_with_it_alone(instance):
    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE)
    def batch(context):
        context.add_asset_metadata({"of": "all"})
        context.add_asset_metadata({"only": "b"}, partition_key="b")
        return dict.fromkeys(context.partition_keys)

    materialize([batch], partition_keys=["a", "b"], instance=instance)
    assert dict(event_of(instance, batch, "a").metadata) == {"of": "all"}
    assert dict(event_of(instance, batch, "b").metadata) == {"of": "all", "only": "b"}


def test_a_value_with_a_kind_is_recorded_plainly_wherever_a_body_says_it(instance):
    @asset
    def told(context):
        context.add_output_metadata({"rows": MetadataValue.int(3)})
        context.add_asset_metadata({"page": MetadataValue.url("https://example.org")})
        return Output(1, metadata={"when": MetadataValue.timestamp(0), "notes": MetadataValue.md("*few*")})

    materialize([told], instance=instance)
    assert dict(event_of(instance, told).metadata) == {
        "rows": 3,
        "page": "https://example.org",
        "when": "1970-01-01T00:00:00+00:00",
        "notes": "*few*",
    }


# ------------------------------------------------------------------------------------------------ retries


def test_a_retry_policy_waits_gives_up_and_counts_only_the_last_attempt(instance):
    calls = []

    @asset(retry_policy=RetryPolicy(max_retries=2, delay=0.1))
    def failing():
        calls.append(time.monotonic())
        raise ValueError(len(calls))

    result = materialize([failing], instance=instance, raise_on_error=False)
    ended = time.monotonic()
    assert len(calls) == 3
    assert min(calls[1] - calls[0], calls[2] - calls[1]) >= 0.1
    event = event_of(instance, failing)
    assert (event.attempt, event.retries) == (Attempt.FAILED, 2)
    assert event.seconds <= ended - calls[1] - 0.1  # the last attempt began so long after the one before it
    assert result.troubles[0].reason == "ValueError: 3"


def batch_that_fails(times, *, error=ValueError, policy=RetryPolicy(max_retries=2)):  # noqa: B008 - frozen
    """An asset that fails to make its partition "b" so many times, and the keys and the retry of each of its calls."""
    calls: list[tuple[tuple[str, ...], int]] = []

    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE, retry_policy=policy)
    def batch(context):
        calls.append((context.partition_keys, context.retry_number))
        return {key: error() if key == "b" and len(calls) <= times else key for key in context.partition_keys}

    return batch, calls


def test_only_those_of_a_batch_that_failed_are_tried_again(instance):
    batch, calls = batch_that_fails(2)
    assert materialize([batch], partition_keys="all", instance=instance).success
    assert calls == [(("a", "b", "c", "d"), 0), (("b",), 1), (("b",), 2)]
    assert [event_of(instance, batch, key).retries for key in "ab"] == [0, 2]
    assert instance.store.load(batch, "b") == "b"


def test_those_of_a_batch_that_fail_each_time_have_failed_once_their_retries_are_used_up(instance):
    batch, calls = batch_that_fails(9)
    result = materialize([batch], partition_keys="all", instance=instance, raise_on_error=False)
    assert (len(calls), result.progress.failed, result.progress.done) == (3, 1, 4)
    assert [event.attempt for event in instance.event_log.history(batch.key)].count(Attempt.FAILED) == 1


@pytest.mark.parametrize(
    ("error", "policy", "count"),
    [
        (ValueError, None, 1),
        (lambda: Failure(allow_retries=False), RetryPolicy(), 1),
        (lambda: RetryRequested(max_retries=3), None, 4),
    ],
    ids=["no policy", "no retries allowed", "asked for"],
)
def test_how_often_a_part_of_a_batch_is_tried_is_decided_as_for_a_whole(instance, error, policy, count):
    batch, calls = batch_that_fails(9, error=error, policy=policy)
    materialize([batch], partition_keys="all", instance=instance, raise_on_error=False)
    assert len(calls) == count


def test_a_body_that_returns_an_exception_is_tried_again_as_one_that_raises_it(instance):
    @asset(partitions_def=LETTERS, retry_policy=RetryPolicy())
    def each(context):
        return 1 if context.retry_number else ValueError()

    assert materialize([each], partition_keys="all", instance=instance).success
    assert event_of(instance, each, "d").retries == 1


def test_a_part_of_a_batch_that_could_not_be_stored_is_tried_again(instance):
    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE, retry_policy=RetryPolicy())
    def batch(context):
        values: dict[str, object] = dict.fromkeys(context.partition_keys, 1)
        return values if context.retry_number else values | {"b": threading.Lock()}

    assert materialize([batch], partition_keys="all", instance=instance).success


def test_a_part_of_a_batch_that_is_tried_again_reads_its_own_inputs(instance, monkeypatch):
    # however slow the machine, all that the batch reads is there before it begins
    monkeypatch.setattr("ipyassets.engine.frontier.REFILL_SECONDS", 60)
    source = asset(name="source", partitions_def=LETTERS)(lambda context: context.partition_key)
    read = []

    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE, retry_policy=RetryPolicy())
    def batch(context, source):
        read.append(list(source))
        return {key: ValueError() if key > "b" and not context.retry_number else key for key in context.partition_keys}

    assert materialize([source, batch], partition_keys="all", instance=instance).success
    assert read == [["a", "b", "c", "d"], ["c", "d"]]


def test_a_part_of_a_batch_waits_as_long_as_its_policy_says_before_it_is_tried_again(instance):
    batch, calls = batch_that_fails(1, policy=RetryPolicy(delay=0.3))
    began = time.monotonic()
    materialize([batch], partition_keys="all", instance=instance)
    lasted = time.monotonic() - began
    assert (len(calls), lasted >= 0.3) == (2, True)
    assert event_of(instance, batch, "b").seconds <= lasted - 0.3


@pytest.mark.parametrize("executor", [None, "threads"])
def test_a_run_that_is_cancelled_tries_no_part_of_a_batch_again(instance, executor):
    batch, calls = batch_that_fails(9, policy=RetryPolicy(delay=600))

    def cancel_once_the_rest_is_recorded(run):
        deadline = time.monotonic() + 20
        while not len(instance.event_log.records(batch.key).keys) and time.monotonic() < deadline:
            time.sleep(0.01)
        run.cancel()

    def watch(run):
        threading.Thread(target=cancel_once_the_rest_is_recorded, args=(run,)).start()

    result = materialize(
        [batch], partition_keys="all", instance=instance, executor=executor, watch=watch, raise_on_error=False
    )
    assert (len(calls), result.progress.cancelled) == (1, 1)
    assert event_of(instance, batch, "a").attempt is Attempt.MATERIALIZED
    assert event_of(instance, batch, "b").attempt is Attempt.CANCELLED


def test_the_errors_of_those_that_made_it_in_the_end_are_not_those_of_the_run(instance):
    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE, retry_policy=RetryPolicy())
    def batch(context):
        gone = Failure("no c at all", allow_retries=False)
        first: dict[str, object] = {"a": ValueError("not yet"), "b": 1, "c": gone, "d": 1}
        return dict.fromkeys(context.partition_keys, 1) if context.retry_number else first

    with pytest.raises(Failure, match="no c at all"):
        materialize([batch], partition_keys="all", instance=instance)


# ------------------------------------------------------------------------------------------------ failures with facts


def test_a_failure_is_recorded_with_its_description_and_its_facts(instance):
    @asset
    def empty(context):
        context.add_output_metadata({"source": "a.csv", "rows": None})
        raise Failure("the file is empty", {"rows": 0, "page": MetadataValue.url("https://example.org")})

    result = materialize([empty], instance=instance, raise_on_error=False)
    assert result.troubles[0].reason == "Failure: the file is empty"
    with use_instance(instance):
        [error] = empty.errors().to_dict("records")
    assert (error["error"], error["message"]) == ("Failure", "the file is empty")
    assert error["metadata"] == {"source": "a.csv", "rows": 0, "page": "https://example.org"}


def test_a_failure_reaches_the_caller_as_it_was_raised(instance):
    @asset
    def empty():
        raise Failure("the file is empty", {"rows": 0})

    with pytest.raises(Failure, match="the file is empty") as caught:
        materialize([empty], instance=instance)
    assert caught.value.metadata == {"rows": 0}


@pytest.mark.parametrize(("allow_retries", "tries"), [(None, 3), (True, 3), (False, 1)], ids=["unsaid", "yes", "no"])
def test_a_failure_that_allows_no_retries_is_final(instance, allow_retries, tries):
    calls = []

    @asset(retry_policy=RetryPolicy(max_retries=2))
    def hopeless():
        calls.append(1)
        raise Failure(allow_retries=allow_retries)

    materialize([hopeless], instance=instance, raise_on_error=False)
    assert len(calls) == tries


def test_a_batch_may_return_a_failure_for_one_of_its_partitions(instance):
    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE)
    def batch(context):
        return dict.fromkeys(context.partition_keys, 1) | {"b": Failure("no b today", {"tried": 7})}

    materialize([batch], partition_keys=["a", "b"], instance=instance, raise_on_error=False)
    assert event_of(instance, batch, "a").attempt is Attempt.MATERIALIZED
    event = event_of(instance, batch, "b")
    assert (event.attempt, event.metadata) == (Attempt.FAILED, {"tried": 7})


def test_facts_about_one_partition_of_a_batch_stay_with_it_when_the_batch_fails(instance):
    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE)
    def batch(context):
        context.add_asset_metadata({"only": "b"}, partition_key="b")
        raise ValueError

    materialize([batch], partition_keys=["a", "b"], instance=instance, raise_on_error=False)
    assert [event_of(instance, batch, key).metadata for key in "ab"] == [{}, {"only": "b"}]


def test_facts_about_a_partition_stay_with_it_when_its_value_cannot_be_stored(instance):
    @asset(partitions_def=LETTERS, backfill_policy=ALL_AT_ONCE)
    def batch(context):
        context.add_output_metadata({"of": "all"})
        return dict.fromkeys(context.partition_keys, threading.Lock())

    materialize([batch], partition_keys=["a"], instance=instance, raise_on_error=False)
    assert event_of(instance, batch, "a").metadata == {"of": "all"}


# ------------------------------------------------------------------------------------------------ what is left behind


def test_a_warning_is_kept_with_every_partition_that_gives_it(instance, monkeypatch):
    @asset(partitions_def=LETTERS)
    def warned():
        warnings.warn("odd", stacklevel=1)
        return 1

    def show(message, *_, **__):
        print(message, file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        monkeypatch.setattr(warnings, "showwarning", show)  # as Python does itself; pytest keeps warnings to itself
        materialize([warned], partition_keys="all", instance=instance)
    assert ["odd" in event_of(instance, warned, key).output for key in "abcd"] == [True] * 4


def test_a_log_record_that_cannot_be_written_does_not_fail_its_partition(instance, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)

    @asset
    def logged(context):
        context.log.info("%d", "no number")
        context.log.info("%d", 1)

    assert materialize([logged], instance=instance).success
    assert event_of(instance, logged).output == "INFO ipyassets.body: 1\n"


def test_metadata_that_cannot_be_shown_costs_no_partition(instance):
    class Shy:
        def __repr__(self):
            raise RuntimeError("no")

    circle: list[object] = []
    circle.append(circle)

    @asset
    def odd(context):
        context.add_output_metadata({"shy": Shy(), "circle": circle, "rows": 3})

    assert materialize([odd], instance=instance).success
    metadata = event_of(instance, odd).metadata
    assert metadata["rows"] == 3
    assert metadata["shy"] == "a Shy that cannot be shown: RuntimeError"
    assert str(metadata["circle"]).startswith("a list that cannot be shown")


# ------------------------------------------------------------------------------------------------ what is read


def test_an_input_that_is_only_needed_makes_stale_when_it_changes(instance):
    def graph(value):
        needed = asset(name="needed")(lambda: value)
        needing = asset(name="needing", deps=[AssetDep("needed")])(lambda: 1)
        return AssetGraph.of([needed, needing])

    materialize(list(graph(1)), instance=instance)
    edited = graph(2)
    needed, needing = edited
    materialize([needed], instance=instance)
    assert instance.facts(edited).counts(needing.key) == {State.STALE: 1}


def test_gaps_that_an_input_allows_hold_nothing_up(instance):
    @asset(partitions_def=LETTERS)
    def source(context):
        if context.partition_key == "b":
            raise ValueError("no")
        return context.partition_key

    @asset(ins={"source": AssetIn(metadata={"allow_missing_partitions": True})})
    def all_there_is(source):
        return sorted(source)

    materialize([source], partition_keys="all", instance=instance, raise_on_error=False)
    assert materialize([source, all_there_is], selection="all_there_is", instance=instance).success
    assert instance.store.load(all_there_is, None) == ["a", "c", "d"]
