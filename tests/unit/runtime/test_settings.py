"""Settings from the environment, and their problems."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings, problems, unknown_variables


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


def test_setting_problem_names_the_variable_without_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PATIENCE", "soon")
    monkeypatch.setenv("PREFETCH", "secret")
    monkeypatch.setenv("LOG_STYLE", "xml")
    monkeypatch.delenv("MONGODB_URL")

    with pytest.raises(ValidationError) as caught:
        ExampleSettings()

    assert sorted(problems(ExampleSettings, caught.value)) == [
        "EXAMPLE_PATIENCE: has to be a duration, such as 30 (seconds) or PT30S",
        "LOG_STYLE: has to be 'json' or 'text'",
        "MONGODB_URL: is missing",
        "PREFETCH: has to be a whole number",
    ]


def test_a_misspelt_variable_is_named_with_what_may_be_meant() -> None:
    environment = ["EXAMPLE_PATIENCE", "EXAMPLE_PATIENSE", "example_greeting", "OTHER_PATIENSE"]

    assert unknown_variables(ExampleSettings, environment) == [
        ("EXAMPLE_PATIENSE", "EXAMPLE_PATIENCE")
    ]


def test_variables_of_kubernetes_are_not_reported_as_misspelt() -> None:
    environment = ["EXAMPLE_SERVICE_HOST", "EXAMPLE_SERVICE_PORT_HTTP", "EXAMPLE_PORT_80_TCP_ADDR"]

    assert unknown_variables(ExampleSettings, environment) == []
