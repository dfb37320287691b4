"""Recognises mail that no person wrote, by RFC 3834 and older marks of programs."""

import re
from typing import Final

from shared.domain.interaction import Address
from shared.mail.mime.charsets import decode
from shared.mail.mime.headers import Headers
from shared.mail.parsing.addresses import parse_addresses
from shared.mail.trace_fields import LOOP_MARK

_ROBOTS: Final = re.compile(
    r"(?:mailer-daemon|postmaster|no[-_.]?reply|do[-_.]?not[-_.]?reply|bounces?|autoreply)(?:[+=-][^@]*)?(?:@|\Z)",
    re.IGNORECASE,
)
_DAEMON: Final = re.compile(
    r"(?:mail(?:er)?[-_.]?daemon|postmaster|mdaemon|interscan(?:-mss)?|microsoftexchange[0-9a-f]{32})"
    r"(?:@|\Z)",
    re.IGNORECASE,
)
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_PRESENCE: Final = (
    *("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-loop"),
    LOOP_MARK.lower(),
)


def automatic_reason(
    headers: Headers, content_type: str, sender: str, envelope_sender: str | None = None
) -> str | None:
    """Return why nothing automatic may answer this mail, or None if a person seems to write.

    `content_type` is the mail's media type, `sender` the address in From. `envelope_sender` is the
    sender of the SMTP envelope, empty for the null sender; with None, Return-Path counts.
    """
    if has_null_sender(headers, envelope_sender):
        return "null envelope sender"
    if content_type == "multipart/report":
        return "multipart/report"
    return _marked(headers) or ("robot address" if _ROBOTS.match(sender) else None)


def has_null_sender(headers: Headers, envelope_sender: str | None = None) -> bool:
    """Say whether the mail has the null sender, so that nothing may answer it (RFC 5321, 4.5.5)."""
    if envelope_sender is not None:
        return not envelope_sender.strip("<> ")
    return (headers.first("return-path") or b"").replace(b" ", b"") == b"<>"


def is_of_daemon(headers: Headers) -> bool:
    """Say whether From names a mail server: MAILER-DAEMON, postmaster, or the name of a product."""
    return any(_DAEMON.match(one.address or one.personal) for one in first_sender(headers))


def first_sender(headers: Headers) -> tuple[Address, ...]:
    """Return the first mailbox of the first From, nothing where it has none."""
    return parse_addresses(headers.every("from")[:1])[:1]


def _marked(headers: Headers) -> str | None:
    if _word(headers, "auto-submitted") not in {"", "no"}:
        return "Auto-Submitted"
    if _word(headers, "x-auto-response-suppress") not in {"", "none"}:
        return "X-Auto-Response-Suppress"
    if _word(headers, "precedence") in _BULK:
        return "Precedence"
    if any(headers.first(name) for name in _PRESENCE):
        return "autoresponder mark"
    listed = any(name.startswith("list-") for name, _ in headers.fields)
    return "mailing list" if listed else None


def _word(headers: Headers, name: str) -> str:
    """Return a header's first word, lower-case, without parameters and comments."""
    value = headers.first(name)
    return re.split(r"[\s;,(]", decode(value).lower().strip(), maxsplit=1)[0] if value else ""
