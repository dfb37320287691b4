"""What an operator writes into the environment, and what a service makes of it."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class ExampleSettings(ServiceSettings):
    """A service's own settings beside the common ones."""

    model_config = SettingsConfigDict(env_prefix="EXAMPLE_", frozen=True, extra="ignore")

    patience: timedelta = timedelta(seconds=3)
    greeting: str = "hello"


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://broker")
    monkeypatch.setenv("MONGODB_URL", "mongodb://database")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30", timedelta(seconds=30)),
        ("0.5", timedelta(milliseconds=500)),
        ("PT2M", timedelta(minutes=2)),
        ("00:01:30", timedelta(seconds=90)),
    ],
)
def test_a_duration_is_seconds_or_iso_8601(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: timedelta
) -> None:
    monkeypatch.setenv("DRAIN", written)
    monkeypatch.setenv("EXAMPLE_PATIENCE", written)

    settings = ExampleSettings()

    assert settings.drain == meant
    assert settings.patience == meant


def test_a_number_that_is_no_duration_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_GREETING", "30")

    assert ExampleSettings().greeting == "30"


def test_a_service_without_addresses_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGODB_URL")

    with pytest.raises(ValidationError, match="MONGODB_URL"):
        ExampleSettings()
