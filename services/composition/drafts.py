"""What agents do with drafts: reply, send, cancel."""

from dataclasses import replace

from services.composition.drafting import draft_reply, edited
from services.composition.freezing import freeze, new_message_id, recipients_of
from shared.contracts.commands import CancelDraft, DraftReply, SubmitDraft
from shared.contracts.envelope import Cause
from shared.contracts.events import DraftCanceled, ReplyCreated
from shared.domain.clock import Clock
from shared.domain.errors import Refused
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Operation
from shared.storage.configuration import ConfigurationStore
from shared.storage.deliveries import DeliveryStore, new_delivery
from shared.storage.interactions import Change, InteractionStore


class Drafts:
    """One method for each command. A command that comes twice changes nothing the second time."""

    def __init__(
        self,
        *,
        interactions: InteractionStore,
        deliveries: DeliveryStore,
        configuration: ConfigurationStore,
        clock: Clock,
        reply_all_includes_to: bool,
    ) -> None:
        self._interactions = interactions
        self._deliveries = deliveries
        self._configuration = configuration
        self._clock = clock
        self._includes_to = reply_all_includes_to

    async def reply(self, command: DraftReply, cause: Cause) -> None:
        """Create the draft, under the id that the agent has been told."""
        original = await self._interactions.get(command.interaction_id)
        operation = Operation.REPLY_ALL if command.to_all else Operation.REPLY
        original.require_holder(command.agent_id, operation)
        draft = draft_reply(
            original,
            command,
            await self._configuration.current(),
            self._clock.now(),
            includes_to=self._includes_to,
        )
        await self._interactions.add(draft, cause, [ReplyCreated.of(draft, command.agent_id)])

    async def submit(self, command: SubmitDraft, cause: Cause) -> None:
        """Freeze the draft and hand it over for delivery.

        The interaction is written first, so that of two Sends one wins; the frozen octets follow
        from what was written, so that a repetition after a crash freezes the same mail.
        """
        contact_center = await self._configuration.current()

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.SEND)
            mail = edited(before.mail, command.edits)
            if mail.sender is None or not contact_center.owns(mail.sender.address):
                raise Refused("the sender is not an address of this contact center")
            message_id = new_message_id(before.id, mail.sender)
            mail = replace(mail, message_id=message_id, sent_at=self._clock.now())
            freeze(mail, self._clock.now())
            queue = command.queue or before.queue
            return Change(before.after(Operation.SEND, mail=mail, queue=queue))

        submitted = await self._interactions.change(
            command.interaction_id, cause, decide, with_text=True
        )
        await self._hand_over(submitted, cause)

    async def cancel(self, command: CancelDraft, cause: Cause) -> None:
        """Throw the draft away; the mail it answers stays as it is."""

        def decide(before: Interaction) -> Change:
            before.require_holder(command.agent_id, Operation.CANCEL)
            after = before.after(Operation.CANCEL)
            return Change(after, [DraftCanceled.of(after, command.agent_id)])

        await self._interactions.change(command.interaction_id, cause, decide)

    async def _hand_over(self, submitted: Interaction, cause: Cause) -> None:
        mail = submitted.mail
        if mail.sender is None or mail.sent_at is None:
            raise TypeError(f"interaction {submitted.id} was submitted without sender or date")
        await self._deliveries.add(
            new_delivery(
                interaction_id=submitted.id,
                agent_id=submitted.owner_id or "",
                message_id=mail.message_id,
                sender=mail.sender.address,
                recipients=recipients_of(mail),
                now=mail.sent_at,
            ),
            freeze(mail, mail.sent_at),
            cause,
        )
