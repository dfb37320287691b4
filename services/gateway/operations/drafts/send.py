"""Send (seed 001): a draft goes out, with what the agent changed in the same request."""

from typing import Final

from pydantic import Field

from services.gateway.errors import RequestError, Situation, refused
from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.email_object import (
    MailParameters,
    edits_in,
    ignored_in,
)
from services.gateway.operations.parameters.model import Flag, OneLine
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.request import OK, OperationRequest, PreparedCommand
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import DraftEdits, SubmitDraft
from shared.domain.interaction import Email
from shared.domain.lifecycle import Operation


class SendParameters(MailParameters):
    """The seed's parameters; without a mail the draft is sent as it stands."""

    queue: OneLine = Field(
        default="",
        alias="queueName",
        description="The queue of the mail; by default the draft's.",
    )
    complete_parent: Flag = Field(
        default=False,
        alias="completeParent",
        description="Whether the work on the mail that is answered ends too.",
    )


def prepare_send(asked: OperationRequest) -> PreparedCommand:
    """Return the command that submits a draft with the changes of the agent.

    Raises:
        RequestError: The mail has no recipient, or a parameter is refused.
    """
    wanted = read(SendParameters, asked.body)
    if wanted.queue:
        require_queue(wanted.queue, asked.contact_center)
    edits = edits_in(wanted, asked.contact_center, asked.interaction.mail)
    _require_recipient(edits, asked.interaction.mail)
    if wanted.complete_parent and asked.interaction.parent_id is None:
        raise refused("completeParent is for a mail that answers another one")
    command = SubmitDraft(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        queue=wanted.queue,
        edits=edits,
        complete_parent=wanted.complete_parent,
    )
    return PreparedCommand(command, OK | ignored_in(wanted, asked.shown_mail))


def _require_recipient(edits: DraftEdits, draft: Email) -> None:
    recipients = (
        *(draft.to if edits.to is None else edits.to),
        *(draft.cc if edits.cc is None else edits.cc),
        *(draft.bcc if edits.bcc is None else edits.bcc),
    )
    if not recipients:
        raise RequestError(Situation.PARAMETER_MISSING, "a mail needs at least one recipient")


SEND: Final = OperationDefinition(
    name="Send",
    summary=(
        "Send a draft with the given changes; fields that are left out stay as drafted. With "
        "`completeParent` the mail that it answers is completed as well."
    ),
    permission=Permission(Operation.SEND, FOR_OWNER),
    parameters=SendParameters,
    example={
        "queueName": "drafts",
        "email_object": {
            "toAddress": "ann@example.org",
            "ccAddress": "bob@example.org, carl@example.org",
            "bccAddress": "boss@example.org",
            "fromAddress": "support@demo.example",
            "subject": "Re: Invoice 17",
            "text": "It is paid.",
        },
    },
    command=SubmitDraft,
    prepare=prepare_send,
    answer=OK,
)
