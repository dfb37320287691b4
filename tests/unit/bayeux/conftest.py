"""A fresh protocol for each test."""

import pytest

from tests.unit.bayeux.world import World


@pytest.fixture
def world() -> World:
    return World()
