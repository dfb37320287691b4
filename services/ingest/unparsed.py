"""What becomes of a mail that defeats the parser: an interaction with the raw mail attached."""

from shared.mail.files import whole_mail
from shared.mail.identity import derived_message_id
from shared.mail.parsed_mail import ParsedMail


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
        attachments=(whole_mail(raw),),
        headers={},
        automatic="unparsed",
        is_bounce=False,
        warnings=(reason,),
    )
