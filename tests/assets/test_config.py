from __future__ import annotations

import pytest

from ipyassets import Config, RunConfig, asset
from ipyassets.assets.config import configured
from ipyassets.errors import InvalidArgumentError, InvalidDefinitionError


class Cleaning(Config):
    threshold: float
    name: str = "x"


def test_values_come_from_the_run_and_else_from_their_defaults():
    given = {"ops": {"a": {"config": {"threshold": 2.0}}}}
    assert configured(Cleaning, "a", given) == Cleaning(threshold=2.0, name="x")
    assert configured(Cleaning, "a", RunConfig({"a": {"threshold": 2.0, "name": "y"}})).as_mapping() == {
        "threshold": 2.0,
        "name": "y",
    }


def test_a_lacking_value_is_told():
    with pytest.raises(InvalidArgumentError, match=r"the configuration of a is incomplete.*threshold"):
        configured(Cleaning, "a", None)


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
