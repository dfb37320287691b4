"""Outbound's settings, from the environment."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.contracts.contact_center import ContactCenter, SmtpRoute, Tls
from shared.runtime.bounce_key import BounceKey
from shared.runtime.settings import ServiceSettings


class OutboundSettings(ServiceSettings):
    """Outbound's route, deadlines (those of RFC 5321 section 4.5.3.2) and limits."""

    model_config = SettingsConfigDict(env_prefix="OUTBOUND_", frozen=True, extra="ignore")

    changes_in_streams: ClassVar[bool] = True

    prefetch: int = Field(
        default=24,
        ge=1,
        le=40,
        validation_alias="PREFETCH",
        description="Number of mails that a pod takes from its queue at the same time.",
    )
    longest_handler: timedelta = Field(
        default=timedelta(hours=3),
        validation_alias="LONGEST_HANDLER",
        description="A pod is no longer live, and is started again, once the delivery of one mail "
        "takes longer.",
    )
    smtp_host: str | None = Field(
        default=None,
        description="Mail server in place of the contact center's, for a system that must not mail "
        "anybody. The login of the contact center's server is not used for it.",
    )
    smtp_port: int | None = Field(
        default=None, ge=1, le=65535, description="TCP port in place of the contact center's."
    )
    smtp_tls: Tls | None = Field(
        default=None, description="Encryption in place of the contact center's."
    )
    hello_name: str = Field(
        default="",
        description="Host name with which outbound greets the mail server (EHLO); by default the "
        "name of the machine.",
    )
    connections: int = Field(
        default=8, ge=1, le=64, description="Number of connections of a pod to the mail server."
    )
    session_mails: int = Field(
        default=100, ge=1, description="Number of mails that one connection carries."
    )
    session_age: timedelta = Field(
        default=timedelta(minutes=10), description="How long a connection is used."
    )
    session_idle: timedelta = Field(
        default=timedelta(seconds=30),
        description="A connection unused for longer is tested (RSET) before the next mail.",
    )
    connect_deadline: timedelta = Field(
        default=timedelta(seconds=30), description="How long connecting may take."
    )
    command_deadline: timedelta = Field(
        default=timedelta(minutes=5),
        description="How long the server may take to answer a command such as MAIL or RCPT.",
    )
    recipients_deadline: timedelta = Field(
        default=timedelta(minutes=20),
        description="How long the server may take to answer about the recipients of one mail. It "
        "then goes to those that are accepted; the others are asked about at the next attempt.",
    )
    data_deadline: timedelta = Field(
        default=timedelta(minutes=2), description="How long the server may take to answer DATA."
    )
    block_deadline: timedelta = Field(
        default=timedelta(minutes=3),
        description="How long each block of 64 KiB of a mail may take to be sent.",
    )
    body_deadline: timedelta = Field(
        default=timedelta(hours=1),
        description="How long a whole mail may take to be sent, however slow the line.",
    )
    dot_deadline: timedelta = Field(
        default=timedelta(minutes=10),
        description="How long the server may take to accept a mail after its end.",
    )
    lease: timedelta = Field(
        default=timedelta(seconds=60),
        description="How long a delivery stays with a process that has died.",
    )
    sweep: timedelta = Field(
        default=timedelta(seconds=2),
        description="How often deliveries that are due are looked for.",
    )
    counting: timedelta = Field(
        default=timedelta(seconds=10),
        description="How often the metric of deliveries in doubt is brought up to date.",
    )
    sealing_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="MAILROOM_SEALING_KEY",
        description="Key under which tokens of OAuth logins are encrypted: 32 bytes in Base64. "
        "Two keys with a comma while keys are changed, the new one first.",
    )
    bounce_key: BounceKey = SecretStr("")
    login_look: timedelta = Field(
        default=timedelta(seconds=20),
        description="How often outbound checks whether a token of an OAuth login has to be "
        "renewed.",
    )

    def route(self, contact_center: ContactCenter) -> SmtpRoute:
        """Return the route that is to be used: the contact center's, or its replacement."""
        return contact_center.smtp_route.replaced(self.smtp_host, self.smtp_port, self.smtp_tls)
