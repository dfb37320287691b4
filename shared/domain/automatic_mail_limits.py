"""The bounds of automatic mail, each of which alone ends a loop between machines. Pure."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.interaction import Interaction

LATEST: Final = timedelta(days=1)
"""A mail that was written, or came, before that is not answered automatically any more."""
# Two machines that answer each other under changing names stop after these.
MOST_TO_ADDRESS_IN_HOUR: Final = 5
MOST_TO_DOMAIN_A_DAY: Final = 200
"""To senders who are not proven: a stranger can name a domain's addresses in From by thousands."""

MOST_IN_THREAD_A_DAY: Final = 20
MOST_OF_MAILBOX_A_DAY: Final = 1_000
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many automatic mails may be sent under a name until a moment, and what ends it."""

    name: str
    most: int
    until: datetime
    refusal: str


def allowances(
    original: Interaction, recipient: str, once_per: timedelta, now: datetime
) -> Iterator[Allowance]:
    """Yield the allowances that an automatic answer to a mail needs, all of them.

    `recipient` is the normal form of its address.
    """
    who = hashlib.sha256(recipient.encode()).hexdigest()[:32]
    thread = original.thread_id or original.id
    mailbox, day = original.mailbox, f"{now:%Y-%m-%d}"
    yield Allowance(f"acknowledged {mailbox} {who}", 1, now + once_per, "once is enough")
    yield Allowance(
        f"to {who} {now:%Y-%m-%dT%H}",
        MOST_TO_ADDRESS_IN_HOUR,
        now + _HOUR,
        "too many to the address",
    )
    if not original.mail.authenticated:
        at = f"at {recipient.rpartition('@')[2]} {day}"
        yield Allowance(at, MOST_TO_DOMAIN_A_DAY, now + _DAY, "too many to the domain")
    in_thread = f"in {thread} {day}"
    yield Allowance(in_thread, MOST_IN_THREAD_A_DAY, now + _DAY, "too many in the thread")
    of_all = of_mailbox(mailbox, now)
    yield Allowance(of_all, MOST_OF_MAILBOX_A_DAY, now + _DAY, "mailbox stopped")


def of_mailbox(mailbox: str, now: datetime) -> str:
    """Return the name of the allowance for all automatic mails of a mailbox on a day."""
    return f"of {mailbox} {now:%Y-%m-%d}"
