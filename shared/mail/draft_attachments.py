"""Rules for adding files to a draft and removing them. Pure."""

from dataclasses import dataclass, replace

from shared.domain.errors import TooLargeError
from shared.domain.interaction import Attachment, Email
from shared.mail.file_names import unique_names


class TooMuchAttachedError(TooLargeError):
    """The mail would have more files, or more bytes of files, than the contact center allows."""


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """Limits for all files of one mail: bytes before encoding, and number of files."""

    size: int
    files: int


def with_attachment(mail: Email, attachment: Attachment, limits: AttachmentLimits) -> Email:
    """Return the mail with one more file, whose name gets a number if it is taken.

    Raises:
        TooMuchAttachedError: A limit would be exceeded.
    """
    attachments = (*mail.attachments, attachment)
    if len(attachments) > limits.files:
        raise TooMuchAttachedError(f"a mail has at most {limits.files} files")
    if sum(one.size for one in attachments) > limits.size:
        raise TooMuchAttachedError(f"the files of a mail have at most {limits.size} bytes together")
    *_, name = unique_names(one.name for one in attachments)
    return replace(mail, attachments=(*mail.attachments, replace(attachment, name=name)))


def without_attachment(mail: Email, attachment_id: str) -> Email:
    """Return the mail without one of its files."""
    return replace(
        mail, attachments=tuple(one for one in mail.attachments if one.id != attachment_id)
    )


def has_attachment(mail: Email, attachment_id: str) -> bool:
    """Say whether the mail has a file of this id."""
    return any(one.id == attachment_id for one in mail.attachments)
