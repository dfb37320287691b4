"""The files of a draft as pure rules: what may be added, and what is left when one is removed."""

from dataclasses import dataclass, replace

from shared.domain.errors import TooLargeError
from shared.domain.interaction import Attachment, Email
from shared.mail.file_names import unique_names


class TooMuchAttachedError(TooLargeError):
    """The mail would be larger, or have more files, than the contact center allows."""


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """What all files of one mail may come to: bytes before they are encoded, and their number."""

    size: int
    files: int


def with_attachment(mail: Email, attachment: Attachment, room: AttachmentLimits) -> Email:
    """Return the mail with one more file; a name that is taken gets a number.

    Raises:
        TooMuchAttachedError: There is no room for it.
    """
    attachments = (*mail.attachments, attachment)
    if len(attachments) > room.files:
        raise TooMuchAttachedError(f"a mail has at most {room.files} files")
    if sum(one.size for one in attachments) > room.size:
        raise TooMuchAttachedError(f"the files of a mail have at most {room.size} bytes together")
    *_, name = unique_names(one.name for one in attachments)
    return replace(mail, attachments=(*mail.attachments, replace(attachment, name=name)))


def without_attachment(mail: Email, attachment_id: str) -> Email:
    """Return the mail without one of its files."""
    return replace(
        mail, attachments=tuple(one for one in mail.attachments if one.id != attachment_id)
    )


def has_attachment(mail: Email, attachment_id: str) -> bool:
    """Say whether a file is one of the mail's."""
    return any(one.id == attachment_id for one in mail.attachments)
