"""Ingest's settings, from the environment."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.intake.mail_intake import HOST_NAME, LARGEST_MAIL, MOST_HOPS, IntakeRules
from shared.intake.transfer_pace import SLOWEST
from shared.runtime.bounce_key import BounceKey
from shared.runtime.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """Where mail is taken, and how much of it."""

    model_config = SettingsConfigDict(env_prefix="INGEST_", frozen=True, extra="ignore")
    needs_broker = False

    host: str = Field(
        default="127.0.0.1", description="Address on which ingest listens for SMTP and LMTP."
    )
    smtp_port: int = Field(default=2525, description="TCP port of SMTP.")
    lmtp_port: int = Field(default=2424, description="TCP port of LMTP.")
    host_name: str = Field(
        default=HOST_NAME,
        description="Host name in the greeting of ingest and in the Received line of each mail.",
    )
    largest_mail: int = Field(
        default=LARGEST_MAIL, ge=1_000, description="Size in bytes up to which a mail is taken."
    )
    room: int = Field(
        default=300_000_000,
        ge=1_000,
        description="Bytes of memory for all mails that are being handed in; at least twice "
        "INGEST_LARGEST_MAIL. Without room, the peer that hands in most has to send its largest "
        "mail again later.",
    )
    longest_line: int = Field(
        default=65_536,
        ge=1_000,
        description="Size in bytes of the longest command.",
    )
    most_recipients: int = Field(
        default=100, ge=100, description="Number of recipients of one mail."
    )
    most_hops: int = Field(
        default=MOST_HOPS,
        ge=100,
        description="Number of Received lines above which a mail is refused as going in circles.",
    )
    most_sessions: int = Field(
        default=500, ge=1, description="Number of sessions of SMTP and LMTP together."
    )
    sessions_per_peer: int = Field(
        default=50,
        ge=1,
        description="Number of sessions of one peer, which is an address or a /64 of IPv6.",
    )
    new_sessions_per_peer: int = Field(
        default=6_000,
        ge=1,
        description="Number of sessions that a peer may open within a minute, at each pod; further "
        "ones have to come again later (421).",
    )
    mails_per_peer: int = Field(
        default=6_000,
        ge=1,
        description="Number of mails that a peer may begin within a minute, at each pod; further "
        "ones have to come again later (452).",
    )
    relays: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks whose peers may have any number of sessions and mails: a company's "
        "own relays or load balancers, such as 10.0.0.0/24.",
    )
    proxy_protocol: Literal["off", "v1v2"] = Field(
        default="off",
        description="Whether connections from INGEST_PROXIES begin with a PROXY header, version 1 "
        "or 2, that names the real peer; limits count that peer then.",
    )
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks of the proxies that send a PROXY header, such as 10.0.0.0/24. "
        "Others are believed no such header.",
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="PEM file with the certificate for STARTTLS and its chain; read again when it "
        "changes.",
    )
    tls_key: Path | None = Field(
        default=None, description="PEM file with the key of INGEST_TLS_CERTIFICATE, unencrypted."
    )
    require_tls: bool = Field(
        default=False,
        description="Whether mail is taken after STARTTLS only. Servers of strangers may not be "
        "able to, so this is for listeners that only a company's own relays reach.",
    )
    handshake: timedelta = Field(
        default=timedelta(seconds=20),
        gt=timedelta(0),
        description="How long a TLS handshake or a PROXY header may take.",
    )
    idle_when_full: timedelta = Field(
        default=timedelta(seconds=10),
        description="Where no session is left, one that has handed in nothing for this long is "
        "ended for a new one.",
    )
    longest_session: timedelta = Field(
        default=timedelta(hours=1),
        description="How long a session may last; it ends between two mails.",
    )
    mails_per_session: int = Field(
        default=1_000, ge=1, description="Number of mails after which a session is ended."
    )
    most_refusals: int = Field(
        default=50,
        ge=1,
        description="Number of refusals without a mail in between after which a session is ended.",
    )
    refusal_delay: timedelta = Field(
        default=timedelta(milliseconds=250),
        description="How much later than the last one each further refusal is answered.",
    )
    longest_delay: timedelta = Field(
        default=timedelta(seconds=5),
        description="The longest time for which a refusal is held back.",
    )
    slowest: int = Field(
        default=SLOWEST,
        ge=1,
        description="Bytes per second that a mail has to come with on average, or its session is "
        "ended; after ten minutes 20 times as many.",
    )
    flushing: timedelta = Field(
        default=timedelta(seconds=5),
        description="How long a client may take to read the last answer of a session.",
    )
    silence: timedelta = Field(
        default=timedelta(minutes=5),
        description="How long a client may send nothing, between commands or within a mail.",
    )
    bounce_key: BounceKey = SecretStr("")
    storing: timedelta = Field(
        default=timedelta(seconds=30),
        description="How long a sender waits for its mail to be stored before it has to try again "
        "later.",
    )
    parsing: timedelta = Field(
        default=timedelta(seconds=10),
        description="How long the parsing of a mail may take that was too slow at first.",
    )
    quick_parsing: timedelta = Field(
        default=timedelta(seconds=3),
        description="How long the first attempt to parse a mail may take, with a little more for "
        "each megabyte.",
    )
    parsers: int = Field(
        default=2,
        ge=2,
        description="Number of parser processes. Slow mails never occupy one of them.",
    )
    parsing_at_once: int = Field(
        default=20,
        ge=0,
        le=40,
        description="Number of mails that a pod parses as they come, without the queue.",
    )
    room_for_parsing: timedelta = Field(
        default=timedelta(milliseconds=500),
        description="How long a sender whose mail is stored waits for its parsing to begin before "
        "the mail is left to the queue.",
    )

    @model_validator(mode="after")
    def _require_room_for_one_mail(self) -> Self:
        if self.room < 2 * self.largest_mail:
            raise ValueError("INGEST_ROOM has to be at least twice INGEST_LARGEST_MAIL")
        return self

    @model_validator(mode="after")
    def _require_whole_pair(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("INGEST_TLS_CERTIFICATE and INGEST_TLS_KEY need each other: set both")
        if self.require_tls and self.tls_certificate is None:
            raise ValueError("INGEST_REQUIRE_TLS needs INGEST_TLS_CERTIFICATE and INGEST_TLS_KEY")
        return self

    @model_validator(mode="after")
    def _require_known_proxies(self) -> Self:
        if self.proxy_protocol != "off" and not self.proxies:
            raise ValueError("INGEST_PROXY_PROTOCOL needs INGEST_PROXIES: who may name the peer")
        return self

    @field_validator("relays", "proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(filter(None, (one.strip() for one in value.split(","))))
        return value

    @property
    def intake_rules(self) -> IntakeRules:
        """The rules for taking a mail in."""
        return IntakeRules(self.largest_mail, self.most_hops, self.host_name)
