"""Answers arrived mails automatically: at most once, and under bounds that end any loop."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter

from services.composition.draft_rules import NewDraft, follow_up, references_after, sender_of
from services.composition.rendering.header_fields import Field, block
from services.composition.rendering.headers import wire_address
from services.composition.rendering.renderer import new_message_id, render, require_sendable
from shared.contracts.acknowledgement import SAME_SUBJECT, Acknowledgement, MailTemplate
from shared.contracts.commands import AcknowledgeMail
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.contracts.templates import fill
from shared.domain.automatic_mail_limits import LATEST, Allowance, allowances
from shared.domain.clock import Clock
from shared.domain.errors import Refused, UnknownInteractionError
from shared.domain.ids import derived_id
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import State
from shared.faults import crash_point
from shared.mail.threads import base_subject, person
from shared.mail.trace_fields import LOOP_MARK
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.allowance_store import AllowanceStore
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery

log = structlog.get_logger()

ACKNOWLEDGED: Final = Counter(
    "mailroom_acknowledgements_total", "Mails to acknowledge, by what became of it", ["outcome"]
)

_NAME: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'-]){0,59}")
_LONGEST_SUBJECT: Final = 200


class Acknowledgements:
    """Writes acknowledgements and orders their delivery. A repeated command changes nothing.

    The write of an allowance is the permission to send. It names the acknowledgement, so that a
    process that dies after it, at any line, is followed by one that goes on and sends the same.
    An acknowledgement that is written is delivered, whatever has changed since.
    """

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        deliveries: DeliveryStore,
        allowances: AllowanceStore,
        configuration: ConfigurationStore,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._deliveries = deliveries
        self._allowances = allowances
        self._configuration = configuration
        self._clock = clock

    async def acknowledge(self, command: AcknowledgeMail, cause: Cause) -> None:
        """Order the delivery of an acknowledgement, unless something is against it by now.

        Raises:
            UnknownInteractionError: There is no such mail.
            Unavailable: The database does not answer.
        """
        original = await self._interactions.get(command.interaction_id, with_text=False)
        center = await self._configuration.current()
        mailbox = center.mailbox_for(original.mailbox)
        wanted = mailbox.acknowledgement if mailbox else None
        try:
            outcome = await self._send(original, command, wanted, center, cause)
        except Refused as error:
            log.warning("not acknowledged", interaction_id=original.id, reason=str(error))
            outcome = "unsendable"
        ACKNOWLEDGED.labels(outcome).inc()
        log.info("acknowledgement", interaction_id=original.id, outcome=outcome)

    async def _send(
        self,
        original: Interaction,
        command: AcknowledgeMail,
        wanted: Acknowledgement | None,
        center: ContactCenter,
        cause: Cause,
    ) -> str:
        to = command.to
        written = await self._written(derived_id(original.id, "acknowledgement"))
        if written is not None:
            # One that has ended is not ordered again, even if its delivery has been deleted since.
            if written.state is State.SENDING:
                await self._order_delivery(written, to, cause)
            return "sent"
        now = self._clock.now()
        if wanted is None:
            return "not wanted any more"
        if now - original.received_at > LATEST:
            return "too late"
        words = words_of(wanted, center, command.template)
        if words is None:
            return "its template is gone"
        draft = acknowledgement_draft(original, to, words, center, now)
        require_sendable(draft.mail, now)
        for one in allowances(original, person(to), wanted.once_per, now):
            if not await self._admit(one, draft.id):
                return one.refusal
        crash_point("composition.after_allowances")
        await self._interactions.add(draft, cause, [])
        crash_point("composition.after_acknowledgement")
        await self._order_delivery(await self._interactions.get(draft.id), to, cause)
        return "sent"

    async def _written(self, acknowledgement_id: str) -> Interaction | None:
        try:
            return await self._interactions.get(acknowledgement_id)
        except UnknownInteractionError:
            return None

    async def _admit(self, one: Allowance, acknowledgement_id: str) -> bool:
        return await self._allowances.admit(
            one.name, acknowledgement_id, most=one.most, until=one.until
        )

    async def _order_delivery(self, draft: Interaction, to: str, cause: Cause) -> None:
        mail = draft.mail
        if mail.sender is None or mail.sent_at is None:
            raise TypeError(f"acknowledgement {draft.id} was written without sender or date")
        await self._deliveries.add(
            new_delivery(
                interaction_id=draft.id,
                agent_id="",
                message_id=mail.message_id,
                # The null sender: no report on this mail comes back (RFC 3834 section 3.3).
                sender="",
                recipients=[wire_address(to)],
                now=mail.sent_at,
            ),
            automatic_fields(mail.sender) + render(mail, mail.sent_at),
            cause,
        )


def words_of(wanted: Acknowledgement, center: ContactCenter, template: str) -> MailTemplate | None:
    """Return the words of an acknowledgement: those of a template, or else of the mailbox.

    A template may be gone since the mail came. None means that there are no words at all.
    """
    if found := center.template(template) or center.template(wanted.template or ""):
        return found
    if wanted.text is None:
        return None
    return MailTemplate(name="own", text=wanted.text, subject=wanted.subject or SAME_SUBJECT)


def acknowledgement_draft(
    original: Interaction,
    to: str,
    wanted: MailTemplate,
    center: ContactCenter,
    now: datetime,
) -> Interaction:
    """Return the acknowledgement of a mail as an interaction that is being sent."""
    sender = sender_of(original, center)
    values = _values(original, now)
    draft_id = derived_id(original.id, "acknowledgement")
    subject = f"Auto: {fill(wanted.subject, values)}".strip()
    mail = Email(
        subject=subject[:_LONGEST_SUBJECT],
        sender=sender,
        to=(Address(to),),
        text=fill(wanted.text, values),
        message_id=new_message_id(draft_id, sender),
        in_reply_to=original.mail.message_id,
        references=references_after(original.mail),
        sent_at=now,
    )
    new = NewDraft(draft_id, "OutboundAcknowledgement", "", original.queue, now, State.SENDING)
    return replace(follow_up(original, new, mail), owner_id=None)


def automatic_fields(sender: Address) -> bytes:
    """Return the header fields that mark a mail as written by a machine (RFC 3834 section 5).

    X-Auto-Response-Suppress is Exchange's, which does not read Auto-Submitted.
    """
    return block(
        [
            Field("Auto-Submitted", ("auto-replied",)),
            Field("X-Auto-Response-Suppress", ("All",)),
            Field(LOOP_MARK, (wire_address(sender.address),)),
        ]
    )


def _values(original: Interaction, now: datetime) -> Mapping[str, str]:
    name = original.mail.sender.personal.strip() if original.mail.sender else ""
    return {
        "original.subject": " ".join(base_subject(original.mail.subject).split()),
        # A stranger writes it, and a forged mail would have us send it to somebody else.
        "contact.name": name if _NAME.fullmatch(name) else "",
        "mailbox.address": original.mailbox,
        "date": f"{now:%Y-%m-%d}",
    }
