"""What ingest reads from its environment."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """Where mail is taken, and how much of it. Sizes are bytes.

    `silence` is how long a session may say nothing, between commands or within a mail.
    `storing` is how long a sender waits for its mail to be stored before it is told to come back;
    `parsing` how long one mail may occupy a parser, `parsing_at_once` how many mails a process
    parses as they come, and `room_for_parsing` how long a sender waits for room among them before
    its mail, stored already, is left to the queue.
    """

    model_config = SettingsConfigDict(env_prefix="INGEST_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    smtp_port: int = 2525
    lmtp_port: int = 2424
    host_name: str = "mailroom"
    largest_mail: int = Field(default=50_000_000, ge=1_000)
    longest_line: int = Field(default=65_536, ge=1_000)
    most_recipients: int = Field(default=100, ge=100)
    most_hops: int = Field(default=100, ge=100)
    most_sessions: int = Field(default=500, ge=1)
    silence: timedelta = timedelta(minutes=5)
    storing: timedelta = timedelta(seconds=30)
    parsing: timedelta = timedelta(seconds=10)
    parsers: int = Field(default=1, ge=1)
    parsing_at_once: int = Field(default=20, ge=0, le=40)
    room_for_parsing: timedelta = timedelta(milliseconds=500)
