"""Which conversation a mail belongs to: RFC 5322 section 3.6.4 and the base subject of RFC 5256."""

import re
from typing import Final

from shared.mail.parsed_mail import ParsedMail

_REPLY: Final = "re|aw|sv|vs|vá|antw|antwort|odp|rif|r|res|ynt|回复|回覆|答复|답장|отв|返信"
_FORWARD: Final = "fwd?|wg|tr|rv|enc|doorst|vl|i|转发|轉寄|전달|пер"
_COUNT: Final = r"(?:\[\d{1,4}\]|\(\d{1,4}\)|\^?\d{1,4})"
_COLON: Final = "[:\N{FULLWIDTH COLON}]"
_PREFIX: Final = rf"(?:{_REPLY}|{_FORWARD})\s*+{_COUNT}?+\s*+{_COLON}\s*+"
_PREFIXES: Final = re.compile(rf"\s*+(?:{_PREFIX})*+", re.IGNORECASE)
_FORWARDED: Final = re.compile(rf"\s*+(?:{_FORWARD})\s*+{_COLON}", re.IGNORECASE)
_TRAILER: Final = re.compile(r"\s*\(fwd\)\s*\Z", re.IGNORECASE)


def thread_references(mail: ParsedMail) -> tuple[str, ...]:
    """Return the ids to look for, nearest first: In-Reply-To, then References from last to first.

    The mail's own id is left out: a mail that names itself is not its own parent.
    """
    nearest_first = dict.fromkeys((*mail.in_reply_to, *reversed(mail.references)))
    return tuple(found for found in nearest_first if found != mail.message_id)


def base_subject(subject: str) -> str:
    """Return the subject without any stack of reply and forward prefixes, in a dozen languages."""
    found = _PREFIXES.match(subject)
    rest = subject[found.end() :] if found else subject
    return _TRAILER.sub("", rest).strip()


def is_forward(subject: str) -> bool:
    """Tell whether the outermost prefix says that the mail was passed on."""
    return _FORWARDED.match(subject) is not None
