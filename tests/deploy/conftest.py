"""A clean environment: what this machine sets is no part of what the deploy files set."""

import os
from collections.abc import Mapping

import pytest

from shared.runtime.settings import ServiceSettings
from tests.deploy.installed import Start, service_settings


@pytest.fixture
def settings_in(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Read a service's settings as it would in an environment of exactly these variables."""

    def read(service: str, environment: Mapping[str, str]) -> ServiceSettings:
        for name in tuple(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return service_settings(service)

    return read
