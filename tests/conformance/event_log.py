"""What every event log must do: subclass `EventLogConformance` and give it a `log`."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipyassets.assets.keys import AssetKey
from ipyassets.events import Artifact, Attempt, Event, Failure, InputUse, Place, Records, version_number

FLIGHTS = AssetKey("flights")
DELAYS = AssetKey(["air", "delays"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
DIGEST = "0123456789abcdef" * 6 + "01234567"


def made(key: str = "2013-01-01", asset: AssetKey = FLIGHTS, run: str = "run", at: float = 100.0, **more) -> Event:
    given = {
        "seconds": 0.5,
        "code_version": "v1",
        "data_version": 2**64 - 3,
        "artifact": Artifact(f"{asset}/{key}", 12, DIGEST),
        **more,
    }
    return Event(attempt=Attempt.MATERIALIZED, asset_key=asset, partition_key=key, run_id=run, timestamp=at, **given)


def ended(attempt: Attempt, key: str = "2013-01-01", asset: AssetKey = FLIGHTS, at: float = 200.0, **more) -> Event:
    return Event(attempt=attempt, asset_key=asset, partition_key=key, run_id="later", timestamp=at, **more)


def row(records: Records, key: str) -> dict[str, object]:
    i = records.keys.index(key)
    names = ("attempt", "made", "code", "data", "tried", "seconds", "size", "timestamp")
    return {name: getattr(records, name)[i].item() for name in names}


class EventLogConformance:
    """The promises of an event log."""

    @pytest.fixture
    def log(self):
        """An empty log."""
        raise NotImplementedError

    def test_a_new_log_knows_nothing(self, log):
        assert log.records(FLIGHTS).keys == []
        assert log.asset_keys() == []
        assert log.since(0) == []
        assert log.last(FLIGHTS, "2013-01-01") == (None, None)
        assert log.attempts(FLIGHTS, ["2013-01-01"]) == {}
        assert log.artifacts(FLIGHTS, ["2013-01-01"]) == {}
        assert log.metadata(FLIGHTS) == {}
        assert log.history(FLIGHTS) == []

    def test_an_event_comes_back_as_it_went_in(self, log):
        full = made(
            inputs=(InputUse(DELAYS, 31, 2**64 - 1), InputUse(FLIGHTS, 0, 0)),
            metadata={"rows": 842, "share": 0.25, "notes": ["a", None]},
            tags={"team": "air"},
            reason="ü",
            failure=Failure("ValueError", "no", "Traceback"),
            output="printed\n",
            displays=({"text/plain": "x"},),
            config={"limit": 3},
            retries=2,
        )
        log.append([full])
        assert log.since(0) == [full]

    def test_where_a_value_was_put_comes_back(self, log):
        artifact = Artifact("flights/a", 12, DIGEST, Place("storage", "kinds.Pickles"))
        events = [made("a", artifact=artifact), made("b", artifact=None, place=Place("", "kinds.Database"))]
        log.append(events)
        log.append([made("c", artifact=artifact)])
        assert log.since(0)[:2] == events
        assert log.artifacts(FLIGHTS, ["a", "b"]) == {"a": artifact}

    def test_events_come_back_in_order_and_only_those_asked_for(self, log):
        log.append([made("a"), made("b")])
        cursor = log.cursor()
        log.append([ended(Attempt.FAILED, "a")])
        assert [event.attempt for event in log.since(cursor)] == [Attempt.FAILED]
        assert [event.partition_key for event in log.since(0)] == ["a", "b", "a"]

    def test_the_cursor_grows_with_every_append(self, log):
        before = log.cursor()
        log.append([made("a")])
        between = log.cursor()
        log.append([made("a")])
        assert before < between < log.cursor()

    def test_history_is_newest_first_and_can_be_cut(self, log):
        log.append([made("a", at=1.0), made("b", at=2.0), made("a", at=3.0)])
        assert [event.timestamp for event in log.history(FLIGHTS)] == [3.0, 2.0, 1.0]
        assert [event.timestamp for event in log.history(FLIGHTS, "a")] == [3.0, 1.0]
        assert [event.timestamp for event in log.history(FLIGHTS, limit=1)] == [3.0]
        assert [event.timestamp for event in log.history(FLIGHTS, "b", limit=1)] == [2.0]

    def test_the_last_attempts_at_many_partitions_are_those_at_each(self, log):
        failed = ended(Attempt.FAILED, "a", failure=Failure("ValueError", "no", "Traceback"))
        log.append([made("a"), made("b"), failed, made("c"), made("a", DELAYS)])
        assert log.attempts(FLIGHTS, ["a", "b", "never"]) == {"a": failed, "b": made("b")}
        assert {key: log.last(FLIGHTS, key)[0] for key in "ab"} == log.attempts(FLIGHTS, ["a", "b"])

    def test_metadata_is_that_of_what_stands(self, log):
        log.append([made("kept", metadata={"rows": 1}), ended(Attempt.FAILED, "kept", metadata={"rows": 2})])
        log.append([made("again", metadata={"rows": 3}), made("again", metadata={"rows": 4})])
        log.append([made("silent", metadata={"rows": 5}), made("silent", config={"metadata": {"rows": 6}})])
        log.append([made("wiped", metadata={"rows": 7}), ended(Attempt.WIPED, "wiped")])
        log.append([made("fileless", artifact=None, metadata={"share": 0.25}), ended(Attempt.SKIPPED, "never")])
        log.append([made("elsewhere", DELAYS, metadata={"rows": 8})])
        assert log.metadata(FLIGHTS) == {"kept": {"rows": 1}, "again": {"rows": 4}, "fileless": {"share": 0.25}}

    def test_a_materialization_is_the_row_of_its_partition(self, log):
        log.append([made("a", at=7.0)])
        assert row(log.records(FLIGHTS), "a") == {
            "attempt": Attempt.MATERIALIZED,
            "made": True,
            "code": version_number("v1"),
            "data": 2**64 - 3,
            "tried": version_number("v1"),
            "seconds": 0.5,
            "size": 12,
            "timestamp": 7.0,
        }

    def test_it_is_told_whether_there_was_a_value_to_store(self, log):
        log.append([made("filed"), made("taken", artifact=None, place=Place("", "x")), made("none", artifact=None)])
        log.append([made("wiped"), ended(Attempt.WIPED, "wiped"), ended(Attempt.FAILED, "taken")])
        records = log.records(FLIGHTS)
        stored = dict(zip(records.keys, records.stored.tolist(), strict=True))
        assert stored == {"filed": True, "taken": True, "none": False, "wiped": False}

    @pytest.mark.parametrize("attempt", [Attempt.FAILED, Attempt.CANCELLED, Attempt.BLOCKED])
    def test_an_attempt_that_made_nothing_leaves_the_previous_value(self, log, attempt):
        first = made("a")
        log.append([first])
        log.append([ended(attempt, "a", code_version="v2")])
        found = row(log.records(FLIGHTS), "a")
        assert (found["attempt"], found["made"], found["timestamp"]) == (attempt, True, 200.0)
        assert (found["code"], found["tried"]) == (version_number("v1"), version_number("v2"))
        assert log.last(FLIGHTS, "a")[1] == first
        assert log.artifacts(FLIGHTS, ["a"]) == {"a": first.artifact}

    def test_a_skip_lets_the_previous_value_stand_for_its_own_code_and_inputs(self, log):
        first = made("a", inputs=(InputUse(DELAYS, 1, 1),))
        inputs = (InputUse(DELAYS, 1, 2), InputUse(FLIGHTS, 0, 0))
        skipped = ended(Attempt.SKIPPED, "a", code_version="v2", inputs=inputs)
        log.append([first])
        log.append([skipped])
        records = log.records(FLIGHTS)
        found = row(records, "a")
        assert (found["attempt"], found["made"], found["data"]) == (Attempt.SKIPPED, True, 2**64 - 3)
        assert (found["code"], found["tried"]) == (version_number("v2"), version_number("v2"))
        assert {key: sums.tolist() for key, sums in records.inputs.items()} == {DELAYS: [2], FLIGHTS: [0]}
        assert log.last(FLIGHTS, "a") == (skipped, first)
        assert log.artifacts(FLIGHTS, ["a"]) == {"a": first.artifact}

    def test_a_skip_of_what_was_never_made_makes_nothing(self, log):
        log.append([ended(Attempt.SKIPPED, "a", code_version="v2", inputs=(InputUse(DELAYS, 1, 2),))])
        found = row(log.records(FLIGHTS), "a")
        assert (found["attempt"], found["made"], found["code"]) == (Attempt.SKIPPED, False, 0)

    def test_a_wiped_partition_has_no_value_and_keeps_its_history(self, log):
        log.append([made("a"), ended(Attempt.WIPED, "a")])
        assert not row(log.records(FLIGHTS), "a")["made"]
        assert log.artifacts(FLIGHTS, ["a"]) == {}
        assert log.last(FLIGHTS, "a")[1] is None
        assert len(log.history(FLIGHTS, "a")) == 2

    def test_a_failure_after_a_wipe_does_not_bring_the_value_back(self, log):
        log.append([made("a"), ended(Attempt.WIPED, "a")])
        log.append([ended(Attempt.FAILED, "a")])
        assert not row(log.records(FLIGHTS), "a")["made"]

    def test_a_value_without_a_file_stands_too(self, log):
        log.append([made("a", artifact=None)])
        assert row(log.records(FLIGHTS), "a")["made"]
        assert log.artifacts(FLIGHTS, ["a"]) == {}

    def test_several_events_of_one_partition_in_one_append_leave_the_last(self, log):
        log.append([made("a", code_version="v1"), ended(Attempt.FAILED, "a"), made("a", code_version="v2", at=300.0)])
        found = row(log.records(FLIGHTS), "a")
        assert (found["code"], found["timestamp"], found["attempt"]) == (
            version_number("v2"),
            300.0,
            Attempt.MATERIALIZED,
        )

    def test_recorded_inputs_are_columns_by_upstream_asset(self, log):
        log.append(
            [
                made("a", inputs=(InputUse(DELAYS, 2, 2**64 - 1),)),
                made("b"),
                made("c", inputs=(InputUse(FLIGHTS, 1, 5), InputUse(DELAYS, 1, 0))),
            ]
        )
        records = log.records(FLIGHTS)
        order = [records.keys.index(key) for key in "abc"]
        assert records.used[DELAYS][order].tolist() == [True, False, True]
        assert records.inputs[DELAYS][order].tolist() == [2**64 - 1, 0, 0]
        assert records.used[FLIGHTS][order].tolist() == [False, False, True]
        assert records.inputs[FLIGHTS][order].tolist() == [0, 0, 5]
        assert records.inputs[DELAYS].dtype == np.uint64

    def test_only_assets_with_records_are_listed(self, log):
        log.append([made("a", inputs=(InputUse(DELAYS, 1, 1),))])
        assert log.asset_keys() == [FLIGHTS]

    def test_two_assets_that_are_written_alike_are_two(self, log):
        log.append([made("k", AssetKey("a/b")), made("k", AssetKey(["a", "b"]), run="other")])
        assert log.history(AssetKey("a/b"))[0].run_id == "run"
        assert log.history(AssetKey(["a", "b"]))[0].run_id == "other"

    def test_an_append_that_fails_records_nothing(self, log):
        with pytest.raises(Exception):  # noqa: B017 - which one is the log's own affair
            log.append([made("a"), made("b", code_version=object())])
        assert log.since(0) == []
        assert log.records(FLIGHTS).keys == []

    def test_metadata_that_json_cannot_hold_does_not_stop_a_record(self, log):
        log.append([made("a", metadata={"n": np.int64(3), "what": object, "seen": {1, 2}})])
        [event] = log.since(0)
        assert event.metadata["n"] == 3

    # The suite is subclassed, and a log is not made anew for each example: every example has an asset of its own.
    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors], max_examples=40
    )
    @given(
        keys=st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, unique=True
        )
    )
    def test_any_text_is_a_key(self, log, keys):
        asset = AssetKey(f"{len(log.asset_keys())} {keys[0]!r}")
        log.append([made(key, asset) for key in keys])
        assert sorted(log.records(asset).keys) == sorted(keys)
        assert set(log.artifacts(asset, keys)) == set(keys)

    def test_several_threads_may_append_and_read_at_once(self, log):
        def work(name: str) -> Callable[[], None]:
            def run() -> None:
                for i in range(20):
                    log.append([made(f"{name}-{i}")])
                    log.records(FLIGHTS)
                    log.cursor()

            return run

        threads = [threading.Thread(target=work(name)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(log.records(FLIGHTS).keys) == len(log.since(0)) == 60
