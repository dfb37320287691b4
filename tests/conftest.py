"""Fixtures for all tests, the profile of Hypothesis, and how a run is spread over the cores."""

import os
from pathlib import Path
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import tests.fixtures.examples  # noqa: F401 - before a test's module makes settings of its own
from tests.fixtures.chromium import chromium, new_profile
from tests.fixtures.driver import _driver_closes_what_it_connects
from tests.fixtures.servers import (
    broker,
    database,
    database_url,
    mongodb_url,
    private_mongodb,
    private_rabbitmq,
    rabbitmq_url,
    vhost_url,
)
from tests.support.scheduling import SystemScheduling

__all__ = [
    "_driver_closes_what_it_connects",
    "broker",
    "chromium",
    "database",
    "database_url",
    "mongodb_url",
    "new_profile",
    "private_mongodb",
    "private_rabbitmq",
    "rabbitmq_url",
    "vhost_url",
]

_LONG_FIRST: Final = ("stateful", "faults", "desktop", "journeys", "contract", "connected")
"""Folders whose files take minutes. The others follow, so that all processes end together."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Refine `--dist loadfile`."""
    return SystemScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders with long files first, and leave the order otherwise as it is."""
    items.sort(key=lambda item: _place(item.path))


def pytest_xdist_auto_num_workers() -> int:
    """Use one process more than there are cores: tests wait for other processes half the time."""
    return len(os.sched_getaffinity(0)) + 1


def _place(file: Path) -> int:
    folder = file.relative_to(Path(__file__).parent).parts[0]
    return _LONG_FIRST.index(folder) if folder in _LONG_FIRST else len(_LONG_FIRST)
