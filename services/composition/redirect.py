"""The command Redirect: sends the customer's mail on unchanged, with Resent headers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime

from services.composition.draft_rules import NewDraft, follow_up, sender_of
from services.composition.html_cleaner import HtmlCleaner
from services.composition.rendering.header_fields import Field, block
from services.composition.rendering.headers import address_field, wire_address
from services.composition.rendering.renderer import new_message_id
from services.composition.submission import require_none_held
from shared.contracts.commands import MailAddress, RedirectMail
from shared.contracts.contact_center import ContactCenter
from shared.contracts.envelope import Cause
from shared.contracts.events import InteractionCompleted
from shared.domain.clock import Clock
from shared.domain.errors import Refused, Unavailable
from shared.domain.interaction import Address, Email, Interaction
from shared.domain.lifecycle import Operation, State
from shared.mail.trace_fields import without_return_path
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.files.document_store import DocumentStore
from shared.storage.interactions.interaction_store import Change, InteractionStore
from shared.storage.mails.arrival_store import ArrivalStore
from shared.storage.mails.delivery_store import DeliveryStore, new_delivery


class RedirectCommand:
    """Completes an inbound mail and sends its octets to other recipients."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        deliveries: DeliveryStore,
        arrivals: ArrivalStore,
        documents: DocumentStore,
        configuration: ConfigurationStore,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._deliveries = deliveries
        self._arrivals = arrivals
        self._documents = documents
        self._configuration = configuration
        self._clock = clock
        self._cleaner = HtmlCleaner()

    async def redirect(self, command: RedirectMail, cause: Cause) -> None:
        """Complete the mail and order the delivery of its octets.

        The mail is completed first, so that one of two concurrent commands wins. The later steps
        may be repeated after a crash.

        Raises:
            Refused: A recipient is no address, the octets are not kept, or the virus scanner holds
                a file.
            Unavailable: The virus scanner has not seen the files yet.
        """
        await self._require_clean(command.interaction_id)

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
        page = await self._cleaner.clean_or_empty(original.mail.html)
        shown = replace(original, mail=replace(original.mail, html=page))
        draft = redirect_draft(shown, command, contact_center, self._clock.now())
        await self._interactions.add(draft, cause, [])
        await self._order_delivery(await self._interactions.get(draft.id), original, cause)

    async def _require_clean(self, interaction_id: str) -> None:
        original = await self._interactions.get(interaction_id, with_text=False)
        require_none_held(original.mail.attachments, await self._documents.held(original.id))
        if (await self._configuration.current()).virus_scanner is None:
            return
        stored = await self._documents.stored(original.id)
        if any(one.id not in stored for one in original.mail.attachments):
            raise Unavailable("the files of the mail are not scanned yet")

    async def _order_delivery(self, sent: Interaction, original: Interaction, cause: Cause) -> None:
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
    """Check that every recipient is a valid address.

    Raises:
        UnsendableMailError: A recipient is not.
    """
    for one in recipients:
        wire_address(one.address)


def redirect_draft(
    original: Interaction, command: RedirectMail, contact_center: ContactCenter, now: datetime
) -> Interaction:
    """Return the outbound interaction that stands for a redirected mail."""
    sender = sender_of(original, contact_center)
    mail = Email(
        subject=original.mail.subject,
        sender=sender,
        to=tuple(Address(one.address, one.personal) for one in command.to),
        # If no server accepts the mail it becomes a draft, which its author can edit.
        text=original.mail.text,
        html=original.mail.html,
        message_id=new_message_id(command.redirect_id, sender),
        sent_at=now,
    )
    new = NewDraft(
        command.redirect_id,
        "OutboundRedirect",
        command.agent_id,
        command.queue or original.queue,
        now,
        State.SENDING,
    )
    return follow_up(original, new, mail)


def resent_headers(mail: Email, sender: Address, sent_at: datetime) -> bytes:
    """Return the Resent headers that go before the original's octets (RFC 5322 section 3.6.6).

    Every line ends with CRLF. Addresses have no names, which would need an encoding.
    """
    return block(
        [
            Field("Resent-From", (wire_address(sender.address),)),
            address_field("Resent-To", ((wire_address(one.address),) for one in mail.to)),
            Field("Resent-Date", (format_datetime(sent_at),)),
            Field("Resent-Message-ID", (mail.message_id,)),
        ]
    )
