"""Applies rules and the acknowledgement of a mailbox to the interaction of a mail. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.contracts.commands import AcknowledgeMail
from shared.contracts.contact_center import ContactCenter, Mailbox
from shared.contracts.hours import open_names
from shared.contracts.screening import ScreeningRule
from shared.domain.contacts.contact import Contact, was_known
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import State
from shared.domain.set_aside import DISCARDED, NOT_ACKNOWLEDGED, SCREENING
from shared.screening.acknowledgements import reason_against
from shared.screening.mail_texts import MailTexts
from shared.screening.rules import ScreenedMail, Screening, screened
from shared.storage.mails.arrival_store import Arrival

_LONGEST_WORDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Screened:
    """An interaction after the rules, and the command to acknowledge its mail, if any."""

    interaction: Interaction
    acknowledgement: AcknowledgeMail | None = None


def screen(
    built: Interaction,
    texts: MailTexts,
    arrival: Arrival,
    mailbox: Mailbox,
    center: ContactCenter,
    rules: Sequence[ScreeningRule],
    contact: Contact | None = None,
) -> Screened:
    """Return what rules make of a built interaction, and whether its mail is acknowledged.

    A discarded mail is completed at once. User data that the system attaches itself stays. Where
    the mailbox acknowledges and this mail is not, its user data says why. It may take a second
    (many rules, a long text): call it beside the event loop.
    """
    facts = ScreenedMail(
        texts,
        built.mailbox,
        built.mail.authenticated,
        is_contact_known=was_known(contact, arrival.received_at),
        contact_groups=contact.groups if contact else (),
        way=arrival.way,
        open_hours=open_names(center.hours, arrival.received_at),
    )
    screening = screened(rules, facts)
    interaction = _with(screening, built)
    if mailbox.acknowledgement is None:
        return Screened(interaction)
    reason = reason_against(
        facts,
        screening,
        sender=arrival.sender,
        mailbox=mailbox,
        center=center,
        begins_thread=built.parent_id is None and built.thread_id == built.id,
        now=arrival.received_at,
    )
    if built.state is not State.QUEUED:  # a blocked contact's, or a report's
        reason = reason or "nobody is offered it"
    if reason is None:
        to = arrival.sender.strip("<> ")
        template = screening.template or mailbox.acknowledgement.template_at(facts.open_hours)
        command = AcknowledgeMail(interaction_id=built.id, to=to, template=template)
        return Screened(interaction, command)
    noted = {**interaction.user_data, NOT_ACKNOWLEDGED: reason}
    return Screened(replace(interaction, user_data=noted))


def _with(screening: Screening, interaction: Interaction) -> Interaction:
    if not screening.steps:
        return interaction
    noted = {SCREENING: screening.words[:_LONGEST_WORDS]}
    if screening.discard is not None:
        noted[DISCARDED] = screening.discard
        interaction = replace(interaction, state=State.COMPLETED, preferred_id=None)
    return replace(
        interaction,
        queue=screening.queue or interaction.queue,
        priority=screening.priority,
        needs=screening.needs,
        user_data={**screening.user_data, **interaction.user_data, **noted},
    )
