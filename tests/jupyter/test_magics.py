"""The magics, in a real kernel."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest

from tests.jupyter.live_kernel import Answer, LiveKernel, live_kernel

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


BEGIN = """
%load_ext ipyassets
from ipyassets import *
letters = StaticPartitionsDefinition(['a', 'b', 'c'])
days = DailyPartitionsDefinition('2013-01-01', end_date='2013-01-04')
"""


@pytest.fixture(scope="module")
def process(tmp_path_factory) -> Iterator[LiveKernel]:
    with live_kernel(tmp_path_factory.mktemp("kernel")) as running:
        yield running


@pytest.fixture
def kernel(process: LiveKernel, tmp_path) -> LiveKernel:
    """A kernel as good as new: in a folder of its own, with no variables but those of BEGIN."""
    process.run("%unload_ext ipyassets")
    process.run("%reset -f")
    process.run(f"import os\nos.chdir({str(tmp_path)!r})")
    process.forget()
    process.run(BEGIN)
    return process


def error(answer: Answer) -> str:
    """What a failed cell shows, without colours."""
    [found] = [each for each in answer.outputs if "traceback" in each]
    return COLOUR.sub("", "\n".join(found["traceback"]))


def value(kernel: LiveKernel, expression: str) -> str:
    return kernel.run(f"print({expression})").text.strip()


def run_as(kernel: LiveKernel, cell_id: str, code: str) -> Answer:
    """Run a cell of the notebook that has an id, as JupyterLab sends it."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = kernel.client.session.msg("execute_request", content)
    message["metadata"]["cellId"] = cell_id
    kernel.client.shell_channel.send(message)
    return kernel.finish(message["header"]["msg_id"])


# ---------------------------------------------------------------------------------------------------------- %%asset


def test_a_cell_becomes_an_asset_and_shows_its_bar(kernel):
    kernel.run("%%asset one --partitions letters\npartition_key * 2")
    assert value(kernel, "one.key, one.partitions_def is letters") == "one True"
    assert kernel.bar("one").traits["counts"] == {"missing": 3}


def test_names_in_the_body_that_are_assets_become_inputs(kernel):
    kernel.run("%%asset up --partitions letters\npartition_key")
    kernel.run("%%asset down --partitions letters\nother = 1\nup + '!'")
    kernel.run("%materialize down a")
    assert value(kernel, "down['a'], up['a']") == "a! a"


def test_shell_commands_and_timed_statements_read_what_the_body_reads(kernel):
    kernel.run("partition_key = 'of the notebook'")
    kernel.run("%%asset base\n[1, 2]")
    kernel.run("%%asset total --partitions letters\n%time x = sum(base)\nout = !echo {partition_key}{x}\nout[0]")
    kernel.run("%materialize total a")
    assert value(kernel, "total['a']") == "a3"


def test_an_input_may_have_another_name_than_its_asset(kernel):
    kernel.run("@asset(key=['raw', 'numbers'])\ndef numbers():\n    return 1\nn = numbers\ndel numbers")
    kernel.run("%%asset total\nn + 1")
    kernel.run("%materialize total")
    assert value(kernel, "total.value()") == "2"


def test_an_asset_with_a_key_of_several_parts_has_the_last_as_its_variable(kernel):
    kernel.run("%%asset raw/flights\n1")
    assert value(kernel, "flights.key") == "raw/flights"


def test_an_upstream_asset_can_be_read_through_a_mapping(kernel):
    kernel.run("%%asset sales --partitions days\nint(partition_key[-2:])")
    kernel.run(
        "%%asset change --partitions days --deps AssetDep(sales, "
        "partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))\n"
        "sales"
    )
    kernel.run("%materialize change 2013-01-03")
    assert value(kernel, "change['2013-01-03']") == "2"


def test_a_dependency_that_the_body_does_not_read_is_not_loaded(kernel):
    kernel.run("%%asset first\n1")
    kernel.run("%%asset second --deps first,elsewhere/third\n2")
    assert value(kernel, "[(str(u.key), u.argument) for u in second.upstreams]") == (
        "[('first', None), ('elsewhere/third', None)]"
    )


def test_an_asset_that_reads_itself_says_so_with_deps(kernel):
    kernel.run("yesterday = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)")
    cell = (
        "%%asset balance --partitions days --deps AssetDep('balance', partition_mapping=yesterday)\n(balance or 0) + 1"
    )
    kernel.run(cell)
    assert value(kernel, "[u.argument for u in balance.upstreams]") == "['balance']"
    kernel.run(cell.replace(" --deps AssetDep('balance', partition_mapping=yesterday)", ""))
    assert value(kernel, "balance.upstreams") == "()"


def test_a_key_for_an_asset_without_partitions_is_an_error_that_says_so(kernel):
    kernel.run("%%asset one\n1")
    assert "'a' is not a partition: this asset is not partitioned" in error(
        kernel.run("%materialize one a", fails=True)
    )


def test_an_asset_can_be_declared_anew_while_another_variable_holds_the_old_one(kernel):
    declared = "@asset(partitions_def=letters)\ndef up(context):\n    return {}"
    kernel.run(declared.format(1))
    kernel.run("alias = up")
    kernel.run(declared.format(2))
    kernel.run("%materialize up a")
    assert value(kernel, "up['a']") == "2"


def test_options_describe_the_asset(kernel):
    kernel.run(
        "%%asset one --description 'all of it' --group=raw --code-version 7 \\\n"
        "    --metadata {'unit': 'min'} --with tags={'a': 'b'} --with owners=['me']\n1"
    )
    told = "one.description, one.group_name, one.code_version, one.metadata, one.tags, one.owners"
    assert value(kernel, told) == "all of it raw 7 {'unit': 'min'} {'a': 'b'} ('me',)"


def test_a_cell_run_again_binds_its_name_anew_and_marks_partitions_stale(kernel):
    kernel.run("%%asset one\n1")
    kernel.run("%materialize one")
    kernel.run("%%asset one --description 'other words'\n# the same\n1")
    assert value(kernel, "list(one.status().state)") == "['fresh']"
    kernel.run("%%asset one\n2")
    assert value(kernel, "list(one.status().state)") == "['stale']"
    assert value(kernel, "one.value()") == "1"


def test_a_table_of_states_agrees_with_the_bar(kernel):
    kernel.run("%%asset up\n1")
    kernel.run("%%asset down\nup")
    kernel.run("%materialize down")
    kernel.run("%%asset up\n2")
    assert value(kernel, "list(down.status().state)") == "['stale']"
    kernel.until(lambda: kernel.bar("down").traits["counts"] == {"stale": 1})


def test_another_cell_that_declares_the_same_asset_says_so(kernel):
    assert run_as(kernel, "cell-1", "%%asset one\n1").text.count("was declared") == 0
    assert run_as(kernel, "cell-1", "%%asset one\n2").text.count("was declared") == 0
    assert "one was declared in cell [" in run_as(kernel, "cell-2", "%%asset one\n3").text


def test_an_asset_that_takes_the_variable_of_another_says_which_is_lost(kernel):
    kernel.run("%%asset a/x\n1")
    assert "the variable x was the asset a/x, which is not defined any more" in kernel.run("%%asset b/x\n2").text
    assert "not defined any more" not in kernel.run("kept = x").text + kernel.run("%%asset c/x\n3").text


def test_an_asset_that_is_declared_after_its_reader_says_that_it_is_no_input(kernel):
    kernel.run("%%asset late\nflights + 1\n")
    note = "late takes flights for a plain variable: run its cell again to make it an input"
    assert note in kernel.run("%%asset flights\n1").text
    assert "an asset was read that is no input here" in error(kernel.run("%materialize late", fails=True))
    kernel.run("%%asset late\nflights + 1\n")
    assert note not in kernel.run("del flights").text + kernel.run("%%asset flights\n1").text
    kernel.run("%materialize late")


def test_the_class_of_an_executor_is_no_executor(kernel):
    kernel.run("%%asset one\n1")
    kernel.run("from concurrent.futures import ThreadPoolExecutor")
    shown = kernel.run("%materialize one --executor ThreadPoolExecutor", fails=True).text
    assert shown.strip().endswith("give an executor made of it, as in ThreadPoolExecutor(4)")


@pytest.mark.parametrize("declared", ["%%asset one --partitions days\n1", ""], ids=["another asset", "itself"])
def test_an_asset_does_not_take_the_place_of_what_assets_are_partitioned_by(kernel, declared):
    kernel.run(declared)
    shown = kernel.run("%%asset days --partitions days\n1", fails=True).text
    assert "UsageError: the variable days holds what " in shown
    assert "days would be partitioned by, and would become this asset: give one of the two another name" in shown
    assert value(kernel, "type(days).__name__") == "DailyPartitionsDefinition"


@pytest.mark.parametrize(
    ("held", "kind"), [("DailyPartitionsDefinition('2024-01-01')", "DailyPartitionsDefinition"), ("[1, 2]", "list")]
)
def test_an_asset_that_takes_the_place_of_something_else_says_so_once(kernel, held, kind):
    kernel.run(f"flights = {held}")
    note = f"the variable flights was a {kind}, and is now the asset air/flights"
    assert note in kernel.run("%%asset air/flights --partitions days\n1").text
    assert "the variable flights" not in kernel.run("%%asset air/flights --partitions days\n2").text


def test_what_cannot_be_counted_into_the_version_is_said(kernel):
    kernel.run("import threading\nlock = threading.Lock()")
    text = kernel.run("%%asset one\nlock\n1").text
    assert "a change of this will not make one stale: lock: a lock, of which only the type counts" in text
    assert "will not make" not in kernel.run("%%asset one --code-version 1\nlock\n1").text
    shown = kernel.run("from ipyassets import asset\n@asset\ndef two(): return lock\ntwo").text
    assert "a change of this will not make two stale: lock: a lock, of which only the type counts" in shown


def test_a_shell_command_in_a_body_says_nothing_and_reads_none_of_the_notebooks_functions(kernel):
    assert "get_ipython" not in kernel.run("%%asset one\n!echo one\n%pwd\n1").text
    kernel.run("%materialize one\ndef other(): return 2")
    assert kernel.bar("one").traits["counts"] == {"fresh": 1}


def test_an_edit_of_a_helper_that_remembers_its_results_makes_its_assets_stale(kernel):
    kernel.run("from functools import lru_cache\n@lru_cache\ndef helper(x): return x + 1")
    kernel.run("%%asset one\nhelper(1)")
    kernel.run("%materialize one")
    kernel.run("@lru_cache\ndef helper(x): return x + 2")
    assert kernel.bar("one").traits["counts"] == {"stale": 1}


def test_what_is_nested_deeper_than_python_can_call_has_a_state(kernel):
    kernel.run("nested = []\nfor _ in range(400): nested = [nested]\ndef f0(): return nested")
    kernel.run("\n".join(f"def f{n + 1}(): return f{n}()" for n in range(250)))
    kernel.run("%%asset one\nlen(f250())")
    kernel.run("%materialize one")
    assert value(kernel, "list(one.status().state)") == "['fresh']"


def test_a_body_that_loses_its_value_is_said(kernel):
    assert "the value of one is None" in kernel.run("%%asset one\nx = 1").text
    assert "None" not in kernel.run("%%asset one\nx = 1\nx").text


def test_a_syntax_error_is_shown_at_its_place_in_the_cell(kernel):
    shown = error(kernel.run("\n%%asset one\nx = 1\ny = = 2", fails=True))
    assert re.fullmatch(r"  Cell In\[\d+\], line 4\n    y = = 2\n        \^\nSyntaxError: invalid syntax\n?", shown)


def test_an_asset_that_does_not_fit_is_refused_in_a_line_and_not_bound(kernel):
    kernel.run("%%asset one --deps two\n1")
    shown = error(kernel.run("%%asset two --deps one\n1", fails=True))
    assert re.fullmatch(r"InvalidDefinitionError: assets read one another in a circle: .*\n*", shown)
    assert value(kernel, "'two' in globals()") == "False"


@pytest.mark.parametrize(
    ("heading", "complaint"),
    [
        ("", r"%%asset takes one name, as in %%asset flights"),
        ("one two", r"%%asset takes one name, not 2: one, two"),
        ("a-b", r"'a-b' cannot be the name of a variable"),
        ("class", r"'class' cannot be the name of a variable"),
        ("context", r"'context' is at hand in every body"),
        ("one --partition letters", r"--partition is not an option here; did you mean '--partitions'"),
        ("one --partitions leters", r"--partitions leters: 'leters' is not defined; did you mean 'letters'"),
        ("one --partitions [1]", r"--partitions \[1\]: this is a list, not a partitions definition; there is letters"),
        ("one --partitions Daily(", r"--partitions Daily\(: this is not a Python expression"),
        ("one --metadata 1", r"--metadata 1: this is a int, not a dict"),
        ("one --with retries=1", r"--with retries=1: .*retries"),
        ("one --with 3", r"--with 3: write NAME=EXPR"),
    ],
)
def test_a_mistake_in_the_heading_is_a_line_that_helps(kernel, heading, complaint):
    assert re.search(complaint, kernel.run(f"%%asset {heading}\n1", fails=True).text)


def test_the_help_page_of_a_magic_fits_on_a_screen_and_has_an_example(kernel):
    for magic in ("%asset", "%materialize"):
        page = kernel.run(f"{magic} -h").text
        assert len(page.splitlines()) < 30
        assert max(map(len, page.splitlines())) <= 110
        assert "%materialize delays [" in page or "%%asset delays --partitions days" in page


def test_the_line_magic_shows_the_bar_of_an_asset(kernel):
    kernel.run("%%asset one\n1")
    assert "one" in kernel.run("%asset one").text
    assert "'oen' is not an asset here; did you mean 'one'" in error(kernel.run("%asset oen", fails=True))


# ----------------------------------------------------------------------------------------------------- %materialize


def test_materialize_makes_what_is_asked_for_and_what_that_needs(kernel):
    kernel.run("%%asset up --partitions letters\npartition_key")
    kernel.run("%%asset down --partitions letters\nup")
    assert "4 materialized" in kernel.run("%materialize down [a...b]").text
    assert value(kernel, "list(up.status().state), list(down.status().state)") == (
        "['fresh', 'fresh', 'missing'] ['fresh', 'fresh', 'missing']"
    )


def test_materialize_without_a_selection_makes_what_is_not_fresh(kernel):
    kernel.run("%%asset one --partitions letters\npartition_key")
    kernel.run("%materialize one a")
    assert "2 materialized" in kernel.run("%materialize one").text
    assert "nothing to make: nothing of one is unfinished" in kernel.run("%materialize one").text
    assert "3 materialized" in kernel.run("%materialize one all").text


def test_an_asset_without_partitions_is_made_again_only_on_request(kernel):
    kernel.run("%%asset one\n1")
    assert "1 materialized" in kernel.run("%materialize one").text
    assert "nothing to make" in kernel.run("%materialize one").text
    assert "1 materialized" in kernel.run("%materialize one all").text


def test_a_selection_speaks_of_partitioned_assets(kernel):
    kernel.run("%%asset one --partitions letters\n1")
    kernel.run("%%asset two\n2")
    assert "2 materialized" in kernel.run("%materialize one two b").text
    assert "2 materialized" in kernel.run("%materialize one two").text


def test_materialize_takes_several_assets(kernel):
    kernel.run("%%asset one --partitions letters\n1")
    kernel.run("%%asset two\n2")
    assert "4 materialized" in kernel.run("%materialize one, two").text


def test_a_dry_run_tells_the_plan_and_runs_nothing(kernel):
    kernel.run("%%asset one --partitions letters\n1")
    assert "2 partitions: 2 missing" in kernel.run("%materialize one [b...c] --dry-run").text
    assert value(kernel, "set(one.status().state)") == "{'missing'}"


def test_a_key_with_a_quote_is_materialized_by_the_line_that_the_bar_shows(kernel):
    kernel.run("odd = StaticPartitionsDefinition(['a b', 'it\"s'])")
    kernel.run("%%asset one --partitions odd\npartition_key")
    kernel.run(r'%materialize one "it\"s", "a b"')
    assert value(kernel, "list(one.status().state)") == "['fresh', 'fresh']"


def test_upstream_none_leaves_upstream_partitions_alone(kernel):
    kernel.run("%%asset up --partitions letters\npartition_key")
    kernel.run("%%asset down --partitions letters\nup")
    kernel.run("%materialize down a --upstream none", fails=True)
    assert value(kernel, "set(up.status().state)") == "{'missing'}"


def test_a_body_that_fails_makes_the_cell_fail_with_its_own_line(kernel):
    kernel.run("%%asset one --partitions letters\nx = partition_key\nif x == 'b':\n    1 / 0\nx")
    answer = kernel.run("%materialize one", fails=True)
    shown = error(answer)
    assert re.search(r"Cell In\[\d+\], line 4, in one\(context\)", shown)
    assert "ipyassets/" not in shown
    assert "while materializing one b" in shown
    assert next(each for each in answer.outputs if "ename" in each)["ename"] == "ZeroDivisionError"
    assert value(kernel, "list(one.status().state)") == "['fresh', 'failed', 'fresh']"


def test_a_failure_can_be_debugged_where_it_happened(kernel):
    kernel.run("%%asset one --partitions letters\nx = partition_key\n1 / 0")
    kernel.run("%materialize one b", fails=True)
    kernel.run("import sys\ntb = sys.last_traceback\nwhile tb.tb_next: tb = tb.tb_next")
    assert value(kernel, "tb.tb_frame.f_locals['x'], tb.tb_frame.f_locals['partition_key'], tb.tb_lineno") == "b b 3"


def test_several_failures_are_told_in_a_table(kernel):
    kernel.run("%%asset one --partitions letters\nraise ValueError(f'no {partition_key}')")
    shown = error(kernel.run("%materialize one", fails=True))
    assert shown.rstrip().endswith(
        "3 partitions failed:\n  one a  ValueError: no a\n  one b  ValueError: no b\n  one c  ValueError: no c"
    )


def test_what_a_body_prints_and_displays_is_kept_with_its_partition(kernel):
    kernel.run("%%asset one --partitions letters\nprint('printed', partition_key)\ndisplay('displayed')\n1")
    assert "printed" not in kernel.run("%materialize one a").text
    assert value(kernel, "repr(one.history('a').output[0])") == repr("printed a\n'displayed'\n")


@pytest.mark.parametrize("executor", ["--max-workers 2", "--executor processes", "--executor pool"])
def test_bodies_of_cells_run_in_threads_processes_and_executors(kernel, executor):
    kernel.run("from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)")
    kernel.run("helper = lambda x: x * 2")
    kernel.run("%%asset one --partitions letters\nhelper(partition_key)")
    kernel.run(f"%materialize one {executor}")
    assert value(kernel, "one['c']") == "cc"


def test_a_failure_in_a_process_shows_the_line_of_the_cell(kernel):
    kernel.run("%%asset one --partitions letters\nx = 1\nx / 0")
    shown = error(kernel.run("%materialize one a --executor processes", fails=True))
    assert "in one\n    x / 0" in shown


@pytest.mark.parametrize(
    ("body", "options", "shown_first"),
    [
        ("def one(nope): return nope", "", "NotMaterializedError: nope is not materialized"),
        ("def one(): return ValueError('as a value')", "", "ValueError: as a value"),
        ("def one(): 1 / 0", "--executor processes", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_failure_that_has_no_line_of_a_body_is_its_message(kernel, body, options, shown_first):
    kernel.run(f"@asset\n{body}")
    shown = error(kernel.run(f"%materialize one {options}", fails=True))
    assert shown.startswith(shown_first)
    assert not re.search(r"\.py:\d", shown)


@pytest.mark.parametrize("raised", ["__import__('asyncio').CancelledError", "GeneratorExit"])
def test_what_is_no_exception_of_the_ordinary_kind_is_shown_as_one(kernel, raised):
    kernel.run(f"%%asset one\nraise {raised}()")
    shown = error(kernel.run("%materialize one", fails=True))
    assert "ipyassets/" not in shown
    assert "line 2, in one()" in shown


def test_a_message_that_cannot_be_sent_is_shown_as_it_is_written(kernel):
    kernel.run(r"%%asset one" + "\n" + r"raise ValueError('\ud800')")
    assert r"ValueError: \ud800" in error(kernel.run("%materialize one", fails=True))
    assert value(kernel, "one.status().reason.iloc[0]") == r"ValueError: \ud800"


def test_a_body_that_awaits_runs(kernel):
    kernel.run("%%asset one\nimport asyncio\nawait asyncio.sleep(0)\n5")
    kernel.run("%materialize one")
    assert value(kernel, "one.value()") == "5"


def test_an_interrupt_cancels_and_keeps_what_is_finished(kernel):
    pid = int(value(kernel, "__import__('os').getpid()"))
    kernel.run("%%asset one --partitions letters\nimport time\ntime.sleep(30 if partition_key == 'b' else 0.1)\n1")
    cell = kernel.begin("%materialize one")
    kernel.until(lambda: {"running": 1, "fresh": 1}.items() <= kernel.bar("one").traits["counts"].items())
    os.kill(pid, signal.SIGINT)
    shown = error(kernel.finish(cell))
    assert re.fullmatch(r"KeyboardInterrupt: one: 1 materialized, 2 cancelled in .*\n*", shown)
    assert value(kernel, "list(one.status().state)") == "['fresh', 'cancelled', 'cancelled']"


def test_an_interrupt_of_a_shell_command_cancels_though_ipython_keeps_it_to_itself(kernel):
    pid = int(value(kernel, "__import__('os').getpid()"))
    kernel.run("%%asset one --partitions letters\nlines = !sleep 30; echo got\nlines")
    cell = kernel.begin("%materialize one")
    kernel.until(lambda: "running" in kernel.bar("one").traits["counts"])
    os.kill(pid, signal.SIGINT)
    assert "0 materialized, 3 cancelled" in error(kernel.finish(cell))
    assert value(kernel, "list(one.status().state)") == "['cancelled', 'cancelled', 'cancelled']"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", r"%materialize takes an asset, as in %materialize NAME \(assets here: one\)"),
        ("oen", r"'oen' is not an asset here; did you mean 'one'"),
        ("letters", r"'letters' is no asset but a StaticPartitionsDefinition"),
        ("one zzz", r"'zzz' is not a partition"),
        ("one --dryrun", r"--dryrun is not an option here; did you mean '--dry-run'"),
        ("one --upstream fresh", r"invalid choice: 'fresh'"),
    ],
)
def test_a_mistake_in_the_line_is_a_line_that_helps(kernel, line, complaint):
    kernel.run("%%asset one --partitions letters\n1")
    answer = kernel.run(f"%materialize {line}", fails=True)
    shown = error(answer) if any("traceback" in each for each in answer.outputs) else answer.text
    assert re.search(complaint, shown)
    assert len(shown.strip().splitlines()) == 1


def test_showing_no_asset_says_how_to_show_one(kernel):
    kernel.run("%%asset one --partitions letters\n1")
    assert "%asset takes an asset, as in %asset NAME (assets here: one)" in kernel.run("%asset", fails=True).text


# ------------------------------------------------------------------------------------------------ %assets, %cancel


def test_assets_are_listed_with_what_they_read_and_their_states(kernel):
    kernel.run("%%asset up --partitions letters\n1")
    kernel.run("%%asset down\nup\n2")
    kernel.run("%materialize up a")
    kernel.run("table = %assets")
    assert value(
        kernel, "table.reset_index()[['asset', 'reads', 'partitions', 'fresh', 'missing']].values.tolist()"
    ) == ("[['up', '', 3, 1, 2], ['down', 'up', 1, 0, 1]]")


def test_what_assets_take_on_disk_is_listed_with_the_largest_first(kernel):
    kernel.run("%%asset small --partitions letters\n1")
    kernel.run("%%asset large --partitions letters\nbytes(100_000)")
    kernel.run("%materialize small all")
    kernel.run("%materialize large a")
    kernel.run("table = %assets --disk")
    assert value(kernel, "table['values'].to_dict()") == "{'large': 1, 'small': 3}"
    assert value(kernel, "bool(table.bytes['large'] > 100_000 > table.bytes['small'] > 0)") == "True"


def test_a_background_run_is_cancelled(kernel):
    kernel.run(
        "%%asset one --partitions letters\nimport time\n"
        "while not context.cancelled: time.sleep(0.01)\nraise InterruptedError"
    )
    assert kernel.run("%cancel").text.strip() == "nothing is running"
    bar = kernel.bar("one")
    kernel.send(bar, {"kind": "materialize"}, bytes([0, 1, 1, 1]))
    kernel.until(lambda: bar.traits["counts"].get("running") == 1)
    assert kernel.run("%cancel one").text.strip() == "cancelled 1 run"
    kernel.until(lambda: not bar.traits["run"].get("active"))
    assert "running" not in bar.traits["counts"]


def test_a_front_end_is_offered_keys_and_nothing_else(kernel):
    kernel.run("%%asset one --partitions days\n1")
    code = 'x = 1\none["2013-01'
    kernel.client.complete(code, len(code))
    reply = kernel.client.get_shell_msg(timeout=60)["content"]
    assert reply["matches"] == ["2013-01-01", "2013-01-02", "2013-01-03"]
    assert code[reply["cursor_start"] : reply["cursor_end"]] == "2013-01"


def test_an_error_of_the_library_ends_at_the_line_that_called_it(kernel):
    kernel.run("%%asset one --partitions letters\n1")
    shown = error(kernel.run("x = 1\none['a']", fails=True))
    assert re.search(r"----> 2 one\['a'\]", shown)
    assert "ipyassets/assets" not in shown
    assert "NotMaterializedError: one 'a' is not materialized" in shown


CONFIGURED = """
class Cleaning(Config):
    above: float = 0.5

@asset(partitions_def=letters)
def clean(context, config: Cleaning):
    return context.partition_key, config.above, getattr(context.resources, 'db', None)
"""


def test_a_body_with_a_config_runs_with_its_defaults_or_with_what_the_line_gives(kernel):
    kernel.run(CONFIGURED)
    kernel.run("%materialize clean a")
    given = "--config {'ops': {'clean': {'above': 2}}} --resources {'db': 'x'} --tags {'by': 'me'}"
    kernel.run(f"%materialize clean b {given}")
    assert value(kernel, "clean['a'], clean['b']") == "('a', 0.5, None) ('b', 2.0, 'x')"
    assert value(kernel, "clean.debug('b').inputs") == "{'config': Cleaning(above=2.0)}"
    refused = error(kernel.run("%materialize clean c --config {'ops': {'claen': {}}}", fails=True))
    assert "did you mean 'clean'" in refused


def test_resources_of_definitions_are_at_hand_in_bodies(kernel):
    kernel.run(CONFIGURED + "\ndefs = Definitions(assets=[clean], resources={'db': 'shared'})\ndel clean")
    kernel.run("%materialize clean a")
    assert value(kernel, "defs.assets[0]['a']") == "('a', 0.5, 'shared')"


def test_cancelling_an_asset_leaves_runs_alone_that_only_feed_it(kernel):
    kernel.run("%%asset feed --partitions letters\nimport time\nwhile not context.cancelled: time.sleep(0.01)")
    kernel.run("%%asset fed --partitions letters\nfeed")
    bar = kernel.bar("feed")
    kernel.send(bar, {"kind": "materialize"}, bytes([0, 1, 1, 1]))
    kernel.until(lambda: bar.traits["counts"].get("running") == 1)
    assert "nothing is running" in kernel.run("%cancel fed").text
    assert "cancelled 1 run" in kernel.run("%cancel feed").text


def test_what_cannot_run_is_told_without_a_line_of_the_library(kernel):
    kernel.run("%%asset up --partitions letters\n1 / 0")
    kernel.run("%%asset down --partitions letters\nup")
    kernel.run("%materialize up b", fails=True)
    shown = error(kernel.run("%materialize down b", fails=True))
    assert "down b: up b failed before: ask for it to have it tried again" in shown
    assert ".py" not in shown
