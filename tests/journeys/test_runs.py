"""Runs started on a bar: beside the kernel's own work, cancelled, failing."""

from __future__ import annotations

from playwright.sync_api import expect

LOAD = "%load_ext ipyassets\nimport time\nfrom pathlib import Path\nfrom ipyassets import StaticPartitionsDefinition"
NUMBERS = 'numbers = StaticPartitionsDefinition([f"{number:02}" for number in range(40)])'
SLOW = "%%asset slow --partitions numbers\ntime.sleep(0.15)\npartition_key"
# The last one waits for a file, the others for nothing: a run that goes on until a journey says so.
HELD = "%%asset slow --partitions numbers\nwhile partition_key == '39' and not Path('go').exists(): time.sleep(0.01)\n1"
# From the sixth on they end once their run is cancelled, or interrupted.
ENDLESS = "%%asset slow --partitions numbers\nwhile partition_key > '04' and not context.cancelled: time.sleep(0.01)\n1"
FAILING = """\
%%asset inverse --partitions numbers
number = int(partition_key)
print("dividing by", number - 3)
1 / (number - 3)"""
GATED = """\
%%asset gated --partitions numbers
context.progress(0.4)
while not Path('go').exists(): time.sleep(0.01)"""
DRAWN = """\
%%asset drawn --partitions numbers
print("before")
figure, axes = plt.subplots(figsize=(4, 2))
axes.plot([1, 3, 2])
display(figure)
plt.close(figure)
print("after")"""
ALL = (0, 39)


def test_another_cell_runs_while_partitions_are_made(notebook):
    notebook.start(LOAD, NUMBERS, HELD, "print(6 * 7)")
    bar = notebook.bar(2)
    bar.drag(*ALL)
    bar.press("Enter")
    expect(bar.canvas).to_have_attribute("data-running", "true")
    notebook.run(3)
    assert notebook.text(3) == "42"
    assert bar.counts.get("fresh", 0) < 40
    (notebook.folder / "go").touch()
    bar.expect_count("fresh", 40)
    bar.expect_finished()
    assert len(notebook.pickles("slow")) == 40


def test_cancelling_keeps_what_is_finished_and_leaves_the_rest_unmade(notebook):
    notebook.start(LOAD, NUMBERS, ENDLESS, "1 + 1")
    bar = notebook.bar(2)
    bar.drag(*ALL)
    bar.press("Enter")
    expect(bar.canvas).not_to_have_attribute("data-counts-fresh", "0")
    bar.cancel()
    bar.expect_finished()
    notebook.screenshot("cancelled", bar.root)
    counts = bar.counts
    assert 0 < counts["fresh"] < 40
    assert counts["fresh"] == len(notebook.pickles("slow"))
    assert set(counts) <= {"fresh", "missing", "cancelled"}
    notebook.run(3)
    assert notebook.text(3) == "2"


def test_a_failure_can_be_read_on_the_bar_and_stops_no_other_partition(notebook):
    notebook.start(LOAD, NUMBERS, FAILING)
    bar = notebook.bar(2)
    bar.drag(*ALL)
    bar.press("Enter")
    bar.expect_count("fresh", 39)
    bar.expect_finished()
    assert bar.counts == {"failed": 1, "fresh": 39}
    bar.click(3)
    expect(bar.detail).to_contain_text("ZeroDivisionError")
    expect(bar.detail).to_contain_text("Cell In[3], line 4")
    expect(bar.detail).to_contain_text("1 / (number - 3)")
    expect(bar.detail).to_contain_text("dividing by 0")
    notebook.screenshot("failed", bar.root)


def test_a_failure_is_repaired_by_editing_the_cell_and_running_what_failed(notebook):
    notebook.start(LOAD, NUMBERS, FAILING)
    bar = notebook.bar(2)
    bar.drag(*ALL)
    bar.press("Enter")
    bar.expect_count("failed", 1)
    bar.expect_finished()
    made = notebook.pickles("inverse")
    notebook.type_into(2, FAILING.replace("1 / (number - 3)", "number and 1 / number"))
    notebook.run(2)
    bar.expect_count("stale", 39)
    bar.button("failed").click()
    bar.expect_selected(1)
    bar.press("Enter")
    bar.expect_count("fresh", 1)
    assert {key: at for key, at in notebook.pickles("inverse").items() if key != "03"} == made


def test_editing_a_cell_makes_what_was_made_from_it_stale_on_every_bar(notebook):
    down = "%%asset doubled --partitions numbers\n2 * int(plain)"
    notebook.start(LOAD, NUMBERS, "%%asset plain --partitions numbers\npartition_key", down, "%materialize doubled")
    notebook.bar(3).expect_count("fresh", 40)
    notebook.type_into(2, "%%asset plain --partitions numbers\n# only a remark\npartition_key")
    notebook.run(2)
    notebook.bar(3).expect_count("fresh", 40)
    notebook.type_into(2, "%%asset plain --partitions numbers\nstr(int(partition_key) + 1)")
    notebook.run(2)
    for cell, why in ((2, "the code has changed"), (3, "plain 07 is stale")):
        bar = notebook.bar(cell)
        bar.expect_count("stale", 40)
        bar.hover(7)
        expect(bar.words).to_contain_text(f"stale \N{MIDDLE DOT} {why}")
    notebook.screenshot("stale")


def test_a_body_that_says_how_far_it_has_come_fills_its_own_segment(notebook):
    notebook.start(LOAD, NUMBERS, GATED)
    bar = notebook.bar(2)
    bar.drag(0, 1)
    bar.press("Enter")
    expect(bar.canvas).to_have_attribute("data-counts-running", "1")
    bar.hover(0)
    expect(bar.words).to_contain_text("running, 40%")
    bar.hover(30)
    notebook.screenshot("progress", bar.root)
    (notebook.folder / "go").touch()
    bar.expect_count("fresh", 2)


def test_a_figure_is_seen_in_the_detail_among_what_was_printed(notebook):
    notebook.start(f"{LOAD}\nimport matplotlib.pyplot as plt", NUMBERS, DRAWN)
    bar = notebook.bar(2)
    bar.drag(0, 1)
    bar.press("Enter")
    bar.expect_count("fresh", 2)
    bar.expect_finished()
    bar.click(1)
    picture = bar.detail.get_by_role("img", name="Figure")
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("(picture) => picture.naturalWidth") > 300
    output = bar.detail.locator(".ipa-output")
    order = output.evaluate("(output) => [...output.childNodes].map((node) => node.nodeName)")
    assert order == ["#text", "IMG", "#text"]
    notebook.screenshot("figure", bar.root)


def test_a_failure_fails_the_cell_of_a_blocking_run(notebook):
    notebook.start(LOAD, NUMBERS, FAILING, "%materialize inverse", "print('not reached')")
    assert "ZeroDivisionError" in notebook.text(3)
    assert "error" in {output["output_type"] for output in notebook.outputs(3)}
    assert notebook.outputs(4) == []


def test_interrupting_a_blocking_run_keeps_what_is_finished(notebook):
    notebook.start(LOAD, NUMBERS, ENDLESS)
    notebook.type_into(1, f"{NUMBERS}\n%materialize slow")
    bar = notebook.bar(2)
    notebook.begin_run(1)
    expect(bar.canvas).not_to_have_attribute("data-counts-fresh", "0", timeout=20_000)
    notebook.interrupt()
    notebook.wait_until_idle()
    assert "KeyboardInterrupt" in notebook.text(1)
    bar.expect_finished()
    assert 0 < bar.counts["fresh"] < 40
    assert bar.counts["fresh"] == len(notebook.pickles("slow"))
