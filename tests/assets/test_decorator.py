from __future__ import annotations

from typing import Any, cast

import pytest

from ipyassets import (
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    Config,
    DailyPartitionsDefinition,
    InMemoryIOManager,
    IOManager,
    asset,
)
from ipyassets.errors import InvalidDefinitionError

DAYS = DailyPartitionsDefinition("2024-01-01")


class Settings(Config):
    level: int = 1


def test_a_function_is_an_asset_of_its_name():
    @asset
    def flights():
        """All of them."""
        return 1

    assert flights.key == AssetKey("flights")
    assert flights.description == "All of them."
    assert flights() == 1


def test_arguments_are_upstream_assets_but_context_and_config():
    @asset(ins={"b": AssetIn(key="elsewhere/b")}, key_prefix="p")
    def made(context, a, b, config: Settings):
        return a, b

    assert [(up.argument, up.key) for up in made.upstreams] == [
        ("a", AssetKey("a")),
        ("b", AssetKey(["elsewhere", "b"])),
    ]
    assert made.takes_context
    assert made.config is Settings
    assert made.key == AssetKey(["p", "made"])


@pytest.mark.parametrize("name", ["context", "_context", "_", "__"])
def test_a_first_argument_of_dagster_s_names_is_the_context(name):
    namespace: dict[str, Any] = {}
    exec(f"def made({name}, a): return 1", namespace)
    made = asset(namespace["made"])
    assert made.takes_context
    assert [up.argument for up in made.upstreams] == ["a"]


def test_a_first_argument_annotated_as_a_context_is_the_context():
    @asset
    def made(ctx: AssetExecutionContext):
        return 1

    assert made.takes_context
    assert made.upstreams == ()


def test_deps_are_not_arguments():
    @asset
    def a():
        return 1

    @asset(deps=[a, AssetDep("b")])
    def made():
        return 1

    assert [(up.argument, up.key) for up in made.upstreams] == [(None, AssetKey("a")), (None, AssetKey("b"))]


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: asset(name="a", key="b")(lambda: 1), "already names the asset"),
        (lambda: asset(deps=["a"])(lambda a: 1), "names a twice"),
        (lambda: asset(ins={"b": AssetIn("a")})(lambda a, b: 1), "two arguments"),
        (lambda: asset(partitions_def=cast("Any", "daily"))(lambda: 1), "give a PartitionsDefinition"),
        (lambda: asset(lambda *many: many), "cannot be an input"),
        (lambda: asset(ins={"flihgts": AssetIn("a")})(lambda flights: 1), "did you mean 'flights'"),
        (lambda: asset(deps=cast("Any", "one"))(lambda: 1), r"give a list, \['one'\]"),
        (lambda: asset(retry_policy=cast("Any", 3))(lambda: 1), "give a RetryPolicy"),
        (lambda: asset(backfill_policy=cast("Any", "single"))(lambda: 1), "give a BackfillPolicy"),
    ],
    ids=["key and name", "twice", "two arguments", "partitions", "star", "no argument", "deps", "retry", "backfill"],
)
def test_contradictions_are_refused(declare, words):
    with pytest.raises(InvalidDefinitionError, match=words):
        declare()


def test_the_annotation_none_says_that_nothing_is_stored():
    @asset
    def quiet() -> None:
        return None

    @asset
    def loud():
        return None

    assert quiet.returns_nothing
    assert not loud.returns_nothing


def test_another_io_manager_makes_another_asset():
    @asset(partitions_def=DAYS)
    def a():
        return 1

    manager = InMemoryIOManager()
    assert a.with_io_manager(manager).io_manager is manager
    assert a.io_manager is None


class Mine(IOManager):
    def handle_output(self, context, obj):
        pass

    def load_input(self, context):
        return None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Mine, r"io_manager_def is the class Mine: give one of its kind, Mine\(\)"),
        ("s3", "'s3': give a IOManager"),
    ],
)
def test_what_is_no_io_manager_is_refused(given: Any, words):
    with pytest.raises(InvalidDefinitionError, match=words):
        asset(io_manager_def=given)(lambda: 1)
