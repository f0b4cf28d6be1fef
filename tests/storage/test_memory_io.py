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
