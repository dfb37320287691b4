"""The addresses of the servers, read from the environment by the commands that need them."""

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.console.exit_codes import Exit, NotPossibleError
from shared.contracts.contact_center import Tls

_EXAMPLES = {
    "RABBITMQ_URL": "amqp://user:password@localhost:5672/",
    "MONGODB_URL": "mongodb://localhost:27017/mailroom?replicaSet=rs0",
}


class ConsoleSettings(BaseSettings):
    """Addresses of servers, and what the command line has to know of outbound's settings."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    rabbitmq_url: str = Field(
        validation_alias="RABBITMQ_URL",
        min_length=1,
        description="Address of the broker, with user name and password: "
        f"{_EXAMPLES['RABBITMQ_URL']}.",
    )
    mongodb_url: str = Field(
        validation_alias="MONGODB_URL",
        min_length=1,
        description=f"Address of the database, with its name: {_EXAMPLES['MONGODB_URL']}.",
    )
    management_url: str = Field(
        default="",
        validation_alias="RABBITMQ_MANAGEMENT_URL",
        description="Address of the broker's management API, if there is one: "
        "http://user:password@host:15672.",
    )
    mongodb_admin_url: str = Field(
        default="",
        validation_alias="MONGODB_ADMIN_URL",
        description="Address of the database with a user who may create users, for `apply`.",
    )
    smtp_host: str | None = Field(
        default=None,
        validation_alias="OUTBOUND_SMTP_HOST",
        description="Outbound's setting, for the checks of `doctor`.",
    )
    smtp_port: int | None = Field(
        default=None,
        validation_alias="OUTBOUND_SMTP_PORT",
        description="Outbound's setting (TCP port), for the checks of `doctor`.",
    )
    smtp_tls: Tls | None = Field(
        default=None,
        validation_alias="OUTBOUND_SMTP_TLS",
        description="Outbound's setting, for the checks of `doctor`.",
    )
    mail_server: str = Field(
        default="",
        validation_alias="MAILROOM_MAIL_SERVER",
        description="Name and port under which other mail servers reach ingest, such as "
        "mx.example.org:25: `doctor` looks at the certificate that it shows.",
    )
    sealing_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="MAILROOM_SEALING_KEY",
        description="Outbound's key: `apply` and `doctor` check it, `authorize` encrypts the "
        "consent of a person under it.",
    )


def read_settings() -> ConsoleSettings:
    """Return the settings of the environment.

    Raises:
        NotPossibleError: `RABBITMQ_URL` or `MONGODB_URL` is missing.
    """
    try:
        return ConsoleSettings()
    except ValidationError as error:
        wrong = [str(one["loc"][0]) for one in error.errors(include_input=False)]
        missing = [f"{name} (for example {_EXAMPLES[name]})" for name in wrong if name in _EXAMPLES]
        words = [f"not set in the environment: {', '.join(missing)}"] if missing else []
        words += [f"{name} is wrong" for name in wrong if name not in _EXAMPLES]
        raise NotPossibleError("; ".join(words), Exit.MISCONFIGURED) from None
