from __future__ import annotations

import pytest

from ipyassets.engine.progress import Progress
from ipyassets.engine.words import amount, duration, volume


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "0.1 s"), (2.14, "2.1 s"), (45, "45 s"), (119, "119 s"), (360, "6 min"), (7500, "2 h 5 min")],
)
def test_durations_read_like_a_person_says_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 byte"), (812, "812 bytes"), (12_300, "12 kB"), (3_400_000, "3.4 MB"), (5e12, "5.0 TB")]
)
def test_sizes_read_like_a_person_says_them(count, text):
    assert volume(count) == text


def test_one_is_not_plural():
    assert (amount(1, "partition"), amount(1200, "partition")) == ("1 partition", "1,200 partitions")


def test_progress_tells_what_is_left_and_in_the_end_what_was_made():
    assert Progress(total=31, done=12, seconds_left=4.2).text == "12 of 31, about 4.2 s left"
    assert Progress(total=31, done=31, failed=2, seconds=2.1, active=False).text == "29 materialized, 2 failed in 2.1 s"
    assert Progress(total=0).fraction == 1


def test_a_run_that_waits_says_for_what_and_nothing_of_the_time_left():
    waiting = Progress(total=31, done=12, failed=1, seconds_left=4.2, waits_for="another run")
    assert waiting.text == "12 of 31, 1 failed, waits for another run"
