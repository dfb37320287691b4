"""From an event to what an agent's clients are told (seed 003)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import structlog

from services.gateway.notifications.topics import CHANNELS, INTERACTIONS
from services.gateway.wire.channels import (
    LOGGED_OUT,
    READY,
    AgentState,
    channel_state_message,
    not_ready,
)
from services.gateway.wire.mail import LONGEST_TEXT, Fields
from services.gateway.wire.messages import NotificationType, gone, held, invited, stamped
from services.gateway.wire.refusals import NOT_HELD, operation_refused, reason_of
from services.gateway.wire.states import STATES
from shared.contracts.events import (
    AgentInvited,
    AgentNotReady,
    AgentReady,
    AttachmentAdded,
    AttachmentRemoved,
    DeliveryDeferred,
    DeliveryFailed,
    DeliveryTrouble,
    DeliveryUncertain,
    DraftCanceled,
    DraftSaved,
    InteractionCompleted,
    InteractionEvent,
    InteractionTransferred,
    InvitationAccepted,
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

log = structlog.get_logger()

_GONE: Final[Mapping[type[InteractionEvent], str]] = MappingProxyType(
    {
        InvitationRevoked: "Revoked",
        InvitationRejected: "Rejected",
        InteractionCompleted: "Completed",
        PlacedInQueue: "PlacedInQueue",
        PlacedInWorkbin: "PlacedInWorkbin",
        WorkReclaimed: "Revoked",
        InteractionTransferred: "Transferred",
        DraftCanceled: "Canceled",
        MailSent: "Sent",
        DeliveryUncertain: "Uncertain",
    }
)
_BECAME: Final[Mapping[type[InteractionEvent], State]] = MappingProxyType(
    {
        InvitationAccepted: State.ACCEPTED,
        ReplyCreated: State.REPLY_CREATED,
        DeliveryFailed: State.REPLY_CREATED,
    }
)
_AT_WORK: Final[Mapping[Direction, State]] = MappingProxyType(
    {Direction.INBOUND: State.ACCEPTED, Direction.OUTBOUND: State.REPLY_CREATED}
)
"""In which state agents work on a mail: that of every event about a change to its content."""

_NOTIFICATIONS: Final[Mapping[type[InteractionEvent], NotificationType]] = MappingProxyType(
    {
        PropertiesUpdated: "PropertiesUpdated",
        DraftSaved: "EmailSaved",
        AttachmentAdded: "AttachmentAdded",
        AttachmentRemoved: "AttachmentRemoved",
    }
)


AgentEvent = InteractionEvent | AgentReady | AgentNotReady


@dataclass(frozen=True, slots=True)
class Message:
    """What is told on a topic."""

    topic: str
    payload: object


class MessageBuilder:
    """Turns events into messages; reads the interaction only where the message shows it."""

    def __init__(self, interactions: InteractionStore, configuration: ConfigurationStore) -> None:
        self._interactions = interactions
        self._configuration = configuration

    async def tell(self, news: AgentEvent) -> Message | None:
        """Return the message of an event; None where there is nothing to tell.

        Raises:
            Unavailable: The interaction cannot be read now.
        """
        match news:
            case AgentReady():
                return Message(CHANNELS, channel_state_message(READY))
            case AgentNotReady():
                return Message(CHANNELS, channel_state_message(await self._state(news)))
            case _:
                fields = await self._fields(news)
                return Message(INTERACTIONS, fields) if fields else None

    async def _state(self, event: AgentNotReady) -> AgentState:
        if event.logged_out:
            return LOGGED_OUT
        return not_ready(event.reason, await self._configuration.current())

    async def _fields(self, event: InteractionEvent) -> Fields | None:
        try:
            match event:
                case AgentInvited():
                    return await self._offered(event)
                case InvitationAccepted() | ReplyCreated() | DeliveryFailed():
                    return await self._shown(event)
                case PropertiesUpdated() | DraftSaved() | AttachmentAdded() | AttachmentRemoved():
                    return await self._shown(event)
                case OperationRefused():
                    return await self._refused(event)
                case _:
                    return departure_message(event)
        except UnknownInteractionError:
            log.warning("event about no interaction", interaction_id=event.interaction_id)
            return None

    async def _offered(self, event: AgentInvited) -> Fields:
        interaction = await self._read(event, text=False)
        if interaction.holder_id != event.agent_id:
            message = gone(event.interaction_id, event.subject, STATES[State.INVITED])
        else:
            message = invited(interaction)
        return stamped(message, event.version)

    async def _shown(self, event: InteractionEvent) -> Fields:
        """Show the whole mail, in the state that the event tells of: a later one follows.

        Of a mail that somebody else holds by now it shows no more than the event itself says.
        """
        interaction = await self._read(event, text=True)
        if interaction.holder_id != event.agent_id:
            state = _BECAME.get(type(event), _AT_WORK[interaction.direction])
            message = gone(event.interaction_id, event.subject, STATES[state])
        else:
            then = replace(interaction, state=_BECAME.get(type(event), interaction.state))
            message = held(then, longest=LONGEST_TEXT)
        if isinstance(event, DeliveryTrouble):
            return _troubled(message, event)
        return stamped(message, event.version, _NOTIFICATIONS.get(type(event), "StatusChange"))

    async def _refused(self, event: OperationRefused) -> Fields:
        """Tell the true state to its holder, who may have seen an older one."""
        interaction = await self._read(event, text=True)
        if interaction.holder_id == event.agent_id:
            message = held(interaction, longest=LONGEST_TEXT)
        else:
            message = gone(interaction.id, interaction.mail.subject, NOT_HELD)
        return _error(message, interaction.version, event)

    async def _read(self, event: InteractionEvent, *, text: bool) -> Interaction:
        return await self._interactions.get(event.interaction_id, with_text=text)


def departure_message(event: InteractionEvent) -> Fields:
    """Return the message about a mail that is no longer, or not now, the agent's to work on."""
    if isinstance(event, DeliveryDeferred):
        message = gone(event.interaction_id, event.subject, "Sending")
        return stamped(message, event.version, reason=event.reason)
    message = gone(event.interaction_id, event.subject, _GONE[type(event)])
    if isinstance(event, DeliveryTrouble):
        return _troubled(message, event)
    if isinstance(event, MailSent) and event.reason:
        return stamped(message, event.version, reason=event.reason)
    return stamped(message, event.version)


def _troubled(message: Fields, event: DeliveryTrouble) -> Fields:
    return stamped(
        message, event.version, "Error", reason=event.reason, errorDescription=event.reason
    )


def _error(message: Fields, version: int, event: OperationRefused) -> Fields:
    reason = reason_of(event)
    return stamped(
        message,
        version,
        "Error",
        operationName=operation_refused(event),
        reason=reason,
        errorDescription=reason,
    )
