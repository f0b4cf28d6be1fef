"""Dagster's page "Partitioning assets", example by example: only imports differ; a local server answers downloads."""

from __future__ import annotations

import http.server
import threading
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

DAILY = """
import os
import urllib.request

# Create a new 'nasa' directory if needed
dir_name = "nasa"
if not os.path.exists(dir_name):
    os.makedirs(dir_name)

from ipyassets import AssetExecutionContext, DailyPartitionsDefinition, asset


@asset(partitions_def=DailyPartitionsDefinition(start_date="2023-10-01"))
def my_daily_partitioned_asset(context: AssetExecutionContext) -> None:
    partition_date_str = context.partition_key

    url = f"https://api.nasa.gov/planetary/apod?api_key=DEMO_KEY&date={partition_date_str}"
    target_location = f"nasa/{partition_date_str}.csv"

    urllib.request.urlretrieve(url, target_location)
"""

TWO_DIMENSIONS = """
from ipyassets import (
    AssetExecutionContext,
    DailyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
)


@asset(
    partitions_def=MultiPartitionsDefinition(
        {
            "date": DailyPartitionsDefinition(start_date="2022-01-01"),
            "color": StaticPartitionsDefinition(["red", "yellow", "blue"]),
        }
    )
)
def multi_partitions_asset(context: AssetExecutionContext):
    if isinstance(context.partition_key, MultiPartitionKey):
        context.log.info(context.partition_key.keys_by_dimension)
"""

DEFAULT_IO = """
import pandas as pd

from ipyassets import AssetExecutionContext, DailyPartitionsDefinition, asset


@asset(partitions_def=DailyPartitionsDefinition(start_date="2022-01-01"))
def my_daily_partitioned_asset(context: AssetExecutionContext) -> pd.DataFrame:
    partition_date_str = context.partition_key
    return pd.read_csv(f"https://coolweatherwebsite.com/weather_obs&date={partition_date_str}")
"""


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers every request with a table of the date that it asks for."""

    def do_GET(self):
        parts = urlsplit(self.path)
        date = parse_qs(parts.query or parts.path)["date"][0]
        body = f"date,title\n{date},a picture\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def internet(monkeypatch):
    """Every https address leads to a server of this test."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Detour(urllib.request.HTTPSHandler):
        def https_open(self, request):
            path = urlsplit(request.full_url)
            address = f"http://127.0.0.1:{server.server_port}{path.path}?{path.query}"
            return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address)

    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(Detour))
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory of its own, with an instance below it."""
    from ipyassets import Instance, use_instance

    monkeypatch.chdir(tmp_path)
    instance = Instance()
    with use_instance(instance):
        yield tmp_path
    instance.close()


def example(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(text, "example.py", "exec"), names)
    return names


def test_the_daily_example_downloads_one_file_a_day(here, internet):
    from ipyassets import materialize

    asset = example(DAILY)["my_daily_partitioned_asset"]
    assert materialize([asset], partition_key="2023-10-02").success
    assert (here / "nasa" / "2023-10-02.csv").read_text() == "date,title\n2023-10-02,a picture\n"
    assert asset.status().loc["2023-10-02", "state"] == "fresh"
    assert not (here / ".ipyassets" / "storage").exists()  # a body that returns None by its annotation stores nothing


def test_the_two_dimensional_example_logs_the_key_of_each_dimension(here):
    from ipyassets import MultiPartitionKey, materialize

    asset = example(TWO_DIMENSIONS)["multi_partitions_asset"]
    key = MultiPartitionKey({"date": "2022-01-01", "color": "red"})
    assert materialize([asset], partition_key=key).success
    assert "{'color': 'red', 'date': '2022-01-01'}" in asset.history(key).loc[0, "output"]


def test_the_default_io_manager_stores_the_frame_of_a_day_at_asset_and_key(here, internet):
    from ipyassets import materialize

    asset = example(DEFAULT_IO)["my_daily_partitioned_asset"]
    assert materialize([asset], partition_key="2022-07-23").success
    assert (here / ".ipyassets" / "storage" / "my_daily_partitioned_asset" / "2022-07-23").is_file()
    assert asset["2022-07-23"].date.tolist() == ["2022-07-23"]
