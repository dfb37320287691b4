"""What becomes of a mail that defeats the parser: an interaction with the raw mail attached."""

from shared.mail.identity import derived_message_id
from shared.mail.parsed_mail import AttachmentPart, ParsedMail

RAW_MAIL: int = -1
"""The index of the part that is the whole mail."""


def unparsed(raw: bytes, reason: str) -> ParsedMail:
    """Return a mail without a body whose one attachment is itself."""
    return ParsedMail(
        message_id=derived_message_id(raw),
        in_reply_to=(),
        references=(),
        subject="(unparsed mail)",
        from_=(),
        reply_to=(),
        to=(),
        cc=(),
        sent_at=None,
        text=f"This mail could not be read ({reason}). It is attached as it arrived.",
        html=None,
        attachments=(AttachmentPart(RAW_MAIL, "mail.eml", "message/rfc822", len(raw)),),
        headers={},
        automatic="unparsed",
        is_bounce=False,
        warnings=(reason,),
    )
