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
    is_bounce: bool
    warnings: tuple[str, ...]

    @property
    def is_automatic(self) -> bool:
        """Whether nothing automatic may ever be sent in answer to this mail."""
        return self.automatic is not None
