"""Events: what happened, for the agent it concerns and for every service that listens."""

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field

from shared.contracts.commands import RoutingCommand
from shared.contracts.envelope import EVENTS, Contract
from shared.domain.interaction import Interaction, Place

EVERYBODY = "all"


class Event(Contract):
    """Something that happened; the last word of the routing key is the agent it concerns."""

    exchange: ClassVar[str] = EVENTS
    agent_id: str = EVERYBODY

    @property
    def routing_key(self) -> str:
        """Where the broker takes it: the address, then the audience."""
        return f"{self.address}.{self.agent_id}"


class InteractionEvent(Event):
    """A change of one interaction, as of `version`. The text stays in the store."""

    interaction_id: str
    version: int
    subject: str = ""
    queue: str = ""

    @classmethod
    def of(cls, interaction: Interaction, agent_id: str = EVERYBODY, **more: str) -> Self:
        """Return the event about a snapshot, for one agent or for everybody."""
        return cls.model_validate(
            {
                "interaction_id": interaction.id,
                "agent_id": agent_id,
                "version": interaction.version,
                "subject": interaction.mail.subject,
                "queue": interaction.queue,
            }
            | more
        )


class InteractionReceived(InteractionEvent):
    """A mail has arrived and waits in its queue."""

    address: ClassVar[str] = "interaction.received.v1"
    type: Literal["received"] = "received"


class AgentInvited(InteractionEvent):
    """The interaction is offered to the agent."""

    address: ClassVar[str] = "interaction.invited.v1"
    type: Literal["invited"] = "invited"


class InvitationRevoked(InteractionEvent):
    """The agent did not answer in time."""

    address: ClassVar[str] = "interaction.revoked.v1"
    type: Literal["revoked"] = "revoked"


class InvitationAccepted(InteractionEvent):
    """The agent owns the interaction now."""

    address: ClassVar[str] = "interaction.accepted.v1"
    type: Literal["accepted"] = "accepted"


class InvitationRejected(InteractionEvent):
    """The agent turned the interaction down."""

    address: ClassVar[str] = "interaction.rejected.v1"
    type: Literal["rejected"] = "rejected"


class InteractionCompleted(InteractionEvent):
    """The agent is done with it."""

    address: ClassVar[str] = "interaction.completed.v1"
    type: Literal["completed"] = "completed"


class PlacedInQueue(InteractionEvent):
    """The agent gave it to a queue."""

    address: ClassVar[str] = "interaction.placed-in-queue.v1"
    type: Literal["placed-in-queue"] = "placed-in-queue"


class InteractionTransferred(InteractionEvent):
    """The agent gave it to another agent."""

    address: ClassVar[str] = "interaction.transferred.v1"
    type: Literal["transferred"] = "transferred"


class PlacedInWorkbin(InteractionEvent):
    """The agent put it into a workbin."""

    address: ClassVar[str] = "interaction.placed-in-workbin.v1"
    type: Literal["placed-in-workbin"] = "placed-in-workbin"


class WorkReclaimed(InteractionEvent):
    """The agent has gone, or left it untouched: it is no longer theirs."""

    address: ClassVar[str] = "interaction.reclaimed.v1"
    type: Literal["reclaimed"] = "reclaimed"


class PropertiesUpdated(InteractionEvent):
    """The user data changed; the state did not."""

    address: ClassVar[str] = "interaction.properties-updated.v1"
    type: Literal["properties-updated"] = "properties-updated"


class AttachmentAdded(InteractionEvent):
    """A document belongs to the draft from now on."""

    address: ClassVar[str] = "interaction.attachment-added.v1"
    type: Literal["attachment-added"] = "attachment-added"


class AttachmentRemoved(InteractionEvent):
    """A document does not belong to the draft any more."""

    address: ClassVar[str] = "interaction.attachment-removed.v1"
    type: Literal["attachment-removed"] = "attachment-removed"


class ReplyCreated(InteractionEvent):
    """A draft exists; its id is `interaction_id`."""

    address: ClassVar[str] = "interaction.reply-created.v1"
    type: Literal["reply-created"] = "reply-created"


class DraftSaved(InteractionEvent):
    """What the agent has written so far is kept."""

    address: ClassVar[str] = "interaction.draft-saved.v1"
    type: Literal["draft-saved"] = "draft-saved"


class DraftCanceled(InteractionEvent):
    """The agent threw the draft away."""

    address: ClassVar[str] = "interaction.canceled.v1"
    type: Literal["canceled"] = "canceled"


class MailSent(InteractionEvent):
    """The next server has taken the mail; `reason` tells of recipients it was refused for."""

    address: ClassVar[str] = "interaction.sent.v1"
    type: Literal["sent"] = "sent"
    reason: str = ""


class DeliveryTrouble(InteractionEvent):
    """Something about a delivery that its author should know, in plain words."""

    reason: str


class DeliveryDeferred(DeliveryTrouble):
    """The next server wants us to come back later."""

    address: ClassVar[str] = "interaction.delivery-deferred.v1"
    type: Literal["delivery-deferred"] = "delivery-deferred"


class DeliveryFailed(DeliveryTrouble):
    """No server takes the mail: it is a draft again."""

    address: ClassVar[str] = "interaction.delivery-failed.v1"
    type: Literal["delivery-failed"] = "delivery-failed"


class DeliveryUncertain(DeliveryTrouble):
    """The answer to the final dot was lost: it may or may not have been delivered."""

    address: ClassVar[str] = "interaction.delivery-uncertain.v1"
    type: Literal["delivery-uncertain"] = "delivery-uncertain"


class OperationRefused(InteractionEvent):
    """A command lost a race, or came too late; the state is what it was.

    `kind` says why in a word: refused, wrong-state, not-owner, unknown, changed, too-large.
    `operation` is the command's type, `asked_as` what the agent called it, `state` the one that
    does not allow it.
    """

    address: ClassVar[str] = "interaction.refused.v1"
    type: Literal["refused"] = "refused"
    operation: str
    reason: str
    kind: str = "refused"
    asked_as: str = ""
    state: str = ""


class WorkbinEvent(InteractionEvent):
    """What one workbin has more, or less: for its agent, or for everybody in its group."""

    workbin: str
    owner: str
    of_group: bool = False

    @classmethod
    def at(cls, interaction: Interaction, place: Place) -> Self:
        """Return the event about a workbin, addressed to those who may look into it."""
        return cls.model_validate(
            {
                "interaction_id": interaction.id,
                "agent_id": EVERYBODY if place.of_group else place.owner,
                "version": interaction.version,
                "subject": interaction.mail.subject,
                "queue": interaction.queue,
                "workbin": place.workbin,
                "owner": place.owner,
                "of_group": place.of_group,
            }
        )

    @property
    def place(self) -> Place:
        """The workbin."""
        return Place(self.workbin, self.owner, self.of_group)


class WorkbinItemAdded(WorkbinEvent):
    """Something lies in the workbin that was not there before."""

    address: ClassVar[str] = "workbin.item-added.v1"
    type: Literal["workbin-item-added"] = "workbin-item-added"


class WorkbinItemRemoved(WorkbinEvent):
    """Somebody took it out."""

    address: ClassVar[str] = "workbin.item-removed.v1"
    type: Literal["workbin-item-removed"] = "workbin-item-removed"


class WorkbinContentWanted(Event):
    """The agent asked for what is in a workbin, which is told wherever the agent listens."""

    address: ClassVar[str] = "workbin.content-wanted.v1"
    type: Literal["workbin-content-wanted"] = "workbin-content-wanted"
    workbin: str
    owner: str
    of_group: bool = False

    @property
    def place(self) -> Place:
        """The workbin."""
        return Place(self.workbin, self.owner, self.of_group)


class AgentReady(Event):
    """The agent takes e-mail from now on."""

    address: ClassVar[str] = "agent.ready.v1"
    type: Literal["agent-ready"] = "agent-ready"


class AgentNotReady(Event):
    """The agent takes no e-mail from now on, for a reason (NotReady, OutToLunch, …), or left."""

    address: ClassVar[str] = "agent.not-ready.v1"
    type: Literal["agent-not-ready"] = "agent-not-ready"
    reason: str = ""
    logged_out: bool = False


AgentNews: TypeAlias = Annotated[
    AgentInvited
    | InvitationRevoked
    | InvitationAccepted
    | InvitationRejected
    | InteractionCompleted
    | PlacedInQueue
    | InteractionTransferred
    | PlacedInWorkbin
    | WorkReclaimed
    | PropertiesUpdated
    | AttachmentAdded
    | AttachmentRemoved
    | ReplyCreated
    | DraftSaved
    | DraftCanceled
    | MailSent
    | DeliveryDeferred
    | DeliveryFailed
    | DeliveryUncertain
    | OperationRefused
    | WorkbinItemAdded
    | WorkbinItemRemoved
    | WorkbinContentWanted
    | AgentReady
    | AgentNotReady,
    Field(discriminator="type"),
]

RoutingWork: TypeAlias = Annotated[
    RoutingCommand | InteractionReceived | PlacedInQueue | AgentReady | AgentNotReady,
    Field(discriminator="type"),
]
