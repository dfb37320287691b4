"""A parsed mail as plain values, so that a process without the parser can use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.interaction import Address


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


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """A recipient in a delivery report.

    `status` is an enhanced status code (RFC 3463). `hard` means that the address does not exist.
    `action` is the Action of RFC 3464, `original` the original recipient if given, `words` the
    server's diagnostic text.
    """

    address: str
    status: str
    hard: bool
    action: str = ""
    original: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A mail server's report on a delivery.

    `kind` is failed, delayed, delivered, relayed or expanded. `returned_ids` are the
    Message-IDs of the reported mail, as far as the report contains them.
    """

    kind: str
    recipients: tuple[ReportedRecipient, ...] = ()
    returned_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail: its readable content, and what threading and routing need.

    Message ids keep their angle brackets. `html` is safe to store and to show: images of this mail
    are `cid:` references, the addresses of remote ones have the prefix `blocked:`. `text` is taken
    from the HTML if the sender wrote no text. `automatic` is the reason why nothing automatic may
    answer the mail, None if a person seems to have written it.
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

    @property
    def is_bounce(self) -> bool:
        """Whether the mail is a delivery report."""
        return self.report is not None

    @property
    def is_automatic(self) -> bool:
        """Whether nothing automatic may answer this mail."""
        return self.automatic is not None
