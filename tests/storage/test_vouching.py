from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from ipyassets.errors import InvalidArgumentError
from ipyassets.events import Attempt
from ipyassets.storage.event_log import SqliteEventLog
from ipyassets.storage.repair import repair
from ipyassets.storage.signature import Signer
from tests.conformance.event_log import FLIGHTS, EventLogConformance, ended, made

MINE = Signer(secret=b"mine")
TABLE = {"text/plain": "a table", "text/html": "<table>", "image/png": "iVBO", "image/svg+xml": "<svg>"}
ONLY_LOOKED_AT = {"text/plain": "a table", "image/png": "iVBO"}


def of(signer):
    return lambda path: SqliteEventLog(path, signer=lambda: signer)


mine, theirs, anybody = of(MINE), of(Signer(secret=b"theirs")), SqliteEventLog


class TestWithASigner(EventLogConformance):
    @pytest.fixture
    def log(self, tmp_path):
        log = mine(tmp_path / "log.sqlite")
        yield log
        log.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.sqlite"


def recorded(path, opened, *bundles):
    log = opened(path)
    log.append([ended(Attempt.FAILED, "a", displays=bundles)])
    log.close()


def shown(path, opened=mine):
    log = opened(path)
    [event] = log.since(0)
    assert log.last(FLIGHTS, "a")[0] == log.history(FLIGHTS, "a")[0] == event
    log.close()
    return [dict(bundle) for bundle in event.displays]


def test_what_the_user_s_own_run_displayed_comes_back_as_it_was(path):
    plotly = {"application/vnd.plotly.v1+json": {"data": [1.5, None, {"b": 1, "a": "ü"}]}, "text/plain": ""}
    recorded(path, mine, TABLE, plotly)
    assert shown(path) == [TABLE, plotly]


@pytest.mark.parametrize("opened", [theirs, anybody])
def test_of_what_others_displayed_only_what_is_looked_at_comes_back(path, opened):
    recorded(path, opened, TABLE, {"application/javascript": "alert(1)"})
    assert shown(path) == [ONLY_LOOKED_AT, {}]


def test_what_somebody_has_changed_in_the_log_counts_as_his(path):
    recorded(path, mine, TABLE)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE event SET details = replace(details, '<table>', '<script>')")
    connection.close()
    assert shown(path) == [ONLY_LOOKED_AT]


@pytest.mark.parametrize("seal", ["", "0" * 32, "ü", None, 7, ["x"]])
def test_what_is_no_seal_vouches_for_nothing(path, seal):
    recorded(path, anybody, {**TABLE, "application/vnd.ipyassets.seal": seal})
    assert shown(path) == [ONLY_LOOKED_AT]


def test_what_json_cannot_hold_is_sealed_as_it_will_be_read(path):
    recorded(path, mine, {"text/html": "<b>", "application/x": {1: date(2013, 1, 1), ("no", "key"): 2}})
    assert shown(path) == [{"text/html": "<b>", "application/x": {"1": "2013-01-01"}}]


def test_pictures_and_texts_need_no_key(path):
    def none():
        raise InvalidArgumentError("no key")

    keyless = lambda path: SqliteEventLog(path, signer=none)  # noqa: E731 - as those above
    recorded(path, keyless, ONLY_LOOKED_AT, TABLE)
    assert shown(path, keyless) == [ONLY_LOOKED_AT, ONLY_LOOKED_AT]


def test_a_repaired_log_shows_what_it_did(path):
    recorded(path, mine, TABLE)
    repair(path)
    assert shown(path) == [TABLE]


def test_recording_again_what_others_displayed_does_not_vouch_for_it(path):
    recorded(path, theirs, TABLE)
    log = mine(path)
    log.append(log.since(0))
    assert [dict(bundle) for event in log.since(0) for bundle in event.displays] == [ONLY_LOOKED_AT] * 2
    log.append([made("b")])
    log.close()
