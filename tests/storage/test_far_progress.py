from __future__ import annotations

import gc
import pickle
import threading

import pytest

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.far_progress import Report, Reporter, Reports

FLIGHTS, DELAYS = AssetKey(["raw", "flights"]), AssetKey("delays")


@pytest.fixture
def reporter(tmp_path):
    return Reporter(str(tmp_path))


@pytest.fixture
def reports(tmp_path):
    return Reports(tmp_path)


def test_what_is_reported_is_read_once_and_again_when_it_has_gone_on(reporter, reports):
    assert reports.news() == []
    reporter(FLIGHTS, ("a", "b|ü"), 0.25)
    assert reports.news() == [Report(FLIGHTS, ("a", "b|ü"), 0.25)]
    assert reports.news() == []
    for percent in range(101):
        reporter(FLIGHTS, ("a", "b|ü"), percent / 100)
    assert reports.news() == [Report(FLIGHTS, ("a", "b|ü"), 1.0)]


def test_a_task_has_one_file_however_many_partitions_it_makes_and_none_when_it_is_over(reporter, reports, tmp_path):
    for key in "abc":
        reporter(DELAYS, (key,), 0.5)
        assert [report.partition_keys for report in reports.news()] == [(key,)]
        assert len(list(tmp_path.iterdir())) == 1
    del reporter
    gc.collect()
    assert reports.news() == []


def test_a_task_has_no_file_when_it_is_over(tmp_path):
    reporter = Reporter(str(tmp_path))
    reporter(DELAYS, ("a",), 0.5)
    assert len(list(tmp_path.iterdir())) == 1
    del reporter
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_tasks_that_are_sent_the_same_report_beside_one_another(reporter, reports):
    sent = [pickle.loads(pickle.dumps(reporter)) for _ in range(3)]
    for each, key in zip(sent, "abc", strict=True):
        each(DELAYS, (key,), 0.1)
    assert sorted(report.partition_keys for report in reports.news()) == [("a",), ("b",), ("c",)]
    sent[1](DELAYS, ("b",), 0.2)
    assert reports.news() == [Report(DELAYS, ("b",), 0.2)]


def test_threads_of_one_body_may_report_at_once(reporter, reports):
    reporter(DELAYS, ("a",), 0.0)
    told = [threading.Thread(target=lambda: [reporter(DELAYS, ("a",), n / 100) for n in range(100)]) for _ in range(8)]
    for each in told:
        each.start()
    for each in told:
        each.join()
    assert reports.news() == [Report(DELAYS, ("a",), 0.99)]


def test_where_there_is_no_folder_nothing_happens_and_none_is_made(tmp_path):
    reporter = Reporter(str(tmp_path / "gone"))
    for fraction in (0.1, 0.2):
        reporter(DELAYS, ("a",), fraction)
    assert Reports(tmp_path / "gone").news() == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_number_is_not_reported(reporter, reports):
    reporter(DELAYS, ("a",), float("nan"))
    assert reports.news() == []


@pytest.mark.parametrize("record", [b"", b"\x19", b'\x19["[\\"delays', b"\x19{}", b"\x19[]", b"\x19[1]", b"\x19\xff"])
def test_what_is_not_written_to_its_end_is_left_for_later(reports, tmp_path, record):
    path = tmp_path / "0"
    path.write_bytes(record)
    assert reports.news() == []
    path.write_bytes(b'\x19["[\\"delays\\"]", "a"]')
    assert reports.news() == [Report(DELAYS, ("a",), 0.25)]
