"""What reading a mail yields: values only, so that a process without the readers can hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.interaction import Address


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One file inside a mail.

    `index` finds its octets again in the same raw mail. `name` is safe to show and to save under,
    `media_type` is what the sender declared, `size` counts decoded octets, `content_id` has no
    angle brackets, `inline` says that the HTML refers to it by `cid:`.
    """

    index: int
    name: str
    media_type: str
    size: int
    content_id: str | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """Somebody to whom a mail was to be delivered.

    `status` is that of RFC 3463, `hard` says that there is nobody at this address. `original` is
    the address that the mail was sent to, if the server says so, `action` what became of the mail,
    `words` what the server said.
    """

    address: str
    status: str
    hard: bool
    action: str = ""
    original: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server says of a delivery: failed, delayed, delivered, relayed or expanded.

    `returned_ids` are the ids of the mail that it is about, as far as it came back.
    """

    kind: str
    recipients: tuple[ReportedRecipient, ...] = ()
    returned_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail as a person would see it, plus what threading and routing need.

    Message ids keep their angle brackets. `html` is safe to store and to show: images of this mail
    are `cid:` references, remote ones carry `blocked:` before their address. `text` always has the
    readable content, taken from the HTML where the sender wrote no text.
    `automatic` is the reason why this is not mail from a person, or None.
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
        """Whether a mail server reports on a delivery."""
        return self.report is not None

    @property
    def is_automatic(self) -> bool:
        """Whether nothing automatic may ever be sent in answer to this mail."""
        return self.automatic is not None
