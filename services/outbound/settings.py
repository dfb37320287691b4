"""Outbound's settings, from the environment."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.contracts.contact_center import ContactCenter, SmtpRoute, Tls
from shared.runtime.settings import ServiceSettings


class OutboundSettings(ServiceSettings):
    """Outbound's route, deadlines and limits.

    `smtp_host`, `smtp_port` and `smtp_tls` replace those of the contact center's route, for a
    system that must not mail anybody. `lease` is how long a delivery stays with a process that
    has died, `sweep` how often what is due is looked for, `counting` how often the metrics are
    told how many deliveries are in doubt. The deadlines are those of RFC 5321
    section 4.5.3.2, with 30 s to connect; `block_deadline` is for each 64 KiB of a mail, and
    `body_deadline` the bound for all of it, however slow the line. A pooled connection carries
    `session_mails` mails and lives for `session_age`; it is asked whether it is alive after
    `session_idle`. Tokens of OAuth logins are sealed under `MAILROOM_SEALING_KEY`, 32 bytes in
    Base64, or two with a comma while keys are changed, the new one first; `login_look` is how often
    it is looked whether one has to be renewed.
    """

    model_config = SettingsConfigDict(env_prefix="OUTBOUND_", frozen=True, extra="ignore")

    changes_by_herds: ClassVar[bool] = True

    prefetch: int = Field(default=16, ge=1, le=40, validation_alias="PREFETCH")
    longest_handler: timedelta = Field(
        default=timedelta(hours=3), validation_alias="LONGEST_HANDLER"
    )
    smtp_host: str | None = None
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    smtp_tls: Tls | None = None
    hello_name: str = ""
    connections: int = Field(default=8, ge=1, le=64)
    session_mails: int = Field(default=100, ge=1)
    session_age: timedelta = timedelta(minutes=10)
    session_idle: timedelta = timedelta(seconds=30)
    connect_deadline: timedelta = timedelta(seconds=30)
    command_deadline: timedelta = timedelta(minutes=5)
    data_deadline: timedelta = timedelta(minutes=2)
    block_deadline: timedelta = timedelta(minutes=3)
    body_deadline: timedelta = timedelta(hours=1)
    dot_deadline: timedelta = timedelta(minutes=10)
    lease: timedelta = timedelta(seconds=60)
    sweep: timedelta = timedelta(seconds=2)
    counting: timedelta = timedelta(seconds=10)
    sealing_key: SecretStr = Field(default=SecretStr(""), validation_alias="MAILROOM_SEALING_KEY")
    login_look: timedelta = timedelta(seconds=20)

    def route(self, contact_center: ContactCenter) -> SmtpRoute:
        """Return the route that is to be used: the contact center's, or its replacement."""
        return contact_center.smtp_route.replaced(self.smtp_host, self.smtp_port, self.smtp_tls)
