"""Events: changes, for the agent concerned and for every service that binds them."""

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field

from shared.contracts.commands import RoutingCommand
from shared.contracts.envelope import EVENTS, Contract
from shared.domain.interaction import Interaction, Place

EVERYBODY = "all"


class Event(Contract):
    """An event; the last word of its routing key is the agent concerned, or `all`."""

    exchange: ClassVar[str] = EVENTS
    agent_id: str = EVERYBODY

    @property
    def routing_key(self) -> str:
        """The address, then the agent or `all`."""
        return f"{self.address}.{self.agent_id}"


class InteractionEvent(Event):
    """A change of one interaction, with its new `version`. The mail's text stays in the store."""

    interaction_id: str
    version: int
    subject: str = ""
    queue: str = ""

    @classmethod
    def of(cls, interaction: Interaction, agent_id: str = EVERYBODY, **more: str) -> Self:
        """Return the event about a snapshot, for one agent or for all."""
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


class InvitationExtended(InteractionEvent):
    """The agent's invitation ends later than it did."""

    address: ClassVar[str] = "interaction.invitation-extended.v1"
    type: Literal["invitation-extended"] = "invitation-extended"


class InvitationRevoked(InteractionEvent):
    """The invitation was revoked, because the agent did not answer in time."""

    address: ClassVar[str] = "interaction.revoked.v1"
    type: Literal["revoked"] = "revoked"


class InvitationAccepted(InteractionEvent):
    """The agent owns the interaction now."""

    address: ClassVar[str] = "interaction.accepted.v1"
    type: Literal["accepted"] = "accepted"


class InvitationRejected(InteractionEvent):
    """The agent rejected the invitation."""

    address: ClassVar[str] = "interaction.rejected.v1"
    type: Literal["rejected"] = "rejected"


class InteractionCompleted(InteractionEvent):
    """The agent completed the interaction."""

    address: ClassVar[str] = "interaction.completed.v1"
    type: Literal["completed"] = "completed"


class PlacedInQueue(InteractionEvent):
    """The agent placed the interaction in a queue."""

    address: ClassVar[str] = "interaction.placed-in-queue.v1"
    type: Literal["placed-in-queue"] = "placed-in-queue"


class InteractionTransferred(InteractionEvent):
    """The agent transferred the interaction to another agent."""

    address: ClassVar[str] = "interaction.transferred.v1"
    type: Literal["transferred"] = "transferred"


class PlacedInWorkbin(InteractionEvent):
    """The agent placed the interaction in a workbin."""

    address: ClassVar[str] = "interaction.placed-in-workbin.v1"
    type: Literal["placed-in-workbin"] = "placed-in-workbin"


class WorkReclaimed(InteractionEvent):
    """The interaction was taken from the agent, who was absent or left it untouched."""

    address: ClassVar[str] = "interaction.reclaimed.v1"
    type: Literal["reclaimed"] = "reclaimed"


class PropertiesUpdated(InteractionEvent):
    """The user data changed; the state did not."""

    address: ClassVar[str] = "interaction.properties-updated.v1"
    type: Literal["properties-updated"] = "properties-updated"


class AttachmentAdded(InteractionEvent):
    """A document was added to the draft."""

    address: ClassVar[str] = "interaction.attachment-added.v1"
    type: Literal["attachment-added"] = "attachment-added"


class AttachmentRemoved(InteractionEvent):
    """A document was removed from the draft."""

    address: ClassVar[str] = "interaction.attachment-removed.v1"
    type: Literal["attachment-removed"] = "attachment-removed"


class ReplyCreated(InteractionEvent):
    """A draft was created; its id is `interaction_id`."""

    address: ClassVar[str] = "interaction.reply-created.v1"
    type: Literal["reply-created"] = "reply-created"


class DraftSaved(InteractionEvent):
    """The agent's edits of the draft were saved."""

    address: ClassVar[str] = "interaction.draft-saved.v1"
    type: Literal["draft-saved"] = "draft-saved"


class DraftCanceled(InteractionEvent):
    """The draft was canceled."""

    address: ClassVar[str] = "interaction.canceled.v1"
    type: Literal["canceled"] = "canceled"


class MailSent(InteractionEvent):
    """The next server took the mail; `reason` names recipients that were refused."""

    address: ClassVar[str] = "interaction.sent.v1"
    type: Literal["sent"] = "sent"
    reason: str = ""


class DeliveryTrouble(InteractionEvent):
    """A problem with a delivery; `reason` is text for the author."""

    reason: str


class DeliveryDeferred(DeliveryTrouble):
    """The next server deferred the mail; it is tried again."""

    address: ClassVar[str] = "interaction.delivery-deferred.v1"
    type: Literal["delivery-deferred"] = "delivery-deferred"


class DeliveryFailed(DeliveryTrouble):
    """The delivery failed: the mail is a draft again."""

    address: ClassVar[str] = "interaction.delivery-failed.v1"
    type: Literal["delivery-failed"] = "delivery-failed"


class DeliveryUncertain(DeliveryTrouble):
    """The reply to the final dot was lost: the mail may or may not have been delivered."""

    address: ClassVar[str] = "interaction.delivery-uncertain.v1"
    type: Literal["delivery-uncertain"] = "delivery-uncertain"


class DeliveryReported(InteractionEvent):
    """A report on the sent mail has come; `reason` is text for the author.

    `kind` is failed, delayed, delivered, relayed, expanded, out-of-office, receipt or complaint.
    """

    address: ClassVar[str] = "interaction.delivery-reported.v1"
    type: Literal["delivery-reported"] = "delivery-reported"
    kind: str
    reason: str = ""


class OperationRefused(InteractionEvent):
    """A command was refused; the interaction has not changed.

    `kind` is refused, wrong-state, not-owner, unknown, changed or too-large. `operation` is the
    command's type, `asked_as` its name in the client's request, `state` the state that does not
    allow it.
    """

    address: ClassVar[str] = "interaction.refused.v1"
    type: Literal["refused"] = "refused"
    operation: str
    reason: str
    kind: str = "refused"
    asked_as: str = ""
    state: str = ""


class WorkbinEvent(InteractionEvent):
    """A change of a workbin, for its agent or for all agents of its group."""

    workbin: str
    owner: str
    of_group: bool = False

    @classmethod
    def at(cls, interaction: Interaction, place: Place) -> Self:
        """Return the event about a workbin, addressed to its agent or to all."""
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
    """An interaction was added to the workbin."""

    address: ClassVar[str] = "workbin.item-added.v1"
    type: Literal["workbin-item-added"] = "workbin-item-added"


class WorkbinItemRemoved(WorkbinEvent):
    """An interaction was removed from the workbin."""

    address: ClassVar[str] = "workbin.item-removed.v1"
    type: Literal["workbin-item-removed"] = "workbin-item-removed"


class WorkbinContentWanted(Event):
    """The agent asked for the content of a workbin, which goes to all the agent's sessions."""

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
    """The agent became Ready for e-mail.

    `queues` are those that the agent serves, None where an earlier release does not say them.
    """

    address: ClassVar[str] = "agent.ready.v1"
    type: Literal["agent-ready"] = "agent-ready"
    queues: tuple[str, ...] | None = None


class AgentNotReady(Event):
    """The agent became NotReady for a `reason` (NotReady, OutToLunch, …), or logged out."""

    address: ClassVar[str] = "agent.not-ready.v1"
    type: Literal["agent-not-ready"] = "agent-not-ready"
    reason: str = ""
    logged_out: bool = False


JournaledEvent: TypeAlias = Annotated[
    AgentInvited
    | InvitationExtended
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
    | DeliveryReported
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
