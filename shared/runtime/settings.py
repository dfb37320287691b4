"""What every service reads from its environment, once, when it starts."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Common to all services. Durations are seconds or ISO 8601 (`30`, `PT30S`).

    `RABBITMQ_URL` and `MONGODB_URL` have no default: a service that guesses writes somewhere.
    A service's own settings carry its name as a prefix.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    rabbitmq_url: str = Field(validation_alias="RABBITMQ_URL")
    mongodb_url: str = Field(validation_alias="MONGODB_URL")
    probe_host: str = Field(default="0.0.0.0", validation_alias="PROBE_HOST")  # noqa: S104 - pods
    probe_port: int = Field(default=8081, validation_alias="PROBE_PORT")
    log_style: Literal["json", "text"] = Field(default="json", validation_alias="LOG_STYLE")
    prefetch: int = Field(default=20, ge=1, le=40, validation_alias="PREFETCH")
    drain: timedelta = Field(default=timedelta(seconds=25), validation_alias="DRAIN")
    longest_handler: timedelta = Field(
        default=timedelta(minutes=10), validation_alias="LONGEST_HANDLER"
    )

    clock_skew: timedelta = Field(
        default=timedelta(seconds=60),
        validation_alias="CLOCK_SKEW",
        description="A pod whose clock is further from the database's is not Ready (seconds)",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _read_plain_numbers_as_seconds(cls, value: object, field: ValidationInfo) -> object:
        # The environment holds text only, and pydantic takes text for ISO 8601 or hours:minutes.
        if cls.model_fields[field.field_name or ""].annotation is not timedelta:
            return value
        return float(value) if isinstance(value, str) and _is_number(value) else value


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
