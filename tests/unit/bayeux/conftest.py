"""A fresh protocol for each test."""

import pytest

from tests.unit.bayeux.protocol_harness import ProtocolHarness


@pytest.fixture
def harness() -> ProtocolHarness:
    return ProtocolHarness()
