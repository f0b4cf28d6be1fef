from __future__ import annotations

import pytest

from ipyassets.storage.memory_io import InMemoryIOManager
from tests.conformance.io_manager import SALES, IOManagerConformance, output


class TestInMemory(IOManagerConformance):
    @pytest.fixture
    def manager(self):
        return InMemoryIOManager()


def test_presence_is_told():
    manager = InMemoryIOManager()
    manager.handle_output(output("a"), 1)
    manager.handle_output(output(None), 1)
    assert manager.present(SALES, ["a", "b", ""]).tolist() == [True, False, True]


def test_what_is_deleted_is_not_there(manager_with_values):
    manager_with_values.delete(SALES, ["a", "b", "never"])
    assert manager_with_values.present(SALES, ["a", ""]).tolist() == [False, True]


@pytest.fixture
def manager_with_values():
    manager = InMemoryIOManager()
    manager.handle_output(output("a"), 1)
    manager.handle_output(output(None), 1)
    return manager
