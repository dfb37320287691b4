"""Builds a substitute for a mail that cannot be parsed, with the raw mail attached."""

from typing import Final

from shared.domain.interaction import Address
from shared.domain.storable_text import storable
from shared.mail.derived_ids import derived_message_id
from shared.mail.parsed_mail import ParsedMail, Report
from shared.mail.parsing.files import whole_mail

_LONGEST: Final = 200


def unparsed_mail(raw: bytes, reason: str, known: ParsedMail | None = None) -> ParsedMail:
    """Return a mail whose text says that it could not be read, with its octets as attachment.

    With `known`, it has the first 200 characters of the subject, and the first author. A report
    stays one, without what it says.
    """
    return ParsedMail(
        message_id=derived_message_id(raw),
        in_reply_to=(),
        references=(),
        subject=(known and storable(known.subject, _LONGEST)) or "(unparsed mail)",
        from_=tuple(map(_short, known.from_[:1])) if known else (),
        reply_to=(),
        to=(),
        cc=(),
        sent_at=None,
        text=f"This mail could not be read ({reason}). It is attached as it arrived.",
        html=None,
        attachments=(whole_mail(raw),),
        headers={},
        automatic="unparsed",
        warnings=("unparsed",),
        report=_without_words(known.report) if known and known.report else None,
        authentication=known.authentication if known else (),
    )


def _short(person: Address) -> Address:
    return Address(storable(person.address, _LONGEST), storable(person.personal, _LONGEST))


def _without_words(report: Report) -> Report:
    return Report(report.kind, confidence=report.confidence, is_certain=report.is_certain)
