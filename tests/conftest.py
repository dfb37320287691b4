"""Fixtures for all tests, the profile of Hypothesis, and how a run is spread over the cores."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling

import tests.fixtures.examples  # noqa: F401 - before a test's module makes settings of its own
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

__all__ = [
    "_driver_closes_what_it_connects",
    "broker",
    "database",
    "database_url",
    "mongodb_url",
    "private_mongodb",
    "private_rabbitmq",
    "rabbitmq_url",
    "vhost_url",
]

_LONG_FIRST: Final = ("stateful", "faults", "desktop", "journeys", "contract", "connected")
"""Folders whose files take minutes. The others follow, so that all processes end together."""

_ON_ONE_SYSTEM: Final[Mapping[str, tuple[str, ...]]] = {
    "contract": ("test_",),
    "desktop": ("test_",),
    "faults": (
        "test_clocks_apart.py",
        "test_doors_killed.py",
        "test_killed_with_one_mail.py",
        "test_one_after_the_other.py",
        "test_poison.py",
    ),
    "journeys": ("test_",),
}
"""Files of a folder, by their beginning, that share a running system: eight processes less each."""


class SystemScheduling(LoadFileScheduling):  # type: ignore[misc]  # without types
    """Gives a process one file after the other, those that share a system all at once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        _, folder, *_, name = file.split("/")
        return folder if name.startswith(_ON_ONE_SYSTEM.get(folder, ())) else file


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
