"""The settings of every service, read once from the environment when it starts."""

import re
from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.wording import in_words

_OF_KUBERNETES: Final = re.compile(r"(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP)\w*)")
"""The end of a variable that Kubernetes sets for another service, unless a pod switches it off."""


class WrongSettingError(Exception):
    """A setting has the right form, and what it names cannot be used; the text says why."""


class ServiceSettings(BaseSettings):
    """Common to all services; a service's own settings carry its name as a prefix.

    Durations are seconds or ISO 8601 (`30`, `PT30S`).
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    needs_broker: ClassVar[bool] = True
    """Whether a pod that the broker does not reach has nothing to do, and so is not Ready."""
    changes_in_streams: ClassVar[bool] = False
    """Whether changes of interactions may wait for some milliseconds, so that more go together."""

    # No default for the two servers: a service that guesses would write somewhere else.
    rabbitmq_url: str = Field(
        validation_alias="RABBITMQ_URL",
        description="Address of the broker, with user name and password: "
        "amqp://user:password@host:5672/ or amqps://.",
    )
    mongodb_url: str = Field(
        validation_alias="MONGODB_URL",
        description="Address of the database, with its name: "
        "mongodb://user:password@host:27017/mailroom?replicaSet=rs0.",
    )
    probe_host: str = Field(
        default="0.0.0.0",  # noqa: S104 - the kubelet asks from outside of the pod
        validation_alias="PROBE_HOST",
        description="Address on which the service answers /live, /ready and /metrics.",
    )
    probe_port: int = Field(
        default=8081,
        validation_alias="PROBE_PORT",
        description="TCP port of /live, /ready and /metrics.",
    )
    log_style: Literal["json", "text"] = Field(
        default="json",
        validation_alias="LOG_STYLE",
        description="Form of each line of the log: JSON for machines, text for people.",
    )
    prefetch: int = Field(
        default=20,
        ge=1,
        le=40,
        validation_alias="PREFETCH",
        description="Number of messages that a worker takes from its queue at the same time. "
        "The gateway takes none.",
    )
    drain: timedelta = Field(
        default=timedelta(seconds=25),
        validation_alias="DRAIN",
        description="How long a service that stops may finish the work it has begun, all parts "
        "together.",
    )
    longest_handler: timedelta = Field(
        default=timedelta(minutes=10),
        validation_alias="LONGEST_HANDLER",
        description="A worker is no longer live, and is started again, once the handling of one "
        "message takes longer. The gateway handles none.",
    )
    clock_skew: timedelta = Field(
        default=timedelta(seconds=60),
        validation_alias="CLOCK_SKEW",
        description="A pod is not Ready while its clock differs more from that of the database.",
    )

    @field_validator("rabbitmq_url")
    @classmethod
    def _require_address_of_broker(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
            raise ValueError("no address such as amqp://user:password@localhost:5672/")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _read_plain_numbers_as_seconds(cls, value: object, field: ValidationInfo) -> object:
        # The environment holds text only, and pydantic takes text for ISO 8601 or hours:minutes.
        if cls.model_fields[field.field_name or ""].annotation is not timedelta:
            return value
        return float(value) if isinstance(value, str) and _is_number(value) else value


def variables(settings: type[BaseSettings]) -> dict[str, str]:
    """Return the variable of each field."""
    prefix = settings.model_config.get("env_prefix", "")
    return {
        name: str(field.validation_alias or f"{prefix}{name}").upper()
        for name, field in settings.model_fields.items()
    }


def problems(settings: type[BaseSettings], error: ValidationError) -> list[str]:
    """Say what is wrong with which variable, without its value, which may be a password."""
    names = variables(settings)
    lines = []
    for one in error.errors(include_input=False, include_url=False):
        first, *inside = map(str, one["loc"] or ("",))
        where = ".".join([names.get(first, first), *inside])
        words = in_words(one["type"], one["msg"])
        lines.append(f"{where}: {words}" if where else words)
    return lines


def unknown_variables(
    settings: type[BaseSettings], environment: Iterable[str]
) -> list[tuple[str, str]]:
    """Return the variables that only look like settings, each with the one that may be meant."""
    prefix, known = settings.model_config.get("env_prefix", ""), variables(settings).values()
    names = {name for name in environment if prefix and name.upper().startswith(prefix)}
    return [
        (name, next(iter(get_close_matches(name.upper(), known, 1)), ""))
        for name in sorted(names)
        if name.upper() not in known
        and "PASSWORD" not in name.upper()  # operators choose names for `password_variable`
        and not _OF_KUBERNETES.fullmatch(name[len(prefix) :].upper())
    ]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()
