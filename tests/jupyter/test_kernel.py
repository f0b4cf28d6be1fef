from __future__ import annotations

import re
import time

import pytest

from ipyassets import Signer
from ipyassets.assets.keys import AssetKey
from ipyassets.events import State
from ipyassets.jupyter.protocol import decode, encode_selection
from ipyassets.partitions.spans import Spans
from ipyassets.storage.event_log import SqliteEventLog
from tests.jupyter.live_kernel import live_kernel

BEGIN = """
%load_ext ipyassets
import time
from pathlib import Path
from ipyassets import DailyPartitionsDefinition, DynamicPartitionsDefinition, HourlyPartitionsDefinition, asset
days = DailyPartitionsDefinition(start_date="2013-01-01", end_date="2014-01-01", timezone="America/New_York")
"""
FLIGHTS = "%%asset flights --partitions days\npartition_key"
DELAYS = "%%asset delays --partitions days\nflights"
JANUARY = Spans.range(0, 31)
SOON = 20.0


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with live_kernel(tmp_path_factory.mktemp("kernel")) as running:
        yield running


@pytest.fixture
def kernel(process, tmp_path):
    """A kernel as good as new: in a folder of its own, with no variables and without the extension."""
    process.run("%unload_ext ipyassets")
    process.run("%reset -f")
    process.run(f"import os\nos.chdir({str(tmp_path)!r})")
    process.forget()
    process.run(BEGIN)
    return process


def counts(model):
    return model.traits["counts"]


def states(model):
    (dimension,) = model.traits["dimensions"]
    return decode(model.traits["states"], dimension["length"])


def materialize(kernel, model, spans, length=365):
    kernel.send(model, {"kind": "materialize"}, encode_selection(spans, length))
    kernel.until(lambda: model.traits["run"]["text"] != "" and not model.traits["run"]["active"])


def test_an_intent_reaches_python_while_a_cell_runs(kernel, tmp_path):
    subshell = kernel.open_subshell()
    kernel.run(FLIGHTS)
    bar = kernel.bar("flights")
    # the bar was last written by the main shell, which is then busy until it is told to end
    cell = kernel.begin("while not Path('end').exists(): time.sleep(0.01)")
    kernel.until(lambda: any(m["msg_type"] == "execute_input" for m in kernel.of(cell)))
    for serial in (1, 2):
        kernel.send(bar, {"kind": "select", "serial": serial}, encode_selection(JANUARY, 365), subshell=subshell)
        kernel.until(lambda serial=serial: bar.traits["selection_serial"] == serial, SOON)
    assert bar.traits["plan"]["text"] == "31 partitions: 31 missing"
    kernel.send(bar, {"kind": "materialize"}, encode_selection(JANUARY, 365), subshell=subshell)
    kernel.until(lambda: counts(bar).get("fresh") == 31, SOON)
    assert not any(m["content"].get("execution_state") == "idle" for m in kernel.of(cell))
    (tmp_path / "end").touch()
    kernel.finish(cell)


def test_one_file_for_each_partition_and_the_bar_agrees_with_the_disk(kernel, tmp_path):
    kernel.run(FLIGHTS)
    kernel.run(DELAYS)
    flights, delays = kernel.bar("flights"), kernel.bar("delays")
    materialize(kernel, delays, JANUARY)
    kernel.until(lambda: counts(flights) == counts(delays) == {"fresh": 31, "missing": 334})
    assert states(delays).tolist() == [State.FRESH] * 31 + [State.MISSING] * 334
    for name in ("flights", "delays"):
        assert len(list((tmp_path / ".ipyassets" / "storage" / name).glob("2013-01-*"))) == 31


def test_a_run_of_many_partitions_sends_few_messages_and_the_last_state_is_the_true_one(kernel):
    kernel.run(FLIGHTS)
    bar = kernel.bar("flights")
    began, before = time.monotonic(), len(bar.updates)
    materialize(kernel, bar, Spans.range(0, 365))
    kernel.until(lambda: counts(bar) == {"fresh": 365})
    assert set(states(bar).tolist()) == {State.FRESH}
    lasted = time.monotonic() - began
    # one for the intent, one for each tenth of a second begun, and the last
    assert len(bar.updates) - before <= 10 * lasted + 3


def test_an_upstream_cell_run_again_makes_every_bar_stale_at_once_and_each_says_why(kernel):
    kernel.run(FLIGHTS)
    kernel.run(DELAYS)
    flights, delays = kernel.bar("flights"), kernel.bar("delays")
    materialize(kernel, delays, JANUARY)
    kernel.run(FLIGHTS + ".upper()")
    # what a cell has changed is there when the cell has ended
    assert counts(flights) == counts(delays) == {"stale": 31, "missing": 334}
    assert flights.traits["reasons"] == [[State.STALE, "the code has changed"]]
    assert delays.traits["reasons"] == [[State.STALE, "flights is stale"]]
    kernel.run(FLIGHTS + "  # a comment")
    assert counts(flights) == counts(delays) == {"fresh": 31, "missing": 334}
    assert flights.traits["reasons"] == delays.traits["reasons"] == []


def test_an_upstream_made_again_makes_stale_only_what_read_other_content(kernel):
    kernel.run(FLIGHTS)
    kernel.run(DELAYS)
    flights, delays = kernel.bar("flights"), kernel.bar("delays")
    materialize(kernel, delays, JANUARY)
    kernel.run(FLIGHTS + "[:99]")
    assert counts(delays) == {"stale": 31, "missing": 334}
    kernel.run("%materialize flights 2013-01-*")
    assert counts(flights) == counts(delays) == {"fresh": 31, "missing": 334}
    kernel.run(FLIGHTS + ".upper()")
    kernel.run("%materialize flights 2013-01-*")
    assert counts(flights) == counts(delays) == {"fresh": 31, "missing": 334}
    kernel.run(FLIGHTS + "[:9]")
    kernel.run("%materialize flights 2013-01-0*")
    assert counts(delays) == {"stale": 31, "missing": 334}
    assert sorted(delays.traits["reasons"]) == [[5, "flights has changed"], [5, "flights is stale"]]
    assert delays.traits["details"]["0"].startswith("flights 2013-01-01 has changed")


def test_all_views_of_an_asset_are_of_one_model(kernel):
    kernel.run(FLIGHTS)
    kernel.run("flights")
    kernel.run("again = flights\nagain")
    assert len(kernel.bars("flights")) == 1
    shown = [m for m in kernel.published if m["msg_type"] == "display_data"]
    mime = "application/vnd.jupyter.widget-view+json"
    assert {m["content"]["data"][mime]["model_id"] for m in shown} == {kernel.bar("flights").comm_id}
    assert len(shown) == 3


def test_what_is_saved_shows_the_latest_state_at_the_end_of_a_run(kernel):
    kernel.run(FLIGHTS)
    bar = kernel.bar("flights")
    materialize(kernel, bar, JANUARY)
    kernel.until(lambda: any(m["msg_type"] == "update_display_data" for m in kernel.published), SOON)
    (shown,) = [m["content"] for m in kernel.published if m["msg_type"] == "display_data"]
    (saved,) = [m["content"] for m in kernel.published if m["msg_type"] == "update_display_data"]
    assert saved["transient"] == shown["transient"]
    assert "31 fresh" in saved["data"]["text/plain"]
    assert "31 fresh" in saved["data"]["text/html"]


def test_a_blocking_cell_saves_the_bars_of_other_cells_before_it_ends(kernel):
    kernel.run(FLIGHTS)
    answer = kernel.run("%materialize flights 2013-01-*")
    assert any("31 fresh" in update["data"].get("text/html", "") for update in answer.updates)


def test_a_new_dynamic_key_appears_on_the_bar(kernel):
    kernel.run("cities = DynamicPartitionsDefinition(name='cities')\nfrom ipyassets import current_instance")
    kernel.run("%%asset weather --partitions cities\npartition_key")
    bar = kernel.bar("weather")
    assert bar.traits["dimensions"][0]["length"] == 0
    kernel.run("current_instance().add_dynamic_partitions('cities', ['Oslo', 'Rome'])")
    assert bar.traits["dimensions"][0]["labels"] == {"list": ["Oslo", "Rome"]}
    assert counts(bar) == {"missing": 2}


def test_a_deleted_variable_leaves_a_bar_that_says_so_and_its_cell_brings_it_back(kernel):
    kernel.run(FLIGHTS)
    bar = kernel.bar("flights")
    materialize(kernel, bar, JANUARY)
    kernel.run("del flights")
    assert "not defined any more" in bar.traits["notice"]["text"]
    assert counts(bar) == {"fresh": 31, "missing": 334}
    kernel.run(FLIGHTS)
    assert bar.traits["notice"] == {}
    assert kernel.bars("flights") == [bar]


def test_two_assets_of_one_key_are_said_on_the_bars(kernel):
    kernel.run(FLIGHTS)
    kernel.run("other = asset(name='flights')(lambda: 1)")
    assert "two different assets" in kernel.bar("flights").traits["notice"]["text"]


def test_a_failing_body_can_be_read_from_the_bar(kernel):
    kernel.run("%%asset broken --partitions days\nprint('looking')\n1 / 0")
    bar = kernel.bar("broken")
    materialize(kernel, bar, Spans.range(0, 2))
    assert counts(bar) == {"failed": 2, "missing": 363}
    kernel.send(bar, {"kind": "describe", "index": 1})
    kernel.until(lambda: bar.traits["detail"] != {})
    detail = bar.traits["detail"]
    assert detail["reason"] == "ZeroDivisionError: division by zero"
    assert "1 / 0" in detail["traceback"]
    assert re.search(r"^  Cell In\[\d+\], line 3, in broken$", detail["traceback"], re.MULTILINE)
    assert detail["output"] == [{"text": "looking\n"}]
    assert not any(m["msg_type"] == "stream" and "looking" in m["content"]["text"] for m in kernel.published)


TALKATIVE = """\
%%asset slow --partitions days
while not Path("end").exists():
    print("from the body")
    time.sleep(0.001)"""


def test_a_cell_that_prints_while_a_run_goes_on_keeps_its_prints(kernel, tmp_path):
    kernel.run(TALKATIVE)
    bar = kernel.bar("slow")
    kernel.send(bar, {"kind": "materialize"}, encode_selection(JANUARY, 365))
    kernel.until(lambda: counts(bar).get("running") == 1)
    answer = kernel.run("for i in range(50):\n    print('cell', i)\n    time.sleep(0.01)")
    (tmp_path / "end").touch()
    printed = "".join(output.get("text", "") for output in answer.outputs)
    assert printed == "".join(f"cell {i}\n" for i in range(50))


def test_cancel_leaves_what_is_finished(kernel):
    kernel.run("%%asset slow --partitions days\ntime.sleep(0.02)")
    bar = kernel.bar("slow")
    kernel.send(bar, {"kind": "materialize"}, encode_selection(Spans.range(0, 365), 365))
    kernel.until(lambda: bar.traits["run"]["done"] >= 3)
    kernel.send(bar, {"kind": "cancel"})
    kernel.until(lambda: not bar.traits["run"]["active"])
    assert counts(bar)["fresh"] >= 3
    assert counts(bar)["cancelled"] >= 100
    assert counts(bar)["fresh"] + counts(bar)["cancelled"] == 365


def test_a_million_partitions_are_few_bytes(kernel):
    kernel.run("hours = HourlyPartitionsDefinition('1900-01-01-00:00', end_date='2014-02-01-00:00')")
    kernel.run("%%asset readings --partitions hours\n1")
    bar = kernel.bar("readings")
    assert bar.traits["dimensions"][0]["length"] > 1_000_000
    ours = {name: value for name, value in bar.traits.items() if not name.startswith("_")}
    assert len(repr(ours)) < 5_000


def test_a_message_that_means_nothing_is_answered_on_the_bar(kernel):
    kernel.run(FLIGHTS)
    bar = kernel.bar("flights")
    kernel.send(bar, {"kind": "erase"})
    kernel.until(lambda: "erase" in bar.traits["notice"].get("text", ""))
    kernel.send(bar, {"kind": "cancel", "fingerprint": "of another time"})
    kernel.until(lambda: "have changed" in bar.traits["notice"].get("text", ""))


LOOK = """
def look():
    import sys, logging
    shell = get_ipython()
    return {
        "streams": [id(sys.stdout), id(sys.stderr), id(sys.displayhook), id(sys.breakpointhook)],
        "magics": {kind: set(table) for kind, table in shell.magics_manager.magics.items()},
        "matchers": list(shell.Completer.custom_matchers),
        "display": set(shell.display_formatter.ipython_display_formatter.type_printers),
        "events": {name: len(each) for name, each in shell.events.callbacks.items()},
        "logging": len(logging.getLogger().handlers),
        "configurables": [type(each).__name__ for each in shell.configurables],
    }
def names():
    return sorted(name for name in globals() if not name.startswith("_"))
before, bound = look(), names()
"""


def test_unloading_in_a_kernel_leaves_nothing_but_the_users_own(kernel):
    kernel.run("%unload_ext ipyassets")
    kernel.run(LOOK)
    kernel.run("%load_ext ipyassets")
    kernel.run("%%asset total\n1")
    bar = kernel.bar("total")
    materialize(kernel, bar, Spans.range(0, 1), length=1)
    kernel.run("%unload_ext ipyassets")
    assert "unloaded" in bar.traits["notice"]["text"]
    assert not bar.traits["plan"]["enabled"]
    left = kernel.run("print({name: each for name, each in look().items() if each != before[name]})").text
    assert left == "{}\n"
    assert kernel.run("print(sorted(set(names()) ^ set(bound)))").text == "['before', 'bound', 'total']\n"


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        (["New York", "Oslo", "São Paulo"], [0, 2]),
        (["a, b", "it's", 'so "called"', "missing", "[x]"], [0, 1, 2, 3, 4]),
        (["latest", "all", "-x", "--on-error", "delays"], [2, 3, 4]),
        (["a", "b", "c"], [1]),
    ],
)
def test_the_code_line_does_what_the_button_does(kernel, keys, selected):
    kernel.run(f"from ipyassets import StaticPartitionsDefinition\nkeys = StaticPartitionsDefinition({[*keys, 'z']!r})")
    kernel.run("%%asset places --partitions keys\n1")
    bar = kernel.bar("places")
    mask = encode_selection(Spans.from_indices(selected), len(keys) + 1)
    kernel.send(bar, {"kind": "select", "serial": 1}, mask)
    kernel.until(lambda: bar.traits["selection_serial"] == 1)
    kernel.run(bar.traits["plan"]["code"])
    assert [i for i, state in enumerate(states(bar)) if state == State.FRESH] == selected


def test_the_code_line_of_a_grid_does_what_the_button_does(kernel):
    kernel.run("from ipyassets import MultiPartitionsDefinition, StaticPartitionsDefinition")
    kernel.run("origins = StaticPartitionsDefinition(['EWR', 'JFK', 'LGA'])")
    kernel.run("%%asset grid --partitions MultiPartitionsDefinition({'day':days,'origin':origins})\n1")
    bar = kernel.bar("grid")
    box = Spans.of([(3 * day + 1, 3 * day + 3) for day in range(10, 13)])
    kernel.send(bar, {"kind": "select", "serial": 1}, encode_selection(box, 1095))
    kernel.until(lambda: bar.traits["selection_serial"] == 1)
    assert bar.traits["plan"]["count"] == 6
    kernel.run(bar.traits["plan"]["code"])
    assert counts(bar) == {"fresh": 6, "missing": 1089}


CONFIGURED = """
%load_ext ipyassets
from ipyassets import StaticPartitionsDefinition
letters = StaticPartitionsDefinition(["a", "b"])
"""


@pytest.mark.parametrize("options", ["", "--executor processes --max-workers 1"])
def test_the_configuration_of_kernels_gives_the_key_that_a_team_shares(tmp_path, monkeypatch, options):
    for name in ("IPYASSETS_KEY", "IPYASSETS_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    team, profile = tmp_path / "team" / "key", tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(f"c.IPyAssets.key_file = {str(team)!r}")
    with live_kernel(tmp_path, JUPYTER_DATA_DIR=str(tmp_path / "own")) as kernel:
        kernel.run(CONFIGURED)
        kernel.run("%%asset one --partitions letters\npartition_key")
        kernel.run(f"%materialize one all {options}")
    log = SqliteEventLog(tmp_path / ".ipyassets" / "events.sqlite")
    artifacts = log.artifacts(AssetKey("one"), ["a", "b"])
    log.close()
    assert {Signer(key_file=team).signed(AssetKey("one"), key, artifacts[key].digest) for key in "ab"} == {True}
    assert not (tmp_path / "own" / "ipyassets_key").exists()


CHARTS = """\
%%asset charts --partitions days
from matplotlib import pyplot as plt
plt.plot([1, 2])
Path("drawn").touch()
while not Path("seen").exists(): time.sleep(0.01)
plt.title(partition_key)
partition_key"""


def pictures(answer) -> int:
    return sum("image/png" in each.get("data", {}) for each in answer.outputs)


def test_a_figure_that_a_body_leaves_open_in_the_background_is_kept_and_the_users_own_appears(kernel):
    kernel.run(CHARTS)
    bar = kernel.bar("charts")
    kernel.send(bar, {"kind": "materialize"}, encode_selection(Spans.range(0, 1), 365))
    kernel.run("while not Path('drawn').exists(): time.sleep(0.01)")
    users = kernel.run("from matplotlib import pyplot as plt\nplt.plot([3, 4]);")
    assert pictures(users) == 1
    assert pictures(kernel.run("Path('seen').touch()")) == 0
    kernel.until(lambda: counts(bar).get("fresh") == 1, SOON)
    assert pictures(kernel.run("len(plt.get_fignums())")) == 0
    assert pictures(kernel.run("charts.output('2013-01-01')")) == 1


TALKING = """\
%%asset talking
from IPython.display import HTML, display
print("first")
display(HTML("<b>second</b>"))
print("third", end="")
from matplotlib import pyplot as plt
plt.plot([1, 2])
plt.show()
print("fifth")
plt.plot([3, 4])
0"""


def test_what_a_body_put_out_is_shown_again_as_a_cell_would_have_shown_it(kernel):
    kernel.run(TALKING)
    kernel.run("%materialize talking")
    shown = [
        each.get("text") or ("picture" if "image/png" in each["data"] else each["data"]["text/html"])
        for each in kernel.run("talking.output()").outputs
    ]
    assert shown == ["first\n", "<b>second</b>", "third", "picture", "fifth\n", "picture"]
