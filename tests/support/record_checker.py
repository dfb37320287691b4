"""Compares what senders and agents were told with what is stored and what has left. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

ACCEPTED: Final = "250"
OVER: Final = frozenset({"sent", "uncertain"})


class Fault(StrEnum):
    """A broken promise."""

    LOST = "was accepted and became no interaction"
    DUPLICATED = "became more than one interaction"
    UNEXPECTED = "came from nobody"
    UNACCOUNTED = "is stored, but neither an interaction's own mail nor noted as a copy of it"
    UNFINISHED = "was never completed"
    UNANSWERED = "was never answered"
    ANSWERED_TWICE = "was answered more than once"
    SENT_TWICE = "left more than once"
    NOT_SENT = "is said to be sent and never left"
    DISAGREES = "is one thing to the agent and another in the journal"
    UNTOLD = "came to an end of which no agent was told"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault, and the id of what it is about."""

    fault: Fault
    about: str

    def __str__(self) -> str:
        return f"{self.about} {self.fault}"


@dataclass(frozen=True, slots=True)
class Inbound:
    """An interaction that a mail became; `arrivals` are the stored mails it stands for."""

    id: str
    message_id: str
    state: str
    arrivals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A draft that was submitted; `journal` is where its delivery is."""

    id: str
    parent_id: str
    message_id: str
    state: str
    journal: str


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that the next server has."""

    message_id: str
    in_reply_to: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that is known after a run.

    `answers` has, for each Message-ID that was handed in, what the sender was told at each try.
    `arrivals` has the Message-ID of each stored mail, `told` the states that agents heard of.
    """

    answers: Mapping[str, Sequence[str]]
    arrivals: Mapping[str, str] = field(default_factory=dict)
    inbound: Sequence[Inbound] = ()
    replies: Sequence[Reply] = ()
    sent_mails: Sequence[SentMail] = ()
    told: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def accepted(self) -> list[str]:
        """The mails that the sender was promised will not be lost."""
        return [one for one, answers in self.answers.items() if ACCEPTED in answers]

    @property
    def ends(self) -> dict[str, str]:
        """The state of each interaction, in and out, by its id."""
        return {one.id: one.state for one in self.inbound} | {
            one.id: one.state for one in self.replies
        }

    def summary(self) -> str:
        """Return the totals in one line."""
        tries = Counter(answer for answers in self.answers.values() for answer in answers)
        states = Counter(reply.state for reply in self.replies)
        return (
            f"{len(self.answers)} mails handed in, tries {dict(tries)}, {len(self.arrivals)} "
            f"stored, {len(self.inbound)} interactions, replies {dict(states)}, "
            f"{len(self.sent_mails)} mails left"
        )


def check(record: RunRecord) -> list[Finding]:
    """Return everything that must not be, sorted; nothing at all where every promise was kept."""
    return sorted({*_mails_in(record), *_work(record), *_mails_out(record), *_news(record)})


def _mails_in(record: RunRecord) -> Iterator[Finding]:
    became = Counter(one.message_id for one in record.inbound)
    for mail in record.accepted:
        if not became[mail]:
            yield Finding(Fault.LOST, mail)
    for mail, count in became.items():
        if mail not in record.answers:
            yield Finding(Fault.UNEXPECTED, mail)
        if count > 1:
            yield Finding(Fault.DUPLICATED, mail)
    accounted = {(arrival, one.message_id) for one in record.inbound for arrival in one.arrivals}
    for arrival in record.arrivals.items():
        if arrival not in accounted:
            yield Finding(Fault.UNACCOUNTED, arrival[1])


def _work(record: RunRecord) -> Iterator[Finding]:
    replies = Counter(one.parent_id for one in record.replies)
    for one in record.inbound:
        if one.state != "completed":
            yield Finding(Fault.UNFINISHED, one.message_id)
        if not replies[one.id]:
            yield Finding(Fault.UNANSWERED, one.message_id)
        if replies[one.id] > 1:
            yield Finding(Fault.ANSWERED_TWICE, one.message_id)


def _mails_out(record: RunRecord) -> Iterator[Finding]:
    left = Counter(one.message_id for one in record.sent_mails)
    known = {one.message_id for one in record.replies}
    for mail, count in left.items():
        if count > 1:
            yield Finding(Fault.SENT_TWICE, mail)
        if mail not in known:
            yield Finding(Fault.UNEXPECTED, mail)
    for answered, count in Counter(one.in_reply_to for one in record.sent_mails).items():
        if count > 1:
            yield Finding(Fault.ANSWERED_TWICE, answered)
    for reply in record.replies:
        if reply.state not in OVER:
            yield Finding(Fault.UNFINISHED, reply.message_id)
        if reply.state != reply.journal.lower():
            yield Finding(Fault.DISAGREES, reply.message_id)
        if reply.state == "sent" and not left[reply.message_id]:
            yield Finding(Fault.NOT_SENT, reply.message_id)


def _news(record: RunRecord) -> Iterator[Finding]:
    for interaction_id, state in record.ends.items():
        if state.capitalize() not in record.told.get(interaction_id, frozenset()):
            yield Finding(Fault.UNTOLD, interaction_id)
