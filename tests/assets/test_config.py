from __future__ import annotations

import pytest

from ipyassets import Config, RunConfig, asset
from ipyassets.assets.config import configured, refuse_strange
from ipyassets.assets.keys import AssetKey
from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError


class Cleaning(Config):
    threshold: float
    name: str = "x"


def test_values_come_from_the_run_and_else_from_their_defaults():
    given = {"ops": {"a": {"config": {"threshold": 2.0}}}}
    assert configured(Cleaning, AssetKey("a"), given) == Cleaning(threshold=2.0, name="x")
    assert configured(Cleaning, AssetKey("a"), RunConfig({"a": {"threshold": 2.0, "name": "y"}})).as_mapping() == {
        "threshold": 2.0,
        "name": "y",
    }


def test_a_lacking_value_is_told():
    with pytest.raises(InvalidArgumentError, match=r"the configuration of a is incomplete.*threshold"):
        configured(Cleaning, AssetKey("a"), None)


def test_an_argument_called_config_of_another_kind_is_an_input():
    @asset
    def made(config):
        return config

    assert made.config is None
    assert [str(up.key) for up in made.upstreams] == ["config"]


def test_a_config_whose_type_is_unknown_is_told():
    with pytest.raises(InvalidDefinitionError, match="the type of config in made is not known"):

        @asset
        def made(config: Unknown):  # type: ignore[name-defined]  # noqa: F821 - what is tested
            return config


class Nested(Config):
    inner: Cleaning
    parts: list[float] = [1.0]  # noqa: RUF012 - as users write it
    limit: int | None = None
    by_name: dict[str, int] = {}  # noqa: RUF012 - as above


def test_plain_values_become_what_was_declared():
    given = {"ops": {"a__b": {"inner": {"threshold": 2}, "parts": [1, 2.5], "limit": None, "by_name": {"x": 1}}}}
    made = configured(Nested, AssetKey(["a", "b"]), given)
    assert made == Nested(inner=Cleaning(threshold=2.0), parts=[1.0, 2.5], by_name={"x": 1})


def test_a_default_that_can_change_is_each_configurations_own():
    one, two = (Nested(inner=Cleaning(threshold=1.0)) for _ in range(2))
    one.parts.append(2.0)
    assert two.parts == [1.0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"threshold": "abc"}, "threshold of a must be float, not 'abc'"),
        ({"threshold": True}, "threshold of a must be float, not True"),
        ({"threshold": 1.0, "name": 3}, "name of a must be str, not 3"),
        ({"treshold": 1.0}, "did you mean 'threshold'"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(values, said):
    with pytest.raises(InvalidArgumentError, match=said):
        configured(Cleaning, AssetKey("a"), {"ops": {"a": values}})


@pytest.mark.parametrize("given", [{"opts": {}}, {"ops": {"flihgts": {}}}])
def test_values_for_something_that_is_no_asset_are_refused(given):
    with pytest.raises(InvalidArgumentError, match=r"no 'opts'|did you mean 'flights'"):
        refuse_strange(given, [AssetKey("flights")])
