"""Decides whether a mail is acknowledged: only a person's first mail is (RFC 3834). Pure."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from shared.contracts.contact_center import ContactCenter, Mailbox
from shared.domain.automatic_mail_limits import LATEST
from shared.domain.mail_envelope import Way
from shared.mail.threads import person
from shared.screening.rules import ScreenedMail, Screening

_MACHINES: Final = re.compile(
    r"(?:owner-|.*-(?:owner|request|relay|bounces?)@|(?:mailer-daemon|postmaster|listserv|majordomo"
    r"|no[-_.]?reply|do[-_.]?not[-_.]?reply|bounces?|abuse)(?:[+=-][^@]*)?@)",
    re.IGNORECASE,
)
"""Addresses that no person reads (RFC 3834 section 2, RFC 5230 section 4.6)."""

_STORES: Final = (Way.IMAP, Way.HTTP)
"""Ways on which a mail may come from a store, years after it was written. SMTP brings new mail."""


def reason_against(
    screened: ScreenedMail,
    screening: Screening,
    *,
    sender: str,
    mailbox: Mailbox,
    center: ContactCenter,
    begins_thread: bool,
    now: datetime,
) -> str | None:
    """Return why a mail is not acknowledged, None if it is; each single reason is enough.

    `sender` is that of its envelope, to whom alone an acknowledgement goes (RFC 3834 section 4).
    """
    reasons = _reasons(screened, sender=sender, mailbox=mailbox, center=center, now=now)
    if screened.authenticated is False:
        return "its sender is forged"
    if screening.discard is not None or not screening.acknowledges:
        return "a screening rule says so"
    if not begins_thread:
        return "it goes on with a conversation"
    return next(reasons, None)


def _reasons(
    screened: ScreenedMail, *, sender: str, mailbox: Mailbox, center: ContactCenter, now: datetime
) -> Iterator[str]:
    mail = screened.texts.mail
    envelope = sender.strip("<> ")
    if not envelope:
        yield "it has the null sender"
    if mail.is_automatic:
        yield f"a machine has written it ({mail.automatic})"
    if mail.report:
        yield f"it is a report ({mail.report.kind})"
    author = mail.from_[0].address if mail.from_ else ""
    if any(_MACHINES.match(one) for one in (envelope, author)):
        yield "its sender is no person's address"
    if center.owns(envelope) or center.owns(author):
        yield "it comes from an address of ours"
    if not person(author) or person(author) != person(envelope):
        yield "its envelope names another sender than From"
    if not any(center.mailbox_for(one.address) == mailbox for one in (*mail.to, *mail.cc)):
        yield f"{mailbox.address} is neither in To nor in Cc"
    if mail.sent_at is None and screened.way in _STORES:
        yield "it does not say when it was written, and may be old"
    if mail.sent_at is not None and now - mail.sent_at > LATEST:
        yield "it was written more than a day ago"
