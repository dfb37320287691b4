"""The senders whom the bounds of a flood concern, and the names under which they count. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.flood import FloodRules
from shared.mail.threads import person


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound of a flood: its kind, who is bound by it, and how many mails an hour it lets by."""

    kind: str
    who: str
    most: int


def sender_bounds(rules: FloodRules, sender: str, *, is_proven: bool) -> Iterator[Bound]:
    """Yield the bounds on mail from an address outside of conversations, the narrowest first.

    Anybody can write somebody else's address into From. So mail whose sender is not proven counts
    by itself, and takes no room of mail that is.
    """
    whose = person(sender) or "nobody"
    proof = "" if is_proven else " (not proven)"
    if rules.sender is not None:
        yield Bound("sender", f"{whose}{proof}", rules.sender)
    if rules.domain is not None:
        yield Bound("domain", f"{whose.rpartition('@')[2]}{proof}", rules.domain)
    if rules.mailbox is not None:
        yield Bound("mailbox", f"everybody{proof}", rules.mailbox)


def counted_under(mailbox: str, bound: Bound, moment: datetime) -> str:
    """Return the name of the allowance that counts the mails of an hour against a bound."""
    return f"flood {mailbox} {bound.who} {hour_of(moment)}"


def hour_of(moment: datetime) -> str:
    """Return the hour of a moment in UTC as text."""
    return f"{moment:%Y-%m-%dT%H}"
