"""What a person is doing on a bar while a run ends and the host, told what to save, draws the bar anew."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

LOAD = "%load_ext ipyassets\nimport time\nfrom pathlib import Path\nfrom ipyassets import StaticPartitionsDefinition"
NUMBERS = 'numbers = StaticPartitionsDefinition([f"{number:02}" for number in range(40)])'
# Every partition waits for a file, so that a journey says when the run ends.
GATED = "%%asset gated --partitions numbers\nwhile not Path('go').exists(): time.sleep(0.01)\npartition_key"


@pytest.fixture
def bar(notebook):
    """The bar of four partitions that are being made until `go` is touched."""
    notebook.start(LOAD, NUMBERS, GATED)
    bar = notebook.bar(2)
    bar.drag(0, 3)
    bar.press("Enter")
    expect(bar.canvas).to_have_attribute("data-running", "true")
    return bar


def test_a_drag_under_way_goes_on(notebook, bar):
    bar.begin_drag(10, 20)
    bar.until_replaced((notebook.folder / "go").touch)
    bar.expect_selected(4)
    bar.end_drag(29)
    bar.expect_selected(20)
    expect(bar.text).to_have_value("[10...29]")


def test_a_text_half_typed_is_still_there_with_the_focus_in_it(notebook, bar):
    bar.text.fill("1*, ")
    bar.until_replaced((notebook.folder / "go").touch)
    expect(bar.text).to_have_value("1*, ")
    notebook.page.keyboard.type("2*")
    notebook.page.keyboard.press("Enter")
    bar.expect_selected(20)
