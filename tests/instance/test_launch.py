from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from typing import Any, cast

import pytest

from ipyassets import (
    AssetDep,
    AssetIn,
    BackfillPolicy,
    Backoff,
    Config,
    DailyPartitionsDefinition,
    DataVersion,
    DynamicPartitionsDefinition,
    FilesystemIOManager,
    HourlyPartitionsDefinition,
    Instance,
    MaterializeResult,
    Output,
    PartitionKeyRange,
    RetryPolicy,
    RetryRequested,
    Run,
    RunConfig,
    Skip,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    materialize,
    materialize_in_background,
    materialize_to_memory,
    use_instance,
)
from ipyassets.assets.graph import AssetGraph
from ipyassets.errors import (
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidResultError,
    IpyassetsError,
    MaterializationError,
    UnknownAssetError,
    UnknownPartitionError,
)
from ipyassets.events import State

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-11")
LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])


@pytest.fixture
def instance(tmp_path):
    instance = Instance(tmp_path / "root", durability="fast")
    yield instance
    instance.close()


def counts(instance, *assets, of=None):
    facts = instance.facts(AssetGraph.of(assets))
    return {str(state): count for state, count in facts.counts((of or assets[-1]).key).items()}


@asset(partitions_def=DAYS)
def days(context):
    return context.partition_time_window.start.day


@asset(partitions_def=DAYS)
def doubled(days):
    return days * 2


@asset
def total(doubled):
    return sum(doubled.values())


# ------------------------------------------------------------------------------------------------ what is asked for


def test_one_partition_of_every_asset_is_made(instance):
    result = materialize([days, doubled], partition_key="2024-01-05", instance=instance)
    assert result.success
    assert result.asset_value("doubled") == 10
    assert counts(instance, days) == {"fresh": 1, "missing": 9}


def test_keys_are_a_list_a_range_or_a_selection_text(instance):
    for keys, count in (
        (["2024-01-09", "2024-01-01"], 2),
        (PartitionKeyRange("2024-01-01", "2024-01-03"), 4),
        ("[2024-01-04...2024-01-06], 2024-01-10", 8),
        ("missing", 10),
    ):
        materialize([days], partition_keys=keys, instance=instance)
        assert counts(instance, days)["fresh"] == count


def test_a_reversed_range_is_refused_instead_of_making_nothing(instance):
    with pytest.raises(InvalidInvocationError, match="reversed: '2024-01-01' comes before '2024-01-03'"):
        materialize([days], partition_keys=PartitionKeyRange("2024-01-03", "2024-01-01"), instance=instance)


def test_nothing_is_made_of_an_empty_selection(instance):
    result = materialize([days, doubled], partition_key="2024-01-05", selection=[], instance=instance)
    assert result.success
    assert counts(instance, days) == {"missing": 10}


def test_what_a_selected_asset_lacks_is_filled_first(instance):
    result = materialize([days, doubled], selection="doubled", partition_key="2024-01-03", instance=instance)
    assert result.progress.materialized == 2
    again = materialize([days, doubled], selection=[doubled], partition_key="2024-01-03", instance=instance)
    assert again.progress.materialized == 1


def test_an_asset_without_partitions_pulls_all_it_reads(instance):
    result = materialize([days, doubled, total], selection=total, instance=instance)
    assert result.asset_value(total) == 110
    assert result.progress.materialized == 21


def test_a_dry_run_says_what_would_run_and_runs_nothing(instance):
    plan = materialize([days, doubled], selection="doubled", partition_keys="all", instance=instance, dry_run=True)
    assert plan.text == "10 partitions: 10 missing; with 10 upstream"
    assert [str(line) for line in plan.lines] == [
        "days: 10 partitions: 10 missing",
        "doubled: 10 partitions: 10 missing",
    ]
    assert counts(instance, days) == {"missing": 10}


def test_a_plan_tells_time_and_bytes_from_what_was_made_before(instance):
    materialize([days], partition_keys=["2024-01-01", "2024-01-02"], instance=instance)
    plan = materialize([days], partition_keys="all", instance=instance, dry_run=True)
    (line,) = plan.lines
    assert line.bytes == 50
    assert line.seconds is not None
    assert plan.seconds == line.seconds


def test_upstream_stale_renews_what_is_outdated_and_none_leaves_it(instance):
    chain = [days, doubled]
    materialize(chain, partition_key="2024-01-01", instance=instance)
    edited = [asset(name="days", partitions_def=DAYS)(lambda context: 7 + len(context.partition_key)), doubled]
    assert counts(instance, *edited) == {"stale": 1, "missing": 9}
    asked = {"selection": "doubled", "partition_key": "2024-01-01", "instance": instance}
    assert materialize(edited, upstream="none", **asked).asset_value("doubled") == 2
    assert materialize(edited, upstream="stale", **asked).asset_value("doubled") == 34
    assert counts(instance, *edited) == {"fresh": 1, "missing": 9}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, InvalidInvocationError, "days is partitioned: give partition_key"),
        ({"partition_key": "2024-01-99"}, UnknownPartitionError, "'2024-01-99' is not a partition"),
        ({"partition_keys": ["2024-01-01", "x"]}, UnknownPartitionError, "'x' is not a partition"),
        ({"partition_key": "2024-01-01", "partition_keys": "all"}, InvalidInvocationError, "not both"),
        ({"partition_key": "2024-01-01", "selection": "day"}, UnknownAssetError, "did you mean 'days'"),
        ({"partition_key": "2024-01-01", "upstream": "all"}, InvalidArgumentError, "upstream='all'"),
        ({"partition_key": "2024-01-01", "on_error": "go"}, InvalidArgumentError, "on_error='go'"),
        ({"partition_key": "2024-01-01", "executor": "cluster"}, InvalidArgumentError, "executor='cluster'"),
        ({"partition_key": "2024-01-01", "max_workers": 0}, InvalidArgumentError, "max_workers=0"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(instance, arguments, error, words):
    with pytest.raises(error, match=words.replace("(", "\\(")):
        materialize([days], instance=instance, **arguments)
    assert counts(instance, days) == {"missing": 10}


def test_a_key_for_assets_without_partitions_is_refused(instance):
    @asset
    def one():
        return 1

    with pytest.raises(InvalidInvocationError, match="no asset selected is partitioned"):
        materialize([one], partition_key="a", instance=instance)


# ------------------------------------------------------------------------------------------------------- failures


@asset(partitions_def=LETTERS)
def fragile(context):
    if context.partition_key in {"b", "c"}:
        raise ValueError(f"no {context.partition_key}")
    return context.partition_key


@asset(partitions_def=LETTERS)
def after(fragile):
    return fragile


@asset(partitions_def=LETTERS)
def apart():
    return 1


def test_the_body_s_own_exception_is_raised_with_its_traceback_and_the_others_go_on(instance):
    with pytest.raises(ValueError, match="no b") as caught:
        materialize([fragile, after], partition_keys="all", instance=instance)
    assert "1 other partition failed too" in caught.value.__notes__[0]
    assert caught.traceback[-1].name == "fragile"
    assert counts(instance, fragile) == {"failed": 2, "fresh": 2}
    assert counts(instance, fragile, after) == {"blocked": 2, "fresh": 2}


def test_a_failure_is_told_instead_of_raised_if_asked_for(instance):
    result = materialize([fragile, after], partition_keys="all", instance=instance, raise_on_error=False)
    assert not result.success
    assert [str(trouble) for trouble in result.troubles] == [
        "fragile b: ValueError: no b",
        "after b: fragile b failed",
        "fragile c: ValueError: no c",
        "after c: fragile c failed",
    ]


def test_stop_lets_nothing_start_after_a_failure(instance):
    result = materialize([fragile], partition_keys="all", instance=instance, raise_on_error=False, on_error="stop")
    assert counts(instance, fragile) == {"failed": 1, "fresh": 1, "cancelled": 2}
    assert result.progress.cancelled == 2


def test_trim_lets_no_more_of_the_failed_asset_start_while_others_go_on(instance):
    @asset(partitions_def=LETTERS)
    def last(fragile, apart):
        return fragile, apart

    materialize([fragile, apart, last], partition_keys="all", instance=instance, raise_on_error=False, on_error="trim")
    assert counts(instance, fragile) == {"failed": 1, "fresh": 1, "cancelled": 2}
    assert counts(instance, apart) == {"fresh": 4}
    assert counts(instance, fragile, apart, last)["fresh"] == 1


def test_a_known_failure_is_not_tried_again_unless_wanted(instance):
    materialize([fragile], partition_keys="all", instance=instance, raise_on_error=False)
    with pytest.raises(MaterializationError, match="after b: fragile b failed before"):
        materialize([fragile, after], selection="after", partition_key="b", instance=instance)
    assert len(instance.event_log.history(fragile.key, "b")) == 1
    with pytest.raises(ValueError, match="no b"):
        materialize([fragile, after], partition_key="b", instance=instance)


def test_a_known_failure_is_tried_again_once_its_code_has_changed(instance):
    materialize([fragile], partition_keys="all", instance=instance, raise_on_error=False)
    repaired = asset(name="fragile", partitions_def=LETTERS)(lambda: "mended")
    assert materialize([repaired, after], selection="after", partition_key="b", instance=instance).success


def test_a_failed_rerun_keeps_the_value_readable(instance):
    world = {"fail": False}

    @asset(partitions_def=LETTERS)
    def moody():
        if world["fail"]:
            raise ValueError("now")
        return "good"

    materialize([moody], partition_key="a", instance=instance)
    world["fail"] = True
    with pytest.raises(ValueError, match="now"):
        materialize([moody], partition_key="a", instance=instance)
    assert instance.store.load(moody, "a") == "good"
    detail = instance.describe(AssetGraph.of([moody]), "moody", "a")
    assert detail.state is State.FAILED
    assert detail.reason == "ValueError: now; the previous value is kept"


def test_blocked_is_over_once_the_failed_input_is_mended(instance):
    materialize([fragile, after], partition_keys="all", instance=instance, raise_on_error=False)
    mended = asset(name="fragile", partitions_def=LETTERS)(lambda: 1)
    materialize([mended], partition_keys=["b", "c"], instance=instance)
    assert counts(instance, mended, after) == {"stale": 2, "missing": 2}


def test_a_partition_that_reads_what_does_not_exist_cannot_run_and_says_so(instance):
    late = DailyPartitionsDefinition("2024-01-03", end_date="2024-01-11")

    @asset(partitions_def=late)
    def source():
        return 1

    @asset(partitions_def=DAYS)
    def reader(source):
        return source

    asked = {"selection": "reader", "partition_keys": ["2024-01-02", "2024-01-03"], "instance": instance}
    result = materialize([source, reader], raise_on_error=False, **asked)
    assert result.progress.blocked == 1
    assert "2024-01-02 of source, which does not exist" in result.troubles[0].reason
    assert result.progress.materialized == 2


def test_of_several_partitions_that_read_what_does_not_exist_the_first_is_named(instance):
    late = DailyPartitionsDefinition("2024-01-03", end_date="2024-01-11")

    @asset(partitions_def=late)
    def source():
        return 1

    @asset(partitions_def=DAYS)
    def reader(source):
        return source

    plan = materialize([source, reader], partition_keys="all", instance=instance, dry_run=True)
    (why,) = plan.held[reader.key]
    assert why == "it reads partitions of source that do not exist, such as 2024-01-01"
    assert plan.facts.space(reader.key).keys(plan.held[reader.key][why]) == ["2024-01-01", "2024-01-02"]


def test_keys_that_can_be_read_only_once_are_asked_of_every_asset(instance):
    one, two = (asset(name=name, partitions_def=LETTERS)(lambda: 1) for name in ("one", "two"))
    result = materialize([one, two], partition_keys=(key for key in "ab"), instance=instance)
    assert result.progress.materialized == 4


def test_a_range_of_dynamic_partitions_is_looked_up_in_the_instance(instance):
    instance.add_dynamic_partitions("letters", ["a", "b", "c"])
    made = asset(name="made", partitions_def=DynamicPartitionsDefinition(name="letters"))(lambda: 1)
    materialize([made], partition_keys=PartitionKeyRange("b", "c"), instance=instance)
    assert instance.event_log.records(made.key).keys == ["b", "c"]


def test_a_selection_text_is_about_the_assets_that_have_such_keys(instance):
    hours = HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-01-03-00:00")

    @asset(partitions_def=hours)
    def hourly():
        return 1

    @asset(partitions_def=DAYS)
    def daily(hourly):
        return sum(hourly.values())

    result = materialize([hourly, daily], partition_keys="[2024-01-01...2024-01-02]", instance=instance)
    assert result.progress.materialized == 50
    with pytest.raises(UnknownPartitionError, match="2023-12-31"):
        materialize([hourly, daily], partition_keys=["2023-12-31", "2024-01-01"], instance=instance)
    with pytest.raises(IpyassetsError):
        materialize([hourly, daily], partition_keys="[nothing...2024-01-02]", instance=instance)


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"partition_key": 20240101}, "texts, but 20240101"), ({"partition_keys": "all", "executor": 4}, "executor=4 is")],
)
def test_what_cannot_be_asked_for_is_refused_by_name(instance, asked, said):
    with pytest.raises(InvalidArgumentError, match=said):
        materialize([days], instance=instance, **asked)


def test_a_plan_tells_what_each_asset_takes_and_what_cannot_run(instance):
    materialize([fragile], partition_keys="all", instance=instance, raise_on_error=False)
    told = str(materialize([fragile, after], selection="after", partition_keys="all", instance=instance, dry_run=True))
    assert "after: 2 partitions cannot run: fragile b failed before: ask for it to have it tried again" in told
    materialize([days], partition_keys=["2024-01-01"], instance=instance)
    told = str(materialize([days], partition_keys="all", instance=instance, dry_run=True))
    assert re.search(r"  days: 10 partitions: 9 missing, 1 fresh; about [0-9.]+ s, [0-9]+ bytes", told)


def test_an_output_is_found_by_the_name_of_its_node(instance):
    made = asset(name="raw__events")(lambda: 1)
    nested = asset(key=["raw", "nested"])(lambda: 2)
    result = materialize([made, nested], instance=instance)
    assert (result.output_for_node("raw__events"), result.output_for_node("raw__nested")) == (1, 2)


def test_a_failure_is_noted_once_however_often_it_is_raised(instance):
    result = materialize([fragile], partition_keys="b", instance=instance, raise_on_error=False)
    with contextlib.suppress(ValueError):
        result.raise_for_failure()
    with pytest.raises(ValueError, match="no b") as caught:
        result.raise_for_failure()
    assert caught.value.__notes__ == ["while materializing fragile b"]


def test_results_take_none_for_nothing_and_a_data_version_of_dagsters(instance):
    @asset
    def plain():
        return Output(1, metadata=None, tags=None, data_version=DataVersion("v1"))

    @asset
    def facts():
        return MaterializeResult(metadata=None, tags=None)

    materialize([plain, facts], instance=instance)
    first = instance.event_log.last(plain.key, "")[0]
    materialize([plain], instance=instance)
    again = instance.event_log.last(plain.key, "")[0]
    assert first is not None
    assert again is not None
    assert first.data_version == again.data_version


@pytest.mark.parametrize("most", [0, -1, 1.5])
def test_a_limit_that_is_no_number_of_partitions_is_refused_where_it_is_declared(most):
    with pytest.raises(InvalidArgumentError, match="whole number from 1"):
        asset(name="one", partitions_def=LETTERS, max_concurrent=most)(lambda: 1)
    with pytest.raises(InvalidArgumentError, match="whole number from 1"):
        BackfillPolicy(most)


# ------------------------------------------------------------------------------------------------ retries and skips


def test_a_partition_is_retried_as_its_policy_says(instance):
    tries = []

    @asset(retry_policy=RetryPolicy(max_retries=2, delay=0.01, backoff=Backoff.EXPONENTIAL))
    def flaky(context):
        tries.append(context.retry_number)
        if len(tries) < 3:
            raise ValueError("not yet")
        return 1

    assert materialize([flaky], instance=instance).success
    assert tries == [0, 1, 2]
    assert instance.event_log.history(flaky.key)[0].retries == 2


def test_a_body_may_ask_for_a_retry_itself(instance):
    tries = []

    @asset
    def asking():
        tries.append(1)
        raise RetryRequested(max_retries=1, seconds_to_wait=0)

    with pytest.raises(RetryRequested):
        materialize([asking], instance=instance)
    assert len(tries) == 2


def test_a_skip_is_a_result_with_a_reason_and_passes_to_what_reads_it_alone(instance):
    @asset(partitions_def=LETTERS)
    def some(context):
        return Skip("a holiday") if context.partition_key == "b" else context.partition_key

    @asset(partitions_def=LETTERS)
    def each(some):
        return some

    @asset
    def together(some):
        return sorted(some)

    assets = [some, each, together]
    assert materialize(assets, selection=["some", "each"], partition_keys="all", instance=instance).success
    assert materialize(assets, selection="together", instance=instance).asset_value("together") == ["a", "c", "d"]
    assert counts(instance, some) == {"fresh": 3, "skipped": 1}
    assert counts(instance, some, each) == {"fresh": 3, "skipped": 1}
    graph = AssetGraph.of(assets)
    assert instance.describe(graph, "some", "b").reason == "a holiday"
    assert instance.describe(graph, "each", "b").reason == "some b was skipped"


def test_what_follows_skipped_partitions_does_not_wait_for_what_runs_beside_them(instance, monkeypatch):
    for pause in ("dispatch.POLL_SECONDS", "frontier.REFILL_SECONDS"):
        monkeypatch.setattr(f"ipyassets.engine.{pause}", 60)  # it shows where a run pauses
    many = StaticPartitionsDefinition([f"{each:03}" for each in range(101)])
    last_is_made = threading.Event()

    @asset(partitions_def=many)
    def source(context):
        return 1 if context.partition_key == "100" else Skip("nothing")

    @asset(partitions_def=many)
    def reader(source):
        last_is_made.set()
        return source

    @asset
    def beside():
        return last_is_made.wait(20)

    materialize([source], partition_keys="all", instance=instance)
    asked = {"selection": [reader, beside], "partition_keys": "all", "max_workers": 2, "instance": instance}
    assert materialize([source, reader, beside], **asked).asset_value(beside)


def test_none_is_a_skip_where_an_output_is_not_required(instance):
    @asset(output_required=False)
    def maybe():
        return None

    assert materialize([maybe], instance=instance).progress.skipped == 1


# --------------------------------------------------------------------------------------- results, metadata and config


def test_metadata_tags_and_data_version_are_recorded(instance):
    @asset
    def told(context):
        context.add_output_metadata({"rows": 3})
        return Output([1], metadata={"mean": 0.5}, data_version="v7", tags={"kind": "x"})

    materialize([told], instance=instance, tags={"who": "me"})
    event = instance.event_log.history(told.key)[0]
    assert dict(event.metadata) == {"rows": 3, "mean": 0.5}
    assert dict(event.tags) == {"who": "me", "kind": "x"}
    assert instance.store.load(told, None) == [1]


def test_a_data_version_that_stays_leaves_downstream_fresh(instance):
    @asset
    def noisy():
        return Output(time.time_ns(), data_version="same")

    @asset
    def reader(noisy):
        return noisy

    materialize([noisy, reader], instance=instance)
    materialize([noisy], instance=instance)
    assert counts(instance, noisy, reader) == {"fresh": 1}


def test_an_identical_rerun_leaves_downstream_fresh_and_another_value_does_not(instance):
    world = {"value": 1}

    @asset
    def source():
        return world["value"]

    @asset
    def reader(source):
        return source

    materialize([source, reader], instance=instance)
    materialize([source], instance=instance)
    assert counts(instance, source, reader) == {"fresh": 1}
    world["value"] = 2
    materialize([source], instance=instance)
    graph = AssetGraph.of([source, reader])
    assert instance.describe(graph, "reader").reason == "source has changed"


def test_a_result_without_a_value_is_done_and_stores_nothing(instance):
    @asset(partitions_def=LETTERS)
    def elsewhere():
        return MaterializeResult(metadata={"rows": 2})

    materialize([elsewhere], partition_key="a", instance=instance)
    assert counts(instance, elsewhere) == {"fresh": 1, "missing": 3}
    assert not (instance.root / "storage").exists()


def test_a_body_that_says_it_returns_nothing_is_held_to_it(instance):
    @asset
    def quiet() -> None:
        return cast("None", 1)

    with pytest.raises(InvalidResultError, match="annotated to return None and returned int"):
        materialize([quiet], instance=instance)


def test_the_context_tells_which_upstream_partitions_an_input_stands_for(instance):
    told: dict[str, Any] = {}

    @asset(partitions_def=DAYS, ins={"days": AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-2))})
    def reader(context, days):
        told["keys"] = context.asset_partition_keys_for_input("days")
        told["range"] = context.asset_partition_key_range_for_input("days")
        told["window"] = context.asset_partitions_time_window_for_input("days")
        told["definition"] = context.asset_partitions_def_for_input("days")
        with pytest.raises(InvalidInvocationError, match="3 partitions in hand, not one"):
            context.asset_partition_key_for_input("days")
        with pytest.raises(InvalidInvocationError, match="did you mean 'days'"):
            context.asset_partition_keys_for_input("day")

    materialize([days, reader], selection="reader", partition_key="2024-01-05", instance=instance)
    assert told["keys"] == ("2024-01-03", "2024-01-04", "2024-01-05")
    assert told["range"] == PartitionKeyRange("2024-01-03", "2024-01-05")
    assert (told["window"].end - told["window"].start).days == 3
    assert told["definition"] == DAYS


class Cleaning(Config):
    threshold: float = 0.5
    name: str = "x"


def test_config_values_reach_the_body_and_are_recorded(instance):
    @asset
    def cleaned(config: Cleaning):
        return config.threshold

    for given, expected in (
        (None, 0.5),
        ({"ops": {"cleaned": {"config": {"threshold": 2.0}}}}, 2.0),
        (RunConfig(ops={"cleaned": Cleaning(threshold=3.0)}), 3.0),
    ):
        result = materialize([cleaned], run_config=given, instance=instance)
        assert result.asset_value("cleaned") == expected
        assert dict(instance.event_log.history(cleaned.key)[0].config) == {"threshold": expected, "name": "x"}


def test_a_wrong_config_value_names_the_nearest(instance):
    @asset
    def cleaned(config: Cleaning):
        return config.threshold

    with pytest.raises(InvalidArgumentError, match="did you mean 'threshold'"):
        materialize([cleaned], run_config={"ops": {"cleaned": {"config": {"treshold": 2}}}}, instance=instance)


@pytest.mark.parametrize("result", [(letter for letter in "ab"), threading.Lock()], ids=["generator", "lock"])
def test_a_result_that_cannot_be_stored_fails_and_says_what_to_do(instance, result):
    @asset
    def odd():
        return result

    failed = materialize([odd], instance=instance, raise_on_error=False)
    assert "return" in failed.troubles[0].reason


# ------------------------------------------------------------------------------------ several partitions in one call


def test_a_single_run_makes_any_set_of_partitions_in_one_call(instance):
    calls = []

    @asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
    def table(context):
        calls.append(context.partition_keys)
        return {key: key[-2:] for key in context.partition_keys}

    materialize([table], partition_keys=["2024-01-02", "2024-01-05", "2024-01-03"], instance=instance)
    assert calls == [("2024-01-02", "2024-01-03", "2024-01-05")]
    assert instance.store.load(table, "2024-01-05") == "05"


def test_a_multi_run_makes_so_many_at_a_time(instance):
    calls = []

    @asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.multi_run(4))
    def table(context):
        calls.append(len(context.partition_keys))
        window = context.partition_time_window
        assert (window.end - window.start).days == len(context.partition_keys)
        return dict.fromkeys(context.partition_keys, 1)

    materialize([table], partition_keys="all", instance=instance)
    assert calls == [4, 4, 2]


def test_in_one_call_each_key_succeeds_or_fails_by_itself(instance):
    @asset(partitions_def=LETTERS, backfill_policy=BackfillPolicy.single_run())
    def table(context):
        return {"a": 1, "b": ValueError("bad b"), "c": Skip("none")}

    result = materialize([table], partition_keys="all", instance=instance, raise_on_error=False)
    assert counts(instance, table) == {"failed": 2, "fresh": 1, "skipped": 1}
    reasons = [trouble.reason for trouble in result.troubles]
    assert reasons[0] == "ValueError: bad b"
    assert "returned no value for this key" in reasons[1]


def test_one_call_for_several_keys_must_return_a_value_for_each(instance):
    @asset(partitions_def=LETTERS, backfill_policy=BackfillPolicy.single_run())
    def table(context):
        return [1, 2]

    with pytest.raises(InvalidResultError, match="return a dict with a value for each"):
        materialize([table], partition_keys="all", instance=instance)


def test_one_call_for_several_keys_reads_a_dict_of_each_partitioned_input(instance):
    @asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
    def table(days):
        return {key: value * 10 for key, value in days.items()}

    materialize([days, table], selection="table", partition_keys=["2024-01-02", "2024-01-04"], instance=instance)
    assert instance.store.load(table, "2024-01-04") == 40


# ------------------------------------------------------------------------------------------------ inputs and mappings


def test_an_input_s_shape_does_not_depend_on_how_many_keys_there_are(instance):
    trailing = AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-2))
    before = AssetIn(key="days", partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))

    @asset(partitions_def=DAYS, ins={"days": trailing})
    def last_three(days):
        return days

    @asset(partitions_def=DAYS, ins={"yesterday": before})
    def changed(yesterday):
        return yesterday

    assets = [days, last_three, changed]
    materialize(assets, partition_keys=["2024-01-01", "2024-01-02", "2024-01-03"], instance=instance)
    assert instance.store.load(last_three, "2024-01-01") == {"2024-01-01": 1}
    assert instance.store.load(last_three, "2024-01-03") == {"2024-01-01": 1, "2024-01-02": 2, "2024-01-03": 3}
    assert instance.store.load(changed, "2024-01-01") is None
    assert instance.store.load(changed, "2024-01-02") == 1


def test_an_asset_that_reads_itself_is_made_in_order(instance):
    before = AssetIn(key="running", partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))

    @asset(partitions_def=DAYS, ins={"running": before})
    def running(context, running):
        return (running or 0) + context.partition_time_window.start.day

    materialize([running], partition_key="2024-01-10", instance=instance)
    assert instance.store.load(running, "2024-01-10") == 55
    assert counts(instance, running) == {"fresh": 10}


def test_a_dependency_that_is_not_loaded_orders_only(instance):
    @asset(partitions_def=DAYS, deps=[AssetDep(days)])
    def later(context):
        return context.instance.store.load(days, context.partition_key)

    materialize([later, days], partition_key="2024-01-04", instance=instance)
    assert instance.store.load(later, "2024-01-04") == 4


def test_partitions_that_are_not_there_are_left_out_where_that_is_allowed(instance):
    @asset(ins={"days": AssetIn(metadata={"allow_missing_partitions": True})})
    def present(days):
        return sorted(days)

    materialize([days], partition_key="2024-01-02", instance=instance)
    result = materialize([days, present], selection="present", upstream="none", instance=instance)
    assert result.asset_value("present") == ["2024-01-02"]


def test_an_input_that_is_not_among_the_assets_is_read_from_the_store(instance):
    materialize([days], partition_key="2024-01-02", instance=instance)
    assert materialize([doubled], partition_key="2024-01-02", instance=instance).asset_value("doubled") == 4


def test_an_io_manager_given_as_a_resource_keeps_the_values(instance, tmp_path):
    manager = FilesystemIOManager(base_dir=tmp_path / "elsewhere")
    materialize([days], partition_key="2024-01-02", instance=instance, resources={"io_manager": manager})
    assert (tmp_path / "elsewhere" / "days" / "2024-01-02").is_file()
    assert counts(instance, days) == {"fresh": 1, "missing": 9}


def test_other_resources_are_at_hand_in_the_body(instance):
    @asset
    def greeted(context):
        return context.resources.greeting

    assert materialize([greeted], instance=instance, resources={"greeting": "hello"}).asset_value("greeted") == "hello"


# ------------------------------------------------------------------------------------------------- async, in memory


@asset
async def awaited():
    await asyncio.sleep(0)
    return 5


def test_an_async_body_is_run_to_its_end(instance):
    assert materialize([awaited], instance=instance).asset_value("awaited") == 5


def test_an_async_body_runs_though_a_loop_is_running_here(instance):
    async def kernel():
        return materialize([awaited], instance=instance).asset_value("awaited")

    assert asyncio.run(kernel()) == 5


def test_nothing_is_stored_by_a_run_to_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = materialize_to_memory([days, doubled], partition_key="2024-01-05")
    assert result.asset_value("doubled") == 10
    assert list(tmp_path.iterdir()) == []


def test_a_run_to_memory_refuses_io_managers():
    with pytest.raises(InvalidInvocationError, match="leave out the resource 'io_manager'"):
        materialize_to_memory([days], partition_key="2024-01-05", resources={"io_manager": FilesystemIOManager()})


def test_the_time_that_is_left_does_not_grow_while_one_body_runs(instance):
    runs: list[Run] = []
    left: list[float] = []

    @asset(partitions_def=DAYS)
    def slow(context):
        if context.partition_key == "2024-01-01":
            time.sleep(0.2)
        if context.partition_key == "2024-01-02":
            left.append(runs[0].progress.seconds_left or 0)
            time.sleep(0.01)
            left.append(runs[0].progress.seconds_left or 0)

    materialize([slow], partition_keys="all", instance=instance, watch=runs.append)
    assert left[0] > left[1]


def test_one_asset_without_a_list_around_it_is_an_error_that_says_so(instance):
    with pytest.raises(InvalidDefinitionError, match=r"in a list: \[days\]"):
        materialize(cast("Any", days), partition_key="2024-01-01", instance=instance)


def test_a_result_is_shown_in_words_with_its_first_failures(instance):
    @asset(partitions_def=DAYS)
    def odd(context):
        return 1 // (context.partition_key != "2024-01-02")

    result = materialize([odd], partition_keys="all", instance=instance, raise_on_error=False)
    shown = repr(result)
    assert "9 materialized, 1 failed in" in shown
    assert "odd 2024-01-02: ZeroDivisionError" in shown


def test_a_run_in_the_background_returns_at_once_and_can_be_waited_for(instance):
    gate = threading.Event()

    @asset(partitions_def=LETTERS)
    def patient(context):
        gate.wait()
        return context.partition_key

    run = materialize_in_background([patient], partition_keys=["a", "b"], instance=instance, tags={"by": "me"})
    assert not run.done
    gate.set()
    result = run.wait(20)
    assert result is not None
    assert result.asset_value(patient, "b") == "b"
    with use_instance(instance):
        assert patient.history("b").tags[0] == {"by": "me"}
