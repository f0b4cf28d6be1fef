from __future__ import annotations

import json
import operator
from functools import partial
from pathlib import Path

import pytest
from ipywidgets import DOMWidget

from ipyassets.assets.decorator import asset
from ipyassets.instance import Instance
from ipyassets.jupyter import widget
from ipyassets.jupyter.protocol import encode_selection
from ipyassets.jupyter.widget import PartitionBar, front_end
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition
from ipyassets.partitions.spans import Spans

LONG = 20.0
CONTRACT = Path(__file__).parent.parent / "contract"
CASES = json.loads((CONTRACT / "down.json").read_text())["cases"]
DAYS = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01", timezone="America/New_York")
JANUARY = Spans.range(0, 31)


@asset(partitions_def=DAYS)
def flights(context):
    return context.partition_key


@asset(partitions_def=DAYS)
def delays(flights):
    return flights


class Comm:
    """A front end that keeps what it is sent."""

    def __init__(self, inner):
        self.inner, self.sent = inner, []

    def send(self, data=None, metadata=None, buffers=None):
        self.sent.append(data)

    def __getattr__(self, name):
        return getattr(self.inner, name)


@pytest.fixture
def instance():
    with_memory = Instance.ephemeral()
    yield with_memory
    with_memory.close()


@pytest.fixture
def bar(instance):
    made = PartitionBar(delays, assets=[flights], instance=instance)
    assert made._bars.settle(LONG)
    yield made
    made._bars.settle(LONG)
    made.close()


def say(bar, content, *buffers):
    """What arrives when the browser sends a message."""
    bar._handle_custom_msg({"fingerprint": bar.fingerprint, **content}, [memoryview(each) for each in buffers])


def test_the_bar_has_the_traits_of_the_contract_and_no_others(bar):
    own = set(bar.keys) - set(DOMWidget().keys)
    assert {name for name in own if not name.startswith("_")} == set(CASES[0]["traits"])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_case_of_the_contract_can_be_shown(bar, case):
    texts = {name: bytes.fromhex(case["traits"][name]["hex"]) for name in ("states", "selection")}
    traits = case["traits"] | texts
    bar.show(traits)
    assert {name: getattr(bar, name) for name in traits} == traits


def test_a_bar_shows_its_states_from_the_first_moment(instance):
    bar = PartitionBar(delays, assets=[flights], instance=instance)
    assert bar.title == "delays"
    assert bar.counts == {"missing": 365}
    bar.close()


def test_what_has_changed_is_sent_in_one_message(bar):
    bar.comm = comm = Comm(bar.comm)
    bar.show({**bar._bar.traits, "title": "renamed", "selection": b"\x00\x01", "notice": {"serial": 1}})
    (message,) = comm.sent
    assert set(message["state"]) | {path[0] for path in message["buffer_paths"]} == {"title", "selection", "notice"}


def test_what_has_not_changed_is_not_sent(bar):
    bar.comm = comm = Comm(bar.comm)
    bar.show(bar._bar.traits)
    assert comm.sent == []


def test_a_message_is_carried_out_on_another_thread_and_answered_by_traits(bar):
    say(bar, {"kind": "select", "serial": 5}, encode_selection(JANUARY, 365))
    assert bar._bars.settle(LONG)
    assert bar.selection_serial == 5
    assert bar.plan["count"] == 31


def test_without_magics_the_code_line_is_a_call(bar):
    say(bar, {"kind": "select", "serial": 5}, encode_selection(JANUARY, 365))
    assert bar._bars.settle(LONG)
    expected = "materialize([flights, delays], selection='delays', partition_keys='[2013-01-01...2013-01-31]')"
    assert bar.plan["code"] == expected


def test_materializing_from_a_bar_of_its_own_fills_its_upstream_too(bar, instance):
    say(bar, {"kind": "materialize"}, encode_selection(JANUARY, 365))
    assert bar._bars.settle(LONG)
    for run in instance.active:
        run.wait(LONG)
    bar._bars._bridge.mark()
    assert bar._bars.settle(LONG)
    assert bar.counts == {"fresh": 31, "missing": 334}


@pytest.mark.parametrize("message", [{"kind": "erase"}, {"kind": "select"}, {"kind": "cancel", "fingerprint": ""}, {}])
def test_a_message_that_cannot_be_meant_is_answered_by_a_notice(bar, message):
    say(bar, message)
    assert bar._bars.settle(LONG)
    assert bar.notice["level"] == "error"


def test_a_mapping_of_the_users_own_that_raises_is_told_on_the_bar(bar, monkeypatch, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.setattr(bar._bar, "select", partial(operator.getitem, {}))
    say(bar, {"kind": "select", "serial": 5}, encode_selection(JANUARY, 365))
    assert bar._bars.settle(LONG)
    assert bar.notice["text"].startswith("TypeError: ")
    assert "delays could not do" in caplog.text


def test_where_no_widget_lives_the_bar_is_html_and_text(bar):
    data, _metadata = bar._repr_mimebundle_()
    assert data["text/plain"].startswith("delays: 365 partitions")
    assert "365 missing" in data["text/html"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == bar.model_id


def test_messages_are_left_to_the_thread_that_they_are_addressed_to(bar):
    class Kernel74:
        def _reply_subshell_for(self, _data, _default):
            return "the shell that published last"

    comm = Kernel74()
    widget._let_messages_pass(comm)
    assert comm._reply_subshell_for({}, "the subshell addressed") == "the subshell addressed"


def test_a_front_end_that_was_not_built_says_how_to_build_it(tmp_path):
    module, style = front_end(tmp_path)
    assert isinstance(module, str)
    assert "export default" in module
    assert "make" in module
    assert style == ""


def test_a_front_end_that_was_built_is_taken(tmp_path):
    for name in ("widget.js", "widget.css"):
        (tmp_path / name).write_text("/* */")
    assert front_end(tmp_path) == (tmp_path / "widget.js", tmp_path / "widget.css")


def test_a_closed_bar_is_not_followed_any_more(bar, instance, monkeypatch):
    bar.close()
    monkeypatch.setattr(bar._bars._bridge, "mark", lambda: pytest.fail("it still hears of changes"))
    instance.add_dynamic_partitions("cities", ["Oslo"])
    assert bar._bars._views == {}
