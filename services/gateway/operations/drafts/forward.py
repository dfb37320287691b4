"""Forward (8.5.2): begin a mail that passes another one on."""

from typing import Final

from pydantic import AliasChoices, Field

from services.gateway.operations.definition import OperationDefinition
from services.gateway.operations.parameters.email_object import (
    MailParameters,
    edits_in,
    ignored_in,
)
from services.gateway.operations.parameters.model import OneLine
from services.gateway.operations.parameters.quoting import (
    LONGEST_INDENT,
    LONGEST_START_LINE,
    Indent,
    StartLine,
)
from services.gateway.operations.parameters.reading import read, require_queue
from services.gateway.operations.request import (
    EXAMPLE_ID,
    OperationRequest,
    PreparedCommand,
    created,
)
from services.gateway.operations.rules import FOR_OWNER, Permission
from shared.contracts.commands import DraftForward
from shared.domain.lifecycle import Operation


class ForwardParameters(MailParameters):
    """As for a reply; the recipients may be given now or when the mail is sent."""

    queue: OneLine = Field(alias="queueName", description="The queue of the new draft.")
    subject_prefix: OneLine = Field(
        default="Fwd: ",
        alias="subjectPrefix",
        description="Text before the subject of the mail; `Fwd: ` by default.",
    )
    start_line: StartLine = Field(
        default="",
        validation_alias=AliasChoices("forwardStartLine", "replyToStartLine"),
        description=f"Text above the mail, at most {LONGEST_START_LINE} characters.",
    )
    indent: Indent = Field(
        default="",
        alias="indentCharacter",
        description=f"Text before each line of the mail, at most {LONGEST_INDENT} characters.",
    )


def prepare_forward(asked: OperationRequest) -> PreparedCommand:
    """Return the command that drafts a mail with the words and files of this one.

    Raises:
        RequestError: A parameter is missing or refused.
    """
    wanted = read(ForwardParameters, asked.body)
    command = DraftForward(
        interaction_id=asked.interaction.id,
        agent_id=asked.agent_id,
        forward_id=asked.new_id,
        queue=require_queue(wanted.queue, asked.contact_center),
        subject_prefix=wanted.subject_prefix,
        start_line=wanted.start_line,
        indent=wanted.indent,
        edits=edits_in(wanted, asked.contact_center),
    )
    return PreparedCommand(command, created(asked.new_id) | ignored_in(wanted))


FORWARD: Final = OperationDefinition(
    name="Forward",
    summary="Create a mail that forwards this one, with its files.",
    permission=Permission(Operation.FORWARD, FOR_OWNER),
    parameters=ForwardParameters,
    example={"queueName": "drafts", "email_object": {"toAddress": "bob@example.org"}},
    command=DraftForward,
    prepare=prepare_forward,
    answer=created(EXAMPLE_ID),
)
