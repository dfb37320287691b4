"""Commands: each has one owner, who answers for it; an unroutable command is an error."""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.envelope import Contract, commands_to


class Command(Contract):
    """Something that one service is asked to do: the first word of its address says which."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Give each command the exchange of its service."""
        if address := getattr(cls, "address", ""):
            cls.exchange = commands_to(address.partition(".")[0])


class ParseMail(Command):
    """Turn an arrival whose raw bytes are stored into interactions."""

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
    """A command that an agent gave, about one interaction.

    With `expected_version` it is refused where the interaction has another version by then.
    `asked_as` is the operation by the name that the agent's client used.
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
    """Offer the interaction to somebody else."""

    address: ClassVar[str] = "routing.reject-invitation.v1"
    type: Literal["reject-invitation"] = "reject-invitation"


class CompleteInteraction(AgentCommand):
    """End the processing of an inbound interaction."""

    address: ClassVar[str] = "routing.complete-interaction.v1"
    type: Literal["complete-interaction"] = "complete-interaction"


class PlaceInQueue(AgentCommand):
    """Give the interaction up and queue it anew."""

    address: ClassVar[str] = "routing.place-in-queue.v1"
    type: Literal["place-in-queue"] = "place-in-queue"
    queue: str


class TransferInteraction(AgentCommand):
    """Give the interaction up and invite another agent to it.

    Instead of an agent it names a queue, or a skill that whoever gets it must have.
    """

    address: ClassVar[str] = "routing.transfer-interaction.v1"
    type: Literal["transfer-interaction"] = "transfer-interaction"
    to_agent_id: str = ""
    to_queue: str = ""
    to_skill: str = ""


class PlaceInWorkbin(AgentCommand):
    """Give the interaction up and keep it in a workbin, an agent's or a group's."""

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

    `remove` maps a key to the sub-keys to remove, or to nothing where the whole key goes. With
    `only_new` a key that is there already is an error. `comment` replaces the agents' notes.
    """

    address: ClassVar[str] = "routing.change-user-data.v1"
    type: Literal["change-user-data"] = "change-user-data"
    put: dict[str, object] = Field(default_factory=dict)
    remove: dict[str, list[str]] = Field(default_factory=dict)
    only_new: bool = False
    comment: str | None = None


class DraftReply(AgentCommand):
    """Create an outbound interaction that answers `interaction_id`."""

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
    """A piece of a command."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class MailAddress(Part):
    """An address and the name shown beside it."""

    address: str
    personal: str = ""


class DraftEdits(Part):
    """What the agent wrote; a field that is missing keeps the draft's value."""

    to: list[MailAddress] | None = None
    cc: list[MailAddress] | None = None
    bcc: list[MailAddress] | None = None
    sender: MailAddress | None = None
    subject: str | None = None
    text: str | None = None
    html: str | None = None


class SubmitDraft(AgentCommand):
    """Freeze a draft and hand it to the outbound service.

    `complete_parent` also ends the work on the mail that it answers.
    """

    address: ClassVar[str] = "composition.submit-draft.v1"
    type: Literal["submit-draft"] = "submit-draft"
    queue: str = ""
    edits: DraftEdits = DraftEdits()
    complete_parent: bool = False


class CreateDraft(AgentCommand):
    """Create an outbound interaction, under the id `interaction_id`, that answers nothing."""

    address: ClassVar[str] = "composition.create-draft.v1"
    type: Literal["create-draft"] = "create-draft"
    queue: str
    subtype: str = "OutboundNew"
    parent_id: str = ""
    user_data: dict[str, object] = Field(default_factory=dict)
    edits: DraftEdits = DraftEdits()


class DraftForward(AgentCommand):
    """Create an outbound interaction that passes the mail of `interaction_id` on."""

    address: ClassVar[str] = "composition.draft-forward.v1"
    type: Literal["draft-forward"] = "draft-forward"
    forward_id: str
    queue: str
    subject_prefix: str = ""
    start_line: str = ""
    indent: str = ""
    edits: DraftEdits = DraftEdits()


class SaveDraft(AgentCommand):
    """Keep what the agent has written so far; `put` are keys of the user data to set.

    `is_update` says that the agent is told of changed properties rather than of a saved mail.
    """

    address: ClassVar[str] = "composition.save-draft.v1"
    type: Literal["save-draft"] = "save-draft"
    edits: DraftEdits = DraftEdits()
    put: dict[str, object] = Field(default_factory=dict)
    is_update: bool = False


class RedirectMail(AgentCommand):
    """End the work on a mail by sending it on as it came, under the id `redirect_id`."""

    address: ClassVar[str] = "composition.redirect-mail.v1"
    type: Literal["redirect-mail"] = "redirect-mail"
    redirect_id: str
    to: list[MailAddress]
    queue: str = ""


class CancelDraft(AgentCommand):
    """Throw a draft away."""

    address: ClassVar[str] = "composition.cancel-draft.v1"
    type: Literal["cancel-draft"] = "cancel-draft"


class LinkDocument(AgentCommand):
    """Attach an uploaded document to a draft."""

    address: ClassVar[str] = "attachments.link-document.v1"
    type: Literal["link-document"] = "link-document"
    document_id: str


class UnlinkDocument(AgentCommand):
    """Take a document off a draft."""

    address: ClassVar[str] = "attachments.unlink-document.v1"
    type: Literal["unlink-document"] = "unlink-document"
    document_id: str


class DeliverMail(Command):
    """Send the frozen bytes of an outbound interaction by SMTP."""

    address: ClassVar[str] = "outbound.deliver-mail.v1"
    type: Literal["deliver-mail"] = "deliver-mail"
    interaction_id: str


RoutingCommand: TypeAlias = (
    AcceptInvitation
    | RejectInvitation
    | CompleteInteraction
    | PlaceInQueue
    | TransferInteraction
    | PlaceInWorkbin
    | PullInteraction
    | ChangeUserData
)
CompositionCommand: TypeAlias = Annotated[
    DraftReply | CreateDraft | DraftForward | SaveDraft | SubmitDraft | RedirectMail | CancelDraft,
    Field(discriminator="type"),
]
AttachmentsCommand: TypeAlias = Annotated[
    ExtractDocuments | LinkDocument | UnlinkDocument, Field(discriminator="type")
]
