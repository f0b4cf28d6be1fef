import datetime as dt

from ipyassets.partitions.as_of import AsOf
from ipyassets.partitions.calendar_definitions import DailyPartitionsDefinition, WeeklyPartitionsDefinition
from ipyassets.partitions.earlier_mapping import EarlierPartitionsMapping
from ipyassets.partitions.space import SequenceSpace
from ipyassets.partitions.spans import Spans

NOW = AsOf(dt.datetime(2024, 3, 31, 12, tzinfo=dt.UTC))
DAYS = DailyPartitionsDefinition("2024-01-01")
WEEKS = WeeklyPartitionsDefinition("2024-01-01")


def read(mapping, key, down, up):
    here, there = down.space(NOW), up.space(NOW)
    index = here.index(key)
    found = mapping.upstream(Spans.range(index, index + 1), here, there)
    return list(there.keys(found.spans)), list(found.missing)


def test_all_earlier_windows_end_by_the_start():
    keys, _ = read(EarlierPartitionsMapping(), "2024-01-21", WEEKS, DAYS)
    assert (keys[0], keys[-1]) == ("2024-01-01", "2024-01-20")


def test_the_nearest_earlier_window_is_one():
    assert read(EarlierPartitionsMapping(nearest_only=True), "2024-01-10", DAYS, WEEKS) == ([], [])
    assert read(EarlierPartitionsMapping(nearest_only=True), "2024-01-20", DAYS, WEEKS) == (["2024-01-07"], [])


def test_earlier_keys_come_before_in_order():
    letters = SequenceSpace(["c", "a", "b"])
    assert list(EarlierPartitionsMapping().upstream(Spans.range(2, 3), letters, letters).spans) == [0, 1]
