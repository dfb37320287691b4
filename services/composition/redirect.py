"""Redirect: the customer's mail goes on as it came, with a note of who sent it on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime

from services.composition.draft_rules import NewDraft, following, sender_of
from services.composition.html_cleaner import HtmlCleaner
from services.composition.rendering.header_fields import Field, block
from services.composition.rendering.headers import address_field, wire_address
from services.composition.rendering.renderer import new_message_id
from shared.contracts.commands import MailAddress, RedirectMail
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionCompleted
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Operation, State
from shared.mail.trace_fields import without_return_path
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery


class RedirectCommand:
    """Ends an inbound mail by sending its octets on."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        deliveries: DeliveryStore,
        arrivals: ArrivalStore,
        configuration: ConfigurationStore,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._deliveries = deliveries
        self._arrivals = arrivals
        self._configuration = configuration
        self._clock = clock
        self._pages = HtmlCleaner()

    async def redirect(self, command: RedirectMail, cause: Cause) -> None:
        """Complete the mail and hand its octets over for delivery.

        The mail is completed first, so that of two agents' acts one wins; what follows repeats
        itself without harm after a crash.
        """

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.REDIRECT)
            require_addresses(command.to)
            if before.arrival_id is None:
                raise Refused("the mail as it came is not kept")
            after = before.after(Operation.REDIRECT)
            return Change(after, [InteractionCompleted.of(after, command.agent_id)])

        original = await self._interactions.change(
            command.interaction_id,
            cause,
            decide,
            with_text=True,
            expected_version=command.expected_version,
        )
        contact_center = await self._configuration.current()
        page = await self._pages.quotable(original.mail.html)
        shown = replace(original, mail=replace(original.mail, html=page))
        draft = redirected(shown, command, contact_center, self._clock.now())
        await self._interactions.add(draft, cause, [])
        await self._hand_over(await self._interactions.get(draft.id), original, cause)

    async def _hand_over(self, sent: Interaction, original: Interaction, cause: Cause) -> None:
        mail = sent.mail
        if mail.sender is None or mail.sent_at is None or original.arrival_id is None:
            raise TypeError(f"interaction {sent.id} was redirected without sender, date or octets")
        raw = (await self._arrivals.get(original.arrival_id)).raw
        await self._deliveries.add(
            new_delivery(
                interaction_id=sent.id,
                agent_id=sent.owner_id or "",
                message_id=mail.message_id,
                sender=wire_address(mail.sender.address),
                recipients=[wire_address(one.address) for one in mail.to],
                now=mail.sent_at,
            ),
            resent_headers(mail, mail.sender, mail.sent_at) + without_return_path(raw),
            cause,
        )


def require_addresses(recipients: Sequence[MailAddress]) -> None:
    """Make sure that a mail can be written to all of these.

    Raises:
        UnsendableMailError: One is no address.
    """
    for one in recipients:
        wire_address(one.address)


def redirected(
    original: Interaction, command: RedirectMail, contact_center: ContactCenter, now: datetime
) -> Interaction:
    """Return the outbound interaction of a mail that goes on unchanged."""
    sender = sender_of(original, contact_center)
    mail = Email(
        subject=original.mail.subject,
        sender=sender,
        to=tuple(Address(one.address, one.personal) for one in command.to),
        # What its author sees and may correct, should no server take it.
        text=original.mail.text,
        html=original.mail.html,
        message_id=new_message_id(command.redirect_id, sender),
        sent_at=now,
    )
    begun = NewDraft(
        command.redirect_id,
        "OutboundRedirect",
        command.agent_id,
        command.queue or original.queue,
        now,
        State.SENDING,
    )
    return following(original, begun, mail)


def resent_headers(mail: Email, sender: Address, sent_at: datetime) -> bytes:
    """Return what stands before a mail that is sent on (RFC 5322 section 3.6.6), CRLF at the end.

    Addresses stand there without names: these need no encoding.
    """
    return block(
        [
            Field("Resent-From", (wire_address(sender.address),)),
            address_field("Resent-To", ((wire_address(one.address),) for one in mail.to)),
            Field("Resent-Date", (format_datetime(sent_at),)),
            Field("Resent-Message-ID", (mail.message_id,)),
        ]
    )
