"""Assigns mails to threads, by RFC 5322 section 3.6.4 and the base subject of RFC 5256.

From and In-Reply-To can both be forged. Together they prove something: a Message-ID is known only
to the sender of that mail and to its recipients.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import idna

from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction
from shared.mail.derived_ids import is_derived
from shared.mail.parsed_mail import ParsedMail

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_NEEDS_NO_QUOTES: Final = re.compile(r'[^\s"(),:;<>@\[\\\]]+')
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_REPLY: Final = "re|aw|sv|vs|vá|antw|antwort|odp|rif|r|res|ynt|回复|回覆|答复|답장|отв|返信"
_FORWARD: Final = "fwd?|wg|tr|rv|enc|doorst|vl|i|转发|轉寄|전달|пер"
_COUNT: Final = r"(?:\[\d{1,4}\]|\(\d{1,4}\)|\^?\d{1,4})"
_COLON: Final = "[:\N{FULLWIDTH COLON}]"
_PREFIX: Final = rf"(?:{_REPLY}|{_FORWARD})\s*+{_COUNT}?+\s*+{_COLON}\s*+"
_PREFIXES: Final = re.compile(rf"\s*+(?:{_PREFIX})*+", re.IGNORECASE)
_FORWARDED: Final = re.compile(rf"\s*+(?:{_FORWARD})\s*+{_COLON}", re.IGNORECASE)
_MOST_BRANCHES: Final = 30
_MOST_RELATED: Final = 5
_TRAILER: Final = re.compile(r"\s*\(fwd\)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClaimedSender:
    """The sender that a mail claims.

    `is_report` means a delivery report from the null sender (RFC 3464).
    """

    address: str
    is_report: bool = False


@dataclass(frozen=True, slots=True)
class ThreadMembership:
    """The place of a mail in an existing thread: its parent, and the branches it may read.

    `parent_id` is None where the mail came after others that refer to it. `author_id` is the agent
    who wrote the nearest mail of ours in that thread that it refers to; None if it refers to no
    agent's mail.
    """

    parent_id: str | None
    thread_id: str
    branches: tuple[str, ...]
    author_id: str | None = None


def thread_references(mail: ParsedMail) -> tuple[str, ...]:
    """Return the Message-IDs that a mail refers to, nearest first, without its own.

    A delivery report refers first to the mail that it returns.
    """
    returned = mail.report.returned_message_ids if mail.report else ()
    return nearest_first((*returned, *mail.in_reply_to), mail.references, mail.message_id)


def nearest_first(
    in_reply_to: Sequence[str], references: Sequence[str], own: str
) -> tuple[str, ...]:
    """Return the ids to look for: In-Reply-To, then References from last to first.

    Derived ids are left out, because no recipient has ever seen them.
    """
    found = dict.fromkeys((*in_reply_to, *reversed(references)))
    return tuple(one for one in found if one and one != own and not is_derived(one))


def named_by(interaction: Interaction) -> tuple[str, ...]:
    """Return the ids that a stored mail refers to, nearest first, without its own."""
    mail = interaction.mail
    return nearest_first((mail.in_reply_to,), mail.references, mail.message_id)


def claimed_sender_in(interaction: Interaction) -> ClaimedSender:
    """Return the claimed sender of a stored inbound mail; an empty one for outbound mail."""
    sender = interaction.mail.sender
    arrived = interaction.direction is Direction.INBOUND
    return ClaimedSender(sender.address if sender and arrived else "")


def person(address: str) -> str:
    r"""Return an address in a normal form without plus-tags (RFC 5233), for comparison.

    The result is empty if the text is no address. `"a\nn"@example.org` is another spelling of
    `ann@example.org` (RFC 5321 section 4.1.2).
    """
    local, _, host = unicodedata.normalize("NFC", address.strip()).lower().rpartition("@")
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return ""
    if quoted := _QUOTED.fullmatch(local):
        bare = _QUOTED_PAIR.sub(r"\1", quoted[1])
        local = bare if _NEEDS_NO_QUOTES.fullmatch(bare) else f'"{bare}"'
    plain = local.partition("+")[0] or local
    return f"{plain}@{host}" if plain and host else ""


def people_of(interaction: Interaction) -> frozenset[str]:
    """Return the people who know a mail's id: its sender, or the recipients of an outbound one."""
    mail = interaction.mail
    several = (*mail.to, *mail.cc, *mail.bcc)
    if interaction.direction is Direction.INBOUND:
        several = (mail.sender,) if mail.sender else ()
    return frozenset(filter(None, (person(one.address) for one in several)))


def proves(speaker: ClaimedSender, named: Interaction) -> bool:
    """Say whether knowing the id of a mail proves that the speaker takes part in its thread.

    A report has no sender to compare. It proves itself for outbound mail, because our ids are
    secret: it has the id from a server that received the mail.
    """
    if speaker.is_report and named.direction is Direction.OUTBOUND:
        return True
    return person(speaker.address) in people_of(named)


def thread_membership(
    own_id: str, mailbox: str, ids: Sequence[str], proven: Sequence[Interaction]
) -> ThreadMembership | None:
    """Return the place of a mail that refers to `ids`, nearest first; None if nothing is `proven`.

    If the parent arrived in several mailboxes, its interaction of the same mailbox counts. An
    answer to an outbound mail stays in that mail's branch. A mail that refers only to inbound mails
    begins a branch. Its holder may read the earlier branches, but their holders may not read it:
    the sender of the earlier mail need not know of this one.
    """
    order = {one: place for place, one in enumerate(ids)}
    found = sorted(
        proven, key=lambda one: (order[one.mail.message_id], one.mailbox.lower() != mailbox.lower())
    )
    if not found:
        return None
    parent = found[0]
    thread_id = parent.thread_id or parent.id
    is_ours = parent.direction is Direction.OUTBOUND
    own = (parent.branch if is_ours else None) or own_id
    in_thread = [one for one in found if (one.thread_id or one.id) == thread_id]
    before = [
        branch for one in reversed(in_thread) for branch in one.readable_branches if branch != own
    ]
    authors = (one.owner_id for one in in_thread if one.direction is Direction.OUTBOUND)
    return ThreadMembership(
        parent.id,
        thread_id,
        (*tuple(dict.fromkeys(before))[-_MOST_BRANCHES:], own),
        author_id=next(filter(None, authors), None),
    )


def awaited_membership(own_id: str, thread_id: str) -> ThreadMembership:
    """Return the place of a mail in a thread that refers to it, or to what it refers to.

    It opens no branch and is opened by none: many people know the id of a mail that never came to
    us, such as a circular, and can write in the name of one of them.
    """
    return ThreadMembership(None, thread_id, (own_id,))


def nearest_of_other_threads(
    interaction: Interaction, named: Sequence[Interaction]
) -> list[Interaction]:
    """Return the nearest mail of each other thread that a mail refers to, at most five."""
    order = {one: place for place, one in enumerate(named_by(interaction))}
    own = interaction.thread_id or interaction.id
    nearest: dict[str, Interaction] = {}
    for one in sorted(named, key=lambda one: order[one.mail.message_id]):
        nearest.setdefault(one.thread_id or one.id, one)
    return [one for thread_id, one in nearest.items() if thread_id != own][:_MOST_RELATED]


def base_subject(subject: str) -> str:
    """Return the subject without reply and forward prefixes, in a dozen languages."""
    found = _PREFIXES.match(subject)
    rest = subject[found.end() :] if found else subject
    return _TRAILER.sub("", rest).strip()


def is_forward(subject: str) -> bool:
    """Say whether the outermost prefix marks a forwarded mail."""
    return _FORWARDED.match(subject) is not None
