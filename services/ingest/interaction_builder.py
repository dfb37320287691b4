"""Builds the interaction of a parsed mail for one mailbox. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.contact_center import Mailbox
from shared.contracts.description.report_rules import OfferedTo
from shared.domain.contacts.contact import Contact
from shared.domain.deliveries.delivery_report import (
    KIND_OF_REPORT,
    PROOF_OF_REPORT,
    PROOFS,
    PROVEN,
    MatchedBy,
)
from shared.domain.ids import new_id
from shared.domain.interaction import LONGEST_SUBJECT, Address, Attachment, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.domain.set_aside import DISCARDED
from shared.mail.authentication.look_alikes import verdict_warnings
from shared.mail.authentication.verdict import sender_verdict
from shared.mail.contact_ids import presumed_contact_id
from shared.mail.parsed_mail import ParsedMail, ReportedRecipient
from shared.mail.threads import (
    ClaimedSender,
    ThreadMembership,
    awaited_membership,
    is_forward,
    people_of,
    person,
    thread_membership,
    thread_references,
)
from shared.mail.warnings import OTHER_SENDER
from shared.storage.mails.arrival_store import Arrival

_HEADERS: Final = ("Message-ID", "Date", "Content-Type", "MIME-Version")
_LONGEST_VALUE: Final = 1000
"""Characters of a value. The user data needs room for agents' keys; the mail keeps the rest."""


@dataclass(frozen=True, slots=True)
class ReportOn:
    """A matched report: the sent mail that it is about, and who is offered it."""

    sent: Interaction
    interaction_id: str
    matched_by: MatchedBy
    offered_to: OfferedTo


@dataclass(frozen=True, slots=True)
class Relations:
    """The mails and the contact that a mail belongs to, as far as they are known.

    `proven` are the mails that it refers to and whose thread it may join, `answered` those of ours
    whose tokens it was sent to, `in_subject` those that its subject names and its sender got,
    `about` the sent mail that it reports on, `contact` who wrote it. `unknown_ids` are those that
    it refers to and no known mail has, `awaiting` the thread that refers to it or to them.
    """

    proven: Sequence[Interaction] = ()
    about: ReportOn | None = None
    contact: Contact | None = None
    answered: Sequence[Interaction] = ()
    in_subject: Sequence[Interaction] = ()
    unknown_ids: Sequence[str] = ()
    awaiting: str | None = None


def build_interaction(
    mail: ParsedMail,
    arrival: Arrival,
    mailbox: Mailbox,
    relations: Relations,
    trusted: Sequence[str] = (),
    *,
    is_offered: bool = True,
) -> Interaction:
    """Return the interaction that a mail becomes in the queue of one mailbox.

    `trusted` are the servers whose verdict on senders counts. An answer prefers the author of the
    mail that it answers. A report on a sent mail is its child. A mail that nobody is offered is
    completed, and so is that of a blocked contact. Where the contact is unknown, its id follows
    from the sender's address.
    """
    about, contact = relations.about, relations.contact
    interaction_id = about.interaction_id if about else new_id()
    sender = sender_of(mail, arrival)
    verdict = sender_verdict(mail.authentication, trusted, sender.address)
    joined, is_other = _thread_of(
        mail,
        relations,
        sender,
        interaction_id,
        mailbox,
        is_forged=verdict.authenticated is False,
    )
    whose = contact.id if contact else presumed_contact_id(sender.address)
    is_blocked = contact is not None and contact.is_blocked
    is_offered = is_offered and not is_blocked
    attachments = tuple(
        Attachment(new_id(), part.name, part.size, part.media_type, part.content_id or "")
        for part in mail.attachments
    )
    is_report = about is not None or is_certain_report(mail)
    thread_parent = joined.parent_id if joined else None
    return Interaction(
        id=interaction_id,
        direction=Direction.INBOUND,
        subtype=_subtype_of_report(mail) if is_report else _subtype(mail, arrival, joined),
        state=State.QUEUED if is_offered else State.COMPLETED,
        queue=mailbox.queue,
        received_at=arrival.received_at,
        queued_at=arrival.received_at,
        arrival_id=arrival.id,
        mailbox=mailbox.address,
        parent_id=about.sent.id if about else thread_parent,
        # A completed report is its author's, who may read it like any other work that is done.
        owner_id=about.sent.owner_id if about and not is_offered else None,
        preferred_id=_preferred_agent(mail, joined, about),
        thread_id=joined.thread_id if joined else interaction_id,
        branches=joined.branches if joined else (),
        contact_id=whose,
        user_data=user_data(mail, sender, mailbox, attachments)
        | {"ContactId": whose}
        | ({DISCARDED: "its contact is blocked"} if is_blocked else {})
        | (evidence(about.matched_by) if about else {}),
        mail=_email(mail, sender, attachments, trusted, is_other=is_other),
    )


def _thread_of(
    mail: ParsedMail,
    relations: Relations,
    sender: Address,
    interaction_id: str,
    mailbox: Mailbox,
    *,
    is_forged: bool,
) -> tuple[ThreadMembership | None, bool]:
    """Return the thread that a mail joins, and whether another person than its customer wrote.

    A subject is read by more people than Message-IDs, so it does not count where a trusted server
    says that the sender is forged.
    """
    about, proven = relations.about, relations.proven
    ids, is_other = thread_references(mail), False
    if about and about.matched_by in PROOFS:
        # Our token proves more than a Message-ID, which the report may lack.
        ids = (about.sent.mail.message_id, *ids)
        proven = (about.sent, *(one for one in proven if one.id != about.sent.id))
    elif not proven and not is_forward(mail.subject):
        # A forward to an address that a mail program has kept is about something else.
        proven = relations.answered or (() if is_forged else relations.in_subject)
        ids = tuple(one.mail.message_id for one in proven)
        is_other = bool(proven) and not any(_was_sent_to(sender, one) for one in proven)
    joined = thread_membership(interaction_id, mailbox.address, ids, proven)
    if joined is None and relations.awaiting and not is_forged:
        joined = awaited_membership(interaction_id, relations.awaiting)
    return joined, is_other


def _email(
    mail: ParsedMail,
    sender: Address,
    attachments: tuple[Attachment, ...],
    trusted: Sequence[str],
    *,
    is_other: bool,
) -> Email:
    verdict = sender_verdict(mail.authentication, trusted, sender.address)
    warned = {*mail.warnings, *verdict_warnings(verdict, is_judged=bool(trusted))}
    if is_other:
        warned.add(OTHER_SENDER)
    return Email(
        subject=mail.subject[:LONGEST_SUBJECT],
        sender=sender,
        reply_to=mail.reply_to,
        to=mail.to,
        cc=mail.cc,
        text=mail.text,
        html=mail.html or "",
        message_id=mail.message_id,
        in_reply_to=next(iter((*mail.in_reply_to, *_returned_ids(mail))), ""),
        references=mail.references,
        sent_at=mail.sent_at,
        attachments=attachments,
        warnings=tuple(sorted(warned)),
        sections=mail.sections,
        authenticated=verdict.authenticated,
        authentication=verdict.reason if trusted else "",
    )


def is_certain_report(mail: ParsedMail) -> bool:
    """Say whether a mail is a report that no person can have written."""
    return mail.report is not None and mail.report.is_certain


def _was_sent_to(sender: Address, ours: Interaction) -> bool:
    return person(sender.address) in people_of(ours)


def _preferred_agent(
    mail: ParsedMail, joined: ThreadMembership | None, about: ReportOn | None
) -> str | None:
    """Return the agent who gets the first offer. A machine's mail needs no certain agent."""
    if about:
        return about.sent.owner_id if about.offered_to == "author" else None
    if joined is None or mail.is_automatic or mail.report:
        return None
    return joined.author_id


def _subtype_of_report(mail: ParsedMail) -> str:
    return "InboundNDR" if mail.is_bounce else "InboundReport"


def evidence(matched_by: MatchedBy) -> dict[str, object]:
    """Return the user data on how a report was matched: without our token it is a claim."""
    proof = PROVEN if matched_by in PROOFS else "not proven"
    return {"_ReportMatchedBy": matched_by.value, PROOF_OF_REPORT: proof}


def claimed_sender_of(mail: ParsedMail, arrival: Arrival) -> ClaimedSender:
    """Return the author of a mail for the rules of threads: the first address in From."""
    return ClaimedSender(sender_of(mail, arrival).address, _is_report(mail, arrival))


def user_data(
    mail: ParsedMail, sender: Address, mailbox: Mailbox, attachments: tuple[Attachment, ...]
) -> dict[str, object]:
    """Return the user data of a new interaction.

    The keys are those that the e-mail server of the 8.5 generation attaches.
    """
    data = {
        "Subject": mail.subject,
        "To": ", ".join(one.address for one in mail.to),
        "Mailbox": mailbox.address,
        "FromAddress": sender.address,
        "FromPersonal": sender.personal,
        "EmailAddress": sender.address,
        "Origination_Source": "Email",
        "_ContainsAttachment": "true" if attachments else "false",
        "_AttachmentsSize": str(sum(one.size for one in attachments)),
        "_AttachmentFileNames": ", ".join(one.name for one in attachments),
    }
    data |= {f"Header_{name}": mail.headers[name] for name in _HEADERS if name in mail.headers}
    if mail.calendar:
        data["_Calendar"] = mail.calendar
    if mail.automatic:
        data["_AutomaticMail"] = mail.automatic
    if mail.report:
        data[KIND_OF_REPORT] = mail.report.kind
        data["_ReportedRecipients"] = ", ".join(map(_describe, mail.report.recipients))
    return {key: value[:_LONGEST_VALUE] for key, value in data.items()}


def sender_of(mail: ParsedMail, arrival: Arrival) -> Address:
    """Return who wrote a mail, as it claims: the first address in From, or else the envelope's."""
    return next(iter(mail.from_), Address(_envelope_sender(arrival)))


def _envelope_sender(arrival: Arrival) -> str:
    """Return the envelope sender, "" for the null sender in any notation."""
    return arrival.sender.strip("<> ")


def _is_report(mail: ParsedMail, arrival: Arrival) -> bool:
    return mail.is_bounce and not _envelope_sender(arrival)


def _returned_ids(mail: ParsedMail) -> tuple[str, ...]:
    return mail.report.returned_message_ids if mail.report else ()


def _describe(recipient: ReportedRecipient) -> str:
    address = recipient.original or recipient.address
    return f"{address} ({recipient.status})" if recipient.status else address


def _subtype(mail: ParsedMail, arrival: Arrival, joined: ThreadMembership | None) -> str:
    if joined is None or not (joined.parent_id or thread_references(mail)):
        return "InboundNDR" if _is_report(mail, arrival) else "InboundNew"
    return "InboundNDR" if mail.is_bounce else "InboundCustomerReply"
