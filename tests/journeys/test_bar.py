"""The bar by itself: two dimensions, many partitions, keyboard, a busy kernel, no kernel."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

LOAD = "%load_ext ipyassets\nimport time\nfrom ipyassets import *"
WEEK = 'days = DailyPartitionsDefinition(start_date="2026-01-01", end_date="2026-01-21")'
GRID = 'grid = MultiPartitionsDefinition({"colour": StaticPartitionsDefinition(["red", "green", "blue"]), "day": days})'
SALES = "%%asset sales --partitions days\npartition_key"
BY_COLOUR = "%%asset by_colour --partitions grid\nstr(partition_key)"
MANY = 'hours = HourlyPartitionsDefinition(start_date="2015-01-01-00:00", end_date="2026-05-29-16:00")'
HOURLY = "%%asset hourly --partitions hours\n0"


def test_two_dimensions_are_a_grid_in_which_a_rectangle_can_be_dragged(notebook):
    notebook.start(LOAD, WEEK, GRID, BY_COLOUR)
    bar = notebook.bar(3)
    bar.drag(2, 6, row=0, rows=3, last_row=1)
    bar.expect_selected(10)
    bar.press("Enter")
    bar.expect_count("fresh", 10)
    bar.expect_finished()
    notebook.screenshot("grid")
    days = [f"2026-01-{day:02}" for day in range(3, 8)]
    assert list(notebook.pickles("by_colour")) == [f"{colour}/{day}" for colour in ("green", "red") for day in days]


def test_a_hundred_thousand_partitions_are_drawn_and_dragged_over(notebook):
    notebook.start(LOAD, MANY, HOURLY)
    bar = notebook.bar(2)
    assert bar.counts == {"missing": 100_000}
    bar.drag(0, 99_999)
    bar.expect_selected(100_000)


def test_shift_adds_to_the_selection_and_takes_away_from_it(notebook):
    notebook.start(LOAD, WEEK, SALES)
    bar = notebook.bar(2)
    bar.drag(0, 9)
    bar.expect_selected(10)
    notebook.page.keyboard.down("Shift")
    bar.drag(15, 19)
    bar.expect_selected(15)
    bar.drag(0, 4)
    notebook.page.keyboard.up("Shift")
    bar.expect_selected(10)
    expect(bar.text).to_have_value("[2026-01-06...2026-01-10], [2026-01-16...2026-01-20]")


def test_a_selection_can_be_typed(notebook):
    notebook.start(LOAD, WEEK, SALES)
    bar = notebook.bar(2)
    bar.select("2026-01-1*")
    bar.expect_selected(10)
    expect(bar.status).to_contain_text("10")


def test_everything_can_be_done_from_the_keyboard_and_no_key_reaches_the_notebook(notebook):
    notebook.start(LOAD, WEEK, SALES, "")
    bar = notebook.bar(2)
    cells = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    bar.canvas.focus()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "b", "d", "d"):
        bar.press(key)
    bar.expect_selected(3)
    bar.press("Enter")
    bar.expect_count("fresh", 3)
    bar.expect_finished()
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert list(notebook.pickles("sales")) == ["2026-01-02", "2026-01-03", "2026-01-04"]


@pytest.mark.parametrize("busy", ["time.sleep(0.01)", "pass"])
def test_a_run_starts_while_a_cell_keeps_the_kernel_busy(notebook, busy):
    (notebook.folder / "go").touch()
    notebook.start(LOAD, WEEK, SALES, f"from pathlib import Path\nwhile not Path('go').exists(): {busy}")
    (notebook.folder / "go").unlink()
    bar = notebook.bar(2)
    notebook.begin_run(3)
    bar.drag(0, 4)
    bar.press("Enter")
    bar.expect_count("fresh", 5)
    assert notebook.cell(3).locator(".jp-InputPrompt").inner_text() == "[*]:"
    (notebook.folder / "go").touch()


def test_two_views_of_a_bar_agree(notebook):
    notebook.start(LOAD, WEEK, SALES, "sales")
    first, second = notebook.bar(2), notebook.bar(3)
    second.drag(0, 4)
    first.expect_selected(5)
    first.press("Enter")
    second.expect_count("fresh", 5)


def test_a_published_notebook_shows_the_last_states_without_a_kernel(notebook):
    notebook.start(LOAD, WEEK, SALES)
    bar = notebook.bar(2)
    bar.drag(0, 4)
    bar.press("Enter")
    bar.expect_count("fresh", 5)
    bar.expect_finished()
    notebook.expect_output(2, "5 fresh")
    notebook.publish("journey.ipynb")
    picture = notebook.page.locator(".jp-OutputArea-output").last
    expect(picture).to_contain_text("5 fresh")
    expect(picture).to_contain_text("15 missing")
    notebook.screenshot("published")


def test_of_a_text_that_cannot_be_read_everything_that_is_said_can_be_read(notebook):
    notebook.start(LOAD, WEEK, SALES)
    bar = notebook.bar(2)
    bar.select("2026-01-01, [2026-01-03...2027-01-01]")
    expect(bar.status).to_contain_text("2026-01-20")
    notebook.screenshot("unreadable")
    assert bar.cut_from_status == [0, 0]


def test_of_a_selection_that_cannot_run_everything_that_is_said_can_be_read(notebook):
    notebook.start(LOAD, WEEK, "%%asset sales --partitions days\n1 / 0", "%%asset totals --partitions days\nsales")
    bar = notebook.bar(3)
    bar.select("2026-01-03")
    bar.materialize()
    bar.expect_count("blocked", 1)
    expect(bar.status).to_contain_text("to have it tried again")
    notebook.screenshot("blocked")
    assert bar.cut_from_status == [0, 0]


def test_the_first_and_the_last_of_long_keys_are_not_written_over_each_other(notebook):
    keys = 'long = StaticPartitionsDefinition([f"{side * 40}_{n}" for side in ("east", "west") for n in range(20)])'
    notebook.start(LOAD, keys, "%%asset by_side --partitions long\n1")
    bar = notebook.bar(2)
    first, last = bar.root.locator(".ipa-end").all()
    boxes = [each.bounding_box() for each in (first, last)]
    notebook.screenshot("long-keys")
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
