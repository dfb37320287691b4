"""Commands: each is for one service. An unroutable command is an error."""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.envelope import Contract, commands_to


class Command(Contract):
    """A command for one service, which is the first word of its address."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Set the exchange of the command's service."""
        if address := getattr(cls, "address", ""):
            cls.exchange = commands_to(address.partition(".")[0])


class ParseMail(Command):
    """Parse a stored arrival and create its interactions."""

    address: ClassVar[str] = "ingest.parse-mail.v1"
    type: Literal["parse-mail"] = "parse-mail"
    arrival_id: str


class ExtractDocuments(Command):
    """Store the parts of an arrived mail as the documents of an interaction."""

    address: ClassVar[str] = "attachments.extract-documents.v1"
    type: Literal["extract-documents"] = "extract-documents"
    interaction_id: str
    arrival_id: str


class AgentCommand(Command):
    """A command of an agent about one interaction.

    With `expected_version` it is refused if the interaction has another version. `asked_as` is the
    name of the operation in the client's request.
    """

    interaction_id: str
    agent_id: str
    expected_version: int | None = None
    asked_as: str = ""


class AcceptInvitation(AgentCommand):
    """Make the invited agent the owner."""

    address: ClassVar[str] = "routing.accept-invitation.v1"
    type: Literal["accept-invitation"] = "accept-invitation"


class RejectInvitation(AgentCommand):
    """Reject the invitation, so that another agent is invited."""

    address: ClassVar[str] = "routing.reject-invitation.v1"
    type: Literal["reject-invitation"] = "reject-invitation"


class ExtendInvitation(AgentCommand):
    """Let the invitation of the agent end later."""

    address: ClassVar[str] = "routing.extend-invitation.v1"
    type: Literal["extend-invitation"] = "extend-invitation"


class CompleteInteraction(AgentCommand):
    """Complete an inbound interaction."""

    address: ClassVar[str] = "routing.complete-interaction.v1"
    type: Literal["complete-interaction"] = "complete-interaction"


class PlaceInQueue(AgentCommand):
    """Put the interaction at the end of a queue."""

    address: ClassVar[str] = "routing.place-in-queue.v1"
    type: Literal["place-in-queue"] = "place-in-queue"
    queue: str


class TransferInteraction(AgentCommand):
    """Transfer the interaction to another agent, to a queue, or to agents with a skill.

    One of `to_agent_id`, `to_queue` and `to_skill` is set.
    """

    address: ClassVar[str] = "routing.transfer-interaction.v1"
    type: Literal["transfer-interaction"] = "transfer-interaction"
    to_agent_id: str = ""
    to_queue: str = ""
    to_skill: str = ""


class PlaceInWorkbin(AgentCommand):
    """Put the interaction into a workbin of an agent or of a group."""

    address: ClassVar[str] = "routing.place-in-workbin.v1"
    type: Literal["place-in-workbin"] = "place-in-workbin"
    workbin: str
    owner: str
    of_group: bool = False


class PullInteraction(AgentCommand):
    """Take the interaction out of its workbin."""

    address: ClassVar[str] = "routing.pull-interaction.v1"
    type: Literal["pull-interaction"] = "pull-interaction"


class ChangeUserData(AgentCommand):
    """Set some keys of the user data and remove others.

    `remove` maps a key to the sub-keys to remove; an empty list removes the whole key. With
    `only_new` an existing key in `put` is an error. `comment` replaces the agents' notes.
    """

    address: ClassVar[str] = "routing.change-user-data.v1"
    type: Literal["change-user-data"] = "change-user-data"
    put: dict[str, object] = Field(default_factory=dict)
    remove: dict[str, list[str]] = Field(default_factory=dict)
    only_new: bool = False
    comment: str | None = None


class DisownReport(AgentCommand):
    """Put a mail that was taken for a report on a sent mail into its queue."""

    address: ClassVar[str] = "routing.disown-report.v1"
    type: Literal["disown-report"] = "disown-report"


class DraftReply(AgentCommand):
    """Create an outbound interaction that replies to `interaction_id`."""

    address: ClassVar[str] = "composition.draft-reply.v1"
    type: Literal["draft-reply"] = "draft-reply"
    reply_id: str
    queue: str
    to_all: bool = False
    quote_original: bool = False
    subject_prefix: str = ""
    start_line: str = ""
    indent: str = ""


class Part(BaseModel):
    """A nested part of a command."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MailAddress(Part):
    """An address and the name shown beside it."""

    address: str
    personal: str = ""


class DraftEdits(Part):
    """The agent's edits; a field that is null keeps the draft's value."""

    to: list[MailAddress] | None = None
    cc: list[MailAddress] | None = None
    bcc: list[MailAddress] | None = None
    sender: MailAddress | None = None
    subject: str | None = None
    text: str | None = None
    html: str | None = None


class SubmitDraft(AgentCommand):
    """Render a draft and have it delivered.

    `complete_parent` also completes the mail that it replies to.
    """

    address: ClassVar[str] = "composition.submit-draft.v1"
    type: Literal["submit-draft"] = "submit-draft"
    queue: str = ""
    edits: DraftEdits = DraftEdits()
    complete_parent: bool = False


class CreateDraft(AgentCommand):
    """Create an outbound interaction, with the id `interaction_id`, that is no reply."""

    address: ClassVar[str] = "composition.create-draft.v1"
    type: Literal["create-draft"] = "create-draft"
    queue: str
    subtype: str = "OutboundNew"
    parent_id: str = ""
    user_data: dict[str, object] = Field(default_factory=dict)
    edits: DraftEdits = DraftEdits()


class DraftForward(AgentCommand):
    """Create an outbound interaction that forwards the mail of `interaction_id`."""

    address: ClassVar[str] = "composition.draft-forward.v1"
    type: Literal["draft-forward"] = "draft-forward"
    forward_id: str
    queue: str
    subject_prefix: str = ""
    start_line: str = ""
    indent: str = ""
    edits: DraftEdits = DraftEdits()


class SaveDraft(AgentCommand):
    """Save the agent's edits; `put` are keys of the user data to set.

    With `is_update` the agent gets a message about changed properties instead of a saved mail.
    """

    address: ClassVar[str] = "composition.save-draft.v1"
    type: Literal["save-draft"] = "save-draft"
    edits: DraftEdits = DraftEdits()
    put: dict[str, object] = Field(default_factory=dict)
    is_update: bool = False


class RedirectMail(AgentCommand):
    """Complete a mail by sending it on unchanged, as the interaction `redirect_id`."""

    address: ClassVar[str] = "composition.redirect-mail.v1"
    type: Literal["redirect-mail"] = "redirect-mail"
    redirect_id: str
    to: list[MailAddress]
    queue: str = ""


class AcknowledgeMail(Command):
    """Answer an arrived mail automatically, to the sender of its envelope.

    `template` names the words; without it they are those of the mailbox.
    """

    address: ClassVar[str] = "composition.acknowledge-mail.v1"
    type: Literal["acknowledge-mail"] = "acknowledge-mail"
    interaction_id: str
    to: str
    template: str = ""


class CancelDraft(AgentCommand):
    """Cancel a draft."""

    address: ClassVar[str] = "composition.cancel-draft.v1"
    type: Literal["cancel-draft"] = "cancel-draft"


class LinkDocument(AgentCommand):
    """Attach an uploaded document to a draft."""

    address: ClassVar[str] = "attachments.link-document.v1"
    type: Literal["link-document"] = "link-document"
    document_id: str


class UnlinkDocument(AgentCommand):
    """Remove a document from a draft."""

    address: ClassVar[str] = "attachments.unlink-document.v1"
    type: Literal["unlink-document"] = "unlink-document"
    document_id: str


class DeliverMail(Command):
    """Deliver the rendered mail of an outbound interaction by SMTP."""

    address: ClassVar[str] = "outbound.deliver-mail.v1"
    type: Literal["deliver-mail"] = "deliver-mail"
    interaction_id: str


RoutingCommand: TypeAlias = (
    AcceptInvitation
    | RejectInvitation
    | ExtendInvitation
    | CompleteInteraction
    | PlaceInQueue
    | TransferInteraction
    | PlaceInWorkbin
    | PullInteraction
    | ChangeUserData
    | DisownReport
)
CompositionCommand: TypeAlias = Annotated[
    DraftReply
    | CreateDraft
    | DraftForward
    | SaveDraft
    | SubmitDraft
    | RedirectMail
    | CancelDraft
    | AcknowledgeMail,
    Field(discriminator="type"),
]
AttachmentsCommand: TypeAlias = Annotated[
    ExtractDocuments | LinkDocument | UnlinkDocument, Field(discriminator="type")
]
