"""Applies uploads and removals that the gateway has confirmed and the draft does not show yet."""

from collections.abc import Sequence

from shared.domain.interaction import Email
from shared.mail.draft_attachments import (
    AttachmentLimits,
    has_attachment,
    with_attachment,
    without_attachment,
)
from shared.storage.upload_store import AwaitedEvent, Pending


def with_pending_uploads(mail: Email, pending: Sequence[Pending], room: AttachmentLimits) -> Email:
    """Return the mail with the files that are to be linked, without those to be removed.

    Raises:
        TooMuchAttachedError: The files are too many or too large.
    """
    for one in pending:
        if one.awaits is AwaitedEvent.REMOVAL:
            mail = without_attachment(mail, one.document.id)
        elif not has_attachment(mail, one.document.id):
            mail = with_attachment(mail, one.document.attachment, room)
    return mail
