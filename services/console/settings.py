"""Where the system is: read from the environment, by the commands that need it."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.console.exits import Exit, NotPossibleError

_EXAMPLES = {
    "RABBITMQ_URL": "amqp://user:password@localhost:5672/",
    "MONGODB_URL": "mongodb://localhost:27017/mailroom?replicaSet=rs0",
}


class ConsoleSettings(BaseSettings):
    """Addresses, with user names and passwords in them. The last two are optional."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    rabbitmq_url: str = Field(validation_alias="RABBITMQ_URL", min_length=1)
    mongodb_url: str = Field(validation_alias="MONGODB_URL", min_length=1)
    management_url: str = Field(default="", validation_alias="RABBITMQ_MANAGEMENT_URL")
    mongodb_admin_url: str = Field(default="", validation_alias="MONGODB_ADMIN_URL")


def read_settings() -> ConsoleSettings:
    """Return the settings of the environment.

    Raises:
        NotPossibleError: `RABBITMQ_URL` or `MONGODB_URL` is missing.
    """
    try:
        return ConsoleSettings()
    except ValidationError as error:
        missing = [str(one["loc"][0]) for one in error.errors(include_input=False)]
        words = ", ".join(f"{name} (for example {_EXAMPLES[name]})" for name in missing)
        raise NotPossibleError(f"not set in the environment: {words}", Exit.MISCONFIGURED) from None
