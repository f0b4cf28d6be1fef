"""What every I/O manager must do: subclass `IOManagerConformance` and give it a `manager` and `samples`."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ipyassets.assets.io_manager import InputContext, IOManager, OutputContext
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.scope import PartitionScope
from ipyassets.errors import DamagedPartitionError, InvalidInvocationError, NotMaterializedError
from ipyassets.partitions.definitions import StaticPartitionsDefinition

SALES = AssetKey("sales")
LETTERS = StaticPartitionsDefinition(["b", "a", "c", "x/y", "ü", "A"])


def scope(*keys: str | None) -> PartitionScope:
    """Some partitions, or for None an asset without partitions."""
    return PartitionScope("sales", None if keys == (None,) else tuple(k for k in keys if k is not None), None, LETTERS)


def output(key: str | None, asset: AssetKey = SALES) -> OutputContext:
    return OutputContext(asset_key=asset, scope=scope(key), run_id="run")


def wanted(
    *keys: str | None, artifacts: Mapping[str, object], gives_one: bool = True, asset: AssetKey = SALES, **metadata
) -> InputContext:
    return InputContext(
        asset_key=asset, scope=scope(*keys), artifacts=artifacts, gives_one=gives_one, name="sales", metadata=metadata
    )


class IOManagerConformance:
    """The promises of an I/O manager."""

    @pytest.fixture
    def manager(self):
        """A manager that has stored nothing."""
        raise NotImplementedError

    @pytest.fixture
    def samples(self) -> list[object]:
        """Three different values that it can store."""
        return [{"n": 1}, [2, 3], None]

    def store(self, manager: IOManager, key: str | None, value: object, asset: AssetKey = SALES) -> dict[str, object]:
        context = output(key, asset)
        manager.handle_output(context, value)
        return dict(context.stored)

    def same(self, one: object, other: object) -> bool:
        """Whether two values are equal."""
        return one == other

    def test_a_value_comes_back(self, manager, samples):
        for sample in samples:
            artifacts = self.store(manager, "a", sample)
            assert self.same(manager.load_input(wanted("a", artifacts=artifacts)), sample)

    def test_the_value_of_an_asset_without_partitions_comes_back(self, manager, samples):
        artifacts = self.store(manager, None, samples[0])
        assert self.same(manager.load_input(wanted(None, artifacts=artifacts)), samples[0])

    def test_partitions_do_not_mix(self, manager, samples):
        artifacts: dict[str, object] = {}
        for key, sample in zip(("a", "A", "x/y"), samples, strict=True):
            artifacts |= self.store(manager, key, sample)
        for key, sample in zip(("a", "A", "x/y"), samples, strict=True):
            assert self.same(manager.load_input(wanted(key, artifacts=artifacts)), sample)

    def test_assets_do_not_mix(self, manager, samples):
        one = self.store(manager, "q", samples[0], AssetKey("pp"))
        other = self.store(manager, None, samples[1], AssetKey(["pp", "r"]))
        third = self.store(manager, "q", samples[2], AssetKey("pp/r"))
        assert self.same(manager.load_input(wanted("q", artifacts=one, asset=AssetKey("pp"))), samples[0])
        assert self.same(manager.load_input(wanted(None, artifacts=other, asset=AssetKey(["pp", "r"]))), samples[1])
        assert self.same(manager.load_input(wanted("q", artifacts=third, asset=AssetKey("pp/r"))), samples[2])

    @pytest.mark.parametrize("shorter_first", [True, False])
    def test_an_asset_without_partitions_does_not_mix_with_those_below_its_name(self, manager, samples, shorter_first):
        stored: dict[tuple[AssetKey, str | None], dict[str, object]] = {}
        for asset, key in [("pp", None), ("pp/q", "a")][:: 1 if shorter_first else -1]:
            name = AssetKey.from_user_string(asset)
            stored[name, key] = self.store(manager, key, samples[len(stored)], name)
        for sample, ((name, key), artifacts) in zip(samples, stored.items(), strict=False):
            assert self.same(manager.load_input(wanted(key, artifacts=artifacts, asset=name)), sample)

    def test_several_partitions_come_as_a_dict_in_definition_order(self, manager, samples):
        artifacts: dict[str, object] = {}
        for key, sample in zip(("c", "a", "b"), samples, strict=True):
            artifacts |= self.store(manager, key, sample)
        loaded = manager.load_input(wanted("b", "a", "c", artifacts=artifacts, gives_one=False))
        assert list(loaded) == ["b", "a", "c"]
        assert all(self.same(loaded[key], sample) for key, sample in zip(("c", "a", "b"), samples, strict=True))

    @pytest.mark.parametrize("keys", [(), ("a",)])
    def test_an_input_of_several_is_a_dict_however_many_there_are(self, manager, samples, keys):
        artifacts = self.store(manager, "a", samples[0])
        loaded = manager.load_input(wanted(*keys, artifacts=artifacts, gives_one=False))
        assert list(loaded) == list(keys)

    def test_an_input_of_one_that_there_is_none_of_is_none(self, manager):
        assert manager.load_input(wanted(artifacts={})) is None

    def test_a_later_value_takes_the_place_of_an_earlier(self, manager, samples):
        self.store(manager, "a", samples[0])
        artifacts = self.store(manager, "a", samples[1])
        assert self.same(manager.load_input(wanted("a", artifacts=artifacts)), samples[1])

    def test_what_was_never_stored_is_said_to_be_missing(self, manager):
        with pytest.raises(NotMaterializedError, match="sales"):
            manager.load_input(wanted("a", artifacts={}))

    def test_what_is_stored_is_there(self, manager, samples):
        self.store(manager, "a", samples[0])
        self.store(manager, None, samples[1])
        assert manager.present(SALES, ["a", ""]).tolist() == [True, True]

    def test_what_was_deleted_is_gone_unless_nothing_can_be(self, manager, samples):
        artifacts = self.store(manager, "a", samples[0]) | self.store(manager, "b", samples[1])
        try:
            manager.delete(SALES, [])
        except InvalidInvocationError:
            return
        manager.delete(SALES, ["a", "never stored"])
        assert manager.present(SALES, ["a", "b"]).tolist() == [False, True]
        with pytest.raises((NotMaterializedError, DamagedPartitionError)):
            manager.load_input(wanted("a", artifacts=artifacts))
        assert self.same(manager.load_input(wanted("b", artifacts=artifacts)), samples[1])

    def test_a_value_that_is_staged_leaves_the_stored_one_until_it_is_published(self, manager, samples):
        artifacts = self.store(manager, "a", samples[0])
        context = output("a")
        manager.stage(context, samples[1])
        if not context.stored:
            return  # without a report of what was stored there is nothing to publish later
        assert self.same(manager.load_input(wanted("a", artifacts=artifacts)), samples[0])
        manager.publish(SALES, context.stored)
        assert self.same(manager.load_input(wanted("a", artifacts=context.stored)), samples[1])
