"""Builds the message about an event for the clients of its agent (seed 003)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, cast

import structlog

from services.gateway.notifications.message import Message
from services.gateway.notifications.topics import CHANNELS, INTERACTIONS
from services.gateway.wire.channels import (
    LOGGED_OUT,
    READY,
    AgentState,
    channel_state_message,
    not_ready,
)
from services.gateway.wire.delivery import delivery_fields
from services.gateway.wire.fields import Fields
from services.gateway.wire.mail import LONGEST_TEXT
from services.gateway.wire.messages import (
    NotificationType,
    for_holder,
    invited,
    no_longer_held,
    with_sequence,
)
from services.gateway.wire.refusals import RefusalTexts
from services.gateway.wire.states import NOT_HELD, STATES
from shared.contracts.events import (
    AgentInvited,
    AgentNotReady,
    AgentReady,
    AttachmentAdded,
    AttachmentRemoved,
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryReported,
    DeliveryTrouble,
    DeliveryUncertain,
    DraftCanceled,
    DraftSaved,
    InteractionCompleted,
    InteractionEvent,
    InteractionTransferred,
    InvitationAccepted,
    InvitationExtended,
    InvitationRejected,
    InvitationRevoked,
    MailSent,
    OperationRefused,
    PlacedInQueue,
    PlacedInWorkbin,
    PropertiesUpdated,
    ReplyCreated,
    WorkReclaimed,
)
from shared.domain.errors import UnknownInteractionError
from shared.domain.interaction import Interaction
from shared.domain.lifecycle import Direction, State
from shared.storage.configuration_store import ConfigurationStore
from shared.storage.interactions.interaction_store import InteractionStore
from shared.storage.mails.delivery_store import DeliveryStore
from shared.storage.mails.report_store import ReportStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HeadingForm:
    """A message that shows the subject only; it is built from the event alone."""

    state: str
    notification: NotificationType = "StatusChange"


@dataclass(frozen=True, slots=True)
class InvitationForm:
    """A message that offers the interaction; its mail is a heading."""

    notification: NotificationType = "StatusChange"


@dataclass(frozen=True, slots=True)
class MailForm:
    """A message that shows the whole mail to its holder, and a heading to everybody else.

    `state` is the one that the event led to; None where the event changed the content only.
    """

    state: State | None = None
    notification: NotificationType = "StatusChange"


@dataclass(frozen=True, slots=True)
class RefusalForm:
    """An Error message that shows the current state to the holder, who may have an older one."""


@dataclass(frozen=True, slots=True)
class DeliveryForm:
    """A message that shows the delivery of a sent mail to its author."""


MessageForm = HeadingForm | InvitationForm | MailForm | RefusalForm | DeliveryForm

MESSAGE_FORMS: Final[Mapping[type[InteractionEvent], MessageForm]] = MappingProxyType(
    {
        AgentInvited: InvitationForm(),
        InvitationExtended: InvitationForm("PropertiesUpdated"),
        InvitationAccepted: MailForm(State.ACCEPTED),
        InvitationRejected: HeadingForm("Rejected"),
        InvitationRevoked: HeadingForm("Revoked"),
        WorkReclaimed: HeadingForm("Revoked"),
        InteractionCompleted: HeadingForm("Completed"),
        InteractionTransferred: HeadingForm("Transferred"),
        PlacedInQueue: HeadingForm("PlacedInQueue"),
        PlacedInWorkbin: HeadingForm("PlacedInWorkbin"),
        PropertiesUpdated: MailForm(notification="PropertiesUpdated"),
        ReplyCreated: MailForm(State.REPLY_CREATED),
        DraftSaved: MailForm(notification="EmailSaved"),
        AttachmentAdded: MailForm(notification="AttachmentAdded"),
        AttachmentRemoved: MailForm(notification="AttachmentRemoved"),
        DraftCanceled: HeadingForm("Canceled"),
        MailSent: HeadingForm("Sent"),
        DeliveryDeferred: HeadingForm("Sending"),
        DeliveryFailed: MailForm(State.REPLY_CREATED, "Error"),
        DeliveryUncertain: HeadingForm("Uncertain", "Error"),
        DeliveryReported: DeliveryForm(),
        OperationRefused: RefusalForm(),
    }
)
"""The one place that says which message an event of an interaction becomes."""

_WORKING_STATES: Final[Mapping[Direction, State]] = MappingProxyType(
    {Direction.INBOUND: State.ACCEPTED, Direction.OUTBOUND: State.REPLY_CREATED}
)
"""The states in which agents change the content of a mail."""

AgentEvent = InteractionEvent | AgentReady | AgentNotReady


class MessageBuilder:
    """Builds messages from events; reads the interaction only where the message shows it."""

    def __init__(
        self,
        interactions: InteractionStore,
        configuration: ConfigurationStore,
        deliveries: DeliveryStore,
        reports: ReportStore,
        refusal_texts: RefusalTexts,
        root: str,
    ) -> None:
        self._interactions = interactions
        self._configuration = configuration
        self._deliveries = deliveries
        self._reports = reports
        self._refusal_texts = refusal_texts
        self._root = root

    async def build(self, event: AgentEvent) -> Message | None:
        """Return the message about an event; None where its interaction does not exist.

        Raises:
            Unavailable: The database does not answer.
        """
        match event:
            case AgentReady():
                return Message(CHANNELS, channel_state_message(READY))
            case AgentNotReady():
                return Message(CHANNELS, channel_state_message(await self._agent_state(event)))
            case _:
                fields = await self._fields(event)
                return Message(INTERACTIONS, fields) if fields else None

    async def _agent_state(self, event: AgentNotReady) -> AgentState:
        if event.logged_out:
            return LOGGED_OUT
        return not_ready(event.reason, await self._configuration.current())

    async def _fields(self, event: InteractionEvent) -> Fields | None:
        try:
            match MESSAGE_FORMS[type(event)]:
                case HeadingForm() as form:
                    heading = _heading(event, form.state)
                    return _stamped(heading, event, form.notification)
                case InvitationForm() as form:
                    return await self._invitation(event, form)
                case MailForm() as form:
                    return await self._mail(event, form)
                case DeliveryForm():
                    return await self._delivery(cast("DeliveryReported", event))
                case RefusalForm():
                    return await self._refusal(cast("OperationRefused", event))
        except UnknownInteractionError:
            log.warning(
                "event of an interaction that does not exist", interaction_id=event.interaction_id
            )
            return None

    async def _invitation(self, event: InteractionEvent, form: InvitationForm) -> Fields:
        interaction = await self._read(event, text=False)
        if interaction.holder_id == event.agent_id:
            return with_sequence(invited(interaction), event.version, form.notification)
        heading = _heading(event, STATES[State.INVITED])
        return with_sequence(heading, event.version, form.notification)

    async def _mail(self, event: InteractionEvent, form: MailForm) -> Fields:
        """Show the mail in the state of the event: messages about later states follow.

        An agent who no longer holds the interaction gets what the event itself says.
        """
        interaction = await self._read(event, text=True)
        if interaction.holder_id == event.agent_id:
            then = replace(interaction, state=form.state or interaction.state)
            message = for_holder(then, longest=LONGEST_TEXT)
        else:
            state = form.state or _WORKING_STATES[interaction.direction]
            message = _heading(event, STATES[state])
        return _stamped(message, event, form.notification)

    async def _refusal(self, event: OperationRefused) -> Fields:
        interaction = await self._read(event, text=True)
        if interaction.holder_id == event.agent_id:
            message = for_holder(interaction, longest=LONGEST_TEXT)
        else:
            message = no_longer_held(interaction.id, interaction.mail.subject, NOT_HELD)
        reason = self._refusal_texts.reason(event)
        return with_sequence(
            message,
            interaction.version,
            "Error",
            operationName=self._refusal_texts.operation(event),
            reason=reason,
            errorDescription=reason,
        )

    async def _delivery(self, event: DeliveryReported) -> Fields:
        """Show what became of a sent mail, to its author: the recipients are nobody else's."""
        interaction = await self._read(event, text=False)
        heading = _heading(event, STATES[interaction.state])
        told = {"reason": event.reason} if event.reason else {}
        message = with_sequence(heading, event.version, "DeliveryReport", report=event.kind, **told)
        delivery = await self._deliveries.get(event.interaction_id)
        if delivery is None or interaction.owner_id not in (None, event.agent_id):
            return message
        reports = await self._reports.on(event.interaction_id)
        return {**message, "delivery": delivery_fields(delivery, reports, self._root)}

    async def _read(self, event: InteractionEvent, *, text: bool) -> Interaction:
        return await self._interactions.get(event.interaction_id, with_text=text)


def _heading(event: InteractionEvent, state: str) -> Fields:
    return no_longer_held(event.interaction_id, event.subject, state)


def _stamped(message: Fields, event: InteractionEvent, notification: NotificationType) -> Fields:
    return with_sequence(message, event.version, notification, **_reason(event, notification))


def _reason(event: InteractionEvent, notification: NotificationType) -> dict[str, str]:
    """Return the reason of a delivery's outcome, under both names where it is an error."""
    match event:
        case DeliveryTrouble(reason=reason) if notification == "Error":
            return {"reason": reason, "errorDescription": reason}
        case DeliveryTrouble(reason=reason):
            return {"reason": reason}
        case MailSent(reason=reason) if reason:
            return {"reason": reason}
        case _:
            return {}
