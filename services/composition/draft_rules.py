"""Makes drafts: replies, forwards and new mails as outbound interactions. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.composition.quoting import Quoting, quote_html, quote_text
from services.composition.recipients import for_reply, for_reply_all
from shared.contracts.commands import (
    CreateDraft,
    DraftEdits,
    DraftForward,
    DraftReply,
    MailAddress,
)
from shared.contracts.contact_center import ContactCenter
from shared.domain.ids import derived_id
from shared.domain.interaction import LONGEST_SUBJECT, Address, Email, Interaction
from shared.domain.lifecycle import Direction, State
from shared.domain.user_data import change_user_data

# A thread is recognised by its root and its newest ids; each answer would add one more.
_MOST_REFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class NewDraft:
    """The fields of a new outbound interaction that do not come from an original."""

    id: str
    subtype: str
    agent_id: str
    queue: str
    at: datetime
    state: State = State.REPLY_CREATED


def draft_reply(
    original: Interaction,
    command: DraftReply,
    contact_center: ContactCenter,
    now: datetime,
    *,
    includes_to: bool,
) -> Interaction:
    """Return the draft of a reply to `original` (seed 001, Reply and ReplyAll).

    With `includes_to`, ReplyAll also goes to the original's other To recipients.
    """
    mail, owns = original.mail, contact_center.owns
    recipients = (
        for_reply_all(mail, owns, includes_to=includes_to)
        if command.to_all
        else for_reply(mail, owns)
    )
    quoting = Quoting(command.quote_original, command.start_line, command.indent)
    reply = Email(
        subject=_subject(command.subject_prefix, mail),
        sender=sender_of(original, contact_center),
        to=recipients.to,
        cc=recipients.cc,
        text=quote_text(mail.text, quoting),
        html=quote_html(mail.html, mail.text, quoting),
        in_reply_to=mail.message_id,
        references=references_after(mail),
    )
    new = NewDraft(command.reply_id, "OutboundReply", command.agent_id, command.queue, now)
    return follow_up(original, new, reply)


def draft_forward(
    original: Interaction, command: DraftForward, contact_center: ContactCenter, now: datetime
) -> Interaction:
    """Return the draft that forwards `original`: quoted, with its files, without recipients."""
    mail = original.mail
    quoting = Quoting(quote_original=True, start_line=command.start_line, indent=command.indent)
    forwarded = Email(
        subject=_subject(command.subject_prefix, mail),
        sender=sender_of(original, contact_center),
        text=quote_text(mail.text, quoting),
        html=quote_html(mail.html, mail.text, quoting),
        references=references_after(mail),
        attachments=tuple(
            replace(one, id=derived_id(command.forward_id, one.id)) for one in mail.attachments
        ),
    )
    new = NewDraft(command.forward_id, "OutboundNew", command.agent_id, command.queue, now)
    return follow_up(original, new, apply_edits(forwarded, command.edits))


def new_draft(
    command: CreateDraft,
    parent: Interaction | None,
    contact_center: ContactCenter,
    now: datetime,
) -> Interaction:
    """Return the draft of a new mail (seed 001, Create), in the thread of `parent` if given."""
    sender = default_sender(contact_center)
    new = NewDraft(command.interaction_id, command.subtype, command.agent_id, command.queue, now)
    draft = follow_up(parent, new, apply_edits(Email(sender=sender), command.edits))
    user_data = change_user_data({}, command.user_data, {})
    return replace(draft, mailbox=sender.address if sender else "", user_data=user_data)


def follow_up(original: Interaction | None, new: NewDraft, mail: Email) -> Interaction:
    """Return a new outbound interaction in the thread of `original`, or in a thread of its own.

    It has the contact, the mailbox and the thread of the original, whatever its recipients are.
    """
    return Interaction(
        id=new.id,
        direction=Direction.OUTBOUND,
        subtype=new.subtype,
        state=new.state,
        queue=new.queue,
        received_at=new.at,
        queued_at=new.at,
        owner_id=new.agent_id,
        parent_id=original.id if original else None,
        thread_id=(original.thread_id or original.id) if original else new.id,
        branches=original.readable_branches if original else (),
        contact_id=original.contact_id if original else None,
        mailbox=original.mailbox if original else "",
        mail=mail,
    )


def default_sender(contact_center: ContactCenter) -> Address | None:
    """Return the sender of a new mail whose author names none: first of senders, then mailboxes."""
    for sender in contact_center.senders:
        return Address(sender.address, sender.personal)
    return next((Address(one.address) for one in contact_center.mailboxes), None)


def sender_of(original: Interaction, contact_center: ContactCenter) -> Address:
    """Return our address that received the original, with the name from `senders` if it has one."""
    for sender in contact_center.senders:
        if sender.address == original.mailbox.lower():
            return Address(sender.address, sender.personal)
    return Address(original.mailbox)


def references_after(mail: Email) -> tuple[str, ...]:
    """Return the References of a reply (RFC 5322 section 3.6.4): at most 20, the root kept."""
    chain = mail.references or ((mail.in_reply_to,) if mail.in_reply_to else ())
    chain = (*(one for one in chain if one != mail.message_id), mail.message_id)
    chain = tuple(one for one in chain if one)
    return chain if len(chain) <= _MOST_REFERENCES else chain[:1] + chain[1 - _MOST_REFERENCES :]


def apply_edits(mail: Email, edits: DraftEdits) -> Email:
    """Return the mail with the agent's edits. New text without new HTML removes the HTML."""
    changes: dict[str, object] = {
        name: value
        for name in ("subject", "text", "html")
        if (value := getattr(edits, name)) is not None
    }
    changes |= {
        name: tuple(map(_address, value))
        for name in ("to", "cc", "bcc")
        if (value := getattr(edits, name)) is not None
    }
    if edits.sender is not None:
        changes["sender"] = _address(edits.sender)
    if edits.text is not None and edits.html is None:
        changes["html"] = ""
    return replace(mail, **changes)  # type: ignore[arg-type]


def _subject(prefix: str, original: Email) -> str:
    """Return the subject with the prefix. Prefixes that are there already are kept."""
    return f"{prefix}{original.subject}"[:LONGEST_SUBJECT]


def _address(address: MailAddress) -> Address:
    return Address(address.address, address.personal)
