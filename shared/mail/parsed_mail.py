"""A parsed mail as plain values, so that a process without the parser can use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from shared.domain.interaction import Address
from shared.domain.text_sections import Section


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One file inside a mail.

    `index` identifies it in the same raw mail. `name` is safe to show and to save under.
    `media_type` is the sender's. `size` counts decoded octets. `content_id` has no angle brackets.
    `inline` means that the HTML refers to it by `cid:`.
    """

    index: int
    name: str
    media_type: str
    size: int
    content_id: str | None = None
    inline: bool = False


Kind = Literal[
    "failed",
    "delayed",
    "delivered",
    "relayed",
    "expanded",
    "out-of-office",
    "receipt",
    "complaint",
]
"""The kinds of reports: the actions of RFC 3464, replies of a machine for an absent reader
(RFC 3834), read receipts (RFC 8098) and complaints about spam (RFC 5965)."""

DELIVERY_KINDS: Final[frozenset[Kind]] = frozenset(
    {"failed", "delayed", "delivered", "relayed", "expanded"}
)
"""The kinds that a mail server reports (RFC 3464)."""

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class AuthenticationField:
    """One Authentication-Results field; `hop` is the number of Received fields above it."""

    hop: int
    value: str


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """A recipient in a report.

    `status` is an enhanced status code (RFC 3463). `hard` means that nobody is at this address and
    no later mail can arrive. `action` is the Action of RFC 3464, `original` the recipient that the
    mail was first sent to, if given. `diagnostic` is what the refusing server said,
    `remote_server` its name, if given.
    """

    address: str
    status: str
    hard: bool
    action: str = ""
    original: str = ""
    diagnostic: str = ""
    remote_server: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a machine on a mail that was sent.

    `returned_message_ids` are the Message-IDs of the reported mail, as far as the report contains
    them; `envelope_id` is the ENVID that its sender gave (RFC 3461). `confidence` is high where
    a part for machines names the recipients, medium where the words do, low where only the
    returned mail does. `is_certain` means that no person can have written the mail: the whole mail
    is declared to be a report, or a program that answers has marked it (RFC 3834). A delivery
    report also has the null sender then.
    """

    kind: Kind
    recipients: tuple[ReportedRecipient, ...] = ()
    returned_message_ids: tuple[str, ...] = ()
    envelope_id: str = ""
    confidence: Confidence = "high"
    is_certain: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail: its readable content, and what threading and routing need.

    Message ids keep their angle brackets. `html` is safe to store and to show: images of this mail
    are `cid:` references, the addresses of remote ones have the prefix `blocked:`. `text` is taken
    from the HTML if the sender wrote no text. `automatic` is the reason why nothing automatic may
    answer the mail, None if a person seems to have written it. `sections` are those of `text`; the
    process that parses adds them. `authentication` are the fields in which
    servers, or anybody, say whether the sender is proven. `calendar` says in words what the mail
    wants of a calendar, such as `invitation: Team meeting, 2026-12-01 10:00 UTC`.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str
    from_: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    sent_at: datetime | None
    text: str
    html: str | None
    attachments: tuple[AttachmentPart, ...]
    headers: Mapping[str, str]
    automatic: str | None
    warnings: tuple[str, ...]
    report: Report | None = None
    sections: tuple[Section, ...] = ()
    authentication: tuple[AuthenticationField, ...] = ()
    calendar: str = ""

    @property
    def is_bounce(self) -> bool:
        """Whether the mail is a mail server's report on a delivery."""
        return self.report is not None and self.report.kind in DELIVERY_KINDS

    @property
    def is_automatic(self) -> bool:
        """Whether nothing automatic may answer this mail."""
        return self.automatic is not None
