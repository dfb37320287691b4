"""Send (seed 001): a draft goes out, with what the agent changed in the same request."""

from pydantic import Field

from services.gateway.errors import RequestError, Situation
from services.gateway.operations.email_object import MailParameters, edits_in, ignored_in
from services.gateway.operations.operation_request import (
    OK,
    OperationRequest,
    PreparedCommand,
    refused,
)
from services.gateway.operations.parameters import Flag, OneLine, read, require_queue
from shared.contracts.commands import DraftEdits, SubmitDraft
from shared.domain.interaction import Email


class SendParameters(MailParameters):
    """The seed's parameters; without a mail the draft is sent as it stands."""

    queue: OneLine = Field(default="", alias="queueName")
    complete_parent: Flag = Field(default=False, alias="completeParent")


def prepare_send(asked: OperationRequest) -> PreparedCommand:
    """Hand a draft over for delivery, with what the agent changed."""
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
    return PreparedCommand(command, OK | ignored_in(wanted, asked.interaction))


def _require_recipient(edits: DraftEdits, draft: Email) -> None:
    recipients = (
        *(draft.to if edits.to is None else edits.to),
        *(draft.cc if edits.cc is None else edits.cc),
        *(draft.bcc if edits.bcc is None else edits.bcc),
    )
    if not recipients:
        raise RequestError(Situation.PARAMETER_MISSING, "a mail needs at least one recipient")
