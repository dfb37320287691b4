"""What ingest reads from its environment."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """Where mail is taken, and how much of it. Sizes are bytes.

    `most_sessions` is for both listeners together; one peer, which is an address or a /64 of IPv6,
    may have `sessions_per_peer` of them, unless it is in `relays` (networks, with commas): a
    company's own relay or balancer is one peer. Where no session is left, the one that handed
    nothing in for `idle_when_full` makes room. A session is ended after `longest_session` or
    `mails_per_session`, between two mails; after `most_refusals` without a mail that is taken,
    each of which delays its answer by `refusal_delay` more than the last, up to `longest_delay`.
    `silence` is how long a session may say nothing, between commands or within a mail; a mail has
    to come at the rate of `slowest` octets a second. Who does not read the last words of a session
    has `flushing` to do so.
    `room` is for the octets of all mails that are being handed in, which are in memory: without
    room the peer that hands in most comes back later with its largest mail.
    `storing` is how long a sender waits for its mail to be stored before it is told to come back.
    `quick_parsing` is how long one mail may occupy a parser at first, `parsing` how long when it
    is tried again; `parsers` is the number of processes, one of which what is tried again never
    has. `parsing_at_once` is how many mails a process parses as they come, and `room_for_parsing`
    how long a sender waits for room among them before its mail, stored already, is left to the
    queue.
    """

    model_config = SettingsConfigDict(env_prefix="INGEST_", frozen=True, extra="ignore")
    needs_broker = False

    host: str = "127.0.0.1"
    smtp_port: int = 2525
    lmtp_port: int = 2424
    host_name: str = "mailroom"
    largest_mail: int = Field(default=50_000_000, ge=1_000)
    room: int = Field(default=300_000_000, ge=1_000)
    longest_line: int = Field(default=65_536, ge=1_000)
    most_recipients: int = Field(default=100, ge=100)
    most_hops: int = Field(default=100, ge=100)
    most_sessions: int = Field(default=500, ge=1)
    sessions_per_peer: int = Field(default=50, ge=1)
    relays: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    idle_when_full: timedelta = timedelta(seconds=10)
    longest_session: timedelta = timedelta(hours=1)
    mails_per_session: int = Field(default=1_000, ge=1)
    most_refusals: int = Field(default=50, ge=1)
    refusal_delay: timedelta = timedelta(milliseconds=250)
    longest_delay: timedelta = timedelta(seconds=5)
    slowest: int = Field(default=500, ge=1)
    flushing: timedelta = timedelta(seconds=5)
    silence: timedelta = timedelta(minutes=5)
    storing: timedelta = timedelta(seconds=30)
    parsing: timedelta = timedelta(seconds=10)
    quick_parsing: timedelta = timedelta(seconds=3)
    parsers: int = Field(default=2, ge=2)
    parsing_at_once: int = Field(default=20, ge=0, le=40)
    room_for_parsing: timedelta = timedelta(milliseconds=500)

    @model_validator(mode="after")
    def _require_room_for_one_mail(self) -> Self:
        if self.room < 2 * self.largest_mail:
            raise ValueError("INGEST_ROOM has to be at least twice INGEST_LARGEST_MAIL")
        return self

    @field_validator("relays", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(filter(None, (one.strip() for one in value.split(","))))
        return value
