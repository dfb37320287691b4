"""How the mail of a mailbox is fetched by IMAP, as described under `mailboxes: - fetch:`."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.contracts.description.sections import Name, Section
from shared.contracts.oauth import MailServer, Variable, is_loopback

INBOX: Final = "INBOX"
_LONGEST_FOLDER: Final = 255
_SHORTEST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(minutes=5)
"""A folder is called sick after ten minutes without a look."""

EARLIEST_DAY: Final = date(1970, 1, 1)
"""Mail cannot be asked for from an earlier day on; the times of IMAP servers begin here."""

_PORTS: Final = {"implicit": 993, "starttls": 143, "none": 143}


def _folder(value: str) -> str:
    if not 0 < len(value) <= _LONGEST_FOLDER or not value.isprintable() or value != value.strip():
        raise ValueError(
            "a folder has 1 to 255 printable characters, such as INBOX or Archive/2026"
        )
    # RFC 9051 section 5.1: this name, and no other, means the same in any case.
    return INBOX if value.upper() == INBOX else value


Folder = Annotated[str, AfterValidator(_folder)]


class ImapServer(Section):
    """The IMAP server with the mailbox, and the user who reads it. The port follows `tls`."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")]
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["none", "starttls", "implicit"] = "implicit"
    user_name: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]

    @model_validator(mode="after")
    def _is_encrypted(self) -> "ImapServer":
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                "a login without TLS shows the password to the network: "
                "set `tls` to starttls or implicit"
            )
        return self

    @property
    def used_port(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.tls]

    @property
    def server(self) -> MailServer:
        """The server that a refused login is told apart by."""
        return MailServer("imap", self.host, self.used_port)


class MailboxLogin(Section):
    """The login of a mailbox: an OAuth login by name, or the variable with the password."""

    oauth: Name | None = None
    password_variable: Variable = ""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "MailboxLogin":
        if (self.oauth is None) == (not self.password_variable):
            raise ValueError("a login is either `oauth` or `password_variable`")
        return self


class MoveTo(Section):
    """The folder to which fetched mail is moved."""

    move: Folder


class Fetch(Section):
    """Fetching by IMAP. `then` is what happens to a mail in its folder once it is stored.

    `since` bounds the first look; without it, mail counts that came after the description was
    applied. `every` is the pause between looks at a server without IDLE.
    """

    imap: ImapServer
    login: MailboxLogin
    folders: Annotated[tuple[Folder, ...], Field(min_length=1, max_length=50)] = (INBOX,)
    then: Literal["seen", "nothing"] | MoveTo = "seen"
    since: Annotated[date, Field(ge=EARLIEST_DAY)] | None = None
    every: Annotated[timedelta, Field(ge=_SHORTEST_PAUSE, le=_LONGEST_PAUSE)] = timedelta(
        seconds=60
    )

    @model_validator(mode="after")
    def _is_no_circle(self) -> "Fetch":
        if len(set(self.folders)) < len(self.folders):
            raise ValueError("a folder is named twice under `folders`")
        if self.moves_to in self.folders:
            raise ValueError("mail would be moved to a folder that it is fetched from")
        return self

    @property
    def moves_to(self) -> str | None:
        """The folder for fetched mail, None if it stays where it is."""
        return self.then.move if isinstance(self.then, MoveTo) else None


def first_moment(told: str) -> datetime:
    """Return the time from which mail is asked for once more: a day, or a moment of ISO 8601.

    Raises:
        ValueError: It is neither, or before `EARLIEST_DAY`.
    """
    moment = datetime.fromisoformat(told)
    if moment.date() < EARLIEST_DAY:
        raise ValueError("it is before 1970")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
